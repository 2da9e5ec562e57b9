"""RSA and elliptic curve keys from PEM: private ones, public ones, and those in certificates.

The reasons for which there is no key are those of `ba.create.sharkcert`, and one for keys of other kinds:

| reason | what was given |
|---|---|
| `pem_key_unrecognized_format` | no PEM, or not of a key that the operation can use |
| `pem_key_passphrase_required` | an encrypted key without its password, or with a wrong one |
| `pem_key_unsupported_format` | a key that is neither RSA nor on a curve with a name, or too large |
"""

from __future__ import annotations

from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Failure: TypeAlias = tuple[None, bytes]

UNRECOGNIZED: Failure = (None, b"pem_key_unrecognized_format")
PASSPHRASE_REQUIRED: Failure = (None, b"pem_key_passphrase_required")
UNSUPPORTED: Failure = (None, b"pem_key_unsupported_format")

# Everything waits while a private key is checked: one of RSA with 4,096 bits, which is 3.3 kB of PEM, for a
# tenth of a second, and of twice the size for ten times as long. Public keys are not, and come with chains.
MAX_PRIVATE_BYTES = 8192
MAX_PUBLIC_BYTES = 65536

_FAULTS = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
# By cryptography's names, those of NIST, as in JSON Web Keys (RFC 7518 section 6.2.1.1).
_CURVES = {"secp256r1": b"P-256", "secp384r1": b"P-384", "secp521r1": b"P-521"}


def private_key(pem: bytes, password: bytes | None) -> PrivateKey | Failure:
    """Reads a private key in PKCS#1, SEC 1 or PKCS#8."""
    if len(pem) > MAX_PRIVATE_BYTES:
        return UNSUPPORTED
    if b"PRIVATE KEY" not in pem:
        return UNRECOGNIZED
    is_encrypted = b"ENCRYPTED" in pem  # in the label (PKCS#8, RFC 7468) or in Proc-Type (RFC 1421)
    if is_encrypted and not password:
        return PASSPHRASE_REQUIRED
    try:
        key = load_pem_private_key(pem, password if is_encrypted else None)
    except _FAULTS:
        return PASSPHRASE_REQUIRED if is_encrypted else UNRECOGNIZED
    return key if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else UNSUPPORTED


def public_key(pem: bytes, password: bytes | None) -> PublicKey | Failure:
    """Reads a public key, or takes it out of a certificate or of a private key."""
    if b"PRIVATE KEY" in pem:
        private = private_key(pem, password)
        return private if isinstance(private, tuple) else private.public_key()
    if len(pem) > MAX_PUBLIC_BYTES:
        return UNSUPPORTED
    is_certificate = b"CERTIFICATE" in pem
    key: object
    try:
        key = x509.load_pem_x509_certificate(pem).public_key() if is_certificate else load_pem_public_key(pem)
    except _FAULTS:
        return UNRECOGNIZED
    return key if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else UNSUPPORTED


def size_bytes(key: PrivateKey | PublicKey) -> int:
    """Returns the size of an RSA key's modulus or of a curve's coordinates."""
    return (key.key_size + 7) // 8


def key_size(pem: bytes, password: bytes | None) -> int | Failure:
    """Returns the size of a key in bytes."""
    key = public_key(pem, password)
    return key if isinstance(key, tuple) else size_bytes(key)


def key_numbers(pem: bytes, password: bytes | None) -> tuple[bytes, ...] | Failure:
    """Returns the names and values of what is public in a key, in turn; numbers are big-endian.

    RSA: `type`, and `n` and `e` in as many bytes as they need. Curves: `type`, `curve`, and `x` and `y` in as
    many bytes as the curve has.
    """
    key = public_key(pem, password)
    if isinstance(key, tuple):
        return key
    if isinstance(key, rsa.RSAPublicKey):
        modulus, exponent = key.public_numbers().n, key.public_numbers().e
        return b"type", b"RSA", b"n", _big_endian(modulus), b"e", _big_endian(exponent)
    point, size = key.public_numbers(), size_bytes(key)
    curve = _CURVES.get(key.curve.name, key.curve.name.encode())
    return (
        *(b"type", b"EC", b"curve", curve),
        *(b"x", point.x.to_bytes(size, "big"), b"y", point.y.to_bytes(size, "big")),
    )


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
