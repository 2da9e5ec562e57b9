"""Signatures and encryption with a key pair: RSA (RFC 8017) and ECDSA (FIPS 186-5).

What is signed is a digest that the caller has made. RSA signatures name the hash, which is known by
the digest's length. Every failure is one of three words: `Invalid key`, `Incorrect use` (a curve cannot
encrypt), and `failed` for data that the key cannot take, or that was not made with it.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from .keys import (
    CURVES,
    FAILED,
    INVALID,
    Failure,
    PublicKey,
    curve_key_of,
    private_key,
    public_key,
    rsa_key_of,
    size_bytes,
)

_INCORRECT_USE: Failure = (None, b"Incorrect use")
_INVALID_SIGNATURE: Failure = (None, b"invalid")

_BY_LENGTH: dict[int, type[hashes.HashAlgorithm]] = {
    16: hashes.MD5,
    20: hashes.SHA1,
    28: hashes.SHA224,
    32: hashes.SHA256,
    48: hashes.SHA384,
    64: hashes.SHA512,
}
_OAEP_HASHES: dict[bytes, type[hashes.HashAlgorithm]] = {
    b"sha1": hashes.SHA1,
    b"sha224": hashes.SHA224,
    b"sha256": hashes.SHA256,
    b"sha384": hashes.SHA384,
    b"sha512": hashes.SHA512,
}


def sign(digest: bytes, pem: bytes, password: bytes | None) -> bytes | Failure:
    """Returns the signature of a digest: PKCS #1 v1.5 with an RSA key, DER with a curve's."""
    key = private_key(pem, password)
    if key is None:
        return INVALID
    kind = _BY_LENGTH.get(len(digest))
    if kind is None:
        return FAILED
    made_before = Prehashed(kind())
    try:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(digest, ec.ECDSA(made_before))
        return key.sign(digest, padding.PKCS1v15(), made_before)
    except (
        ValueError,
        UnsupportedAlgorithm,
    ):  # the digest does not fit into the key, or its hash is disabled
        return FAILED


def verify(signature: bytes, pem: bytes, digest: bytes, password: bytes | None) -> bool | Failure:
    """Tells whether the signature is that of the digest; the key may be in a certificate."""
    return _verify(signature, digest, public_key(pem, password))


def verify_by_modulus(signature: bytes, digest: bytes, n: bytes, e: bytes) -> bool | Failure:
    """Does the same with the numbers of an RSA key."""
    return _verify(signature, digest, rsa_key_of(n, e))


def verify_by_point(signature: bytes, digest: bytes, x: bytes, y: bytes) -> bool | Failure:
    """Does the same with the coordinates that are a curve's key."""
    return _verify(signature, digest, curve_key_of(x, y))


def _verify(signature: bytes, digest: bytes, key: PublicKey | None) -> bool | Failure:
    if key is None:
        return INVALID
    kind = _BY_LENGTH.get(len(digest))
    if kind is None:
        return False
    made_before = Prehashed(kind())
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(made_before))
        else:
            key.verify(signature, digest, padding.PKCS1v15(), made_before)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _oaep(hash_name: bytes) -> padding.OAEP:
    algorithm = _OAEP_HASHES[hash_name]()
    return padding.OAEP(padding.MGF1(algorithm), algorithm, None)


def encrypt(
    data: bytes, pem: bytes, kind: bytes, hash_name: bytes, password: bytes | None
) -> bytes | Failure:
    """Returns the data encrypted with a public RSA key.

    `kind` is pkcs1, none (then the data is as long as the key) or oaep, for which the hash counts.
    """
    key = public_key(pem, password)
    if key is None:
        return INVALID
    if not isinstance(key, rsa.RSAPublicKey):
        return _INCORRECT_USE
    if kind == b"none":
        numbers, size = key.public_numbers(), size_bytes(key)
        value = int.from_bytes(data, "big")
        if len(data) != size or value >= numbers.n:
            return FAILED
        return pow(value, numbers.e, numbers.n).to_bytes(size, "big")
    try:
        return key.encrypt(data, _oaep(hash_name) if kind == b"oaep" else padding.PKCS1v15())
    except ValueError:
        return FAILED


def decrypt(
    data: bytes, pem: bytes, kind: bytes, hash_name: bytes, password: bytes | None
) -> bytes | Failure:
    """Returns what `encrypt` was given, with the private key."""
    key = private_key(pem, password)
    if key is None:
        return INVALID
    if not isinstance(key, rsa.RSAPrivateKey):
        return _INCORRECT_USE
    if kind != b"oaep":
        plain = _without_padding(key, data)
        return FAILED if plain is None else plain if kind == b"none" else _unpadded(plain)
    try:
        return key.decrypt(data, _oaep(hash_name))
    except ValueError:
        return FAILED


def _without_padding(key: rsa.RSAPrivateKey, data: bytes) -> bytes | None:
    """Returns what the private key makes of the data (RFC 8017 section 5.1.2), padding and all.

    OpenSSL from 3.2 on answers wrong data in PKCS #1 v1.5 with random bytes, so that no peer learns from
    errors (RFC 8017 section 7.2.2), and `cryptography` offers nothing else. The documented answer is an
    error, and a program that uses the wrong key needs it. Blinding hides the key from who measures the time.
    """
    numbers = key.private_numbers()
    public = numbers.public_numbers
    value = int.from_bytes(data, "big")
    if len(data) != size_bytes(key) or value >= public.n:
        return None
    factor = 2 + secrets.randbelow(public.n - 3)
    blinded = value * pow(factor, public.e, public.n) % public.n
    by_p, by_q = pow(blinded, numbers.dmp1, numbers.p), pow(blinded, numbers.dmq1, numbers.q)
    plain = by_q + numbers.q * (numbers.iqmp * (by_p - by_q) % numbers.p)
    return (plain * pow(factor, -1, public.n) % public.n).to_bytes(len(data), "big")


def _unpadded(plain: bytes) -> bytes | Failure:
    """Takes off the padding of PKCS #1 v1.5: 0, 2, at least eight bytes that are not 0, and 0."""
    end = plain.find(b"\0", 2)
    return plain[end + 1 :] if plain[:2] == b"\0\2" and end >= 10 else FAILED


def signature_numbers(signature: bytes) -> tuple[bytes, bytes] | Failure:
    """Returns the two numbers of an ECDSA signature, in as many bytes as its curve has.

    That is their form in JSON Web Signatures (RFC 7518 section 3.4).
    """
    try:
        r, s = decode_dss_signature(signature)
        size = next(size for size in CURVES if max(r, s) < 1 << 8 * size)
        return r.to_bytes(size, "big"), s.to_bytes(size, "big")
    except (ValueError, OverflowError, StopIteration):
        return _INVALID_SIGNATURE


def signature_of(r: bytes, s: bytes) -> bytes | Failure:
    """Undoes `signature_numbers`."""
    numbers = int.from_bytes(r, "big"), int.from_bytes(s, "big")
    if max(len(r), len(s)) > max(CURVES) or 0 in numbers:
        return _INVALID_SIGNATURE
    return encode_dss_signature(*numbers)
