"""Every bound of the page server, in one place, so that tests can make them small."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client, and all of them together, may ask for. Sizes in bytes, times in seconds.

    `head_s` and `body_s` are for the whole head and the whole body, however steadily they drip; `send_s` is
    for a client that takes nothing of its response; `idle_s` for one that keeps a connection and asks
    nothing.
    """

    connections: int = 200
    head_bytes: int = 16 << 10
    head_fields: int = 100
    body_bytes: int = 4 << 20
    bodies_bytes: int = 64 << 20  # of all clients together, while they arrive
    form_fields: int = 1000
    head_s: float = 10.0
    body_s: float = 30.0
    send_s: float = 30.0
    idle_s: float = 60.0
    linger_s: float = 2.0  # how long a closed connection listens, so that the last response is not reset away

    @property
    def sweep_s(self) -> float:
        """How often deadlines are looked at: half of the shortest."""
        return min(self.head_s, self.body_s, self.send_s, self.idle_s, self.linger_s) / 2
