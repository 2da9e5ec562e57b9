"""What a small authority of one's own needs: new keys, requests for certificates (PKCS #10) and certificates.

Texts are PEM both ways. What a certificate is for, in the documented API's words that Lua has checked,
becomes basic constraints, key usage and extended key usage (RFC 5280, 4.2.1.9, 4.2.1.3 and 4.2.1.12).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ba_runtime.tls.certificates import attempt, extension_of, parse_pem

from .keys import FAILED, INVALID, Failure, private_key

_INVALID_NAME: Failure = (None, b"Invalid name")
_INVALID_REQUEST: Failure = (None, b"Invalid certificate request")
_INVALID_CERTIFICATE: Failure = (None, b"Invalid certificate")
_WRONG_KEY: Failure = (None, b"The key does not belong to the certificate")

_CURVES: dict[bytes, type[ec.EllipticCurve]] = {
    b"SECP256R1": ec.SECP256R1,
    b"SECP384R1": ec.SECP384R1,
    b"SECP521R1": ec.SECP521R1,
}
_HASHES: dict[bytes, type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]] = {
    b"sha256": hashes.SHA256,
    b"sha384": hashes.SHA384,
    b"sha512": hashes.SHA512,
}
# In the order in which certificates have them, from the country to the name.
_FIELDS = {
    b"countryname": NameOID.COUNTRY_NAME,
    b"province": NameOID.STATE_OR_PROVINCE_NAME,
    b"locality": NameOID.LOCALITY_NAME,
    b"organization": NameOID.ORGANIZATION_NAME,
    b"unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    b"commonname": NameOID.COMMON_NAME,
    b"emailaddress": NameOID.EMAIL_ADDRESS,
}
_PURPOSES = {
    b"SSL_CLIENT": ExtendedKeyUsageOID.CLIENT_AUTH,
    b"SSL_SERVER": ExtendedKeyUsageOID.SERVER_AUTH,
    b"EMAIL": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    b"OBJECT_SIGNING": ExtendedKeyUsageOID.CODE_SIGNING,
}
_AUTHORITIES = frozenset({b"SSL_CA", b"EMAIL_CA", b"OBJECT_SIGNING_CA"})
_USAGES = (
    *(b"DIGITAL_SIGNATURE", b"NON_REPUDIATION", b"KEY_ENCIPHERMENT", b"DATA_ENCIPHERMENT", b"KEY_AGREEMENT"),
    *(b"KEY_CERT_SIGN", b"CRL_SIGN", b"ENCIPHER_ONLY", b"DECIPHER_ONLY"),
)


def create_rsa_key(bits: int) -> bytes:
    """Returns a new RSA key. Everything waits while it is made: for a second, with 4,096 bits for some."""
    return _pem(rsa.generate_private_key(65537, bits))


def create_curve_key(curve: bytes) -> bytes:
    """Returns a new key on a curve."""
    return _pem(ec.generate_private_key(_CURVES[curve]()))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def create_request(
    pem: bytes, fields: bytes, names: bytes, words: bytes, hash_name: bytes
) -> bytes | Failure:
    """Returns a request for a certificate of the key, in PEM.

    `fields` holds the subject's names and values in turn, `names` DNS names and addresses, `words` what the
    certificate is for, each ended by a NUL.
    """
    key = private_key(pem)
    if key is None:
        return INVALID
    known = _split(fields)
    texts = dict(zip(known[::2], known[1::2], strict=True))
    try:
        subject = x509.Name(
            x509.NameAttribute(oid, texts[field].decode())
            for field, oid in _FIELDS.items()
            if texts.get(field)
        )
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        for extension, is_critical in _extensions(_split(names), frozenset(_split(words))):
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(key, _HASHES[hash_name]()).public_bytes(Encoding.PEM)
    except ValueError:  # a country of three letters, text that is not UTF-8, a name that is too long
        return _INVALID_NAME


def _split(text: bytes) -> list[bytes]:
    return text.split(b"\0")[:-1]


def _extensions(names: list[bytes], words: frozenset[bytes]) -> Iterable[tuple[x509.ExtensionType, bool]]:
    """Yields the extensions that the words stand for, and whether each is critical."""
    is_authority = bool(words & _AUTHORITIES)
    yield x509.BasicConstraints(ca=is_authority, path_length=None), True
    usage = [word in words for word in _USAGES]
    if any(usage):
        usage[7:] = [wanted and usage[4] for wanted in usage[7:]]  # they only say more about key agreement
        yield x509.KeyUsage(*usage), True
    purposes = [oid for word, oid in _PURPOSES.items() if word in words]
    if purposes:
        yield x509.ExtendedKeyUsage(purposes), False
    if names:
        yield x509.SubjectAlternativeName([_general_name(name.decode()) for name in names]), False


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def create_certificate(
    request_pem: bytes,
    key_pem: bytes,
    issuer_pem: bytes | None,
    start: int,
    end_: int,
    serial: int,
    hash_name: bytes,
) -> bytes | Failure:
    """Returns the certificate that was asked for, signed with the issuer's key.

    Without an issuer, the key is that of the request, and the certificate its own issuer.
    `start` and `end_` are seconds since 1970; a `serial` of 0 stands for a random one.
    """
    key = private_key(key_pem)
    if key is None:
        return INVALID
    request = attempt(partial(x509.load_pem_x509_csr, request_pem))
    asker = _party(request)
    if request is None or asker is None or not attempt(lambda: request.is_signature_valid):
        return _INVALID_REQUEST
    issuer = asker if issuer_pem is None else _party(next(iter(parse_pem(issuer_pem)), None))
    if issuer is None:
        return _INVALID_CERTIFICATE
    if key.public_key() != issuer.key:
        return _WRONG_KEY

    def sign() -> bytes:
        builder = (
            _builder(request, asker)
            .issuer_name(issuer.name)
            .serial_number(serial or secrets.randbits(159) | 1)  # in 20 bytes, positive: RFC 5280, 4.1.2.2
            .not_valid_before(_moment(start))
            .not_valid_after(_moment(end_))
        )
        return builder.sign(key, _HASHES[hash_name]()).public_bytes(Encoding.PEM)

    try:
        return attempt(sign) or FAILED
    except OverflowError:  # a moment that no calendar has
        return FAILED


@dataclass(frozen=True, slots=True)
class _Party:
    """Whom a request or a certificate is about, and their public key."""

    name: x509.Name
    key: CertificatePublicKeyTypes


def _party(of: x509.CertificateSigningRequest | x509.Certificate | None) -> _Party | None:
    """Returns the party, None when it cannot be read."""
    return None if of is None else attempt(lambda: _Party(of.subject, of.public_key()))


def _builder(request: x509.CertificateSigningRequest, asker: _Party) -> x509.CertificateBuilder:
    """Returns the certificate as far as the request says what is in it."""
    builder = x509.CertificateBuilder().subject_name(asker.name).public_key(asker.key)
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    if extension_of(request.extensions, x509.SubjectKeyIdentifier) is None:
        identifier = x509.SubjectKeyIdentifier.from_public_key(asker.key)
        builder = builder.add_extension(identifier, critical=False)
    return builder


def _moment(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
