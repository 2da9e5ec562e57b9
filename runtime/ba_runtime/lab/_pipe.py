"""Owns what is on its way in one direction of one connection; knows queues and moments, no socket.

Theory of operation. Whoever has something to send `put`s it, and the other end `get`s it when it has arrived.
In between it lies in a queue, each piece with the moment at which it is due. TCP keeps the order, so pieces
leave the queue as they came, and one that was lost holds up all behind it until it has been sent again.

The queue is bounded: `put` waits while it is full, so its caller stops reading and the sender feels the back
pressure. It is as long as the window of a TCP connection; where a rate is the bottleneck, only as long as
keeps it busy, or whoever comes second would wait behind a minute of the first one's data.

Conditions cut bytes into segments, each with luck of its own. How large a segment is depends on what was
there to read, as in any TCP; so the luck of a conversation in turns is the same on every run, that of a
flood need not be.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from ba_runtime._resolver import Endpoint

from ._link import NEVER, Link, Way
from ._service import Host
from .conditions import Conditions

_SEGMENT = 1460  # bytes of data in an Ethernet frame
_CHUNK = 16 * 1024  # bytes in one piece where nothing happens to them
_WINDOW = 256 * 1024  # bytes on their way
_BUSY_S = 0.25  # how much lies in front of a bottleneck
_UNDISTURBED = Conditions()


class Mark(Enum):
    """What travels on a connection besides bytes."""

    OPENED = "opened"
    ENDED = "ended"
    RESET = "reset"


Item: TypeAlias = bytes | Mark


@dataclass(slots=True)
class _Piece:
    item: Item
    due: float

    @property
    def size(self) -> int:
        return len(self.item) if isinstance(self.item, bytes) else 0


class Pipe:
    """One direction of the connection `number` of `host`, which `peer` has made.

    `moved` is called whenever something goes in or out. One task puts and one gets.
    """

    def __init__(
        self, link: Link, way: Way, host: Host, number: int, peer: Endpoint, moved: Callable[[], None]
    ) -> None:
        """Makes an empty pipe, which must be closed."""
        self._link = link
        self._way = way
        self._host = host
        self._number = number
        self._peer = peer
        self._moved = moved
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[_Piece] = deque()
        self._size = 0
        self._passed = 0  # bytes that have arrived since the conditions were set
        self._waiters: set[asyncio.Future[None]] = set()
        self._restart()
        link.watch(self._changed)

    def close(self) -> None:
        """Ends the pipe; whoever still waits in it must be canceled."""
        self._link.unwatch(self._changed)

    @property
    def held_until(self) -> float:
        """The moment, on the loop's clock, until which conditions keep the next piece from arriving.

        It may have passed already; 0 if there is nothing on its way, NEVER if only new conditions can help.
        """
        if self._link.conditions.is_cut:
            return NEVER
        return self._pieces[0].due if self._pieces else 0.0

    async def put(self, item: Item) -> None:
        """Sends something; waits while there is no room for it."""
        if isinstance(item, Mark):
            self._append(item)
            return
        view = memoryview(item)
        while view:
            while self._size >= self._window():
                await self._change(NEVER)
            size = _CHUNK if self._link.conditions == _UNDISTURBED else _SEGMENT
            self._append(bytes(view[:size]))
            view = view[size:]

    async def get(self) -> Item:
        """Waits for what arrives next; after `Mark.ENDED` or `Mark.RESET` nothing does."""
        while not self._pieces or self.held_until > self._loop.time():
            await self._change(self.held_until if self._pieces else NEVER)
        self._moved()
        item = self._within_limit(self._pieces.popleft())
        if isinstance(item, bytes):
            self._size -= len(item)
            self._passed += len(item)
        self._wake()
        return item

    def _within_limit(self, piece: _Piece) -> Item:
        """Returns of a piece what may pass before the connection is reset; the rest goes back."""
        limit = self._link.conditions.reset_after
        if limit is None or self._passed + piece.size <= limit or not isinstance(piece.item, bytes):
            return piece.item
        room = limit - self._passed
        if not room:
            self._link.report(self._host, "reset", self._peer)
            return Mark.RESET
        self._pieces.appendleft(_Piece(piece.item[room:], piece.due))
        return piece.item[:room]

    def _append(self, item: Item) -> None:
        self._moved()
        piece = _Piece(item, 0.0)
        now = self._loop.time()
        piece.due = self._way.due(piece.size, now, self._jitter)
        if piece.size:
            losses = self._link.losses(self._loss)
            for _ in range(losses):
                self._link.report(self._host, "lost", self._peer, self._way, piece.size)
            piece.due += self._link.stall_s(losses)
        self._pieces.append(piece)
        self._size += piece.size
        self._wake()

    def _window(self) -> int:
        conditions = self._link.conditions
        if not conditions.rate_bps:
            return _WINDOW
        busy = conditions.rate_bps / 8 * (conditions.delay_s + conditions.jitter_s + _BUSY_S)
        return min(max(int(busy), 2 * _SEGMENT), _WINDOW)

    # ------------------------------------------------------------ changes

    def _restart(self) -> None:
        purpose = (self._host.port, "tcp", self._number, self._way.direction.name)
        self._jitter = self._link.chance(*purpose, "jitter")
        self._loss = self._link.chance(*purpose, "loss")

    def _changed(self) -> None:
        """Sends what is on its way anew, under the conditions that have just been set."""
        self._restart()
        self._passed = 0
        former, self._pieces, self._size = self._pieces, deque(), 0
        for piece in former:
            self._append(piece.item)
        self._wake()

    async def _change(self, until: float) -> None:
        """Waits for anything to change, or for a moment."""
        waiter = self._loop.create_future()
        self._waiters.add(waiter)
        timer = None if until == NEVER else self._loop.call_at(until, _finish, waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        for waiter in tuple(self._waiters):
            _finish(waiter)


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
