"""A browser's connection on the reactor: reads and bounds requests, sends responses, and knows its deadlines.

Theory of operation. The connection reads while it waits for a request, and hands a whole one to its owner.
While that one is answered it reads on, but only up to a bound, so that pipelined requests wait in order, and
a client's end is noticed without a system call for each request. Then comes the next request, or the end:
what is left is sent, our side is shut down, and what still arrives is thrown away for a moment, because
closing a socket that has unread data resets the connection, and the reset can overtake the last response (RFC
9112, 9.6).

There are two deadlines, for what the client sends and for what it takes; the owner looks at the nearer one
now and then (`server.py`) and calls `expire`. A client that takes a response slowly but steadily is never cut
off. Whether it takes anything cannot be told by when the system takes more from us: that has a buffer of
megabytes, and takes more only when a third of it is free. So what is asked is how much the client has not
acknowledged (`unacknowledged`).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from enum import Enum, auto
from time import monotonic
from typing import Protocol as Seam

from ba_runtime._reactor import READ, WRITE, Reactor, Receive
from ba_runtime.sockets.channel import StreamChannel
from ba_runtime.sockets.reasons import Signal
from ba_runtime.sockets.stream import Stream

from .access import Access
from .limits import Limits
from .memory import Memory
from .outcome import Ended, Refusal, Request
from .protocol import Protocol
from .tracing import Tracing

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ
except ImportError:  # Windows

    def unacknowledged(sock: socket.socket) -> int:
        """Returns how much of what the system took for sending has not arrived; 0 where it does not tell."""
        return 0
else:

    def unacknowledged(sock: socket.socket) -> int:
        """Returns how much of what the system took for sending has not arrived; 0 where it does not tell."""
        with contextlib.suppress(OSError):
            count: int = struct.unpack("i", ioctl(sock, TIOCOUTQ, b"\0" * 4))[0]
            return count
        return 0


RECEIVE_BYTES = 32 << 10
# A body may be as long as this before anybody asks how much all clients hold together.
SMALL_BODY = 64 << 10
# The next request is not begun while so much of the last response waits for the client.
MUCH_UNSENT = 256 << 10


class State(Enum):
    """What the connection is doing."""

    READING = auto()  # waiting for a request, or in the middle of one
    ANSWERING = auto()  # Lua has it
    DRAINING = auto()  # the next request waits until the client has taken the last response
    CLOSING = auto()  # the last response goes out
    LINGERING = auto()  # it has; the client is to close
    CLOSED = auto()


DOING = {
    State.READING: "reading",
    State.ANSWERING: "answering",
    State.DRAINING: "writing",
    State.CLOSING: "writing",
    State.LINGERING: "closing",
    State.CLOSED: "closed",
}


class Owner(Seam):
    """Who hears of what happens to a connection; `tracing` is there while its traffic is traced."""

    tracing: Tracing | None

    def requested(self, connection: Connection) -> None:
        """A request is whole."""

    def refused(self, refusal: Refusal) -> None:
        """A client got an error from the server itself."""

    def closed(self, connection: Connection, by: bytes | None = None) -> None:
        """It is gone, by whose doing (`observe.events.Closer`); or somebody else's, without."""

    def is_full(self) -> bool:
        """Tells whether all clients together hold too much."""


