"""Digests, message authentication (RFC 2104) and keys from passwords (PBKDF2, RFC 8018)."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol

ALGORITHMS = frozenset({b"md5", b"sha1", b"sha224", b"sha256", b"sha384", b"sha512"})

# PBKDF2 cannot be stopped, and everything waits for it. This is some seconds' worth, and eight times what is
# recommended today for stored passwords (OWASP: 1.3 million rounds of SHA-1).
MAX_ROUNDS = 10_000_000


class Hash(Protocol):
    """A digest under way: one object, which Lua keeps and hands back."""

    def copy(self) -> Hash: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def digest_start(algorithm: bytes) -> Hash | None:
    """Returns a digest of nothing yet; None if the algorithm is unknown."""
    if algorithm not in ALGORITHMS:
        return None
    return hashlib.new(algorithm.decode(), usedforsecurity=False)


def hmac_start(algorithm: bytes, key: bytes) -> Hash | None:
    """Returns the same for message authentication with the key."""
    if algorithm not in ALGORITHMS:
        return None
    return hmac.new(key, digestmod=algorithm.decode())


def hash_copy(begun: Hash) -> Hash:
    """Returns a second digest of what has come so far."""
    return begun.copy()


def hash_update(begun: Hash, data: bytes) -> None:
    """Adds data."""
    begun.update(data)


def hash_feeder(begun: Hash) -> Callable[[bytes], None]:
    """Returns what adds data, for one call of `read_in_place`."""
    return begun.update


def hash_digest(begun: Hash) -> bytes:
    """Returns the digest of what has come."""
    return begun.digest()


def digest(algorithm: bytes, data: bytes) -> bytes:
    """Returns the digest of the data, by an algorithm that is known."""
    return hashlib.new(algorithm.decode(), data, usedforsecurity=False).digest()


def hexlify(data: bytes) -> bytes:
    """Returns the bytes as hexadecimal digits."""
    return binascii.hexlify(data)


def pbkdf2(algorithm: bytes, password: bytes, salt: bytes, rounds: int, size: int) -> bytes | None:
    """Returns a key of at least `size` bytes, in whole digests as the server does.

    Returns None for more work than MAX_ROUNDS rounds for one digest. The algorithm must be known, `rounds`
    and `size` at least 1; lua/crypto/hash.lua bounds the size.
    """
    name = algorithm.decode()
    digest_bytes = hashlib.new(name, usedforsecurity=False).digest_size
    digests = -(-size // digest_bytes)
    if rounds * digests > MAX_ROUNDS:
        return None
    return hashlib.pbkdf2_hmac(name, password, salt, rounds, digests * digest_bytes)
