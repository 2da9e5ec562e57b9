"""A set of certificates to trust, as `ba.create.certstore()` makes it.

A store answers two questions: is this very certificate in it, and which certificates in it have signed that
one. It holds what a program put there and, for `CertStore.public()`, certifi's roots. Those are read once in
a process, at the first question (117 roots: 5 ms), and shared; what a program adds to its store is its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from .certificates import attempt, issuer_of, parse_pem, subject_of


class CertStore:
    """Certificates by subject."""

    def __init__(self) -> None:
        """Makes an empty store."""
        self._certificates: dict[x509.Certificate, None] = {}
        self._by_subject: dict[x509.Name, list[x509.Certificate]] = {}
        self._wants_public = False
        self.is_public = False  # it began with the public roots

    @classmethod
    def public(cls) -> CertStore:
        """Returns a new store that holds the public roots, which are loaded when first asked for."""
        store = cls()
        store._wants_public = store.is_public = True
        return store

    def addcert(self, pem: bytes) -> int:
        """Adds every certificate in `pem`; returns how many that were, the known ones included."""
        certificates = parse_pem(pem)
        for certificate in certificates:
            self._add(certificate)
        return len(certificates)

    def removecert(self, pem: bytes) -> int:
        """Takes the certificates in `pem` out again; returns how many of them there were."""
        self._load_public()
        known = [certificate for certificate in parse_pem(pem) if certificate in self._certificates]
        for certificate in dict.fromkeys(known):
            del self._certificates[certificate]
            subject = subject_of(certificate)
            if subject is not None:
                self._by_subject[subject].remove(certificate)
        return len(known)

    def __contains__(self, certificate: x509.Certificate) -> bool:
        """Tells whether this very certificate, byte for byte, is in the store."""
        self._load_public()
        return certificate in self._certificates

    def __len__(self) -> int:
        """Returns how many different certificates there are."""
        self._load_public()
        return len(self._certificates)

    def issuers(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        """Yields the certificates of the store whose key has signed `certificate`."""
        for candidate in self.named(issuer_of(certificate)):
            if is_signed_by(certificate, candidate):
                yield candidate

    def named(self, name: x509.Name | None) -> Sequence[x509.Certificate]:
        """Returns the certificates about `name`."""
        self._load_public()
        return self._by_subject.get(name, ()) if name is not None else ()

    def der_certificates(self) -> bytes:
        """Returns all certificates in DER, one after the other, as `load_verify_locations` takes them."""
        self._load_public()
        return b"".join(der_of(certificate) for certificate in self._certificates)

    def _add(self, certificate: x509.Certificate) -> None:
        if certificate in self._certificates:
            return
        self._certificates[certificate] = None
        subject = subject_of(certificate)
        if subject is not None:
            self._by_subject.setdefault(subject, []).append(certificate)

    def _load_public(self) -> None:
        if self._wants_public:
            self._wants_public = False
            for root in _public_roots():
                self._add(root)


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tells whether the names match and the signature is right; a kind of key that is unknown cannot sign."""

    def verify() -> bool:
        try:
            certificate.verify_directly_issued_by(issuer)
        except InvalidSignature:
            return False
        return True

    return attempt(verify) or False


def der_of(certificate: x509.Certificate) -> bytes:
    """Returns the certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)


@functools.cache
def _public_roots() -> tuple[x509.Certificate, ...]:
    return tuple(parse_pem(certifi.contents().encode()))
