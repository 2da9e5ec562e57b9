"""Owns one TCP connection of a program to a host of the lab, from the moment it is accepted.

Theory of operation. A connection is two pipes between the program's socket and what answers at the far end,
which is a conversation of the lab's own or a server of the user's (`_relay.py`).

    program's socket  --- _inward --->  pipe to the host    --->  far end
    program's socket  <-- _outward ---  pipe from the host  <---  far end

Everything that happens to a connection travels in the pipes as a `Mark`: that it was opened, ended or
reset. So a delay or a lost segment holds up all of it. The passage ends when the end or the reset comes out
of the pipe to the program, or when nothing has moved for `idle_s` seconds though nothing was held up by the
lab.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Protocol, TypeVar

from ba_runtime._resolver import Endpoint

from ._link import Link
from ._pipe import Mark, Pipe
from ._service import Host

CHUNK = 16 * 1024  # bytes read at a time
T = TypeVar("T")

_LINGER_S = 1.0  # how long a peer may go on sending after our last word ...
_LINGER_CHUNKS = 64  # ... and how much
# On, with no time to linger: socket(7), SO_LINGER. Windows has two shorts.
_RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class FarEnd(Protocol):
    """What answers a connection."""

    async def run(self, to_host: Pipe, from_host: Pipe) -> bool:
        """Takes from one pipe and gives to the other, up to its `Mark.ENDED` or `Mark.RESET`.

        Returns when it wants no more from the first either, and whether the connection ends in good order.
        """
        ...


class Passage:
    """One connection. `peer` is the address of the program's socket.

    The passage does not own `connection`, which must be non-blocking; whoever does, closes it when `run` is
    over.
    """

    def __init__(
        self,
        link: Link,
        host: Host,
        connection: socket.socket,
        peer: Endpoint,
        far_end: FarEnd,
        idle_s: float,
    ) -> None:
        """Watches the link from now on, until `close`."""
        self._link = link
        self._host = host
        self._connection = connection
        self._far_end = far_end
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._moved_at = self._loop.time()
        self._was_cut = link.conditions.is_cut
        self._main: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._peer = peer
        number = link.next_connection(host.port)
        self._to_host, self._from_host = (
            Pipe(link, way, host, number, peer, self._moved) for way in (link.to_host, link.from_host)
        )
        link.watch(self._changed)

    async def run(self) -> None:
        """Carries everything, until the connection is to be closed."""
        self._main = asyncio.current_task()
        self._watch = self._loop.call_later(self._idle_s, self._check)
        send_at_once(self._connection)
        await self._to_host.put(Mark.OPENED)
        async with _meanwhile(self._inward()), _meanwhile(self._answer()) as answered:
            is_in_order = await self._outward() and await answered
        if not is_in_order:
            reset_on_close(self._connection)
            return
        with _at_most(_LINGER_S):
            await _drain(self._connection)

    def close(self) -> None:
        """Forgets the link; also if it never ran."""
        if self._watch is not None:
            self._watch.cancel()
        self._link.unwatch(self._changed)
        self._to_host.close()
        self._from_host.close()

    async def _inward(self) -> None:
        try:
            while data := await self._loop.sock_recv(self._connection, CHUNK):
                await self._to_host.put(data)
        except OSError:  # the program has gone
            await self._to_host.put(Mark.RESET)
            return
        await self._to_host.put(Mark.ENDED)

    async def _answer(self) -> bool:
        return await self._far_end.run(self._to_host, self._from_host)

    async def _outward(self) -> bool:
        """Sends what arrives; tells whether it was all."""
        try:
            while isinstance(item := await self._from_host.get(), bytes):
                await self._loop.sock_sendall(self._connection, item)
            if item is Mark.ENDED:
                self._connection.shutdown(socket.SHUT_WR)
                return True
        except OSError:  # the program has gone
            pass
        return False

    # ------------------------------------------------------------ what befalls it

    def _moved(self) -> None:
        self._moved_at = self._loop.time()

    def _check(self) -> None:
        """Ends the passage if nothing has moved for too long."""
        now = self._loop.time()
        # What the lab has just stopped holding up, nobody can have taken yet.
        since = min(now, max(self._moved_at, self._to_host.held_until, self._from_host.held_until))
        left_s = since + self._idle_s - now
        if left_s <= 0:
            self._cancel()
        else:
            self._watch = self._loop.call_later(left_s, self._check)

    def _changed(self) -> None:
        conditions = self._link.conditions
        if conditions.is_cut and not self._was_cut:
            self._link.report(self._host, "cut", self._peer)
        self._was_cut = conditions.is_cut
        if conditions.reset_after == 0:
            self._link.report(self._host, "reset", self._peer)
            reset_on_close(self._connection)
            self._cancel()

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()


def send_at_once(connection: socket.socket) -> None:
    """Keeps the system from holding small pieces back, which would add a delay that nobody set."""
    with contextlib.suppress(OSError):  # the peer has gone
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def reset_on_close(connection: socket.socket) -> None:
    """Makes `close` reset the connection."""
    with contextlib.suppress(OSError):  # the peer has gone
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


@contextlib.asynccontextmanager
async def _meanwhile(work: Coroutine[object, object, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Runs `work` beside the block, and cancels it at its end. If it fails, that is a bug, and ends both."""
    main = asyncio.current_task()
    assert main is not None  # it is for coroutines only
    loop = asyncio.get_running_loop()

    def ended(task: asyncio.Task[T]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            loop.call_exception_handler({"message": "a connection of the lab failed", "exception": fault})
            main.cancel()

    task = loop.create_task(work)
    task.add_done_callback(ended)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Ends the running task, and with it its connection, if the block takes longer.

    Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes when its work has just been
    done, and `close` would then wait for a connection that nobody ends.
    """
    task = asyncio.current_task()
    assert task is not None  # it is for coroutines only
    timer = asyncio.get_running_loop().call_later(seconds, task.cancel)
    try:
        yield
    finally:
        timer.cancel()


async def _drain(connection: socket.socket) -> None:
    """Reads until the peer ends.

    A socket closed with unread bytes resets the connection, which can destroy the last answer before the peer
    has read it (RFC 9112 section 9.6).
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):  # a peer that has gone is no news
        for _ in range(_LINGER_CHUNKS):
            if not await loop.sock_recv(connection, CHUNK):
                return
