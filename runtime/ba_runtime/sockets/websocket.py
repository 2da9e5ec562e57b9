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
from ba_runtime.websocket import Codec, Data, control_payload

from .channel import Layer
from .stream import Stream

# What `receive` says about the connection, besides what came.
MORE = 1  # bytes are left that have not been looked at
BUSY = 2  # something waits to be sent
OPEN = 4  # the end that came is the peer's close, after which the connection stays open

# Past this much unsent, a peer that pings and does not read gets only its latest ping answered, as RFC 6455
# section 5.5.3 allows; else it could make us keep any number of pongs.
PONG_QUEUE_BYTES = 64 << 10

OVER = -2  # instead of the bytes that wait: a fault has ended it; -1, as of `Stream.send`: it is lost

LAYERS = {8: Layer.CLOSE, 9: Layer.PING, 10: Layer.PONG}  # by opcode, RFC 6455 section 5.2

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
        self._make_way = endpoint.make_way
        self._owed = b""  # a pong that was held back
        self._most = CHUNK_BYTES
        self._arrived: deque[bytes] = deque()  # what Lua has been told of, and does not know yet
        self._channel = endpoint.channel
        endpoint.receive_by(self._receive)

    def _receive(self, _size: int) -> bytes | int:
        """Receives for the reactor, and returns how much; the end as it is.

        So a message becomes a Lua string once, without its frame before. After much came, more is asked for:
        large frames then come in fewer pieces.
        """
        data = self._channel.receive(self._most)
        size = len(data)
        self._most = CHUNK_BYTES if size < CHUNK_BYTES else BULK_BYTES
        if not size:
            return data
        self._arrived.append(data)
        return size

    def arrived(self) -> bytes:
        """Hands over the oldest chunk that Lua has been told of, undecoded."""
        data = self._arrived.popleft()
        self._make_way(len(data))
        return data

    def receive(self, data: bytes | None) -> Received:
        """Takes what arrived (None: the oldest chunk that Lua has been told of), and returns what came next.

        Flags (MORE, BUSY, OPEN) alone: more bytes are needed. Else the flags and what came: data and is-text;
        with a piece of a frame also the bytes so far and the frame's length; or False and a code, the end.
        """
        codec = self._codec
        if data is None:
            data = self._arrived.popleft()
        if data:
            whole = codec.whole(data)
            if whole is not None:
                self._make_way(len(whole[0]))
                if self._channel.watchers:
                    self._note_message(*whole, is_ours=False)
                return BUSY if self._endpoint.queued_bytes else 0, *whole
            codec.feed(data)
        item = codec.next()
        if codec.controls:
            self._answer()
        if item is None:
            return BUSY if self._endpoint.queued_bytes else 0
        if not isinstance(item, Data):
            self._end(item.answer, is_fault=item.is_fault)
            flags = BUSY if self._endpoint.queued_bytes else 0
            return flags if item.is_fault else flags | OPEN, False, item.code
        flags = MORE if codec.has_more else 0
        if self._endpoint.queued_bytes:
            flags |= BUSY
        payload, is_text, so_far, length = item
        self._make_way(len(payload))
        if self._channel.watchers:
            self._note_message(payload, is_text, is_ours=False)
        if so_far is None or length is None:
            return flags, payload, is_text
        return flags, payload, is_text, so_far, length

    def _note_message(self, data: bytes, is_text: bool, *, is_ours: bool) -> None:
        """Tells whoever listens of a message, or of a piece of one."""
        self._channel.passed(Layer.TEXT if is_text else Layer.BINARY, data, is_ours)

    def _note_frame(self, layer: Layer, frame: bytes) -> None:
        """Tells whoever listens of a control frame of ours."""
        if self._channel.watchers:
            self._channel.passed(layer, control_payload(frame), is_ours=True)

    def _end(self, answer: bytes, *, is_fault: bool) -> None:
        """Sends the close frame; after a fault, the peer need not wait for the program to read that."""
        self._note_frame(Layer.CLOSE, answer)
        if self._endpoint.send(answer) == 0 and is_fault:
            with contextlib.suppress(OSError):
                self._channel.shutdown(socket.SHUT_WR)

    def _answer(self) -> None:
        """Answers the pings among the control frames that came."""
        controls, pongs = self._codec.controls, self._codec.pongs
        for opcode, payload in controls if self._channel.watchers else ():
            self._channel.passed(LAYERS[opcode], payload, is_ours=False)
        controls.clear()
        if pongs and self._endpoint.queued_bytes > PONG_QUEUE_BYTES:
            self._owed = pongs[-1]
        elif pongs:
            for pong in pongs:
                self._note_frame(Layer.PONG, pong)
            self._endpoint.send(b"".join(pongs))
        pongs.clear()

    def write(self, data: bytes, is_text: bool) -> int:
        """Sends or queues a message; returns the bytes that wait now, -1 when it is lost, or OVER."""
        if self._codec.is_broken:
            return OVER
        if self._channel.watchers:
            self._note_message(data, is_text, is_ours=True)
        return self._endpoint.send(self._codec.frame(data, is_text))

    def ping(self, data: bytes) -> int:
        """Sends or queues a ping; returns as `write` does."""
        if self._codec.is_broken:
            return OVER
        frame = self._codec.ping(data)
        self._note_frame(Layer.PING, frame)
        return self._endpoint.send(frame)

    def drained(self) -> int:
        """Sends the pong that was held back; returns the bytes that wait now, -1 when it is lost.

        A message can have been queued since the stream said DRAINED, so this is what tells.
        """
        owed, self._owed = self._owed, b""
        if owed and not self._codec.is_over:
            self._note_frame(Layer.PONG, owed)
            return self._endpoint.send(owed)
        return self._endpoint.queued_bytes

    def goodbye(self) -> None:
        """Sends a close frame, unless there was one, or unless it would wait: closing drops what waits."""
        if not self._codec.is_over and not self._endpoint.queued_bytes:
            frame = self._codec.close()
            self._note_frame(Layer.CLOSE, frame)
            self._endpoint.send(frame)


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
