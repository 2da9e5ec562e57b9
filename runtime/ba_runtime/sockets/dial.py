"""Connecting: a name to addresses, and the first of them that answers.

A `Dial` has the number that the connection will have. It hands its socket over to `connected`, which puts a
`Stream` in its place, or emits one of the failures. Closing it at any moment is fine; an answer of the
resolver that comes later finds nobody.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from ba_runtime._descriptors import new_socket
from ba_runtime._reactor import WRITE, Reactor
from ba_runtime._resolver import Answer

from .addresses import local_address
from .reasons import EXHAUSTED, Signal


class Dial:
    """One attempt to connect, number `number` to Lua."""

    kind = "tcp"
    queued_bytes = 0

    def __init__(
        self,
        number: int,
        cell: int,
        interface: str | None,
        reactor: Reactor,
        connected: Callable[[socket.socket], None],
    ) -> None:
        """`interface` is the local address to use, if any; `connected` takes the socket over."""
        self.number = number
        self.cell = cell
        self.sock: socket.socket | None = None
        self._interface = interface
        self._reactor = reactor
        self._connected = connected
        self._addresses: list[tuple[int, tuple[Any, ...]]] = []
        self._closed = False
        self.words: bytes | None = None  # the resolver's, when it found nothing

    def resolved(self, answer: Answer) -> None:
        """Takes the resolver's answer, on the Lua thread, and starts to connect."""
        if self._closed:
            return
        self._addresses = list(answer.addresses)
        if not self._addresses:
            self.words = answer.error.encode()
            self._reactor.emit(self.number, Signal.CANNOT_RESOLVE)
            return
        self._next()

    def _next(self) -> None:
        """Starts on the next address; when there is none, says why the last one failed."""
        failure = Signal.CANNOT_CONNECT
        while self._addresses:
            family, address = self._addresses.pop(0)
            failed = self._try(family, address)
            if failed is None:
                return
            failure = failed
        self._drop()
        self._reactor.emit(self.number, failure)

    def _try(self, family: int, address: tuple[Any, ...]) -> Signal | None:
        """Starts one attempt; returns None when it is under way or done, else why it could not start."""
        self._drop()
        try:
            self.sock = new_socket(family, socket.SOCK_STREAM)
        except OSError as error:
            return Signal.NO_RESOURCES if error.errno in EXHAUSTED else Signal.CANNOT_CONNECT
        self.sock.setblocking(False)
        if self._interface is not None:
            try:
                self.sock.bind((local_address(self._interface, family == socket.AF_INET6), 0))
            except (OSError, ValueError):
                return Signal.CANNOT_BIND
        try:
            code = self.sock.connect_ex(address)
        except OSError:  # an address that the system does not even take, such as port 0 on some
            return Signal.CANNOT_CONNECT
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            return Signal.CANNOT_CONNECT
        # A connection that stands at once is reported writable all the same: one way for both.
        self._reactor.add(self.sock.fileno(), self.number, self._on_ready)
        self._reactor.want(self.sock.fileno(), WRITE)
        return None

    def _on_ready(self, _mask: int) -> None:
        assert self.sock is not None
        if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._next()
            return
        sock, self.sock = self.sock, None
        self._reactor.remove(sock.fileno())
        self._connected(sock)

    def _drop(self) -> None:
        if self.sock is not None:
            self._reactor.remove(self.sock.fileno())
            self.sock.close()
            self.sock = None

    def close(self) -> None:
        """Gives up."""
        self._closed = True
        self._drop()
