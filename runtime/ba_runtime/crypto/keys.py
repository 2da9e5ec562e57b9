"""RSA and elliptic curve keys from PEM: private ones, public ones, and those in certificates.

What cannot be read, or is a key of another kind, is None; the reasons are for those who ask (`Invalid key`).
The curves are the three that the server knows.
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

INVALID: Failure = (None, b"Invalid key")
FAILED: Failure = (None, b"failed")

# Everything waits while a private key is checked: one of RSA with 4,096 bits, which is 3.3 kB of PEM, for a
# tenth of a second, and of twice the size for ten times as long. Public keys are not, and come with chains.
MAX_PRIVATE_BYTES = 8192
MAX_PUBLIC_BYTES = 65536
# Of public numbers; more would only keep everything waiting.
MIN_RSA_BITS, MAX_RSA_BITS = 512, 4096

# Bytes of a coordinate: curve.
CURVES: dict[int, type[ec.EllipticCurve]] = {32: ec.SECP256R1, 48: ec.SECP384R1, 66: ec.SECP521R1}

_FAULTS = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
_WORD_BYTES = 4


def private_key(pem: bytes, password: bytes | None = None) -> PrivateKey | None:
    """Reads a private key in PKCS#1, SEC 1 or PKCS#8."""
    if len(pem) > MAX_PRIVATE_BYTES or b"PRIVATE KEY" not in pem:
        return None
    is_encrypted = b"ENCRYPTED" in pem  # in the label (PKCS#8, RFC 7468) or in Proc-Type (RFC 1421)
    try:
        key = load_pem_private_key(pem, (password or b"") if is_encrypted else None)
    except _FAULTS:
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key if isinstance(key.curve, tuple(CURVES.values())) else None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def public_key(pem: bytes, password: bytes | None = None, *, certified: bool = True) -> PublicKey | None:
    """Reads a public key, or takes it out of a private key or, where that counts, of a certificate."""
    if b"PRIVATE KEY" in pem:
        private = private_key(pem, password)
        return None if private is None else private.public_key()
    is_certificate = b"CERTIFICATE" in pem
    if len(pem) > MAX_PUBLIC_BYTES or (is_certificate and not certified):
        return None
    key: object
    try:
        key = x509.load_pem_x509_certificate(pem).public_key() if is_certificate else load_pem_public_key(pem)
    except _FAULTS:
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key if isinstance(key.curve, tuple(CURVES.values())) else None
    return key if isinstance(key, rsa.RSAPublicKey) and key.key_size <= MAX_RSA_BITS else None


def rsa_key_of(n: bytes, e: bytes) -> rsa.RSAPublicKey | None:
    """Returns the key with these numbers, big-endian."""
    modulus = int.from_bytes(n, "big")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or len(e) > len(n):
        return None
    try:
        return rsa.RSAPublicNumbers(int.from_bytes(e, "big"), modulus).public_key()
    except ValueError:
        return None


def curve_key_of(x: bytes, y: bytes) -> ec.EllipticCurvePublicKey | None:
    """Returns the key that is this point, on the curve whose coordinates are as long."""
    curve = CURVES.get(len(x))
    if curve is None or len(y) != len(x):
        return None
    try:
        point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve())
        return point.public_key()
    except ValueError:  # it is not on the curve
        return None


def size_bytes(key: PrivateKey | PublicKey) -> int:
    """Returns the size of an RSA key's modulus or of a curve's coordinates."""
    return (key.key_size + 7) // 8


def key_size(pem: bytes, password: bytes | None) -> tuple[int, bytes] | Failure:
    """Returns the most bytes that a signature with the key takes, and its kind, `RSA` or `ECC`.

    A curve's signature is a sequence of two integers in DER. An integer takes two bytes more than a
    coordinate and a third one, except with P-521, where the first bit could be taken for a sign.
    """
    key = public_key(pem, password, certified=False)
    if key is None:
        return INVALID
    size = size_bytes(key)
    if isinstance(key, rsa.RSAPublicKey):
        return size, b"RSA"
    content = 2 * (2 + size + (key.key_size % 8 == 0))
    return content + (2 if content < 0x80 else 3), b"ECC"


def key_numbers(pem: bytes, password: bytes | None) -> tuple[bytes, bytes] | Failure:
    """Returns what is public in a key, big-endian: n and e of RSA, x and y of a curve's point.

    The exponent comes in whole words of four bytes, as from the server; coordinates are as long as the curve
    wants them.
    """
    key = public_key(pem, password, certified=False)
    if key is None:
        return FAILED
    size = size_bytes(key)
    if isinstance(key, rsa.RSAPublicKey):
        modulus, exponent = key.public_numbers().n, key.public_numbers().e
        words = -(-exponent.bit_length() // (8 * _WORD_BYTES))
        return modulus.to_bytes(size, "big"), exponent.to_bytes(_WORD_BYTES * words, "big")
    point = key.public_numbers()
    return point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
