"""Frames byte by byte, right and wrong, made without the library under test (RFC 6455 section 5.2)."""

from __future__ import annotations

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = bytes((1, 2, 3, 4))


def header(first: int, length: int, is_masked: bool = False) -> bytes:
    """The first bytes of a frame, its length in the shortest form."""
    mask = 0x80 if is_masked else 0
    if length < 126:
        return bytes((first, mask | length))
    if length < 1 << 16:
        return bytes((first, mask | 126)) + length.to_bytes(2, "big")
    return bytes((first, mask | 127)) + length.to_bytes(8, "big")


def frame(
    opcode: int, payload: bytes = b"", *, final: bool = True, masked: bool = False, rsv: int = 0
) -> bytes:
    """A frame with what is asked for, allowed or not."""
    first = (0x80 if final else 0) | rsv << 4 | opcode
    if not masked:
        return header(first, len(payload)) + payload
    return header(first, len(payload), True) + KEY + xor(payload)


def xor(payload: bytes) -> bytes:
    """`payload` under the mask KEY."""
    pad = (KEY * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(payload), "big")


def pattern(length: int) -> bytes:
    """Bytes that show when one is lost or out of place."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]
