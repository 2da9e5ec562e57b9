"""What h11 has made of heads that came before: `protocol.py` says why they are remembered."""

from __future__ import annotations

from .outcome import Request

REMEMBERED = 256  # heads; each has a bound too, so together they are half a megabyte at most


class Memory:
    """Heads that h11 has parsed, shared by all connections; the oldest goes when a new one comes."""

    def __init__(self) -> None:
        """Knows none."""
        self._known: dict[bytes, Request] = {}
        self.get = self._known.get

    def add(self, head: bytes, request: Request) -> None:
        """Remembers a request that is all head."""
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[head] = request