class Connection(Stream):
    """One client of the page server; `number` is its name to Lua."""

    def __init__(
        self,
        channel: StreamChannel,
        reactor: Reactor,
        owner: Owner,
        limits: Limits,
        access: Access,
        memory: Memory,
    ) -> None:
        """Takes over `channel`, which must be connected, and begins to read."""
        super().__init__(channel, 0, reactor)
        reactor.remove(self._fd)  # what arrives is not for Lua, as a stream's is
        reactor.add(self._fd, self.number, self._on_ready)
        self._owner = owner
        self._limits = limits
        self._protocol = Protocol(limits, access, memory)
        self._is_at_end = False
        self._ahead = 0  # bytes that came while a request is answered
        self.born = monotonic()
        self.state = State.READING
        self.request: Request | None = None
        self._request_by: float | None = monotonic() + limits.head_s  # …or the next step of it, or the end
        self._taken_by: float | None = None  # something of what waits to be sent, and of…
        self._owed = 0  # …what the client had not acknowledged when that time was set
        self.arm()

    @property
    def deadline(self) -> float | None:
        """Returns when `expire` must be called, None for never."""
        times = [time for time in (self._request_by, self._taken_by) if time is not None]
        return min(times, default=None)

    @property
    def held_bytes(self) -> int:
        """Bytes of a body that is arriving."""
        return self._protocol.held_bytes

    # ------------------------------------------------------------ reading

    def receive_by(self, receive: Receive) -> None:
        """Does nothing: it receives by itself, as much at a time as a request may need."""

    def _on_ready(self, mask: int) -> None:
        if mask == READ:  # as nearly always
            return self._read()
        if mask & ~READ and self._pending:
            self._flush()
        if mask & ~WRITE and self._reactor.wanted(self._fd) & READ:
            self._read()
        return None

    def _read(self) -> None:
        try:
            data = self.channel.receive(RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            self._reactor.note_broken(self.number)
            return self._lose()
        if self.state is State.LINGERING or self.state is State.CLOSING:
            if not data:
                self._is_at_end = True
                self.disarm()
                if self.state is State.LINGERING:
                    self._over(b"us")
            return None
        self.feed(data)
        return None

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        if not data:
            self._is_at_end = True
            self.disarm()
        was_begun = self._protocol.is_begun
        self._protocol.receive(data)
        if self.state is not State.READING:
            self._ahead += len(data)
            if self._ahead > self._limits.head_bytes:
                self.disarm()
            return
        if not was_begun:
            self._request_by = monotonic() + self._limits.head_s
        self._advance()

    def _advance(self) -> None:
        had_head = self._protocol.has_head
        outcome = self._protocol.next()
        interim = self._protocol.take_outgoing()
        if interim:
            self.send(interim)
        if isinstance(outcome, Request):
            self.request = outcome
            self.state = State.ANSWERING
            self._request_by = None
            self._owner.requested(self)
        elif isinstance(outcome, Refusal):
            self.refuse(outcome)
        elif isinstance(outcome, Ended):
            self.hang_up()
        elif self._protocol.held_bytes > SMALL_BODY and self._owner.is_full():
            self.refuse(Refusal(503, "This server is receiving too much data now. Try again later."))
        elif self._protocol.has_head and not had_head:
            self._request_by = monotonic() + self._limits.body_s

    # ------------------------------------------------------------ answering

    def head(self, status: int, fields: tuple[bytes, ...], length: int | None) -> int:
        """Begins the response; returns the bytes that wait, -1 when the client is gone."""
        data = self._protocol.head(status, fields, length)
        if self._owner.tracing is not None:
            self._owner.tracing.responded(self.number, data)
        return self._put(data)

    def data(self, data: bytes) -> int:
        """Adds to its body; returns the same."""
        if self._owner.tracing is not None:
            self._owner.tracing.sent(self.number, data)
        return self._put(self._protocol.data(data))

    def end(self) -> int:
        """Ends the response and goes on to the next request; returns the same."""
        left = self._put(self._protocol.end())
        self._next()
        return left

    def answer(self, status: int, fields: tuple[bytes, ...], body: bytes, *, is_sized: bool = False) -> int:
        """Sends a whole response and goes on; returns the same."""
        data = self._protocol.whole(status, fields, body, is_sized=is_sized)
        if self._owner.tracing is not None:
            self._owner.tracing.responded(self.number, data)
            self._owner.tracing.sent(self.number, body)
        left = self._put(data)
        self._next()
        return left

    def refuse(self, refusal: Refusal) -> None:
        """Answers for the server itself, and closes."""
        data = self._protocol.refusal(refusal)
        if data:
            if self._owner.tracing is not None:
                self._owner.tracing.responded(self.number, data)
            self._put(data)
        self._owner.refused(refusal)
        self.hang_up()

    def _put(self, data: bytes) -> int:
        if self.state is State.CLOSED:
            return -1
        if not data:
            return self._pending_bytes
        before = self._pending_bytes
        left = self.send(data)
        if left < 0:
            self._lose()
        elif left and not before:
            self._await_taking()
        return left

    def _await_taking(self) -> None:
        self._taken_by = monotonic() + self._limits.send_s
        self._owed = self._pending_bytes + unacknowledged(self.channel.sock)

    def _next(self) -> None:
        if self.state is not State.ANSWERING:
            return
        self.request = None
        if not self._protocol.next_cycle():
            self.hang_up()
        elif self._pending_bytes > MUCH_UNSENT:
            self.state = State.DRAINING
        else:
            self._resume()

    def _resume(self) -> None:
        self.state = State.READING
        self._ahead = 0
        if self._protocol.is_begun:
            self._request_by = monotonic() + self._limits.head_s
            self._advance()
        elif self._is_at_end:
            return self.hang_up()
        elif not self._pending_bytes:
            self._request_by = monotonic() + self._limits.idle_s
        if self.state is State.READING and not self._is_at_end:
            self.arm()
        return None

    def _flush(self) -> None:
        before = self._pending_bytes
        super()._flush()
        if 0 < self._pending_bytes < before:
            self._await_taking()

    def _queue_drained(self) -> None:
        self._taken_by = None
        if self.state is State.ANSWERING:
            self._reactor.emit(self.number, Signal.DRAINED)
        elif self.state is State.DRAINING:
            self._resume()
        elif self.state is State.CLOSING:
            self.hang_up()
        elif not self._protocol.is_begun:  # only from now on is it idle
            self._request_by = monotonic() + self._limits.idle_s

    def _queue_failed(self) -> None:
        self._lose()

    # ------------------------------------------------------------ ending

    def expire(self) -> None:
        """Ends what has taken too long: a slow request, an idle or a stuck client."""
        if self._taken_by is not None and self._taken_by <= monotonic():
            if self._pending_bytes + unacknowledged(self.channel.sock) < self._owed:
                self._await_taking()
            else:
                self._lose(b"us")
        elif self.state is State.READING and self._protocol.is_begun:
            self.refuse(Refusal(408, "The request took too long to arrive."))
        else:
            self._lose(b"us")

    def drop(self) -> None:
        """Closes at once, whatever it is doing."""
        self._lose(b"us")

    @property
    def doing(self) -> str:
        """What it is doing, in words for the socket table."""
        if self.state is State.READING and not self._protocol.is_begun:
            return "waiting for a request"
        return DOING[self.state]

    def hang_up(self) -> None:
        """Closes once all is sent."""
        if self.state is State.CLOSED:
            return None
        if self._pending_bytes:
            self.state = State.CLOSING
            self._request_by = None
            return None
        if self._is_at_end:
            return self._over(b"peer")
        self.state = State.LINGERING
        self._request_by = monotonic() + self._limits.linger_s
        try:
            self.channel.shutdown(socket.SHUT_WR)
        except OSError:
            self._reactor.note_broken(self.number)
            return self._over(b"peer")
        self.arm()
        return None

    def _lose(self, by: bytes = b"peer") -> None:
        """The client is gone, or is given up: whoever answers it hears of it."""
        if self.state is State.ANSWERING:
            self._reactor.emit(self.number, Signal.SEND_FAILED)
        self._over(by)

    def _over(self, by: bytes) -> None:
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self.close()
            self._owner.closed(self, by)

    def release(self) -> tuple[StreamChannel, bytes, bytes]:
        """Lets go of the channel while a request is answered: it, what must still be sent, what came."""
        early = self._protocol.rest()
        channel, unsent = self.detach()
        self.state = State.CLOSED
        self._owner.closed(self)
        return channel, unsent, early
