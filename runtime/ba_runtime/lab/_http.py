"""Owns the small web site of a simulated host: HTTP/1.1 by h11, one page; does no I/O.

The answer depends on nothing but the request, the host and the lab's clock, so that it can be saved in a
notebook. `/` is the page, every other path 404, every method but GET and HEAD 405.
"""

from __future__ import annotations

from http import HTTPStatus

from ba_runtime._h11 import h11

from ._clock import Clock
from ._service import Turn

_MAX_HEAD = 8 * 1024  # bytes of request line and headers together, what most servers allow
_MAX_BODY = 64 * 1024  # nothing here has a use for a body; it is only read past

_PAGE = """\
<!DOCTYPE html>
<html>
<head><title>{host} (simulated)</title></head>
<body>
<h1>{host}</h1>
<p>This is not the real {host}. The lab network answers in its place, without the internet.</p>
</body>
</html>
"""


class HttpConversation:
    """The web server's side of one connection."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._request: h11.Request | None = None
        self._body_size = 0

    def opened(self) -> Turn:
        return Turn()

    def received(self, data: bytes) -> Turn:
        """Answers every request that `data` completes, in order."""
        sent = b""
        served = 0
        try:
            self._connection.receive_data(data)
            # What is no event is NEED_DATA; PAUSED cannot be, as each request is answered when it ends.
            while isinstance(event := self._connection.next_event(), h11.Event):
                if isinstance(event, h11.ConnectionClosed):
                    return Turn(sent, served, is_last=True)
                sent += self._handle(event)
                if isinstance(event, h11.EndOfMessage):
                    served += 1
                    if self._connection.our_state is not h11.DONE:
                        return Turn(sent, served, is_last=True)
                    self._connection.start_next_cycle()
                    self._request = None
        except h11.RemoteProtocolError as exc:
            return Turn(sent + self._refusal(exc.error_status_hint), served, is_last=True)
        return Turn(sent, served)

    def _handle(self, event: h11.Event) -> bytes:
        """Takes one event of a request in; gives the bytes to send for it, often none."""
        if isinstance(event, h11.Request):
            self._request = event
            self._body_size = 0
            if self._connection.they_are_waiting_for_100_continue:
                return self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        elif isinstance(event, h11.Data):
            self._body_size += len(event.data)
            if self._body_size > _MAX_BODY:
                raise h11.RemoteProtocolError("request body too long", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage):
            assert self._request is not None  # h11 gives no end without a beginning
            return self._answer(self._request)
        return b""

    def _answer(self, request: h11.Request) -> bytes:
        if request.method not in (b"GET", b"HEAD"):
            return self._text(405, "This simulated host only takes GET and HEAD.\n", ("Allow", "GET, HEAD"))
        if _path(request.target) != b"/":
            return self._text(404, "This simulated host has only one page, at /.\n")
        return self._response(200, "text/html; charset=utf-8", _PAGE.format(host=self._host))

    def _refusal(self, status: int) -> bytes:
        if self._connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return b""  # the garbage came after the end; there is no request to answer
        return self._text(
            status, "This simulated host does not understand the request.\n", ("Connection", "close")
        )

    def _text(self, status: int, text: str, *headers: tuple[str, str]) -> bytes:
        return self._response(status, "text/plain; charset=utf-8", text, *headers)

    def _response(self, status: int, media_type: str, text: str, *more: tuple[str, str]) -> bytes:
        body = text.encode()
        headers = [
            ("Date", self._clock.http_date()),
            ("Server", "ba-lua lab (simulated)"),
            ("Content-Type", media_type),
            ("Content-Length", str(len(body))),
            *more,
        ]
        reason = HTTPStatus(status).phrase.encode()
        sent = self._send(h11.Response(status_code=status, headers=headers, reason=reason))
        # The headers for HEAD are those for GET, length included, without the body (RFC 9110 section 9.3.2).
        if self._request is None or self._request.method != b"HEAD":
            sent += self._send(h11.Data(data=body))
        return sent + self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> bytes:
        return self._connection.send(event) or b""


def _path(target: bytes) -> bytes:
    """The path of a target in origin form or, as a proxy gets it, absolute form (RFC 9112 section 3.2)."""
    path = target.partition(b"?")[0]
    if path.lower().startswith(b"http://"):
        _, slash, rest = path[len(b"http://") :].partition(b"/")
        return (slash + rest) or b"/"
    return path
