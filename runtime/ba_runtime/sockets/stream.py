"""A TCP connection and what it could not send yet.

Reading is the reactor's (it receives, Lua decides what for), and so is the plain case of writing: Lua calls
the channel's own `send`. Only what the system did not take comes here, is kept as views of the bytes that
Lua gave, and goes out as the peer makes room. Lua then hears once, DRAINED or SEND_FAILED.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from ba_runtime._reactor import CHUNK_BYTES, READ, WRITE, Reactor, Receive

from .channel import StreamChannel, Watchers
from .reasons import Signal

Write: TypeAlias = Callable[[bytes], int]


class Stream:
    """A connection, to Lua under the number of its channel."""

    kind = "tcp"
    is_secure = False  # has TLS on it
    host: str | None = None  # whom the program called, if it did
    port = 0

    def __init__(self, channel: StreamChannel, cell: int, reactor: Reactor) -> None:
        """Takes over `channel`, which must be connected."""
        self.channel = channel
        self.number = channel.number
        self.cell = cell
        self._reactor = reactor
        self.make_way = reactor.make_way
        self._fd = channel.fileno()
        self._pending: deque[memoryview] = deque()
        self._pending_bytes = 0
        self._receive = self._receiver()
        reactor.add(self._fd, self.number, self._on_ready, self._receive)

    def _receiver(self) -> Receive:
        """Returns what the reactor calls for a chunk; the channel's own function is the fastest."""
        return self.channel.receive_in_poll

    def receive_by(self, receive: Receive) -> None:
        """Lets this function receive from now on, if what comes over the channel is the data itself."""
        self._receive = receive
        self._reactor.add(self._fd, self.number, self._on_ready, receive)

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen to the channel. Lua, which keeps `sender`, must fetch it anew."""
        former = self.channel.receive_in_poll
        self.channel.watch(watchers)
        if self._receive is former:
            self.receive_by(self.channel.receive_in_poll)

    def sender(self) -> tuple[Write | None, Write | None]:
        """Returns what Lua calls directly to write: what may take a part, or what queues as `send` does."""
        return self.channel.send_by_lua, None

    @property
    def queued_bytes(self) -> int:
        """Returns how many bytes wait to be sent."""
        return self._pending_bytes

    def arm(self) -> None:
        """Asks for what arrives."""
        self._reactor.want(self._fd, self._reactor.wanted(self._fd) | READ)

    def disarm(self) -> None:
        """Leaves what arrives with the system, and so slows the peer down."""
        self._reactor.want(self._fd, self._reactor.wanted(self._fd) & ~READ)

    def send(self, data: bytes) -> int:
        """Sends or queues all of `data`; returns the bytes that wait now, -1 when the connection is lost."""
        sent = 0
        if not self._pending:
            try:
                sent = self.channel.send(data)
            except BlockingIOError:
                pass
            except OSError:
                self._reactor.note_broken(self.number)
                return -1
        if sent < len(data):
            self._pending.append(memoryview(data)[sent:])
            self._pending_bytes += len(data) - sent
            self._reactor.want(self._fd, self._reactor.wanted(self._fd) | WRITE)
        return self._pending_bytes

    def finish(self) -> bool:
        """Tells the peer that nothing more will come; False where TLS has its own way, or it has gone."""
        try:
            if not self.is_secure:
                self.channel.shutdown(socket.SHUT_WR)
                return True
        except OSError:  # reading tells
            pass
        return False

    def _on_ready(self, mask: int) -> None:
        if mask & ~READ and self._pending:
            self._flush()
        if mask & ~WRITE and self._reactor.wanted(self._fd) & READ:
            try:
                self._reactor.deliver(self.number, self._receive(CHUNK_BYTES))
            except BlockingIOError:
                pass
            except OSError:
                self._reactor.note_broken(self.number)
                self._reactor.deliver(self.number, b"")

    def _flush(self) -> None:
        try:
            while self._pending:
                view = self._pending[0]
                sent = self.channel.send(view)
                self._pending_bytes -= sent
                if sent < len(view):
                    self._pending[0] = view[sent:]
                else:
                    self._pending.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._reactor.note_broken(self.number)
            self._forget_queue()
            self._queue_failed()
            return
        self._forget_queue()
        self._queue_drained()

    def _queue_drained(self) -> None:
        self._reactor.emit(self.number, Signal.DRAINED)

    def _queue_failed(self) -> None:
        self._reactor.emit(self.number, Signal.SEND_FAILED)

    def _forget_queue(self) -> None:
        self._pending.clear()
        self._pending_bytes = 0
        self._reactor.want(self._fd, self._reactor.wanted(self._fd) & ~WRITE)

    def detach(self) -> tuple[StreamChannel, bytes]:
        """Lets go of the channel, for somebody else to use; returns it and what must still be sent."""
        unsent = b"".join(self._pending)
        self._reactor.remove(self._fd)
        self._pending.clear()
        self._pending_bytes = 0
        return self.channel, unsent

    def close(self) -> None:
        """Closes the channel; what is queued is dropped, as documented."""
        self._reactor.remove(self._fd)
        self._pending.clear()
        self._pending_bytes = 0
        self._receive = (
            self.channel.receive_in_poll
        )  # a method of whoever else received is a cycle: it keeps memory
        self.channel.close()
