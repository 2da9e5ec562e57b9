"""The trace of the page server's traffic, in the server's words: off until somebody asks for it.

What a TraceLogger can ask for is what `HttpTrace` lists. Everything else here is bounded: a page that sends a
gigabyte has the beginning of it in the trace, and a remark on how much more there was.
"""

from __future__ import annotations

from typing import NamedTuple

from ba_runtime.events import Sink, Traced

from .outcome import Request

# A head is bounded by `Limits`; of bodies, the beginning tells what went wrong.
BODY_BYTES = 4000
LEVEL = 0  # shown at every trace level: it was asked for by name


class HttpTrace(NamedTuple):
    """Which parts of requests and responses are traced."""

    request_line: bool = False
    request_headers: bool = False
    response_headers: bool = False
    response_body: bool = False


class Tracing:
    """What is traced while somebody wants it. Every method runs on the Lua thread."""

    def __init__(self, wanted: HttpTrace, sink: Sink) -> None:
        """Traces what is `wanted` to `sink`."""
        self._wanted = wanted
        self._sink = sink
        self._left: dict[int, int] = {}  # by connection: bytes of a body that are still shown

    def requested(self, number: int, peer: bytes, request: Request) -> None:
        """A request is whole. `peer` is the client's address."""
        self._left[number] = BODY_BYTES
        if self._wanted.request_line:
            line = b'%s %s "%s" ?%s' % (peer, request.method, request.path, request.query)
            self._tell(number, line)
        if self._wanted.request_headers:
            parts = request.lines.split(b"\0")[:-1]
            fields = map(b": ".join, zip(parts[::2], parts[1::2], strict=True))
            self._tell(number, b"\n".join(fields))

    def responded(self, number: int, head: bytes) -> None:
        """The head of a response goes out; what may follow it in `head` is not looked at."""
        if self._wanted.response_headers:
            self._tell(number, head.partition(b"\r\n\r\n")[0])

    def sent(self, number: int, data: bytes) -> None:
        """A piece of a response's body goes out."""
        left = self._left.get(number, BODY_BYTES)
        if not data or left < 0 or not self._wanted.response_body:
            return
        if left:
            self._tell(number, data[:left])
        if len(data) > left:
            self._tell(number, b"(the rest of this body is not traced)")
        self._left[number] = left - len(data)

    def closed(self, number: int) -> None:
        """A connection is gone."""
        self._left.pop(number, None)

    def _tell(self, number: int, text: bytes) -> None:
        if text:
            self._sink(Traced(0, "", -1, "", text, LEVEL, prefix=False, socket=number))
