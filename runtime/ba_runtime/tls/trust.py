"""Whether a peer is who it should be, by the documented rules of `s:trusted()` (and not by a browser's).

Two questions are asked apart. Is the CA known: does a path of right signatures lead from the peer's
certificate through those it sent, each the issuer of the one before it, to one in the store? And does the
name match: the common name or a DNS name of the certificate. Dates, of every certificate on the path, are
looked at only when both answers are yes.

On a path, whoever signs must be allowed to: basic constraints (with the path length) and key usage are
honoured, RFC 5280, 6.1.4, and a certificate with a critical extension that is not known here is refused
(4.2). A certificate that is itself in the store is trusted, self-signed ones of a device included; that does
not let it sign others. Not looked at: revocation, name constraints, policies, extended key usage. So a CA
that may only sign for one domain may sign for any here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.x509.oid import NameOID

from .certificates import (
    CertificateTable,
    attempt,
    describe,
    dns_names_of,
    extension_of,
    extensions_of,
    issuer_of,
    subject_of,
    text_of,
)
from .fit import in_order, parse_chain
from .store import CertStore, is_signed_by

Doubt: TypeAlias = Literal["certcn", "cert", "cn", "none"]

# What may be critical: what is honoured, and what is not looked at, as said above.
KNOWN_EXTENSIONS = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.SubjectAlternativeName,
    x509.ExtendedKeyUsage,
    x509.NameConstraints,
    x509.CertificatePolicies,
    x509.PolicyConstraints,
    x509.InhibitAnyPolicy,
    x509.CRLDistributionPoints,
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def judge(
    chain: Sequence[bytes], store: CertStore | None, name: str | None, now: datetime | None = None
) -> Doubt | None:
    """Returns None when the peer is trusted, else the documented doubt.

    `chain` is DER as the peer sent it, leaf first. `certcn`: only dates are wrong at `now` (UTC, the
    present by default); `cert`: the CA is known, the name is another (or there is none); `cn`: the name
    matches, the CA is unknown; `none`: neither.
    """
    leaf, others = _parse(chain)
    if leaf is None:
        return "none"
    is_named = name is not None and name_matches(leaf, name)
    if not _is_anchored(leaf, others, store, lambda _: True):
        return "cn" if is_named else "none"
    if not is_named:
        return "cert"
    moment = now or datetime.now(timezone.utc)
    return None if _is_anchored(leaf, others, store, lambda one: _is_current(one, moment)) else "certcn"


def is_ca_known(chain: Sequence[bytes], store: CertStore | None) -> bool:
    """Tells whether the chain ends in a certificate of the store: the second value of `s:certificate()`."""
    leaf, others = _parse(chain)
    return leaf is not None and _is_anchored(leaf, others, store, lambda _: True)


def certificate_table(chain: Sequence[bytes], store: CertStore | None) -> CertificateTable | None:
    """Returns the peer's certificate as the documented table, None when it sent none.

    `parent` leads from each certificate to its issuer: the one that the peer sent or, for the last of those,
    the one in the store.
    """
    if not chain:
        return None
    certificate, others = _parse(chain)
    table = top = describe(certificate)
    while certificate is not None and subject_of(certificate) != issuer_of(certificate):
        issuer = next((one for one in others if is_signed_by(certificate, one)), None)
        if issuer is None:
            known = next(store.issuers(certificate), None) if store is not None else None
            if known is not None:
                table["parent"] = describe(known)
            break
        others.remove(issuer)
        table["parent"] = describe(issuer)
        certificate, table = issuer, table["parent"]
    return top


def name_matches(certificate: x509.Certificate, name: str) -> bool:
    """Tells whether a common name or a DNS name of the certificate is `name` or, with `*.`, covers it.

    Case does not count, a dot at the end does. `*.wild.test` covers `a.wild.test` and, other than in RFC
    6125, `wild.test`, but never an address (RFC 9525, 6.3): only the same text matches one.
    """
    wanted = name.lower()
    common = text_of(subject_of(certificate), NameOID.COMMON_NAME).decode("utf-8", "replace")
    names = [common, *(dns_names_of(certificate) or [])]
    return bool(wanted) and any(_covers(pattern.lower(), wanted) for pattern in names)


def _is_address(name: str) -> bool:
    """Tells an address from a name, in any form that the system takes: `127.1`, `0x7f.1`, `fe80::1%eth0`.

    The last label of a domain is never a number, which is how the URL Standard tells them apart as well.
    """
    return ":" in name or _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]) is not None


def _covers(pattern: str, name: str) -> bool:
    if not pattern.startswith("*.") or _is_address(name):
        return pattern == name
    domain = pattern[2:]
    return bool(domain) and domain in (name, name.partition(".")[2])


def _parse(chain: Sequence[bytes]) -> tuple[x509.Certificate | None, list[x509.Certificate]]:
    path = in_order(parse_chain(chain))
    return (path[0], path[1:]) if path else (None, [])


def _is_current(certificate: x509.Certificate, now: datetime) -> bool:
    valid = attempt(lambda: (certificate.not_valid_before_utc, certificate.not_valid_after_utc))
    return valid is not None and valid[0] <= now <= valid[1]


def _is_anchored(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    store: CertStore | None,
    is_fine: Callable[[x509.Certificate], bool],
) -> bool:
    """Tells whether a path from `leaf` into the store exists on which every certificate is fine.

    Breadth first, so that each certificate is reached with as few CAs below it as possible, which is what a
    path length allows most of; each is visited once, so that loops end.
    """
    if store is None:
        return False
    waiting = deque([(leaf, 0)])
    seen = set()
    while waiting:
        certificate, cas_below = waiting.popleft()
        if certificate in seen or not is_fine(certificate) or not _is_understood(certificate, store):
            continue
        seen.add(certificate)
        if certificate in store:
            return True
        if any(is_fine(root) for root in _known_signers(certificate, store, cas_below)):
            return True
        waiting.extend(
            (other, cas_below + 1)
            for other in others
            if other not in seen and _may_sign(other, cas_below, False) and is_signed_by(certificate, other)
        )
    return False


def _is_understood(certificate: x509.Certificate, store: CertStore) -> bool:
    """Tells whether nothing in a certificate demands what is not known here.

    Extensions that cannot be read may hold such a demand. A device's own certificate, which the program has
    put into the store as it is, may have those all the same.
    """
    extensions = extensions_of(certificate)
    if extensions is None:
        return certificate in store
    return not _has_unknown_demand(extensions)


def _has_unknown_demand(extensions: x509.Extensions) -> bool:
    return any(one.critical and not isinstance(one.value, KNOWN_EXTENSIONS) for one in extensions)


def _known_signers(
    certificate: x509.Certificate, store: CertStore, cas_below: int
) -> Iterator[x509.Certificate]:
    return (root for root in store.issuers(certificate) if _may_sign(root, cas_below, True))


def _may_sign(issuer: x509.Certificate, cas_below: int, is_root: bool) -> bool:
    """Tells whether a CA may stand above `cas_below` others.

    Only roots of before version 3 may lack basic constraints: there were no extensions then.
    """
    extensions = extensions_of(issuer)
    if extensions is None or _has_unknown_demand(extensions):
        return False
    constraints = extension_of(extensions, x509.BasicConstraints)
    usage = extension_of(extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return False
    if constraints is None:
        return is_root and issuer.version is x509.Version.v1
    return constraints.ca and (constraints.path_length is None or cas_below <= constraints.path_length)
