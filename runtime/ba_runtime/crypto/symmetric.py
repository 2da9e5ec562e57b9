"""AES (FIPS 197) with a key that both sides know, in three modes: GCM, CCM and CBC.

Names, the lengths of keys and nonces, and whole blocks are checked in lua/crypto/cipher.lua. Padding is that
of PKCS #7, in GCM and CCM to blocks of 8 bytes as on the server. It is taken off by its last byte, so what
others have padded to 16 bytes is read as well.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from .keys import Failure

SEAL_BLOCK_BYTES = 8
BLOCK_BYTES = 16
TAG_BYTES = 16

_FAILED: Failure = (None, b"decrypt failed")

_SEALS: dict[bytes, type[AESGCM] | type[AESCCM]] = {b"GCM": AESGCM, b"CCM": AESCCM}


def _padded(data: bytes, block_bytes: int) -> bytes:
    count = block_bytes - len(data) % block_bytes
    return data + bytes([count]) * count


def _unpadded(data: bytes) -> bytes | Failure:
    count = data[-1] if data else 0
    if not 1 <= count <= BLOCK_BYTES or data[-count:] != bytes([count]) * count:
        return _FAILED
    return data[:-count]


def seal(mode: bytes, key: bytes, nonce: bytes, known: bytes, data: bytes, pad: bool) -> tuple[bytes, bytes]:
    """Encrypts data; returns that and the tag, which also vouches for `known`."""
    sealed = _SEALS[mode](key).encrypt(nonce, _padded(data, SEAL_BLOCK_BYTES) if pad else data, known)
    return sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]


def unseal(
    mode: bytes, key: bytes, nonce: bytes, known: bytes, data: bytes, tag: bytes, pad: bool
) -> bytes | Failure:
    """Undoes `seal`; data and `known` are what was sealed, or there is nothing."""
    try:
        plain = _SEALS[mode](key).decrypt(nonce, data + tag, known)
    except InvalidTag:
        return _FAILED
    return _unpadded(plain) if pad else plain


def encipher(key: bytes, vector: bytes, data: bytes, pad: bool) -> bytes:
    """Encrypts data by CBC, with no protection against changes."""
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(_padded(data, BLOCK_BYTES) if pad else data) + encryptor.finalize()


def decipher(key: bytes, vector: bytes, data: bytes, pad: bool) -> bytes | Failure:
    """Undoes `encipher`."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    return _unpadded(plain) if pad else plain
