"""One WebSocket of the live view, over asyncio's streams: whole messages in, messages out; bounded both ways.

A page sends small messages, so a long one ends the connection. A page that takes nothing for half a minute is
given up. Until then no more than one batch waits for it, since the next is made when `send` has returned.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from ba_runtime.websocket import Closed, Codec, Data

from ._access import Asked

MESSAGE_BYTES = 64 << 10
RECEIVE_BYTES = 64 << 10
SEND_S = 30.0
TOO_BIG, AWAY = 1009, 1001


@contextlib.contextmanager
def aborted_after(seconds: float, writer: asyncio.StreamWriter) -> Iterator[None]:
    """Ends a connection when the block takes longer, so that what it waits for ends too.

    `asyncio.wait_for` would do, but before Python 3.12 it can swallow a cancellation that comes at the same
    moment as the result.
    """
    timer = asyncio.get_running_loop().call_later(seconds, writer.transport.abort)
    try:
        yield
    finally:
        timer.cancel()


class ChannelClosed(Exception):
    """The other side is gone, or has been given up."""


class Channel:
    """An open WebSocket; the handshake has been answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, early: bytes) -> None:
        """`early` is what came behind the handshake."""
        self._reader = reader
        self._writer = writer
        self._codec = Codec(is_client=False)
        self._message = b""
        if early:
            self._codec.feed(early)

    async def receive(self) -> bytes:
        """Returns the next message. Raises ChannelClosed at the end."""
        while True:
            event = self._codec.next()
            for pong in self._codec.pongs:
                self._writer.write(pong)
            self._codec.pongs.clear()
            self._codec.controls.clear()
            if isinstance(event, Data):
                if self._take(event):
                    message, self._message = self._message, b""
                    return message
            elif isinstance(event, Closed):
                self._writer.write(event.answer)
                raise ChannelClosed
            else:
                await self._more()

    def _take(self, data: Data) -> bool:
        """Adds a piece; returns whether the message is whole."""
        self._message += data.payload
        if len(self._message) > MESSAGE_BYTES or (data.length or 0) > MESSAGE_BYTES:
            self.close(TOO_BIG)
            raise ChannelClosed
        return data.so_far == data.length

    async def _more(self) -> None:
        try:
            received = await self._reader.read(RECEIVE_BYTES)
        except OSError:
            received = b""
        if not received:
            raise ChannelClosed
        self._codec.feed(received)

    async def send(self, payload: bytes, *, is_text: bool) -> None:
        """Sends a message, and waits until most of it has gone. Raises ChannelClosed if it cannot."""
        if self._writer.is_closing() or self._codec.is_over:
            raise ChannelClosed
        self._writer.write(self._codec.frame(payload, is_text))
        try:
            with aborted_after(SEND_S, self._writer):
                await self._writer.drain()
        except OSError:
            raise ChannelClosed from None

    def close(self, code: int = AWAY, *, last: bytes = b"") -> None:
        """Says good-bye, with a last binary message before it, unless that has been said; does not wait."""
        if not self._codec.is_over:
            with contextlib.suppress(OSError):
                if last:
                    self._writer.write(self._codec.frame(last, is_text=False))
                self._writer.write(self._codec.close(code))


def wants_websocket(asked: Asked) -> bool:
    """Tells whether a request asks to become a WebSocket."""
    return (asked.field(b"upgrade") or b"").lower() == b"websocket"
