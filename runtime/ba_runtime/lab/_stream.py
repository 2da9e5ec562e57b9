"""Owns the TCP sockets of the lab; knows no protocol, only the `Conversation` that each connection has.

Theory of operation. Each connection is a task that alternates between receiving and the conversation's turn.
It uses channels (`sockets/channel.py`), as the user's own sockets do, and not asyncio's streams, because
conversations buffer for themselves, and because this way every socket is owned from the moment it is
accepted: `close` leaves nothing behind for the garbage collector, where `start_server` loses a connection
that is being accepted while the server closes. A channel is tried first; its descriptor is waited for when it
has, or takes, nothing.

Everything is bounded: the number of connections (more are closed at once), what is read at a time, how long a
peer may be silent or refuse to take an answer, and how long the end of a connection takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import TypeVar

from ba_runtime._resolver import Endpoint
from ba_runtime.sockets.channel import StreamChannel

from ._service import LOOPBACK, Conversation, Host, Turn

_CHUNK = 16 * 1024  # bytes read at a time
_LINGER_S = 1.0  # how long a peer may go on sending after our last word ...
_LINGER_CHUNKS = 64  # ... and how much
# When file descriptors run out, the connection stays in the queue: asking again at once would spin.
_ACCEPT_PAUSE_S = 0.1
_NUMBER = 0  # these channels are no sockets of the user's

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


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
        self._connections: dict[asyncio.Task[None], StreamChannel] = {}

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
            client, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # the peer changed its mind before it was accepted
        except OSError:
            loop.remove_reader(listener)
            self._pause = loop.call_later(_ACCEPT_PAUSE_S, self._await_connections, listener)
            return
        if len(self._connections) >= self._max_connections:
            client.close()
            return
        connection = StreamChannel(_NUMBER, client)
        task = loop.create_task(self._serve(connection))
        self._connections[task] = connection
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first line has run.
        self._connections.pop(task).close()

    async def _serve(self, connection: StreamChannel) -> None:
        with contextlib.suppress(OSError):  # a peer that has gone is no news
            await self._talk(connection)
            connection.shutdown(socket.SHUT_WR)
            with _at_most(_LINGER_S):
                await _drain(connection)

    async def _talk(self, connection: StreamChannel) -> None:
        conversation = self._converse()
        turn = conversation.opened()
        await self._take(connection, turn)
        while not turn.is_last:
            with _at_most(self._idle_s):
                data = await _receive(connection)
            turn = conversation.received(data)
            await self._take(connection, turn)

    async def _take(self, connection: StreamChannel, turn: Turn) -> None:
        # Counted before it is sent: whoever has the answer finds it in the count.
        self.served += turn.served
        if turn.data:
            with _at_most(self._idle_s):
                await _send_all(connection, turn.data)


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


async def _drain(connection: StreamChannel) -> None:
    """Reads until the peer ends.

    A socket closed with unread bytes resets the connection, which can destroy the last answer before the peer
    has read it (RFC 9112 section 9.6).
    """
    for _ in range(_LINGER_CHUNKS):
        if not await _receive(connection):
            return


async def _receive(connection: StreamChannel) -> bytes:
    """Waits for what comes next, empty at the end. Raises OSError."""
    loop = asyncio.get_running_loop()
    while (data := _at_once(connection.receive, _CHUNK)) is None:
        await _until(loop.add_reader, loop.remove_reader, connection)
    return data


async def _send_all(connection: StreamChannel, data: bytes) -> None:
    """Waits until all of it is sent. Raises OSError."""
    loop = asyncio.get_running_loop()
    rest = memoryview(data)
    while rest:
        sent = _at_once(connection.send, rest)
        if sent is None:
            await _until(loop.add_writer, loop.remove_writer, connection)
        else:
            rest = rest[sent:]


def _at_once(call: Callable[[_Argument], _Result], argument: _Argument) -> _Result | None:
    """Returns what the call gives, None when it would have to wait."""
    try:
        return call(argument)
    except BlockingIOError:
        return None


async def _until(add: Callable[..., object], remove: Callable[[int], object], channel: StreamChannel) -> None:
    """Waits until the descriptor is ready for what `add` and `remove` are about."""
    ready = asyncio.Event()
    add(channel.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        remove(channel.fileno())
