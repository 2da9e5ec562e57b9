"""HTTP to a device, over asyncio's streams: a request, and its response as it comes. Heads are h11's.

A connection is opened for each request and closed behind it, as devices have few of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ba_runtime._h11 import h11

RECEIVE_BYTES = 64 << 10
HEAD_BYTES = 32 << 10
CONNECT_S = 10.0


class Unreachable(Exception):
    """No response came, or only a part of one; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device's page is, taken from its URL."""

    url: str
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None

    @property
    def name(self) -> str:
        """The host, with the port where it is not the usual one."""
        usual = 443 if self.tls else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"


def place_of(url: str, *, is_trusting: bool = False) -> Place:
    """Returns where a URL leads. Raises ValueError for one that is none; `is_trusting` skips certificates."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("a device's URL is http://HOST/FILE.lsp or https://HOST/FILE.lsp")
    tls = None
    if parts.scheme == "https":
        tls = ssl.create_default_context()
        if is_trusting:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    port = parts.port or (443 if tls else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(url, parts.hostname, port, path, tls)


@dataclass(slots=True)
class Response:
    """A response: its head, and its body in pieces."""

    status: int
    headers: dict[str, str]
    body: AsyncIterator[bytes]


@contextlib.asynccontextmanager
async def connected(place: Place) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Opens a connection to a device, and closes it. Raises Unreachable."""
    try:
        opening = asyncio.open_connection(place.host, place.port, ssl=place.tls)
        reader, writer = await asyncio.wait_for(opening, CONNECT_S)
    except asyncio.TimeoutError:
        raise Unreachable(f"{place.name} does not answer within {CONNECT_S:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"{place.name} has a certificate that is not trusted: {error.verify_message}; "
            f"if you know why, write `untrusted` behind the URL"
        ) from error
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{place.name} cannot be reached: {_reason(error)}") from error
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@contextlib.asynccontextmanager
async def post(place: Place, headers: Mapping[str, str], body: bytes) -> AsyncIterator[Response]:
    """Sends a request, and returns the response once its head is there. Raises Unreachable."""
    async with connected(place) as (reader, writer):
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        fields = {"Host": place.name, "Connection": "close", "Content-Type": "text/plain", **headers}
        fields["Content-Length"] = str(len(body))
        request = h11.Request(method="POST", target=place.path, headers=list(fields.items()))
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(parser.send(event) or b"")
        try:
            await writer.drain()
        except (OSError, ssl.SSLError) as error:
            raise _lost(place, error) from error
        while isinstance(head := await next_event(parser, reader, place), h11.InformationalResponse):
            pass
        if not isinstance(head, h11.Response):
            raise Unreachable(f"{place.name} closed the connection without a response")
        names = {
            bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in head.headers
        }
        yield Response(head.status_code, names, _pieces(parser, reader, place))


async def _pieces(parser: Any, reader: asyncio.StreamReader, place: Place) -> AsyncIterator[bytes]:
    while isinstance(event := await next_event(parser, reader, place), h11.Data):
        yield bytes(event.data)


async def next_event(parser: Any, reader: asyncio.StreamReader, place: Place) -> object:
    """Returns what an h11 connection reads next. Raises Unreachable."""
    try:
        while (event := parser.next_event()) is h11.NEED_DATA:
            parser.receive_data(await reader.read(RECEIVE_BYTES))
    except h11.RemoteProtocolError as fault:
        raise Unreachable(f"{place.name} sent something else than a whole HTTP response: {fault}") from fault
    except (OSError, ssl.SSLError) as error:
        raise _lost(place, error) from error
    return event


def _lost(place: Place, error: Exception) -> Unreachable:
    return Unreachable(f"the connection to {place.name} was lost: {_reason(error)}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
