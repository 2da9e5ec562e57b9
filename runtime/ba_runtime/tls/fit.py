"""Whether the certificates that a server sent fit together, as the documented client wants them to.

What does not fit ends the handshake there, before anybody asks whether the server is trusted: a
certificate that belongs to no other one, one that signs without being a CA, and a signature that is not
its issuer's. That an issuer is missing, or comes in another order than that of RFC 8446 (4.4.2), is a
matter of trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cryptography import x509

from .certificates import extension_of, extensions_of, issuer_of, parse_der, subject_of
from .store import CertStore, is_signed_by

# A chain in use has four certificates at most; every one that is looked at costs signatures.
MAX_CHAIN = 16


def parse_chain(chain: Sequence[bytes]) -> list[x509.Certificate]:
    """Returns the certificates of a chain in DER that can be read; none without the first."""
    parsed = [parse_der(der) for der in chain[:MAX_CHAIN]]
    return [one for one in parsed if one is not None] if parsed and parsed[0] is not None else []


def in_order(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Returns the first certificates, as long as each is named as the issuer of the one before it."""
    found = list(certificates[:1])
    for certificate, issuer in pairwise(certificates):
        if issuer_of(certificate) != subject_of(issuer):
            break
        found.append(issuer)
    return found


def misfit(chain: Sequence[bytes], store: CertStore | None) -> str | None:
    """Returns, in words, what does not fit in a chain in DER, leaf first; None when everything does.

    Public roots are not looked at: they would have to be read for every program that connects once.
    """
    if len(chain) < 2 and (store is None or store.is_public):
        return None
    certificates = parse_chain(chain)
    issuers = [issuer_of(one) for one in certificates]
    for at, one in enumerate(certificates[1:], 1):
        if subject_of(one) not in issuers[:at] + issuers[at + 1 :]:
            return "the server sent a certificate that has signed none of the others"
    path = in_order(certificates)
    for certificate, issuer in pairwise(path):
        if not _is_ca(issuer):
            return "the server sent a certificate that is signed by one that is not a CA's"
        if not is_signed_by(certificate, issuer):
            return "the server sent a certificate that its issuer has not signed"
    if path and store is not None and not store.is_public and _contradicts(path[-1], store):
        return "the server sent a certificate that a known CA of that name has not signed"
    return None


def _is_ca(certificate: x509.Certificate) -> bool:
    extensions = extensions_of(certificate)
    constraints = extension_of(extensions, x509.BasicConstraints) if extensions is not None else None
    return constraints is not None and constraints.ca


def _contradicts(certificate: x509.Certificate, store: CertStore) -> bool:
    """Tells whether the store has CAs of the issuer's name, and none of them has signed."""
    known = [one for one in store.named(issuer_of(certificate)) if _is_ca(one)]
    return bool(known) and not any(is_signed_by(certificate, one) for one in known)
