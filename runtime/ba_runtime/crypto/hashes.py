"""Digests, message authentication (RFC 2104) and keys from passwords (PBKDF2, RFC 8018)."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol, TypeAlias

ALGORITHMS = frozenset({b"md5", b"sha1", b"sha256", b"sha384", b"sha512"})

# PBKDF2 cannot be stopped, and everything waits for it. This is some seconds' worth, and eight times what is
# recommended today for stored passwords (OWASP: 1.3 million rounds of SHA-1).
MAX_ROUNDS = 10_000_000

Feed: TypeAlias = Callable[[bytes], None]
Finish: TypeAlias = Callable[[], bytes]
Maker: TypeAlias = Callable[[], tuple[Feed, Finish]]


class _Hash(Protocol):
    def copy(self) -> _Hash: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def _maker(start: _Hash) -> Maker:
    def make() -> tuple[Feed, Finish]:
        # Bound methods in C: Lua calls them without any Python between.
        copy = start.copy()
        return copy.update, copy.digest

    return make


def digest_maker(algorithm: bytes) -> Maker | None:
    """Returns a function that begins a digest and returns how to feed and finish it; None if unknown."""
    if algorithm not in ALGORITHMS:
        return None
    return _maker(hashlib.new(algorithm.decode(), usedforsecurity=False))


def hmac_maker(algorithm: bytes, key: bytes) -> Maker | None:
    """The same for message authentication with the key."""
    if algorithm not in ALGORITHMS:
        return None
    return _maker(hmac.new(key, digestmod=algorithm.decode()))


def hexlify(data: bytes) -> bytes:
    """Returns the bytes as hexadecimal digits."""
    return binascii.hexlify(data)


def pbkdf2(algorithm: bytes, password: bytes, salt: bytes, rounds: int, size: int) -> bytes | None:
    """Returns a key of `size` bytes, None for more work than MAX_ROUNDS rounds for one digest.

    The algorithm must be known, `rounds` and `size` at least 1; lua/crypto/hash.lua bounds the size.
    """
    name = algorithm.decode()
    digests = -(-size // hashlib.new(name, usedforsecurity=False).digest_size)
    if rounds * digests > MAX_ROUNDS:
        return None
    return hashlib.pbkdf2_hmac(name, password, salt, rounds, size)
