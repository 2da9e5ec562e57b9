"""Owns the datagrams on their way in one direction; knows queues and moments, no socket.

Theory of operation. A datagram is lost, doubled, or held back for the next one to overtake it, or none of
these; then it waits until it is due, and until the one ahead of it has gone. Only `reorder` changes the
order, because an order made by varying delays would depend on when the program sends, and differ from run to
run.

One chance for each exchange: what answers a datagram is not drawn for again (`is_answer`). Otherwise a loss
of 10 % would lose nearly 20 % of what a program asks, and none of the numbers seen would be the one set.

The queue is bounded as netem's is; what does not fit is lost, and told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ba_runtime._resolver import Endpoint

from ._link import Link, Way
from ._service import Host

_MAX_DATAGRAMS = 1000  # the default of tc-netem(8), `limit`
_MAX_BYTES = 4 * 1024 * 1024  # of data in them
_OVERTAKEN_S = 0.1  # how long a datagram waits for another to overtake it


@dataclass(frozen=True, slots=True)
class Datagram:
    """What is sent, and the program's socket that it comes from or goes to."""

    data: bytes
    peer: Endpoint


class Post:
    """One direction of a host's datagrams. `deliver` takes each that arrives, and must not fail."""

    def __init__(self, link: Link, way: Way, host: Host, deliver: Callable[[Datagram], None]) -> None:
        """Makes an empty queue, which must be closed."""
        self._link = link
        self._way = way
        self._host = host
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, Datagram]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._overtaken: tuple[Datagram, asyncio.TimerHandle] | None = None
        self._restart()
        link.watch(self._changed)

    def close(self) -> None:
        """Loses what is on its way."""
        self._link.unwatch(self._changed)
        self._stop()

    def send(self, datagram: Datagram, *, is_answer: bool = False) -> None:
        """Sends a datagram, which arrives now, later, twice or never."""
        conditions = self._link.conditions
        if conditions.is_cut:
            self._lose(datagram)
            return
        # Every sequence moves by one, whatever the others say: so one condition does not disturb another.
        is_lost, is_double, is_late = (not is_answer and is_drawn() for is_drawn in self._draws)
        if is_lost:
            self._lose(datagram)
        elif is_late and self._overtaken is None:
            self._link.report(self._host, "reordered", datagram.peer, self._way, len(datagram.data))
            self._overtaken = datagram, self._loop.call_later(_OVERTAKEN_S, self._let_go)
        else:
            self._append(datagram)
            if is_double:
                self._link.report(self._host, "duplicated", datagram.peer, self._way, len(datagram.data))
                self._append(datagram)
            self._let_go()

    def _lose(self, datagram: Datagram) -> None:
        self._link.report(self._host, "lost", datagram.peer, self._way, len(datagram.data))

    def _let_go(self) -> None:
        """Sends the datagram that was to be overtaken."""
        if self._overtaken is not None:
            (datagram, timer), self._overtaken = self._overtaken, None
            timer.cancel()
            self._append(datagram)

    def _append(self, datagram: Datagram) -> None:
        size = len(datagram.data)
        if len(self._queue) >= _MAX_DATAGRAMS or self._bytes + size > _MAX_BYTES:
            self._lose(datagram)
            return
        now = self._loop.time()
        due = self._way.due(size, now, self._jitter)
        if not self._queue and due <= now:
            self._deliver(datagram)
            return
        self._queue.append((due, datagram))
        self._bytes += size
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        while self._queue and self._queue[0][0] <= self._loop.time():
            _, datagram = self._queue.popleft()
            self._bytes -= len(datagram.data)
            self._deliver(datagram)
        if self._queue and self._timer is None:
            self._timer = self._loop.call_at(self._queue[0][0], self._arrive)

    # ------------------------------------------------------------ changes

    def _restart(self) -> None:
        purpose = (self._host.port, "udp", self._way.direction.name)
        self._jitter = self._link.chance(*purpose, "jitter")
        conditions = self._link.conditions
        self._draws = tuple(
            _draw(self._link.chance(*purpose, name).random, share)
            for name, share in (
                ("loss", conditions.loss),
                ("duplicate", conditions.duplicate),
                ("reorder", conditions.reorder),
            )
        )

    def _changed(self) -> None:
        """Sends what is on its way anew, under the conditions that have just been set."""
        self._restart()
        former = [datagram for _, datagram in self._queue]
        if self._overtaken is not None:
            former.append(self._overtaken[0])
        self._stop()
        for datagram in former:
            if self._link.conditions.is_cut:
                self._lose(datagram)
            else:
                self._append(datagram)

    def _stop(self) -> None:
        self._queue.clear()
        self._bytes = 0
        for timer in (self._timer, self._overtaken and self._overtaken[1]):
            if timer is not None:
                timer.cancel()
        self._timer = self._overtaken = None


def _draw(random: Callable[[], float], share: float) -> Callable[[], bool]:
    return lambda: random() < share
