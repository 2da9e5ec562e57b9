"""A TCP connection and what it could not send yet.

Reading is the reactor's (it receives, Lua decides what for), and so is the plain case of writing: Lua calls
the socket's own `send`. Only what the system did not take comes here, is kept as views of the bytes that
Lua gave, and goes out as the peer makes room. Lua then hears once, DRAINED or SEND_FAILED.
"""

from __future__ import annotations

import socket
from collections import deque

from ba_runtime._reactor import CHUNK_BYTES, READ, WRITE, Reactor, Receive

from .reasons import Signal


class Stream:
    """A connected socket, number `number` to Lua."""

    kind = "tcp"
    host: str | None = None  # whom the program called, if it did
    port = 0

    def __init__(self, number: int, cell: int, sock: socket.socket, reactor: Reactor) -> None:
        """Takes over `sock`, which must be non-blocking and connected."""
        self.number = number
        self.cell = cell
        self.sock = sock
        self._reactor = reactor
        self.make_way = reactor.make_way
        self._fd = sock.fileno()
        self._pending: deque[memoryview] = deque()
        self._pending_bytes = 0
        self._receive = self._receiver()
        reactor.add(self._fd, number, self._on_ready, self._receive)

    def _receiver(self) -> Receive:
        """Returns what the reactor calls for a chunk; the socket's own method is the fastest."""
        return self.sock.recv

    def receive_by(self, receive: Receive) -> None:
        """Receives by this function from now on."""
        self._receive = receive
        self._reactor.add(self._fd, self.number, self._on_ready, receive)

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
                sent = self.sock.send(data)
            except BlockingIOError:
                pass
            except OSError:
                return -1
        if sent < len(data):
            self._pending.append(memoryview(data)[sent:])
            self._pending_bytes += len(data) - sent
            self._reactor.want(self._fd, self._reactor.wanted(self._fd) | WRITE)
        return self._pending_bytes

    def _on_ready(self, mask: int) -> None:
        if mask & ~READ and self._pending:
            self._flush()
        if mask & ~WRITE and self._reactor.wanted(self._fd) & READ:
            try:
                self._reactor.deliver(self.number, self._receive(CHUNK_BYTES))
            except BlockingIOError:
                pass
            except OSError:
                self._reactor.deliver(self.number, b"")

    def _flush(self) -> None:
        try:
            while self._pending:
                view = self._pending[0]
                sent = self.sock.send(view)
                self._pending_bytes -= sent
                if sent < len(view):
                    self._pending[0] = view[sent:]
                else:
                    self._pending.popleft()
        except BlockingIOError:
            return
        except OSError:
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

    def detach(self) -> tuple[socket.socket, bytes]:
        """Lets go of the system socket, for somebody else to use; returns it and what must still be sent."""
        unsent = b"".join(self._pending)
        self._reactor.remove(self._fd)
        self._pending.clear()
        self._pending_bytes = 0
        return self.sock, unsent

    def close(self) -> None:
        """Closes the system socket; what is queued is dropped, as documented."""
        self._reactor.remove(self._fd)
        self._pending.clear()
        self._pending_bytes = 0
        self._receive = self.sock.recv  # a method of whoever else received is a cycle, and keeps its memory
        self.sock.close()
