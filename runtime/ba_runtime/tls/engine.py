"""One end of a TLS connection that does no I/O: bytes from the peer in, events and bytes for the peer out.

Theory of operation. An engine is in one of three states. In the handshake, what the peer sends goes to
OpenSSL, what the program writes is queued. Open, both become records at once. Over (failed, closed by the
peer or by us) is for ever; nothing is taken and nothing is given any more, but for the last bytes of
`take`.

 - Whoever drives an engine sends what `take` gives after every `start` and `receive`, and what `send` and
   `close` return, in that order. An alert or a close_notify for the peer is in there too.
 - `receive` never raises on what a peer sends, and reports one Failed or Closed at most, as the last event.
 - Everything that was received is taken out of the incoming buffer before `receive` returns, down to a part
   of one record (16 KiB), which OpenSSL keeps. So backpressure is the driver's: not to call `receive`.
 - What is queued before the handshake is done counts in `queued_bytes`, for the driver's limit; `send` turns
   all of its argument into records. Neither copies more than once.

Fast path: a record that comes alone costs one `write` and one `read` of OpenSSL's. A second `read` would
raise SSLWantReadError, at the price of a small echo; whether there is anything left is asked instead (the
incoming buffer, then OpenSSL's own rest of a record, which there is only if the first `read` was filled
completely).
"""

from __future__ import annotations

import contextlib
import ssl
from collections import deque
from collections.abc import Callable
from enum import Enum

from .ciphers import UNKNOWN, VERSIONS, documented_name
from .context import Context
from .credentials import CredentialsFault
from .events import CRYPTO, READ_FAILED, WRITE_FAILED, Closed, Event, Failed, HandshakeDone, failure_of
from .fit import misfit
from .sessions import Key, Remembered, can_be_resumed
from .store import CertStore
from .unofficial import peer_chain

CHUNK_BYTES = 8192  # what one read of the original returns at most
FEED_BYTES = 128 << 10  # what OpenSSL is given at a time: it keeps memory for as much as it ever got at once
HEAD_BYTES = 2  # enough of the first record to tell TLS from something else
SESSION_LOOKS = 3  # how often a client looks for a session in one connection, see sessions.py
INTERNAL_ERROR = b"\x15\x03\x03\x00\x02\x02\x50"  # a record: alert, fatal, internal_error (RFC 8446, 6)


