"""A TLS connection: an engine (`tls/`), which does no I/O, between a stream's channel and Lua.

Theory of operation. To Lua and to the reactor it is a stream like any other.

 - Reading: the reactor calls `receive` when the socket is readable, or when `again` asked for that. What one
   receive brings is decrypted whole, and handed out in chunks, several in one poll; what is left over is kept
   and handed out in the polls that follow, for as long as Lua asks. Only then more is received.
 - Writing: what Lua writes is encrypted piece by piece as the system takes it, so a long text is never in
   memory as ciphertext too, and `queued_bytes` counts plaintext but for one piece. Before the handshake is
   done all of it waits. DRAINED comes once, when nothing waits any more.
 - The handshake goes on whenever something arrives, and asks for that by itself. A client's connect waits for
   its end, CONNECTED or TLS_FAILED; so does `upgrade`, on either side. A server's begins when the accepted
   socket is first read or written, and what fails then fails that call.
 - A handshake ends with small messages that nobody answers (Finished, session tickets). With Nagle's
   algorithm (RFC 896) the first data would wait for their acknowledgement, which systems delay by 40 ms. So
   it is off.
 - The end is always found by reading: a send that fails shuts the socket down, and what the peer said before
   (an alert, the last data) is still read.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Mapping
from typing import cast

from ba_runtime._reactor import READ, Reactor, Receive
from ba_runtime.tls import Engine, Event, Failed, HandshakeDone, State, certificate_table, is_ca_known, judge

from .channel import Layer, StreamChannel
from .reasons import Signal
from .stream import Stream, Write

# What one call of the system brings: a full record and its overhead. After one that brought as much as it
# might a large transfer is under way, and the next may fill the context's `scratch`.
RAW_BYTES = 17 << 10
# What one poll hands out at most: all that one receive into `scratch` brings, for each poll costs as much as
# ten chunks.
POLL_CHUNKS = 129
PIECE_BYTES = 128 << 10  # what is encrypted at a time


class SecureStream(Stream):
    """A connection with TLS on it."""

    is_secure = True

    def __init__(
        self,
        channel: StreamChannel,
        cell: int,
        reactor: Reactor,
        engine: Engine,
        host: str | None,
        *,
        announces: bool,
    ) -> None:
        """Takes over `channel`. `host` is whom the program called, for `trusted`.

        With `announces`, the end of the handshake is an event of its own.
        """
        super().__init__(channel, cell, reactor)
        self.engine = engine
        self.host = host
        self.failure: Failed | None = None
        self._announces = announces
        self._is_started = False
        self.is_shaken = False  # the handshake is done; before, OpenSSL takes no questions about the peer
        self._is_wanted = False  # Lua reads; the handshake reads too, and that is not Lua's business
        self._chunks: deque[bytes] = deque()
        self._is_at_end = False
        self._is_bulk = False  # the last call of the system brought as much as it might
        self._unsent: deque[memoryview] = deque()  # plaintext
        self._unsent_bytes = 0
        with contextlib.suppress(OSError):  # the peer may have reset it already, which will be found out
            channel.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if reactor.journal is not None:
            reactor.journal.layered(self.number)

    def start(self, received: bytes = b"") -> None:
        """Begins the handshake; `received` is what the peer sent already."""
        if self._is_started:
            return
        self._is_started = True
        self._take_in(self.engine.start())
        self._reactor.want(self._fd, self._reactor.wanted(self._fd) | READ)
        if received:
            self.feed(received)

    def feed(self, received: bytes) -> None:
        """Takes what was received before TLS was put on the connection."""
        if not self._is_at_end:
            self._take_in(self.engine.receive(received))
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
        if self._is_wanted and (self._chunks or self._is_at_end):
            self._reactor.again(self._fd)

    def _receiver(self) -> Receive:
        return self._next_chunk

    def receive_by(self, receive: Receive) -> None:
        """Does nothing: what comes over the channel is ciphertext, and Lua gets the chunks."""

    def _note(self, data: bytes, *, is_ours: bool) -> None:
        """Tells whoever listens what is inside."""
        if self.channel.watchers:
            self.channel.passed(Layer.PLAIN, data, is_ours)

    def _next_chunk(self, _size: int) -> bytes:
        """Returns a chunk, empty at the end; raises BlockingIOError when there is none, as `recv` does.

        Of several chunks all but the last are emitted, in their order.
        """
        chunks = self._chunks
        if not chunks and not self._is_at_end:
            is_shaken = self.is_shaken
            events = self.engine.receive(self._recv())
            if is_shaken and events and isinstance(events[-1], bytes):  # then all of them are
                data = cast("list[bytes]", events)
                for chunk in data if self.channel.watchers else ():
                    self._note(chunk, is_ours=False)
                self._answer()
                if len(data) == 1 and self._is_wanted:
                    return data[0]
                chunks.extend(data)
            else:
                self._take_in(events)
        if not self._is_wanted:
            if self.engine.state is not State.HANDSHAKE:
                super().disarm()
            raise BlockingIOError
        if chunks:
            if len(chunks) <= POLL_CHUNKS:
                last = chunks.pop()
                self._reactor.deliver(self.number, *chunks)
                chunks.clear()
            else:
                take = chunks.popleft
                self._reactor.deliver(self.number, *(take() for _ in range(POLL_CHUNKS - 1)))
                last = take()
            self._hand_out_later()
            return last
        if self._is_at_end and self.failure is None:
            return b""
        if self._is_at_end:
            self._reactor.emit(self.number, Signal.TLS_FAILED)
        raise BlockingIOError

    def _recv(self) -> bytes | memoryview:
        raw: bytes | memoryview
        try:
            if self._is_bulk:
                scratch = self.engine.scratch
                raw = scratch[: self.channel.receive_into(scratch)]
            else:
                raw = self.channel.receive(RAW_BYTES)
        except BlockingIOError:
            raise
        except OSError:  # a reset reads as an end
            self._reactor.note_broken(self.number)
            return b""
        self._is_bulk = len(raw) >= RAW_BYTES
        return raw

    def _take_in(self, events: list[Event]) -> None:
        was_waiting = bool(self._unsent)
        for event in events:
            if isinstance(event, bytes):
                self._chunks.append(event)
                self._note(event, is_ours=False)
            elif isinstance(event, HandshakeDone):
                self.is_shaken = True
                if self._reactor.journal is not None:
                    self._reactor.journal.secured(self)
                self._announce(Signal.CONNECTED)
            else:
                self._is_at_end = True
                if isinstance(event, Failed):
                    self.failure = event
                    if self._reactor.journal is not None and not self.is_shaken:
                        self._reactor.journal.failed(self.number, event.reason, event.detail)
                    self._announce(Signal.TLS_FAILED)
        self._answer()
        if was_waiting and self.engine.state is not State.HANDSHAKE and not self._pending:
            self._queue_drained()

    def _answer(self) -> None:
        """Sends what the engine itself has to say: its part of the handshake, an alert, new keys."""
        raw = self.engine.take()
        if raw and super().send(raw) < 0:
            self._shut_down()

    def _shut_down(self) -> None:
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)

    def _announce(self, signal: Signal) -> None:
        if self._announces:
            self._announces = False
            self._reactor.emit(self.number, signal)

    # ------------------------------------------------------------ writing

    @property
    def queued_bytes(self) -> int:
        """Returns how many bytes wait to be sent, or to be encrypted and sent."""
        return self._pending_bytes + self._unsent_bytes

    def sender(self) -> tuple[Write | None, Write | None]:
        """Returns what Lua calls to write: nothing that takes a part, and what encrypts."""
        return None, self.send

    def send(self, data: bytes) -> int:
        """Encrypts and sends or queues all of `data`; returns the bytes that wait now, -1 when it is lost."""
        if not self._is_started:
            self.start()
        state = self.engine.state
        if state is State.OPEN and len(data) <= PIECE_BYTES and not self._pending and not self._unsent:
            self._note(data, is_ours=True)
            raw = self.engine.send(data)
            return super().send(raw) if raw else -1
        if state is State.OVER:
            return -1
        self._unsent.append(memoryview(data))
        self._unsent_bytes += len(data)
        if state is State.OPEN and not self._encrypt():
            return -1
        return self.queued_bytes

    def _encrypt(self) -> bool:
        """Encrypts and sends what waits, until the system takes no more; False when that is lost."""
        unsent = self._unsent
        while unsent and not self._pending:
            piece, rest = bytes(unsent[0][:PIECE_BYTES]), unsent[0][PIECE_BYTES:]
            self._note(piece, is_ours=True)
            raw = self.engine.send(piece)
            if not raw or super().send(raw) < 0:
                self._forget_unsent()
                return False
            self._unsent_bytes -= len(piece)
            if rest:
                unsent[0] = rest
            else:
                unsent.popleft()
        return True

    def _forget_unsent(self) -> None:
        self._unsent.clear()
        self._unsent_bytes = 0

    def _queue_drained(self) -> None:
        state = self.engine.state
        if state is State.HANDSHAKE:
            return
        if (state is State.OVER and self._unsent) or not self._encrypt():
            self._forget_unsent()
            self._reactor.emit(self.number, Signal.TLS_FAILED if self.failure else Signal.SEND_FAILED)
        elif not self._pending:
            self._reactor.emit(self.number, Signal.DRAINED)

    def _queue_failed(self) -> None:
        if self.engine.state is State.HANDSHAKE:
            self._shut_down()
        else:
            self._reactor.emit(self.number, Signal.SEND_FAILED)

    # ------------------------------------------------------------ what Lua asks about it

    def cipher(self) -> tuple[bytes, bytes] | None:
        """Returns the suite and the version in the documented words; None before the handshake."""
        agreed = self.engine.cipher() if self.is_shaken else None
        return None if agreed is None else (agreed[0].encode(), agreed[1].encode())

    def certificate(self) -> tuple[Mapping[str, object] | None, bool]:
        """Returns the peer's certificate as a table, if any, and whether its chain ends in a known CA."""
        chain, store = self._peer_chain(), self.engine.store
        return certificate_table(chain, store), is_ca_known(chain, store)

    def doubt(self, name: bytes | None) -> bytes | None:
        """Returns why the peer is not to be trusted as `name`, by default whom was called; None if it is."""
        wanted = self.host if name is None else name.decode("utf-8", "surrogateescape")
        doubt = judge(self._peer_chain(), self.engine.store, wanted)
        return None if doubt is None else doubt.encode()

    def _peer_chain(self) -> tuple[bytes, ...]:
        return self.engine.peer_chain() if self.is_shaken else ()

    @property
    def is_resumed(self) -> bool:
        """Tells whether the handshake was a short one."""
        return self.is_shaken and self.engine.is_resumed

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Says goodbye if the system takes it at once, and closes the system socket."""
        goodbye = self.engine.close()
        if goodbye and not self._pending:
            with contextlib.suppress(OSError):
                self.channel.send(goodbye)
        self._chunks.clear()
        self._forget_unsent()
        super().close()
