"""HTTP/1.1 as a server speaks it, without I/O: bytes in, requests out; responses in, bytes out.

h11 parses, frames and checks what clients send. What is added: bounds, whole bodies, and the check of `Host`
and `Origin`. Nothing here raises on what a client or a page can do.

A client that stays connected sends the same head again and again, and h11 takes 15 µs for one, as long as all
the rest of a small page. So heads of requests without a body are remembered, byte for byte, with what h11
made of them. Responses are put together here: that is formatting, and takes a fifth of the time that a
checked round through h11's state machine takes. Their fields were checked in Lua, and lines that would break
the head are left out here.
"""

from __future__ import annotations

from time import time
from urllib.parse import unquote_to_bytes

from ba_runtime._h11 import h11

from .access import Access, host_name, how_to_allow, origin_name
from .heads import ALLOW, CLOSE, ERROR_FIELDS, KEEP, date_line, error_page, escape, head_start
from .limits import Limits
from .memory import Memory
from .outcome import Ended, Outcome, Refusal, Request

METHODS = frozenset(
    b"OPTIONS GET HEAD PROPFIND PATCH POST PUT COPY DELETE MOVE MKCOL PROPPATCH LOCK UNLOCK".split()
)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK_BYTES = 8192  # of one chunk at most, which is the server's buffer
CONTINUE = h11.InformationalResponse(status_code=100, reason=b"Continue", headers=[])
UNTIL_CLOSED = -1  # as a length: the body ends with the connection
# Both in one request may be an attempt at smuggling another past a proxy: RFC 9112, 6.1, has it answered, as
# the chunks say, and the connection closed.
LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
BODY = LENGTHS | {b"expect"}
WITHOUT_BODY = frozenset({204, 304})
REMEMBERED_BYTES = 2048  # how long a head may be that is remembered
METHOD_BYTES = 32  # of the first bytes of a request that are kept, to know its method by


def normal_path(target: bytes) -> bytes | None:
    """Returns the decoded path of a request's target, without `.`, `..` and empty parts; None for no path.

    A plus is a blank, as it is in a query: the server reads both alike.
    """
    if not target.startswith(b"/"):
        scheme, _, rest = target.partition(b"://")
        if not rest or scheme.lower() not in (b"http", b"https"):
            return None
        target = b"/" + rest.partition(b"/")[2]
    if not any(part in target for part in (b"%", b"/.", b"//", b"+", b"\0")):
        return target
    path = unquote_to_bytes(target.replace(b"+", b" "))
    if b"\0" in path:
        return None
    parts: list[bytes] = []
    *folders, last = path.split(b"/")
    for part in folders:
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    if last in (b".", b".."):
        if last == b"..":
            del parts[-1:]
        last = b""
    return b"/" + b"".join(part + b"/" for part in parts) + last


