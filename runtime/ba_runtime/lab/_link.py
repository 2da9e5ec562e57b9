"""Owns the way between the user's programs and one host: its conditions, and what they cost.

Theory of operation. Every host of the lab has one `Link`, whatever its ports, and each direction of it is a
`Way`. A way is where a rate is shared: it is free again when the last bit of what was given to it has left,
and what comes meanwhile has to wait. `Way.due` turns a size into the moment of arrival. The queues of what
is on its way belong to those who carry it: `_pipe.py` for connections, `_post.py` for datagrams. They watch
their link, and when the conditions change they begin anew, with what is still on its way as if it had just
been sent.

Chance must fall the same way on every run. So every use of it has a random sequence of its own, seeded with
what it is for: the host, the port, the number of the connection, the direction, and what is drawn. No
connection disturbs another, and a datagram that is lost is lost whatever delay there is. When conditions
are set, all of the host's sequences begin again, so that a cell that is run again meets the same luck.

Everything runs on the lab's thread. Only `conditions` may be read elsewhere: it is replaced, never changed.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from ba_runtime._resolver import Endpoint

from ._service import Host
from .conditions import Conditions
from .incidents import Direction, Incident, OnIncident, What

_MAX_SYN_TRIES = 7  # one and six more, tcp(7) tcp_syn_retries
_MAX_TRIES = 16  # one and 15 more, tcp(7) tcp_retries2
_FIRST_SYN_TIMEOUT_S = 1.0  # RFC 6298 section 2.1
_MIN_TIMEOUT_S = 0.2  # TCP_RTO_MIN of Linux
_MAX_TIMEOUT_S = 120.0  # TCP_RTO_MAX of Linux
NEVER = float("inf")


class Way:
    """One direction of a link."""

    def __init__(self, link: Link, direction: Direction) -> None:
        self.direction = direction
        self._link = link
        self._free_at = 0.0

    def due(self, size: int, now: float, chance: random.Random) -> float:
        """Sends `size` bytes at `now`, in seconds of the loop's clock, and returns when they arrive.

        `chance` decides by how much the delay varies.
        """
        conditions = self._link.conditions
        sent = now
        if conditions.rate_bps:
            sent = self._free_at = max(now, self._free_at) + size * 8 / conditions.rate_bps
        return sent + self._link.delay_s(chance)

    def clear(self) -> None:
        """Forgets what was sent."""
        self._free_at = 0.0


class Link:
    """The way to one host and back. `seed` makes its luck, and `report` is told of every incident."""

    def __init__(self, name: str, seed: int = 0, report: OnIncident = lambda incident: None) -> None:
        """Makes an undisturbed link."""
        self.name = name
        self.conditions = Conditions()
        self.to_host = Way(self, Direction.TO_HOST)
        self.from_host = Way(self, Direction.FROM_HOST)
        self._seed = seed
        self._report = report
        self._watchers: dict[Callable[[], None], None] = {}
        self._restart()

    def set(self, conditions: Conditions) -> None:
        """Puts conditions in force, for what is on its way too.

        Raises OSError if a port cannot be opened again; everything else is as it should be then.
        """
        self.conditions = conditions
        self._restart()
        failures = [_failure(changed) for changed in tuple(self._watchers)]
        for failure in filter(None, failures):
            raise failure

    def _restart(self) -> None:
        self.to_host.clear()
        self.from_host.clear()
        self._connections: Counter[int] = Counter()
        self._handshakes = self.chance("handshake")

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed` whenever conditions have been set, until `unwatch`."""
        self._watchers[changed] = None

    def unwatch(self, changed: Callable[[], None]) -> None:
        """Ends a `watch`; does nothing if there was none."""
        self._watchers.pop(changed, None)

    def chance(self, *purpose: object) -> random.Random:
        """Returns the random sequence for a purpose, from its beginning."""
        # Text is the one kind of seed that gives the same numbers in every process and version of Python.
        return random.Random(" ".join(map(str, (self._seed, self.name, *purpose))))

    def next_connection(self, port: int) -> int:
        """Returns the number of a new connection, from 1, counted since the conditions were set."""
        self._connections[port] += 1
        return self._connections[port]

    def delay_s(self, chance: random.Random) -> float:
        """Returns how long it takes from one end to the other, this time."""
        conditions = self.conditions
        if not conditions.jitter_s:
            return conditions.delay_s
        return conditions.delay_s + chance.uniform(-conditions.jitter_s, conditions.jitter_s)

    def handshake_s(self) -> float:
        """Returns how long a program waits for its next connection, NEVER if it is not answered."""
        chance = self._handshakes
        lost = self._losses(chance, _MAX_SYN_TRIES, legs=2)
        if lost == _MAX_SYN_TRIES:
            return NEVER
        return _FIRST_SYN_TIMEOUT_S * ((1 << lost) - 1) + self.delay_s(chance) + self.delay_s(chance)

    def losses(self, chance: random.Random) -> int:
        """Returns how often the next segment of a connection is lost before it arrives."""
        return self._losses(chance, _MAX_TRIES, legs=1)

    def _losses(self, chance: random.Random, tries: int, legs: int) -> int:
        arrives = (1 - self.conditions.loss) ** legs
        return next((lost for lost in range(tries) if chance.random() < arrives), tries)

    def stall_s(self, losses: int) -> float:
        """Returns how much later a segment arrives that was lost that often; after the last try, NEVER."""
        if losses == _MAX_TRIES:
            return NEVER
        timeout_s = _MIN_TIMEOUT_S + 2 * self.conditions.delay_s
        return sum(min(timeout_s * (1 << lost), _MAX_TIMEOUT_S) for lost in range(losses))

    def report(self, host: Host, what: What, peer: Endpoint, way: Way | None = None, size: int = 0) -> None:
        """Tells of an incident."""
        direction = None if way is None else way.direction
        self._report(Incident(host.name, host.port, host.kind, what, direction, size, peer, time.monotonic()))


def _failure(changed: Callable[[], None]) -> OSError | None:
    try:
        changed()
    except OSError as error:
        return error
    return None
