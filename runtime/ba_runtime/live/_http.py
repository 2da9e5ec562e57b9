"""HTTP for the live view: one request on a connection, and one response. Heads are h11's; bounded.

Each connection carries one request and is closed after the response, or becomes a WebSocket. The four files
of the page are all there is to fetch.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from ba_runtime._h11 import h11

from ._access import Asked, Refused

HEAD_BYTES = 16 << 10
RECEIVE_BYTES = 16 << 10

# The page needs its own files, the WebSocket and pictures made of data; nothing may frame it, and a text that
# became HTML by mistake could neither run nor fetch anything. The token in the link goes to nobody.
SAFETY = (
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


async def read_request(reader: asyncio.StreamReader) -> tuple[Asked, bytes] | Refused | None:
    """Returns a request and what came behind its head, why it is refused, or None at the end."""
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
    try:
        while (event := parser.next_event()) is h11.NEED_DATA:
            parser.receive_data(await reader.read(RECEIVE_BYTES))
        if not isinstance(event, h11.Request):
            return None
        asked = Asked(bytes(event.method), bytes(event.target), tuple(event.headers))
        # h11's bound is for a head that is not complete; one that came at once may be longer.
        if len(asked.target) + sum(len(name) + len(value) for name, value in asked.headers) > HEAD_BYTES:
            return Refused(431, "The request's head is too long.")
        if asked.has(b"content-length") or asked.has(b"transfer-encoding"):
            return Refused(400, "Requests to the TraceLogger have no body.")
        parser.next_event()  # the request's end, behind which a WebSocket may begin
        return asked, parser.trailing_data[0]
    except h11.RemoteProtocolError as fault:
        return Refused(fault.error_status_hint, "This is not a valid HTTP request.")


def response(status: int, body: bytes, content_type: str, *more: tuple[str, str]) -> bytes:
    """Returns a whole response, after which the connection is closed."""
    fields = [*SAFETY, *more, ("Connection", "close")]
    if status != HTTPStatus.NO_CONTENT:
        fields += [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode("latin-1") + body


def refusal(refused: Refused) -> bytes:
    """Returns the response that says why."""
    more = (("Allow", "GET, HEAD"),) if refused.status == HTTPStatus.METHOD_NOT_ALLOWED else ()
    return response(refused.status, f"{refused.text}\n".encode(), "text/plain; charset=utf-8", *more)
