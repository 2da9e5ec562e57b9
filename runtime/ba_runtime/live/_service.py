"""The vendor's own TraceLogger protocol, so that its page and its client programs work with us.

What is said here of the protocol was recorded from the server. A GET answers 204 with `tracelogger: 1.0`
while the service is free, and 503 while a client has it. A WebSocket to the same path takes the place of that
client, which gets a message 3 and is closed. All messages are binary, and their first byte says what they
are:

    1 and six bytes   the first: request line, request headers, response headers, HTTP state, response body (0
                      or 1 each), trace level
    2 and text        one trace line as the console shows it, `NAME LINE: text` with a line feed at its end;
                      or nothing, between lines
    3                 another client has taken this one's place

A client sends two bytes, what and value: 1 HTTP state, 2 request line, 3 request headers, 4 response headers,
5 response body, 7 trace level (0 to 20). Lines with a higher priority number are not sent.

The settings stay when a client goes, as on the server. What "HTTP state" would trace is not known: it is
remembered and has no effect. A client gets the lines that come while it is there, and is told in words when
it was too slow for some.
"""

from __future__ import annotations

import asyncio

from ba_runtime.trace import NORMAL_LEVEL, Kept, Kind

from ._channel import Channel, ChannelClosed
from .feed import BATCH_LINES, BATCH_S, Feed
from .messages import HIGHEST_LEVEL

SETTINGS, TEXT, REPLACED = b"\x01", b"\x02", b"\x03"
HTTP_STATE, TRACE_LEVEL = 1, 7
PARTS = {2: "request_line", 3: "request_headers", 4: "response_headers", 5: "response_body"}


class Service:
    """The service with its one client. On the live view's thread."""

    def __init__(self, feed: Feed) -> None:
        """Has no client yet."""
        self._feed = feed
        self._client: Channel | None = None
        self._has_http_state = False
        self._level = NORMAL_LEVEL

    @property
    def is_free(self) -> bool:
        """Whether nobody has it."""
        return self._client is None

    async def serve(self, channel: Channel) -> None:
        """Serves a client, which takes the place of the one before, until it goes or loses its place."""
        former, self._client = self._client, channel
        if former is not None:
            former.close(last=REPLACED)
        reading = asyncio.ensure_future(self._read(channel))
        try:
            await self._write(channel, reading)
        except ChannelClosed:
            pass
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            if self._client is channel:
                self._client = None
                self._feed.set_level(self, None)

    async def _read(self, channel: Channel) -> None:
        try:
            while True:
                message = await channel.receive()
                if len(message) == 2:
                    self._set(*message)
        except ChannelClosed:
            return

    def _set(self, what: int, value: int) -> None:
        if what in PARTS:
            self._feed.set_http(PARTS[what], value != 0)
        elif what == HTTP_STATE:
            self._has_http_state = value != 0
        elif what == TRACE_LEVEL:
            self._level = min(value, HIGHEST_LEVEL)
            self._feed.set_level(self, self._level)

    async def _write(self, channel: Channel, reading: asyncio.Task[None]) -> None:
        self._feed.set_level(self, self._level)
        number = self._feed.ring.came
        await channel.send(SETTINGS + self._settings(), is_text=False)
        while self._client is channel and not reading.done():
            piece = self._feed.ring.since(number, BATCH_LINES)
            # Those that were cleared before they could be sent are not missed.
            lost = piece.first - max(number, min(piece.cleared, piece.first))
            number = piece.first + len(piece.lines)
            if lost > 0:
                await channel.send(TEXT + b"-- %d lines were lost\n" % lost, is_text=False)
            for kept in piece.lines:
                if kept.origin.level <= self._level:
                    await channel.send(TEXT + console_line(kept), is_text=False)
            if piece.lines:
                await channel.send(TEXT, is_text=False)
            if len(piece.lines) < BATCH_LINES:
                await asyncio.wait({reading}, timeout=BATCH_S)
            self._feed.settle()

    def _settings(self) -> bytes:
        http = self._feed.http
        flags = (http.request_line, http.request_headers, http.response_headers, self._has_http_state)
        return bytes((*map(int, flags), int(http.response_body), self._level))


def console_line(kept: Kept) -> bytes:
    """Returns a line as the server's console shows it."""
    line, origin = kept
    remark = f"  ({line.remark})" if line.remark else ""
    if line.kind is Kind.TRACE and origin.number is not None and line.place:
        text = f"{line.name} {origin.number}: {line.text}"
    elif line.kind is Kind.FAULT and line.place:
        text = f"-------- {line.text}"
    else:
        text = f"{line.text}{remark}"
    return f"{text}\n".encode()
