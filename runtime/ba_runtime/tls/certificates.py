"""Certificates as data: from PEM or DER to `cryptography`'s objects, and from those to the documented table.

Nothing here judges a certificate; that is `trust`. And nothing here raises on what a certificate contains: a
peer may send anything. A name that cannot be read (text that is not in the encoding it claims) becomes six
empty fields, an extension that cannot be read counts as absent.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TypedDict, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"

_ENCODINGS = {"BMPString": "utf-16-be", "UniversalString": "utf-32-be"}

_T = TypeVar("_T")
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

# What the library raises on bytes that are no certificate, or on the part of one that is asked for: it reads
# most parts late. Besides what it documents these are a kind of string that is unknown (KeyError) and one
# that does not belong there (TypeError). Found by changing bytes, see the tests.
_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class NameTable(TypedDict):
    """Who a certificate is about, or from: all six are always there, empty if the certificate lacks them."""

    commonname: bytes
    countryname: bytes
    locality: bytes
    organization: bytes
    province: bytes
    unit: bytes


class _Always(TypedDict):
    tzfrom: bytes
    tzto: bytes
    subject: NameTable
    issuer: NameTable


class CertificateTable(_Always, total=False):
    """What `s:certificate()` shows: `san` only where there is that extension, `parent` where one is known."""

    san: list[bytes]
    parent: CertificateTable


def parse_pem(pem: bytes) -> list[x509.Certificate]:
    """Returns every certificate in `pem` that can be read, in its order, and skips everything else."""
    found = []
    for piece in pem.split(_BEGIN)[1:]:
        body, end, _ = piece.partition(_END)
        certificate = attempt(partial(x509.load_pem_x509_certificate, _BEGIN + body + _END)) if end else None
        if certificate is not None:
            found.append(certificate)
    return found


def has_pem(text: bytes) -> bool:
    """Tells whether there is the frame of a certificate in the text, whatever is in it."""
    return _BEGIN in text and _END in text.partition(_BEGIN)[2]


def parse_der(der: bytes) -> x509.Certificate | None:
    """Returns the certificate, None when it cannot be read."""
    return attempt(lambda: x509.load_der_x509_certificate(der))


def attempt(read: Callable[[], _T]) -> _T | None:
    """Returns what `read` makes of a certificate, None when the library cannot read it.

    The library's warnings (a serial number of zero, a country of three letters) are for who issues.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except _UNREADABLE:
            return None


def subject_of(certificate: x509.Certificate) -> x509.Name | None:
    """Returns whom the certificate is about, None when that cannot be read."""
    return attempt(lambda: certificate.subject)


def issuer_of(certificate: x509.Certificate) -> x509.Name | None:
    """Returns who signed the certificate, None when that cannot be read."""
    return attempt(lambda: certificate.issuer)


def extensions_of(certificate: x509.Certificate) -> x509.Extensions | None:
    """Returns the extensions, None when one of them cannot be read."""
    return attempt(lambda: certificate.extensions)


def extension_of(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    """Returns one extension, None when it is not there."""
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def text_of(name: x509.Name | None, oid: x509.ObjectIdentifier) -> bytes:
    """Returns an attribute of a name as the bytes that are in the certificate; empty when it is not there.

    Of several the last one counts, as in the original. One that is not text (a bit string) is left out.
    """
    if name is None:
        return b""
    text = b""
    for attribute in name.get_attributes_for_oid(oid):
        if isinstance(attribute.value, str):
            # The library says in which encoding it was, but not in public; all but these are UTF-8, or ASCII.
            kind = getattr(getattr(attribute, "_type", None), "name", "")
            text = attribute.value.encode(_ENCODINGS.get(kind, "utf-8"), "replace")
    return text


def dns_names_of(certificate: x509.Certificate) -> list[str] | None:
    """Returns the DNS names of the extension subjectAltName, None without one (RFC 5280, 4.2.1.6)."""
    extensions = extensions_of(certificate)
    names = extension_of(extensions, x509.SubjectAlternativeName) if extensions is not None else None
    return None if names is None else names.get_values_for_type(x509.DNSName)


def describe(certificate: x509.Certificate | None) -> CertificateTable:
    """Returns the documented table, without a parent; None gives a table without content."""
    if certificate is None:
        return {"tzfrom": b"", "tzto": b"", "subject": _name_table(None), "issuer": _name_table(None)}
    table: CertificateTable = {
        "tzfrom": _time_text(attempt(lambda: certificate.not_valid_before_utc)),
        "tzto": _time_text(attempt(lambda: certificate.not_valid_after_utc)),
        "subject": _name_table(subject_of(certificate)),
        "issuer": _name_table(issuer_of(certificate)),
    }
    names = dns_names_of(certificate)
    if names is not None:
        table["san"] = [_bytes(name) for name in names]
    return table


def flat(table: Mapping[str, object], path: bytes = b"") -> Iterator[bytes]:
    """Yields the paths and texts of such a table in turn, as it crosses to Lua."""
    for key, value in table.items():
        name = path + key.encode()
        if isinstance(value, Mapping):
            yield from flat(value, name + b"/")
        elif isinstance(value, (list, tuple)):
            for index, text in enumerate(value, 1):
                yield b"%s/%d" % (name, index)
                yield _bytes(text)
        else:
            yield name
            yield _bytes(value)


def _name_table(name: x509.Name | None) -> NameTable:
    return {
        "commonname": text_of(name, NameOID.COMMON_NAME),
        "countryname": text_of(name, NameOID.COUNTRY_NAME),
        "locality": text_of(name, NameOID.LOCALITY_NAME),
        "organization": text_of(name, NameOID.ORGANIZATION_NAME),
        "province": text_of(name, NameOID.STATE_OR_PROVINCE_NAME),
        "unit": text_of(name, NameOID.ORGANIZATIONAL_UNIT_NAME),
    }


def _bytes(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "replace")


def _time_text(moment: datetime | None) -> bytes:
    """Returns the time as a certificate writes it: UTCTime from 1950 to 2049, else GeneralizedTime.

    RFC 5280, 4.1.2.5, leaves no choice between the two, so the year tells which of them it was.
    """
    if moment is None:
        return b""
    year = f"{moment.year % 100:02}" if 1950 <= moment.year <= 2049 else f"{moment.year:04}"
    return f"{year}{moment:%m%d%H%M%S}Z".encode()
