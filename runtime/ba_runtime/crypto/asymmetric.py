"""Signatures and encryption with a key pair: RSA (RFC 8017) and ECDSA (FIPS 186-5).

What can be wrong is `length` (more data than the key can take, or not what it gives), `padding` (not what
encryption with this key has made), `keytype` (a curve cannot encrypt) and `signature` (none of ECDSA).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .keys import Failure, private_key, public_key, size_bytes

_LENGTH: Failure = (None, b"length")
_PADDING: Failure = (None, b"padding")
_KEY_TYPE: Failure = (None, b"keytype")
_SIGNATURE: Failure = (None, b"signature")

_HASHES: dict[bytes, type[hashes.HashAlgorithm]] = {
    b"md5": hashes.MD5,
    b"sha1": hashes.SHA1,
    b"sha256": hashes.SHA256,
    b"sha384": hashes.SHA384,
    b"sha512": hashes.SHA512,
}
# The coordinates of P-256, P-384 and P-521.
_SIZES = (32, 48, 66)


def sign(data: bytes, pem: bytes, hash_name: bytes, kind: bytes, password: bytes | None) -> bytes | Failure:
    """Returns the signature of the data's digest. `kind` is PKCS1 or PSS, and counts for RSA keys."""
    key, algorithm = private_key(pem, password), _HASHES[hash_name]()
    if isinstance(key, tuple):
        return key
    try:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(algorithm))
        salted = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
        return key.sign(data, salted if kind == b"PSS" else padding.PKCS1v15(), algorithm)
    except ValueError:  # the digest does not fit into the key
        return _LENGTH


def verify(
    data: bytes, signature: bytes, pem: bytes, hash_name: bytes, kind: bytes, password: bytes | None
) -> bool | Failure:
    """Tells whether the signature is that of the data."""
    key, algorithm = public_key(pem, password), _HASHES[hash_name]()
    if isinstance(key, tuple):
        return key
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(algorithm))
        else:
            salted = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(signature, data, salted if kind == b"PSS" else padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError):
        return False
    return True


def _encryption_padding(kind: bytes, hash_name: bytes, label: bytes | None) -> padding.AsymmetricPadding:
    if kind == b"OAEP":
        algorithm = _HASHES[hash_name]()
        return padding.OAEP(padding.MGF1(algorithm), algorithm, label)
    return padding.PKCS1v15()


def encrypt(
    data: bytes, pem: bytes, kind: bytes, hash_name: bytes, label: bytes | None, password: bytes | None
) -> bytes | Failure:
    """Returns the data encrypted with a public RSA key. `kind` is PKCS1 or OAEP, which has hash and label."""
    key = public_key(pem, password)
    if isinstance(key, tuple):
        return key
    if not isinstance(key, rsa.RSAPublicKey):
        return _KEY_TYPE
    try:
        return key.encrypt(data, _encryption_padding(kind, hash_name, label))
    except ValueError:
        return _LENGTH


def decrypt(
    data: bytes, pem: bytes, kind: bytes, hash_name: bytes, label: bytes | None, password: bytes | None
) -> bytes | Failure:
    """Returns what `encrypt` was given, with the private key.

    With PKCS1, OpenSSL from 3.2 on answers a wrong ciphertext with random bytes and not with an error, so
    that nobody can learn from errors (RFC 8017 section 7.2.2).
    """
    key = private_key(pem, password)
    if isinstance(key, tuple):
        return key
    if not isinstance(key, rsa.RSAPrivateKey):
        return _KEY_TYPE
    if len(data) != size_bytes(key):
        return _LENGTH
    try:
        return key.decrypt(data, _encryption_padding(kind, hash_name, label))
    except ValueError:
        return _PADDING


def signature_numbers(signature: bytes) -> tuple[bytes, bytes] | Failure:
    """Returns the two numbers of an ECDSA signature, in as many bytes as its curve has.

    That is their form in JSON Web Signatures (RFC 7518 section 3.4).
    """
    try:
        r, s = decode_dss_signature(signature)
        size = next(size for size in _SIZES if max(r, s) < 1 << 8 * size)
        return r.to_bytes(size, "big"), s.to_bytes(size, "big")
    except (ValueError, OverflowError, StopIteration):
        return _SIGNATURE
