"""Owns the TCP sockets of the lab; knows no protocol, only the `Conversation` that each connection has.

Theory of operation. Each connection is a task that alternates between receiving and the conversation's turn.
It uses the loop's socket calls and not asyncio's streams, because conversations buffer for themselves, and
because this way every socket is owned from the moment it is accepted: `close` leaves nothing behind for the
garbage collector, where `start_server` loses a connection that is being accepted while the server closes.

Everything is bounded: the number of connections (more are closed at once), what is read at a time, how long a
peer may be silent or refuse to take an answer, and how long the end of a connection takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

from ba_runtime._resolver import Endpoint

from ._service import LOOPBACK, Conversation, Host, Turn

_CHUNK = 16 * 1024  # bytes read at a time
_LINGER_S = 1.0  # how long a peer may go on sending after our last word ...
_LINGER_CHUNKS = 64  # ... and how much
# When file descriptors run out, the connection stays in the queue: asking again at once would spin.
_ACCEPT_PAUSE_S = 0.1


class StreamService:
    """Holds a conversation with everyone who connects.

    `converse` makes one conversation for one connection. `idle_s` is how many seconds a peer may neither
    send nor take anything; `max_connections` how many may be open at a time.
    """

    def __init__(
        self,
        host: Host,
        converse: Callable[[], Conversation],
        *,
        idle_s: float = 60.0,
        max_connections: int = 100,
    ) -> None:
        self.host = host
        self.served = 0
        self._converse = converse
        self._idle_s = idle_s
        self._max_connections = max_connections
        self._listener: socket.socket | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._connections: dict[asyncio.Task[None], socket.socket] = {}

    async def open(self) -> Endpoint:
        self._listener = listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind((LOOPBACK, 0))
        listener.listen(self._max_connections)
        self._await_connections(listener)
        ip, port = listener.getsockname()
        return ip, port

    async def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _await_connections(self, listener: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # the peer changed its mind before it was accepted
        except OSError:
            loop.remove_reader(listener)
            self._pause = loop.call_later(_ACCEPT_PAUSE_S, self._await_connections, listener)
            return
        if len(self._connections) >= self._max_connections:
            connection.close()
            return
        connection.setblocking(False)
        task = loop.create_task(self._serve(connection))
        self._connections[task] = connection
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first line has run.
        self._connections.pop(task).close()

    async def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # a peer that has gone is no news
            await self._talk(connection)
            connection.shutdown(socket.SHUT_WR)
            with _at_most(_LINGER_S):
                await _drain(connection)

    async def _talk(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        conversation = self._converse()
        turn = conversation.opened()
        await self._take(connection, turn)
        while not turn.is_last:
            with _at_most(self._idle_s):
                data = await loop.sock_recv(connection, _CHUNK)
            turn = conversation.received(data)
            await self._take(connection, turn)

    async def _take(self, connection: socket.socket, turn: Turn) -> None:
        # Counted before it is sent: whoever has the answer finds it in the count.
        self.served += turn.served
        if turn.data:
            with _at_most(self._idle_s):
                await asyncio.get_running_loop().sock_sendall(connection, turn.data)


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
    for _ in range(_LINGER_CHUNKS):
        if not await loop.sock_recv(connection, _CHUNK):
            return