class Protocol:
    """One connection's HTTP, from the first byte to the last."""

    def __init__(self, limits: Limits, access: Access, memory: Memory) -> None:
        """Starts before the first request."""
        self._limits = limits
        self._access = access
        self._memory = memory
        self._parser: h11.Connection | None = None  # of this request; the next one gets its own
        self._arrived: list[bytes] = []  # since the request was whole
        self._is_at_end = False
        self._whole_head = b""  # to remember; empty when it came in pieces
        self._opening = b""  # the first bytes of the request
        self._known: Request | None = None
        self._head: h11.Request | None = None
        self._path = b""
        self._is_websocket = False
        self._body: list[bytes] = []
        self.held_bytes = 0  # of the body that is arriving
        self.is_begun = False  # something of the next request has arrived
        self._is_answering = False
        self._outgoing = b""
        self._sends_head_only = False
        self._is_old = False  # HTTP/1.0: it knows no chunks
        self._closes = False  # …after the response
        self._is_chunked = False
        self._left: int | None = None  # of the announced length
        self._is_done = False

    # ------------------------------------------------------------ requests

    @property
    def has_head(self) -> bool:
        """Tells whether a head is complete and its body is awaited."""
        return self._head is not None

    def receive(self, data: bytes) -> None:
        """Takes what arrived, empty bytes for the client's end."""
        if not data:
            self._is_at_end = True
        if self._is_answering:
            self._arrived.append(data)
            return
        if not self.is_begun and data:
            self.is_begun = True
            self._known = self._memory.get(data)
            if self._known is not None:
                return
            self._whole_head = data if len(data) <= REMEMBERED_BYTES else b""
            self._opening = data[:METHOD_BYTES]
        else:
            self._whole_head = b""
            if len(self._opening) < METHOD_BYTES:
                self._opening += data[:METHOD_BYTES]
        if self._parser is None:
            bound = self._limits.head_bytes
            self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=bound)
        self._parser.receive_data(data)

    def next(self) -> Outcome:
        """Returns the next request, what is wrong with it, the end, or None when more must arrive."""
        known = self._known
        if known is not None:
            self._known = None
            return self._begin_answer(known)
        if self._parser is None:
            return None
        try:
            return self._next(self._parser)
        except h11.RemoteProtocolError as fault:
            status = fault.error_status_hint
            if status == 431:
                return Refusal(431, f"The request's head is longer than {self._limits.head_bytes} bytes.")
            if self._opening.partition(b" ")[0] not in METHODS:
                return Refusal(405, ALLOW.decode())
            return Refusal(status, "Can't parse request", told=f"it is not valid HTTP: {fault}")

    def take_outgoing(self) -> bytes:
        """Returns what must be sent to the client for its own sake: `100 Continue`."""
        data, self._outgoing = self._outgoing, b""
        return data

    def _next(self, parser: h11.Connection) -> Outcome:
        while True:
            event = parser.next_event()
            if isinstance(event, h11.Request):
                refusal = self._begin(event)
                if refusal is not None:
                    return refusal
                if (
                    parser.they_are_waiting_for_100_continue
                ):  # as the server, even if the body is here already
                    self._outgoing = parser.send(CONTINUE)
            elif isinstance(event, h11.EndOfMessage):
                return self._begin_answer(self._whole(parser))
            elif event is h11.NEED_DATA:
                return None
            elif isinstance(event, h11.Data):
                self.held_bytes += len(event.data)
                if self.held_bytes > self._limits.body_bytes:
                    return self._too_long()
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.ConnectionClosed):
                return Ended()
            else:  # PAUSED, which cannot be: a whole request has left this loop
                return None

    def _too_long(self) -> Refusal:
        return Refusal(413, f"The request's body is longer than {self._limits.body_bytes} bytes.")

    def _begin(self, head: h11.Request) -> Refusal | None:
        self._head = head
        self._sends_head_only = head.method == b"HEAD"
        self._is_websocket = False
        fields: dict[bytes, bytes] = {}
        origins = []
        size = len(head.target)
        for name, value in head.headers:
            fields[name] = value
            if name == b"origin":
                origins.append(value)
            size += len(name) + len(value) + 4
        limits = self._limits
        if size > limits.head_bytes:
            return Refusal(431, f"The request's head is longer than {limits.head_bytes} bytes.")
        if len(head.headers) > limits.head_fields:
            return Refusal(431, f"The request has more than {limits.head_fields} header fields.")
        if head.method not in METHODS:
            return Refusal(405, ALLOW.decode())
        length = int(fields.get(b"content-length", b"0"))
        if length > limits.body_bytes:
            return self._too_long()
        if length and head.method == b"POST" and b"content-type" not in fields:
            return Refusal(400, "No Content-type", told="a POST with a body needs a Content-Type")
        host = fields.get(b"host")  # HTTP/1.0 may come without one, and no browser does
        if host is not None and not self._access.allows_host(host):
            text = (
                f"This server only answers to localhost, not to {host.decode('latin-1')!r}."
                + how_to_allow(host_name(host), "that name")
            )
            return Refusal(421, text, told=text)
        path = normal_path(head.target.partition(b"?")[0]) if head.method != b"CONNECT" else None
        if path is None:
            return Refusal(400, "The request's target is not a path.")
        self._path = path
        if len(origins) > 1:  # one of them would have to win, and a browser sends one only
            return Refusal(403, "The request has more than one Origin field.")
        if fields.get(b"upgrade", b"").lower() == b"websocket":
            self._is_websocket = True
            if origins and not self._access.allows_origin(origins[0], host or b""):
                text = (
                    f"Pages of {origins[0].decode('latin-1')!r} may not open WebSockets here. "
                    "Open a page of this server instead." + how_to_allow(origin_name(origins[0]), "that page")
                )
                return Refusal(403, text, told=text)
        return None

    def _whole(self, parser: h11.Connection) -> Request:
        head, self._head = self._head, None
        assert head is not None
        body = b"".join(self._body)
        self._body.clear()
        self.held_bytes = 0
        names = {name for name, _ in head.headers}
        request = Request(
            bytes(head.method),
            self._path,
            bytes(head.target.partition(b"?")[2]),
            bytes(head.http_version),
            tuple(head.headers),
            body,
            self._is_websocket,
            parser.their_state is not h11.MUST_CLOSE and not names >= LENGTHS,
            b"".join(b"%s\0%s\0" % field for field in head.headers.raw_items()),
        )
        is_all_head = not body and not names & BODY
        if self._whole_head and is_all_head and not self._is_websocket and not parser.trailing_data[0]:
            self._memory.add(self._whole_head, request)
        return request

    def _begin_answer(self, request: Request) -> Request:
        self._is_answering = True
        self._is_done = False
        self._sends_head_only = request.method == b"HEAD"
        self._is_old = request.version < b"1.1"
        self._closes = not request.is_kept
        return request

    def next_cycle(self) -> bool:
        """Goes on to the next request; False when the connection must be closed instead."""
        if not self._is_done or self._closes:
            return False
        self._is_answering = self.is_begun = False
        if self._parser is None and not self._arrived:
            return True
        rest = self.rest()
        self._parser = None
        self._arrived.clear()
        if rest:
            self.receive(rest)
        if self._is_at_end:
            self.receive(b"")
        return True

    def rest(self) -> bytes:
        """Returns what arrived after the request, for whoever takes the connection over."""
        trailing = self._parser.trailing_data[0] if self._parser is not None else b""
        return trailing + b"".join(self._arrived)

    # ------------------------------------------------------------ responses

    def head(self, status: int, fields: tuple[bytes, ...], length: int | None) -> bytes:
        """Begins a response with fields, flat.

        `length` is the body's, None if it is sent as it comes, UNTIL_CLOSED if it is sent without chunks, so
        that the connection's end is its own.
        """
        start, closes = head_start(status, fields)
        if closes or self._is_old or length == UNTIL_CLOSED:
            self._closes = True
        framing = b""
        if status in WITHOUT_BODY:
            self._sends_head_only = True
        elif length is not None and length >= 0:
            framing = b"Content-Length: %d\r\n" % length
        elif not self._closes and not self._sends_head_only:
            framing = CHUNKED
        self._is_chunked = framing is CHUNKED
        self._left = None if length == UNTIL_CLOSED else length
        return b"".join((start, date_line(int(time())), framing, CLOSE if self._closes else KEEP))

    def data(self, data: bytes) -> bytes:
        """Adds to the response's body; what is more than was announced is left out."""
        if self._sends_head_only or not data:
            return b""
        if self._is_chunked:
            if len(data) <= CHUNK_BYTES:
                return b"%x\r\n%s\r\n" % (len(data), data)
            pieces = (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
            return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return data

    def end(self) -> bytes:
        """Ends the response. A body that is shorter than announced costs the connection."""
        self._is_done = True
        if self._sends_head_only:
            return b""
        if self._left:
            self._closes = True
        return b"0\r\n\r\n" if self._is_chunked else b""

    def whole(self, status: int, fields: tuple[bytes, ...], body: bytes, *, is_sized: bool = False) -> bytes:
        """Returns a whole response, with its length where `is_sized` or nothing else says where it ends.

        The server leaves the length of an empty body out too, so that clients wait for one.
        """
        has_length = is_sized or self._sends_head_only or not (body or self._closes)
        head = self.head(status, fields, len(body) if has_length else None)
        if self._is_chunked and len(body) <= CHUNK_BYTES:  # as nearly always
            self._is_done = True
            return b"%s%x\r\n%s\r\n0\r\n\r\n" % (head, len(body), body)
        return b"".join((head, self.data(body), self.end()))

    def refusal(self, refusal: Refusal) -> bytes:
        """Returns the response to a request that Lua never sees, and forgets what came of it."""
        self._closes = True
        self._body.clear()
        self.held_bytes = 0
        fields = (b"Allow", ALLOW, *ERROR_FIELDS) if refusal.status == 405 else ERROR_FIELDS
        body = error_page(refusal.status, escape(refusal.text).encode())
        return self.whole(refusal.status, fields, body)
