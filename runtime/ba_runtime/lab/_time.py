"""Owns the TIME protocol, four bytes as an answer to a connection or to a datagram (RFC 868); does no I/O."""

from __future__ import annotations

import struct

from ._clock import Clock
from ._service import Turn


def time_answer(clock: Clock, request: bytes) -> bytes:
    """Answers a datagram, which RFC 868 wants empty but whose content nobody looks at."""
    return struct.pack(">I", clock.seconds_since_1900())


class TimeConversation:
    """Says the time to whoever connects, and ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def opened(self) -> Turn:
        return Turn(time_answer(self._clock, b""), served=1, is_last=True)

    def received(self, data: bytes) -> Turn:
        return Turn(is_last=True)
