"""Owns the echo protocol: back comes what went in (RFC 862); does no I/O."""

from __future__ import annotations

from ._service import Turn


def echo_answer(request: bytes) -> bytes:
    """Answers a datagram with itself."""
    return request


class EchoConversation:
    """Says whatever it hears, and ends when the peer has ended. It counts connections, not requests."""

    def opened(self) -> Turn:
        return Turn(served=1)

    def received(self, data: bytes) -> Turn:
        return Turn(data, is_last=not data)
