"""A WebSocket's codec on a connection, as Lua uses it: what arrives goes in, what a program writes goes out.

The connection stays the stream it was. What a plain one receives waits here while Lua is told how much it is;
chunks of a TLS connection reach Lua as ever, and lua/sockets/websocket.lua hands them over. What the protocol
itself has to say (pongs, the answer to a close or to a fault) is sent from here through the same queue as
everything else, so that no frame ever begins inside another.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ba_runtime._reactor import CHUNK_BYTES
from ba_runtime.websocket import Codec, Data

from .stream import Stream

# What `receive` says about the connection, besides what came.
MORE = 1  # bytes are left that have not been looked at
BUSY = 2  # something waits to be sent

# Past this much unsent, a peer that pings and does not read gets only its latest ping answered, as RFC 6455
# section 5.5.3 allows; else it could make us keep any number of pongs.
PONG_QUEUE_BYTES = 64 << 10

OVER = -2  # instead of the bytes that wait: a close frame has been sent; -1, as of `Stream.send`: it is lost

BULK_BYTES = 128 << 10  # what is received at a time while large frames arrive

Functions: TypeAlias = "tuple[Callable[..., object], ...]"
Received: TypeAlias = (
    "int | tuple[int, bytes, bool] | tuple[int, bytes, bool, int, int] | tuple[int, bool, int]"
)


class WebSocket:
    """What Lua calls for one WebSocket; it lives as long as Lua refers to its methods."""

    def __init__(self, endpoint: Stream, is_client: bool) -> None:
        """Speaks through `endpoint`, which must be connected."""
        self._endpoint = endpoint
        self._codec = Codec(is_client)
        self._owed = b""  # a pong that was held back
        self._most = CHUNK_BYTES
        self._arrived: deque[bytes] = deque()  # what Lua has been told of, and does not know yet
        if type(endpoint) is Stream:
            self._recv = endpoint.sock.recv
            endpoint.receive_by(self._receive)

    def _receive(self, _size: int) -> bytes | int:
        """Receives for the reactor, and returns how much; the end as it is.

        So a message becomes a Lua string once, without its frame before. After much came, more is asked for:
        large frames then come in fewer pieces.
        """
        data = self._recv(self._most)
        size = len(data)
        self._most = CHUNK_BYTES if size < CHUNK_BYTES else BULK_BYTES
        if not size:
            return data
        self._arrived.append(data)
        return size

    def arrived(self) -> bytes:
        """Hands over the oldest chunk that Lua has been told of, undecoded."""
        return self._arrived.popleft()

    def receive(self, data: bytes | None) -> Received:
        """Takes what arrived (None: the oldest chunk that Lua has been told of), and returns what came next.

        Flags (MORE, BUSY) alone: more bytes are needed. Else the flags and what came: data and is-text; with
        a piece of a frame also the bytes so far and the frame's length; or False and a code, the end.
        """
        codec = self._codec
        if data is None:
            data = self._arrived.popleft()
        if data:
            whole = codec.whole(data)
            if whole is not None:
                return BUSY if self._endpoint.queued_bytes else 0, *whole
            codec.feed(data)
        item = codec.next()
        if codec.pongs:
            self._answer()
        if item is None:
            return BUSY if self._endpoint.queued_bytes else 0
        if not isinstance(item, Data):
            self._end(item.answer)
            return 0, False, item.code
        flags = MORE if codec.has_more else 0
        if self._endpoint.queued_bytes:
            flags |= BUSY
        payload, is_text, so_far, length = item
        if so_far is None or length is None:
            return flags, payload, is_text
        return flags, payload, is_text, so_far, length

    def _end(self, answer: bytes) -> None:
        """Sends the last frame; the peer need not wait for the program to read that this is the end."""
        if self._endpoint.send(answer) == 0:
            with contextlib.suppress(OSError):
                self._endpoint.sock.shutdown(socket.SHUT_WR)

    def _answer(self) -> None:
        pongs = self._codec.pongs
        if self._endpoint.queued_bytes > PONG_QUEUE_BYTES:
            self._owed = pongs[-1]
        else:
            self._endpoint.send(b"".join(pongs))
        pongs.clear()

    def write(self, data: bytes, is_text: bool) -> int:
        """Sends or queues a message; returns the bytes that wait now, -1 when it is lost, or OVER."""
        if self._codec.is_over:
            return OVER
        return self._endpoint.send(self._codec.frame(data, is_text))

    def ping(self, data: bytes) -> int:
        """Sends or queues a ping; returns as `write` does."""
        if self._codec.is_over:
            return OVER
        return self._endpoint.send(self._codec.ping(data))

    def drained(self) -> int:
        """Sends the pong that was held back; returns the bytes that wait now, -1 when it is lost.

        A message can have been queued since the stream said DRAINED, so this is what tells.
        """
        owed, self._owed = self._owed, b""
        if owed and not self._codec.is_over:
            return self._endpoint.send(owed)
        return self._endpoint.queued_bytes

    def goodbye(self) -> None:
        """Sends a close frame, unless there was one, or unless it would wait: closing drops what waits."""
        if not self._codec.is_over and not self._endpoint.queued_bytes:
            self._endpoint.send(self._codec.close())


def opener(
    endpoints: Mapping[int, object],
) -> Callable[[int, bool], Functions | None]:
    """Returns `ws_open` for these connections."""

    def ws_open(number: int, is_client: bool) -> Functions | None:
        """Makes a connection a WebSocket: receive, arrived, write, …; None when there is none."""
        endpoint = endpoints.get(number)
        if not isinstance(endpoint, Stream):
            return None
        web = WebSocket(endpoint, is_client)
        return web.receive, web.arrived, web.write, web.ping, web.drained, web.goodbye

    return ws_open
