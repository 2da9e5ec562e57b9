"""One connection's talk with an HTTP server: h11 in plain steps.

A conversation is a series of requests with their responses (RFC 9112). For each: `begin`, any number of
`body`, `finish`, and `next` until the response is over. Interim responses (100 and its like, RFC 9110 15.2)
are passed over, except 101, after which the connection is HTTP no more. Nothing is kept of what h11 has
handed out, and what it may hold back is bounded: see `MAX_HEAD_BYTES`.

The server's client says and hears some things that h11 has no part in. It writes what a program gives it
into the request as it is, a second Host or a blank in a query's key too, so the head is put together here,
and h11 hears only of the fields that say what follows. And it reads a body that has neither a length nor
chunks only where the response says `Connection: close`, though RFC 9112 (6.3) has every such body end with
the connection.
"""

from __future__ import annotations

from dataclasses import dataclass

from ba_runtime._h11 import h11

# A response's status line and header fields together; also a chunk's size line, and the trailers. Browsers
# allow 256 KiB, servers send 1.
MAX_HEAD_BYTES = 64 << 10

LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
# What h11 must know of a request to follow the conversation.
FRAMING = LENGTHS | {b"connection", b"upgrade"}
BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next in a response.

    kind        value, text
    b"more"     nothing to report before more has arrived
    b"head"     the status code, and the header fields, `name:value` and a line feed each
    b"body"     a piece of the body
    b"end"      1 if the connection can be used for another request, else 0; 2 if there may be a body that is
                not read, because nothing says where it ends
    b"switched" a 101: the connection is HTTP no more
    b"fault"    0 and what the server did wrong; the connection cannot be used any more
    """

    kind: bytes
    value: int | bytes = 0
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with what was to be sent."""

    text: bytes


MORE = Step(b"more")


class Conversation:
    """One connection's."""

    def __init__(self) -> None:
        """Starts with nothing said."""
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._is_faulty = False
        self._is_ambiguous = False  # the response says in two ways where its body ends
        self._is_head = False  # so that no body can follow
        self._is_endless = False  # the response does not say where its body ends

    def begin(self, method: bytes, target: bytes, fields: list[tuple[bytes, bytes]]) -> bytes | Fault:
        """Begins a request; `fields` must say how long the body is, if there is one."""
        http = self._http
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
        try:
            http.send(_request(method, fields))
        except h11.ProtocolError as error:
            return Fault(str(error).encode())
        self._is_head = method == b"HEAD"
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (
            method,
            target,
            b"".join(b"%b: %b\r\n" % field for field in fields),
        )

    def body(self, data: bytes) -> bytes | Fault:
        """Returns a piece of the body as it is sent."""
        try:
            return self._http.send(h11.Data(data=data)) or b""
        except h11.ProtocolError as error:
            return Fault(str(error).encode())

    def finish(self) -> bytes | Fault:
        """Ends the request. Once more changes nothing."""
        if self._http.our_state is not h11.SEND_BODY:
            return b""
        try:
            return self._http.send(h11.EndOfMessage()) or b""
        except h11.ProtocolError as error:
            return Fault(str(error).encode())

    def next(self, data: bytes | None) -> Step:
        """Takes what has arrived, b"" for the end, None for nothing; returns the first step in it."""
        if self._is_faulty:
            return Step(b"fault", 0, b"the connection cannot be used after an earlier error")
        try:
            if data is not None:
                self._http.receive_data(data)
            while True:
                step = self._step()
                if step is not None:
                    return step
        except (h11.ProtocolError, RuntimeError) as error:  # the latter: data after the end
            self._is_faulty = True
            words = str(error).partition(": ")[0]  # what follows is all that the server said
            return Step(b"fault", 0, words.encode("utf-8", "replace"))

    def _step(self) -> Step | None:
        if self._is_endless:
            return Step(b"end", 2)
        event = self._http.next_event()
        if event is h11.NEED_DATA:
            return MORE
        if isinstance(event, h11.InformationalResponse):
            return _head(event) if event.status_code == 101 else None
        if isinstance(event, h11.Response):
            names = {name for name, _ in event.headers}
            self._is_ambiguous = names >= LENGTHS
            is_framed = names & LENGTHS or self._is_head or event.status_code in BODILESS
            self._is_endless = not (is_framed or _closes(event))
            return _head(event)
        if isinstance(event, h11.Data):
            return Step(b"body", bytes(event.data))
        if event is h11.PAUSED and self._http.their_state is h11.SWITCHED_PROTOCOL:
            return Step(b"switched")
        # EndOfMessage; PAUSED and ConnectionClosed come after it, to whoever asks on. What came beyond the
        # end must not pass for the next response. Nor is a connection used again whose response had both a
        # length and chunks: it may be an attempt to smuggle in another (RFC 9112, 6.3).
        http = self._http
        is_done = http.our_state is h11.DONE and http.their_state is h11.DONE
        is_reusable = is_done and not http.trailing_data[0] and not self._is_ambiguous
        return Step(b"end", int(is_reusable and isinstance(event, h11.EndOfMessage)))

    def left_over(self) -> bytes:
        """Returns what has arrived and was in no step: with a 101, the new protocol's first bytes."""
        return self._http.trailing_data[0]


def problem_of(method: bytes, fields: list[tuple[bytes, bytes]]) -> bytes | None:
    """Returns what makes a request impossible: a length, or a way to say it, that there is not."""
    try:
        _request(method, fields)
    except h11.ProtocolError as error:
        return str(error).encode()
    return None


def _request(method: bytes, fields: list[tuple[bytes, bytes]]) -> h11.Request:
    """Returns the request as h11 must see it; of a length beside chunks, the chunks count (RFC 9112, 6.3)."""
    framing = [(name, value) for name, value in fields if name.lower() in FRAMING]
    if any(name.lower() == b"transfer-encoding" for name, _ in framing):
        framing = [(name, value) for name, value in framing if name.lower() != b"content-length"]
    return h11.Request(method=method, target=b"/", headers=[(b"Host", b"x"), *framing])


def _closes(event: h11.Response) -> bool:
    values = (value for name, value in event.headers if name == b"connection")
    return any(token.strip().lower() == b"close" for value in values for token in value.split(b","))


def _head(event: h11.Response | h11.InformationalResponse) -> Step:
    fields = b"".join(b"%b:%b\n" % (name, value) for name, value in event.headers.raw_items())
    return Step(b"head", event.status_code, fields)
