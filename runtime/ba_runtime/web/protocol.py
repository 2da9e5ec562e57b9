"""HTTP/1.1 as a server speaks it, without I/O: bytes in, requests out; responses in, bytes out.

h11 parses, frames and checks. What is added: bounds, whole bodies, the check of `Host` and `Origin`, and
headers that every response has. Nothing here raises on what a client or a page can do.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

import h11

from .access import Access
from .limits import Limits

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
# What frames a response is the server's business; a page that sets these by hand would contradict it.
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"date"})
WITHOUT_BODY = frozenset({204, 304})


class Request(NamedTuple):
    """A whole request. `path` is decoded and holds neither `.` nor `..`; `query` is as it was sent."""

    method: bytes
    path: bytes
    query: bytes
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]  # names in lower case
    body: bytes
    is_websocket: bool  # it asks to become one


class Refusal(NamedTuple):
    """Why a client gets an error from the server itself, after which its connection is closed."""

    status: int
    text: str


class Ended(NamedTuple):
    """The client has closed its side, between two requests."""


Outcome: TypeAlias = Request | Refusal | Ended | None


@functools.lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def normal_path(target: bytes) -> bytes | None:
    """Returns the decoded path of a request's target, without `.`, `..` and empty parts; None for no path."""
    if not target.startswith(b"/"):
        scheme, _, rest = target.partition(b"://")
        if not rest or scheme.lower() not in (b"http", b"https"):
            return None
        target = b"/" + rest.partition(b"/")[2]
    if b"%" not in target and b"/." not in target and b"//" not in target and b"\0" not in target:
        return target
    path = unquote_to_bytes(target)
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

    def __init__(self, limits: Limits, access: Access) -> None:
        """Starts before the first request."""
        self._limits = limits
        self._access = access
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)
        self._head: h11.Request | None = None
        self._path = b""
        self._is_websocket = False
        self._body: list[bytes] = []
        self._outgoing = b""
        self._head_only = False
        self.held_bytes = 0  # of the body that is arriving
        self.is_begun = False  # something of the next request has arrived

    # ------------------------------------------------------------ requests

    @property
    def has_head(self) -> bool:
        """Tells whether a head is complete and its body is awaited."""
        return self._head is not None

    def receive(self, data: bytes) -> None:
        """Takes what arrived, empty bytes for the client's end."""
        self._h11.receive_data(data)
        if data:
            self.is_begun = True

    def next(self) -> Outcome:
        """Returns the next request, what is wrong with it, the end, or None when more must arrive."""
        try:
            return self._next()
        except h11.RemoteProtocolError as fault:
            status = fault.error_status_hint
            if status == 431:
                return Refusal(431, f"The request's head is longer than {self._limits.head_bytes} bytes.")
            return Refusal(status, f"This is no HTTP request: {fault}.")

    def take_outgoing(self) -> bytes:
        """Returns what must be sent to the client for its own sake: `100 Continue`."""
        data, self._outgoing = self._outgoing, b""
        return data

    def _next(self) -> Outcome:
        connection = self._h11
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                refusal = self._begin(event)
                if refusal is not None:
                    return refusal
            elif isinstance(event, h11.EndOfMessage):
                return self._whole()
            elif event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    self._outgoing = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                return None
            elif isinstance(event, h11.Data):
                self.held_bytes += len(event.data)
                if self.held_bytes > self._limits.body_bytes:
                    return self._too_long()
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.ConnectionClosed):
                return Ended()
            else:  # PAUSED: a request is being answered
                return None

    def _too_long(self) -> Refusal:
        return Refusal(413, f"The request's body is longer than {self._limits.body_bytes} bytes.")

    def _begin(self, head: h11.Request) -> Refusal | None:
        self._head = head
        self._head_only = head.method == b"HEAD"
        self._is_websocket = False
        fields: dict[bytes, bytes] = {}
        size = len(head.target)
        for name, value in head.headers:
            fields[name] = value
            size += len(name) + len(value) + 4
        limits = self._limits
        if size > limits.head_bytes:
            return Refusal(431, f"The request's head is longer than {limits.head_bytes} bytes.")
        if len(head.headers) > limits.head_fields:
            return Refusal(431, f"The request has more than {limits.head_fields} header fields.")
        if int(fields.get(b"content-length", b"0")) > limits.body_bytes:
            return self._too_long()
        host = fields.get(b"host", b"")
        if host and not self._access.allows_host(host):
            return Refusal(
                421,
                f"This server answers to localhost only, and not to {host.decode('latin-1')!r}. "
                "To allow a name, start the kernel with BA_LUA_HOSTS=name.",
            )
        path = normal_path(head.target.partition(b"?")[0]) if head.method != b"CONNECT" else None
        if path is None:
            return Refusal(400, "The request's target is no path.")
        self._path = path
        if fields.get(b"upgrade", b"").lower() == b"websocket":
            self._is_websocket = True
            origin = fields.get(b"origin")
            if origin is not None and not self._access.allows_origin(origin, host):
                return Refusal(
                    403,
                    f"Pages of {origin.decode('latin-1')!r} may not open WebSockets here. "
                    "To allow them, start the kernel with BA_LUA_HOSTS=name.",
                )
        return None

    def _whole(self) -> Request:
        head, self._head = self._head, None
        assert head is not None
        body = b"".join(self._body)
        self._body.clear()
        self.held_bytes = 0
        return Request(
            bytes(head.method),
            self._path,
            bytes(head.target.partition(b"?")[2]),
            bytes(head.http_version),
            tuple(head.headers),
            body,
            self._is_websocket,
        )

    def next_cycle(self) -> bool:
        """Goes on to the next request; False when the connection must be closed instead."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        self.is_begun = bool(self._h11.trailing_data[0])
        return True

    def rest(self) -> bytes:
        """Returns what arrived after the request, for whoever takes the connection over."""
        return self._h11.trailing_data[0]

    # ------------------------------------------------------------ responses

    def head(self, status: int, headers: Headers, length: int | None) -> bytes:
        """Begins a response; `length` is the body's, None for one that is sent as it comes."""
        fields = [(name, value) for name, value in headers if name.lower() not in FRAMING]
        fields.append((b"Date", _date(int(time()))))
        if length is not None and status not in WITHOUT_BODY:
            fields.append((b"Content-Length", b"%d" % length))
        if any(name.lower() == b"connection" and b"close" in value.lower() for name, value in headers):
            fields.append((b"Connection", b"close"))
        reason = REASONS.get(status, b"")
        if status in WITHOUT_BODY:
            self._head_only = True
        try:
            response = h11.Response(status_code=status, headers=fields, reason=reason)
        except (
            h11.LocalProtocolError,
            ValueError,
        ):  # Lua checks every field, so it is our fault
            response = h11.Response(status_code=500, headers=fields[-1:], reason=b"Internal Server Error")
        return self._send(response)

    def data(self, data: bytes) -> bytes:
        """Adds to the response's body."""
        return b"" if self._head_only or not data else self._send(h11.Data(data=data))

    def end(self) -> bytes:
        """Ends the response."""
        return self._send(h11.EndOfMessage())

    def whole(self, status: int, headers: Headers, body: bytes) -> bytes:
        """Returns a whole response."""
        return self.head(status, headers, len(body)) + self.data(body) + self.end()

    def refusal(self, refusal: Refusal) -> bytes:
        """Returns the response to a request that Lua never sees; nothing when one has begun already."""
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return b""
        text = f"{refusal.status} {REASONS[refusal.status].decode()}\n{refusal.text}\n".encode()
        headers = ((b"Content-Type", b"text/plain; charset=utf-8"), (b"Connection", b"close"))
        return self.whole(refusal.status, headers, text)

    def _send(self, event: h11.Event) -> bytes:
        try:
            return self._h11.send(event) or b""
        except h11.LocalProtocolError:  # a body of another length than announced: `next_cycle` says close
            return b""
