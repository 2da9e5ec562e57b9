"""Connecting: a name to addresses, and the first of them that answers.

A `Dial` has the number that the connection will have. It hands its channel over to `connected`, which puts a
`Stream` in its place, or emits one of the failures. Closing it at any moment is fine; an answer of the
resolver that comes later finds nobody.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from ba_runtime._reactor import WRITE, Reactor
from ba_runtime._resolver import Answer

from .addresses import local_address
from .channel import StreamChannel, Watchers
from .channels import Channels
from .reasons import EXHAUSTED, TEXT, Signal


class Dial:
    """One attempt to connect, number `number` to Lua."""

    kind = "tcp"
    queued_bytes = 0

    def __init__(
        self,
        number: int,
        cell: int,
        interface: str | None,
        channels: Channels,
        reactor: Reactor,
        connected: Callable[[StreamChannel], None],
    ) -> None:
        """`interface` is the local address to use, if any; `connected` takes over one of the `channels`."""
        self.number = number
        self.cell = cell
        self.channel: StreamChannel | None = None
        self._interface = interface
        self._channels = channels
        self._reactor = reactor
        self._connected = connected
        self._addresses: list[tuple[int, tuple[Any, ...]]] = []
        self._address: tuple[Any, ...] = ()  # which is being tried
        self._closed = False
        self.words: bytes | None = None  # the resolver's, when it found nothing
        self.name = ""  # of the host, as the program has it, and whether the lab answers for it
        self.is_in_lab = False
        self.has_failed = False

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen to the channel of the attempt that is under way."""
        if self.channel is not None:
            self.channel.watch(watchers)

    def resolved(self, answer: Answer) -> None:
        """Takes the resolver's answer, on the Lua thread, and starts to connect."""
        if self._closed:
            return
        self._addresses = list(answer.addresses)
        if self._reactor.journal is not None:
            self._reactor.journal.resolved(self.number, self.name, answer)
        if not self._addresses:
            self.words = answer.error.encode()
            self._fail(Signal.CANNOT_RESOLVE, answer.error)
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
        self._fail(failure)

    def _fail(self, signal: Signal, words: str = "") -> None:
        self.has_failed = True
        if self._reactor.journal is not None:
            self._reactor.journal.failed(self.number, TEXT[signal], words)
        self._reactor.emit(self.number, signal)

    def _try(self, family: int, address: tuple[Any, ...]) -> Signal | None:
        """Starts one attempt; returns None when it is under way or done, else why it could not start."""
        self._drop()
        try:
            self.channel = self._channels.to_connect(self.number, family)
        except OSError as error:
            return Signal.NO_RESOURCES if error.errno in EXHAUSTED else Signal.CANNOT_CONNECT
        sock = self.channel.sock
        if self._interface is not None:
            try:
                sock.bind((local_address(self._interface, family == socket.AF_INET6), 0))
            except (OSError, ValueError):
                return Signal.CANNOT_BIND
        if self._reactor.journal is not None:
            self._reactor.journal.connecting(self.number, self.name, address, self.is_in_lab)
        try:
            code = sock.connect_ex(address)
        except OSError:  # an address that the system does not even take, such as port 0 on some
            return Signal.CANNOT_CONNECT
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            self.channel.failed(code, address)
            return Signal.CANNOT_CONNECT
        self._address = address
        # A connection that stands at once is reported writable all the same: one way for both.
        self._reactor.add(sock.fileno(), self.number, self._on_ready)
        self._reactor.want(sock.fileno(), WRITE)
        return None

    def _on_ready(self, _mask: int) -> None:
        assert self.channel is not None
        code = self.channel.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.channel.failed(code, self._address)
            self._next()
            return
        channel, self.channel = self.channel, None
        self._reactor.remove(channel.fileno())
        if self._reactor.journal is not None:
            self._reactor.journal.connected(self.number, channel.sock)
        channel.connected()
        self._connected(channel)

    def _drop(self) -> None:
        if self.channel is not None:
            self._reactor.remove(self.channel.fileno())
            self.channel.close()
            self.channel = None

    def close(self) -> None:
        """Gives up."""
        self._closed = True
        self._drop()
