"""Ciphers whose key both sides know: AES (FIPS 197) in five modes, and ChaCha20-Poly1305 (RFC 8439).

Names, and the lengths of keys and nonces, are checked in lua/crypto/cipher.lua. What can be wrong with data
is `length` (not a whole number of blocks), `padding` (not what encryption has made) and `tag` (changed, or
not from somebody who has the key).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.padding import PKCS7

from .keys import Failure

BLOCK_BYTES = 16
TAG_BYTES = 16

_LENGTH: Failure = (None, b"length")
_PADDING: Failure = (None, b"padding")
_TAG: Failure = (None, b"tag")

_SEALS: dict[bytes, type[AESGCM] | type[ChaCha20Poly1305]] = {b"GCM": AESGCM, b"CHACHA20": ChaCha20Poly1305}


def _padded(data: bytes) -> bytes:
    padder = PKCS7(8 * BLOCK_BYTES).padder()
    return padder.update(data) + padder.finalize()


def _unpadded(data: bytes) -> bytes | Failure:
    unpadder = PKCS7(8 * BLOCK_BYTES).unpadder()
    try:
        return unpadder.update(data) + unpadder.finalize()
    except ValueError:
        return _PADDING


def seal(mode: bytes, key: bytes, nonce: bytes, known: bytes, data: bytes, pad: bool) -> tuple[bytes, bytes]:
    """Encrypts data; returns that and the tag, which also vouches for `known`."""
    sealed = _SEALS[mode](key).encrypt(nonce, _padded(data) if pad else data, known)
    return sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]


def unseal(
    mode: bytes, key: bytes, nonce: bytes, known: bytes, data: bytes, tag: bytes, pad: bool
) -> bytes | Failure:
    """Undoes `seal`; data and `known` are what was sealed, or there is nothing."""
    if len(tag) != TAG_BYTES:
        return _TAG
    try:
        plain = _SEALS[mode](key).decrypt(nonce, data + tag, known)
    except InvalidTag:
        return _TAG
    return _unpadded(plain) if pad else plain


def _cipher(mode: bytes, key: bytes, nonce: bytes) -> Cipher[modes.CBC | modes.CTR | modes.ECB]:
    if mode == b"CBC":
        return Cipher(algorithms.AES(key), modes.CBC(nonce))
    if mode == b"CTR":
        return Cipher(algorithms.AES(key), modes.CTR(nonce))
    # ECB tells which blocks are equal; it is here because protocols exist that build on it.
    return Cipher(algorithms.AES(key), modes.ECB())


def encipher(mode: bytes, key: bytes, nonce: bytes, data: bytes, pad: bool) -> bytes | Failure:
    """Encrypts data, with no protection against changes."""
    if pad:
        data = _padded(data)
    elif mode != b"CTR" and len(data) % BLOCK_BYTES:
        return _LENGTH
    encryptor = _cipher(mode, key, nonce).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decipher(mode: bytes, key: bytes, nonce: bytes, data: bytes, pad: bool) -> bytes | Failure:
    """Undoes `encipher`."""
    if mode != b"CTR" and len(data) % BLOCK_BYTES:
        return _LENGTH
    decryptor = _cipher(mode, key, nonce).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    return _unpadded(plain) if pad else plain
