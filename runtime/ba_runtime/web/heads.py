"""The heads of responses, and the pages for errors, in the words of the server.

Here is what every response has: the status line, `Server`, `Date`, the page's own fields. What frames the
body is for `protocol.py` to say. Fields were checked in Lua, and lines that would break the head are left
out here.
"""

from __future__ import annotations

import functools
from email.utils import formatdate
from http import HTTPStatus

from .memory import REMEMBERED

# The phrases of the statuses that the server knows: of HTTP itself, without the joke (418).
REASONS = {status.value: status.phrase.encode() for status in HTTPStatus if status.value != 418}
REASONS[500] = b"Server Error"
UNKNOWN = b"??? Server Error"  # the server's words for all others
SERVER = b"BarracudaServer.com (Posix)"
# With the blanks and the repetition that the server has in it.
ALLOW = (
    b"OPTIONS, GET, HEAD, PROPFIND, PATCH, POST, PUT, COPY, DELETE, MOVE,  MKCOL, PROPFIND, PROPPATCH, "
    b"LOCK, UNLOCK"
)
ERROR_FIELDS = (
    *(b"Cache-Control", b"no-store, no-cache, must-revalidate, max-age=0"),
    *(b"Content-Type", b"text/html"),
)
# What frames a response is the server's business; a page that sets these by hand would contradict it.
FRAMING = frozenset(b"content-length transfer-encoding connection keep-alive date server".split())
KEEP, CLOSE = b"Keep-Alive: Keep-Alive\r\n\r\n", b"Keep-Alive: Close\r\n\r\n"  # the end of every head


@functools.lru_cache(maxsize=2)
def date_line(second: int) -> bytes:
    """Returns the line that says when a response is sent."""
    return b"Date: " + formatdate(second, usegmt=True).encode() + b"\r\n"


def phrase(status: int) -> bytes:
    """Returns a status with its reason, as error pages have it."""
    reason = REASONS.get(status)
    return UNKNOWN if reason is None else b"%d %s" % (status, reason)


def escape(text: str) -> str:
    """Returns plain text as HTML. The module for this would be imported with all names of characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def error_page(status: int, text: bytes) -> bytes:
    """Returns the server's page for an error; `text` is HTML."""
    return b"<html><body><h1>%s</h1>%s<p>%s</p></body></html>" % (phrase(status), text, SERVER)


def _status_line(status: int) -> bytes:
    """Returns the first line of a response.

    The server writes `???` for every status that it does not know, which no client can read. Here that is
    left to those that are none at all.
    """
    if not 200 <= status <= 599:
        return b"HTTP/1.1 %s\r\n" % UNKNOWN
    return b"HTTP/1.1 %d %s\r\n" % (status, REASONS.get(status, b""))


@functools.lru_cache(maxsize=REMEMBERED)
def head_start(status: int, fields: tuple[bytes, ...]) -> tuple[bytes, bool]:
    """Returns the status line and the page's own fields, and whether they ask to close the connection."""
    lines = [_status_line(status), b"Server: %s\r\n" % SERVER]
    closes = False
    for name, value in zip(fields[::2], fields[1::2], strict=True):
        lower = name.lower()
        if lower == b"connection":
            closes = closes or b"close" in value.lower()
        if lower not in FRAMING and not any(c in name + value for c in b"\r\n\0"):
            lines.append(b"%s: %s\r\n" % (name, value))
    return b"".join(lines), closes
