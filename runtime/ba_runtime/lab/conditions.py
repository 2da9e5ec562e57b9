"""Owns what can be wrong on the way to a host of the lab: delay, loss and the rest; does no I/O.

`Conditions` is a value. `_words.py` makes one from what a person writes, `_link.py` has the one in force at
each host, and the streams and datagrams of the lab do as it says. The words are those of tc-netem(8), which
does the same to a real network on Linux.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_DELAY_S = 60.0  # a minute: nobody learns more from a longer one
MAX_RATE_BPS = 10**12

_RATE_UNITS = ((10**9, "gbit"), (10**6, "mbit"), (10**3, "kbit"), (1, "bit"))


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions on the way to one host and back. `Conditions()` is the undisturbed network.

    `delay_s` holds everything back, each direction by that many seconds, and `jitter_s` varies it evenly by
    up to that much. Nothing overtakes because of it. Connecting takes both directions, as a handshake does.

    `loss`, `duplicate` and `reorder` are chances from 0 to 1. They are drawn for every datagram to the host,
    and for those that the host sends unasked. An answer shares the fate of its request, so that a loss of 0.1
    makes one exchange in ten fail. A reordered datagram is overtaken by the next one, or comes 100 ms late if
    there is none. On a TCP connection nothing stays lost: every segment in either direction may have to be
    sent again, which takes 200 ms and a round trip, and twice as long each further time (RFC 6298).
    Duplicates and reordering are invisible to a program over TCP.

    `rate_bps` is how many bits of data a second pass in each direction, all connections to the host
    together; 0 means no limit. `is_refusing` refuses new connections, after a delay, and datagrams, at
    once. `reset_after` resets a connection as soon as more than that many bytes have come in one direction,
    counted from now on; at 0 every open connection is reset at once, and each new one with its first byte.
    `is_cut` is a network cable pulled out: silence. Datagrams are lost, while connections stay, and go on
    when the cable is back.

    Raises ValueError, with a sentence that says what is wrong.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    rate_bps: int = 0
    duplicate: float = 0.0
    reorder: float = 0.0
    is_refusing: bool = False
    reset_after: int | None = None
    is_cut: bool = False

    def __post_init__(self) -> None:
        """Checks every number."""
        if not 0 <= self.delay_s <= MAX_DELAY_S:
            raise ValueError(f"a delay must be between 0 and {MAX_DELAY_S:g} s, not {_time(self.delay_s)}")
        if not 0 <= self.jitter_s <= self.delay_s:
            raise ValueError(
                f"a delay of {_time(self.delay_s)} cannot vary by {_time(self.jitter_s)}; "
                "the variation must be between 0 and the delay"
            )
        for name in ("loss", "duplicate", "reorder"):
            chance = getattr(self, name)
            if not 0 <= chance <= 1:
                raise ValueError(f"{name} must be between 0% and 100%, not {_percent(chance)}")
        if not 0 <= self.rate_bps <= MAX_RATE_BPS:
            raise ValueError(f"a rate must be between 1bit and 1000gbit, not {self.rate_bps}bit")
        if self.reset_after is not None and self.reset_after < 0:
            raise ValueError(f"a connection cannot be reset after {self.reset_after} bytes")

    def __str__(self) -> str:
        """Says the conditions in the words that set them; empty for the undisturbed network."""
        words = []
        if self.delay_s:
            variation = f" ±{_time(self.jitter_s)}" if self.jitter_s else ""
            words.append(f"delay {_time(self.delay_s)}{variation}")
        words += [
            f"{name} {_percent(chance)}"
            for name in ("loss", "duplicate", "reorder")
            if (chance := getattr(self, name))
        ]
        if self.rate_bps:
            words.append(f"rate {_rate(self.rate_bps)}")
        if self.is_refusing:
            words.append("refuse")
        if self.reset_after is not None:
            words.append(f"reset after {self.reset_after} bytes" if self.reset_after else "reset")
        if self.is_cut:
            words.append("cut")
        return ", ".join(words)


def _time(seconds: float) -> str:
    if seconds >= 1 or not math.isfinite(seconds):
        return f"{seconds:g}s"
    return f"{seconds * 1e3:g}ms"


def _percent(chance: float) -> str:
    return f"{chance * 100:g}%"


def _rate(bps: int) -> str:
    size, unit = next((size, unit) for size, unit in _RATE_UNITS if bps % size == 0)
    return f"{bps // size}{unit}"