class State(Enum):
    """Where a connection is."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    OVER = "over"


class Engine:
    """One connection. `take()` returns, and forgets, the bytes that are to be sent to the peer."""

    def __init__(
        self, context: Context, server_name: str | None = None, port: int = 0, alpn: tuple[str, ...] = ()
    ) -> None:
        """Makes the end that `context` is for.

        For a client `server_name` is the host as the program named it, for SNI and, with `port`, to find the
        session of an earlier connection; `alpn` the protocols to offer (a client) or to choose from.
        """
        self.state = State.HANDSHAKE
        self.queued_bytes = 0
        self._context = context
        self._server_name = server_name
        self._alpn = alpn
        self._key: Key | None = None
        if server_name and context.sessions.size and not context.is_server:
            self._key = (server_name.lower(), port, alpn)
        self._resumes: Remembered | None = None
        self._looks_left = 0
        self._is_open = False
        self._head = b""
        self._queue: deque[bytes] = deque()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.take: Callable[[], bytes] = self._outgoing.read
        self._connection: ssl.SSLObject | None = None
        self._agreed: ssl.SSLObject | None = None  # the same, from the end of the handshake on
        self._chain: tuple[bytes, ...] | None = None

    # ------------------------------------------------------------ the handshake

    def start(self) -> list[Event]:
        """Begins: a client now has something to send. Failed when an own certificate cannot be used."""
        session = None
        if self._key is not None:
            self._resumes = self._context.sessions.get(self._key)
            session = self._resumes.session if self._resumes else None
        try:
            self._connection = self._context.wrap(
                self._incoming, self._outgoing, self._server_name, self._alpn, session
            )
        except CredentialsFault as fault:
            self._end()
            self._outgoing.write(INTERNAL_ERROR)
            return [Failed(CRYPTO, str(fault))]
        return [] if self._context.is_server else self._shake()

    def _shake(self) -> list[Event]:
        assert self._connection is not None
        try:
            self._connection.do_handshake()
        except ssl.SSLWantReadError:
            return []
        except ssl.SSLError as error:
            return [self._fail(error)]
        self._context.handshake_over(self._connection)
        self.state = State.OPEN
        self._is_open = True
        self._agreed = self._connection
        self._plan_looks(self._agreed)
        words = self._misfit()
        if words is not None:
            self._say_goodbye()
            self._end()
            return [Failed(WRITE_FAILED, words)]
        events: list[Event] = [HandshakeDone()]
        failed = self._send_queue()
        if failed:
            events.append(failed)
        elif self._incoming.pending:
            events += self._read()
        return events

    def _misfit(self) -> str | None:
        """Returns what does not fit in the chain of a server that is not known from an earlier connection."""
        if self._context.is_server or self.is_resumed:
            return None
        return misfit(self.peer_chain(), self._context.store)

    def _send_queue(self) -> Failed | None:
        try:
            while self._queue:
                self._write(self._queue.popleft())
        except ssl.SSLError as error:
            return self._fail(error)
        self.queued_bytes = 0
        return None

    # ------------------------------------------------------------ data

    def receive(self, data: bytes | memoryview) -> list[Event]:
        """Takes what came from the peer, where empty data is the end of its stream, and returns what follows.

        Bytes are data, in pieces of at most 8192; HandshakeDone comes once; Closed and Failed are the last.
        """
        if not (self._is_open and data):
            return self._receive_slowly(data)
        if len(data) <= FEED_BYTES:
            self._incoming.write(data)
            return self._read()
        events: list[Event] = []
        for start in range(0, len(data), FEED_BYTES):
            if self._is_open:
                self._incoming.write(data[start : start + FEED_BYTES])
                events += self._read()
        return events

    def _read(self) -> list[Event]:
        """Reads all there is. The connection is open."""
        connection = self._connection
        assert connection is not None
        incoming = self._incoming
        events: list[Event] = []
        try:
            while True:
                data = connection.read(CHUNK_BYTES)
                if not data:  # close_notify
                    events.append(self._closed(True))
                    return events
                events.append(data)
                if not incoming.pending and (len(data) < CHUNK_BYTES or not connection.pending()):
                    return events
        except ssl.SSLWantReadError:
            if self._looks_left > 1 and not events:  # one is for the end
                self._look_for_session()
        except ssl.SSLZeroReturnError:
            events.append(self._closed(True))
        except ssl.SSLError as error:
            events.append(self._fail(error))
        return events

    def _receive_slowly(self, data: bytes | memoryview) -> list[Event]:
        if self.state is State.OVER:
            return []
        if not data:
            if self._is_open:
                return [self._closed(False)]
            self._end()
            return [Failed(READ_FAILED, "the peer ended the connection")]
        assert self._connection is not None, "start comes first"
        self._head = (self._head + data[:HEAD_BYTES])[:HEAD_BYTES]
        self._incoming.write(data)
        return self._shake()

    def send(self, data: bytes) -> bytes:
        """Encrypts `data` and returns all that is to be sent; before the handshake is done, queues it.

        Nothing is returned, and nothing kept, when the connection is over.
        """
        if self._is_open:
            if data:
                try:
                    self._write(data)
                except ssl.SSLError:
                    self._end()
        elif self.state is State.HANDSHAKE:
            self._queue.append(data)
            self.queued_bytes += len(data)
        return self.take()

    def _write(self, data: bytes) -> None:
        assert self._connection is not None
        sent = self._connection.write(data)
        if sent < len(data):  # not seen with a memory BIO, but `write` may
            rest = memoryview(data)[sent:]
            while rest:
                rest = rest[self._connection.write(rest) :]

    # ------------------------------------------------------------ the end

    def close(self) -> bytes:
        """Ends the connection; returns the last bytes for the peer, its close_notify among them."""
        if self._connection is not None and self._is_open:
            self._look_for_session(is_last=True)
            self._say_goodbye()
        self._end()
        return self.take()

    def _closed(self, is_clean: bool) -> Closed:
        self._look_for_session(is_last=True)
        if is_clean:
            self._say_goodbye()
        self._end()
        return Closed(is_clean)

    def _say_goodbye(self) -> None:
        """Writes the close_notify. `unwrap` then wants the peer's, which is not waited for."""
        assert self._connection is not None
        with contextlib.suppress(ssl.SSLError):
            self._connection.unwrap()

    def _fail(self, error: ssl.SSLError) -> Failed:
        failure = failure_of(error, self._head, self._is_open)
        self._end()
        return failure

    def _end(self) -> None:
        if self.state is State.HANDSHAKE and self._connection is not None:
            self._context.handshake_over(self._connection)
        self.state = State.OVER
        self._is_open = False
        self._looks_left = 0
        self._queue.clear()
        self.queued_bytes = 0

    # ------------------------------------------------------------ about the connection

    @property
    def scratch(self) -> memoryview:
        """Returns the context's memory to receive into; `receive` keeps nothing of it."""
        return self._context.scratch

    @property
    def store(self) -> CertStore | None:
        """Returns what the context trusts."""
        return self._context.store

    def cipher(self) -> tuple[str, str] | None:
        """Returns suite and version as documented (`TLS_1_2`, `TLS_1_3`); None before the handshake."""
        cipher = self._agreed.cipher() if self._agreed is not None else None
        if self._agreed is None or cipher is None:
            return None
        return documented_name(cipher[0]), VERSIONS.get(self._agreed.version() or "", UNKNOWN)

    def peer_chain(self) -> tuple[bytes, ...]:
        """Returns the peer's certificates in DER, leaf first; of a resumed session those it began with."""
        if self._chain is None:
            if self._agreed is None:
                return ()
            remembered = self._resumes.chain if self._resumes is not None and self.is_resumed else ()
            self._chain = remembered or peer_chain(self._agreed)
        return self._chain

    @property
    def is_resumed(self) -> bool:
        """Tells whether the handshake was a short one, upon an earlier session."""
        return self._agreed is not None and bool(self._agreed.session_reused)

    @property
    def alpn(self) -> str | None:
        """Returns the application protocol that both ends agreed upon, if any."""
        return self._agreed.selected_alpn_protocol() if self._agreed is not None else None

    # ------------------------------------------------------------ sessions

    def _plan_looks(self, connection: ssl.SSLObject) -> None:
        """Decides, when the handshake is done, whether there will be a session to look for.

        TLS 1.2 has it by then; in TLS 1.3 tickets follow (RFC 8446, 4.6.1), mostly alone.
        """
        if self._key is None or self.is_resumed:
            return
        if self._resumes is not None:
            self._context.sessions.forget(self._key)  # the server did not take it
        if self._context.sessions.is_worth_a_look(self._key):
            self._looks_left = SESSION_LOOKS
            if connection.version() == "TLSv1.2":
                self._look_for_session(is_last=True)

    def _look_for_session(self, *, is_last: bool = False) -> None:
        """Remembers the connection's session if the server has given one to come back with."""
        if not self._looks_left or self._key is None or self._connection is None:
            return
        self._looks_left = 0 if is_last else self._looks_left - 1
        session = self._connection.session
        if session is not None and can_be_resumed(session):
            self._looks_left = 0
            self._context.sessions.put(self._key, Remembered(session, self.peer_chain()))
        elif is_last:
            self._context.sessions.miss(self._key)

    def release_session(self) -> bool:
        """Forgets the session with this host, so that the next handshake is full.

        Tells whether this connection came back with it; of a session that it began, the original says no.
        """
        self._look_for_session()
        self._looks_left = 0
        return self._key is not None and self._context.sessions.forget(self._key) and self.is_resumed
