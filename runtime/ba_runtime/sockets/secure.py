"""A TLS connection: an engine (`tls/`), which does no I/O, between a stream's socket and Lua.

To Lua and to the reactor it is a stream like any other: the reactor calls `receive`, which returns plaintext
one chunk at a time, and everything that is written goes through `send`. A record may hold more than one
chunk; the rest is kept here and handed out in the polls that follow, as long as Lua asks for it.

The handshake goes on whenever something arrives and asks for that by itself. A client's connect waits for
its end, CONNECTED or TLS_FAILED; so does `upgrade`, on either side. A server's begins when the accepted
socket is first read or written, and what fails then fails that call.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque

from ba_runtime._reactor import READ, Reactor, Receive
from ba_runtime.tls import Engine, Event, Failed, HandshakeDone, State, certificate_table, is_ca_known, judge

from .reasons import Signal
from .security import flat
from .stream import Stream

RAW_BYTES = 17 << 10  # one full record and its overhead, so that a large transfer costs one call for each


class SecureStream(Stream):
    """A connected socket with TLS on it."""

    def __init__(
        self,
        number: int,
        cell: int,
        sock: socket.socket,
        reactor: Reactor,
        engine: Engine,
        host: str | None,
        *,
        announces: bool,
    ) -> None:
        """Takes over `sock`. `host` is whom the program called, for `trusted`.

        With `announces`, the end of the handshake is an event of its own.
        """
        super().__init__(number, cell, sock, reactor)
        self.engine = engine
        self.host = host
        self.failure: Failed | None = None
        self._announces = announces
        self._is_started = False
        self._is_wanted = False  # Lua reads; the handshake reads too, and that is not Lua's business
        self._plain: deque[bytes] = deque()
        self._is_at_end = False
        self._has_early_data = False  # written before the handshake is done; the engine keeps it

    def start(self, received: bytes = b"") -> None:
        """Begins the handshake; `received` is what the peer sent already."""
        if self._is_started:
            return
        self._is_started = True
        events = self.engine.start()
        if received:
            events += self.engine.receive(received)
        self._take_in(events)
        self._reactor.want(self._fd, self._reactor.wanted(self._fd) | READ)
        self._hand_out_later()

    # ------------------------------------------------------------ reading

    def arm(self) -> None:
        """Asks for what arrives, and for what is kept."""
        self._is_wanted = True
        self.start()
        super().arm()
        self._hand_out_later()

    def disarm(self) -> None:
        """Leaves what arrives with the system; a handshake goes on."""
        self._is_wanted = False
        if self.engine.state is not State.HANDSHAKE:
            super().disarm()

    def _hand_out_later(self) -> None:
        if self._is_wanted and (self._plain or self._is_at_end):
            self._reactor.again(self._fd)

    def _receiver(self) -> Receive:
        return self._next_chunk

    def _next_chunk(self, _size: int) -> bytes:
        """Returns a chunk, empty at the end; raises BlockingIOError when there is none, as `recv` does."""
        if not self._plain and not self._is_at_end:
            self._take_in(self.engine.receive(self._recv()))
        if not self._is_wanted:
            if self.engine.state is not State.HANDSHAKE:
                super().disarm()
            raise BlockingIOError
        if self._plain:
            chunk = self._plain.popleft()
            self._hand_out_later()
            return chunk
        if self._is_at_end:
            if self.failure is not None:
                self._reactor.emit(self.number, Signal.TLS_FAILED)
                raise BlockingIOError
            return b""
        raise BlockingIOError

    def _recv(self) -> bytes:
        try:
            return self.sock.recv(RAW_BYTES)
        except BlockingIOError:
            raise
        except OSError:  # a reset reads as an end
            return b""

    def _take_in(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, bytes):
                self._plain.append(event)
            elif isinstance(event, HandshakeDone):
                self._announce(Signal.CONNECTED)
            else:
                self._is_at_end = True
                if isinstance(event, Failed):
                    self.failure = event
                    self._announce(Signal.TLS_FAILED)
        raw = self.engine.take()
        if raw and self._transmit(raw) < 0:
            self._is_at_end = True
        if self._has_early_data and self.engine.state is not State.HANDSHAKE:
            self._has_early_data = False
            if self._is_at_end:
                self._reactor.emit(self.number, Signal.TLS_FAILED if self.failure else Signal.SEND_FAILED)
            elif not self._pending:  # else it is said when the system has taken the rest
                self._reactor.emit(self.number, Signal.DRAINED)

    def _announce(self, signal: Signal) -> None:
        if self._announces:
            self._announces = False
            self._reactor.emit(self.number, signal)

    # ------------------------------------------------------------ writing

    def send(self, data: bytes) -> int:
        """Encrypts and sends or queues all of `data`; returns the bytes that wait now, -1 when it is lost."""
        self.start()
        raw = self.engine.send(data)
        state = self.engine.state
        if state is State.HANDSHAKE:
            self._has_early_data = True
            return self._queued()
        return -1 if state is State.OVER else self._transmit(raw)

    def _transmit(self, raw: bytes) -> int:
        return -1 if super().send(raw) < 0 else self._queued()

    def _queued(self) -> int:
        return self.queued_bytes + self.engine.queued_bytes

    # ------------------------------------------------------------ what Lua asks about it

    def cipher(self) -> tuple[bytes, bytes] | None:
        """Returns the suite and the version in the documented words; None before the handshake."""
        agreed = self.engine.cipher()
        return None if agreed is None else (agreed[0].encode(), agreed[1].encode())

    def certificate(self) -> tuple[bool | bytes, ...]:
        """Returns whether the chain ends in a known CA, and the peer's certificate flat (`security.flat`)."""
        chain, store = self.engine.peer_chain(), self.engine.store
        table = certificate_table(chain, store)
        return is_ca_known(chain, store), *(() if table is None else flat(table))

    def doubt(self, name: bytes | None) -> bytes | None:
        """Returns why the peer is not to be trusted as `name`, by default whom was called; None if it is."""
        wanted = self.host if name is None else name.decode("utf-8", "surrogateescape")
        doubt = judge(self.engine.peer_chain(), self.engine.store, wanted)
        return None if doubt is None else doubt.encode()

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Says goodbye if the system takes it at once, and closes the system socket."""
        goodbye = self.engine.close()
        if goodbye and not self._pending:
            with contextlib.suppress(OSError):
                self.sock.send(goodbye)
        self._plain.clear()
        super().close()
