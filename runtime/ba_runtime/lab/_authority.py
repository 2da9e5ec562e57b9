"""Owns the lab's certificates: a root, an intermediate, and one leaf for each host that speaks TLS.

What a notebook prints of a certificate (names, dates, serial numbers) is the same in every run; only the keys
are new each time, so that nobody can misuse what others trust while their lab is on. The keys are EC P-256:
a certificate takes less than a millisecond. All is made when it is first asked for.

The clock of the lab has no part in it: clients look at dates with the real one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ba_runtime.tls import Context, Credentials, Role

Dates = tuple[datetime, datetime]

_VALID: Dates = (datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2046, 1, 1, tzinfo=timezone.utc))
EXPIRED: Dates = (datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2021, 1, 1, tzinfo=timezone.utc))

_ROOT = "Lab Root (simulated)"
_INTERMEDIATE = "Lab Intermediate (simulated)"


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a host shows: the name in its certificate, its serial number, and what is odd about it."""

    name: str
    serial: int
    valid: Dates = _VALID
    is_self_signed: bool = False


@dataclass(frozen=True, slots=True)
class _Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """The certificates of one lab. Every method may be called from any thread."""

    def __init__(self) -> None:
        """Makes nothing yet."""
        self._lock = threading.Lock()
        self._cas: tuple[_Issued, _Issued] | None = None
        self._contexts: dict[Leaf, Context] = {}

    @property
    def root_pem(self) -> bytes:
        """The root's certificate, for those who want to trust the lab."""
        with self._lock:
            return self._root_and_intermediate()[0].pem

    def context(self, leaf: Leaf) -> Context:
        """Returns a server's context that shows this leaf and, unless it is self-signed, the intermediate."""
        with self._lock:
            if leaf not in self._contexts:
                self._contexts[leaf] = self._context(leaf)
            return self._contexts[leaf]

    def _context(self, leaf: Leaf) -> Context:
        _, intermediate = self._root_and_intermediate()
        if leaf.is_self_signed:
            issued, chain = _issue(leaf.name, leaf.serial, None, leaf.valid, is_ca=False), b""
        else:
            issued, chain = _issue(leaf.name, leaf.serial, intermediate, leaf.valid), intermediate.pem
        credentials = Credentials.load(issued.pem + chain, issued.key_pem)
        assert isinstance(credentials, Credentials)  # it is our own
        context = Context(Role.SERVER)
        context.addcert(credentials)
        return context

    def _root_and_intermediate(self) -> tuple[_Issued, _Issued]:
        if self._cas is None:
            root = _issue(_ROOT, 1, None, _VALID, is_ca=True)
            self._cas = root, _issue(_INTERMEDIATE, 2, root, _VALID, is_ca=True)
        return self._cas


def _issue(name: str, serial: int, by: _Issued | None, valid: Dates, *, is_ca: bool = False) -> _Issued:
    """Issues a certificate by RFC 5280, self-signed without `by`."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = by.key if by is not None else key
    subject = _subject(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by is not None else subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(_usage(is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not is_ca:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return _Issued(builder.sign(signer, hashes.SHA256()), key)


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ba-lua lab network"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
