"""Hears a device's trace, by the TraceLogger's protocol (`live/_service.py` has its messages).

A device has one TraceLogger client, and a second one takes the first one's place. So the service is asked
first, and left alone while somebody else has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ba_runtime._h11 import h11
from ba_runtime.websocket import Closed, Codec, new_key

from .requests import Place, Unreachable, connected, next_event, place_of

SERVICE = "/rtl/tracelogger.service/"
SETTINGS, TEXT, REPLACED = 1, 2, 3
# A line without an end is shown when it is as long as that.
LINE_BYTES = 64 << 10
MESSAGE_BYTES = 1 << 20
RECEIVE_BYTES = 64 << 10
WHY_NOT = {
    401: "its TraceLogger needs a log-in",
    404: "its TraceLogger is off (Mako: tracelogger=true in its configuration)",
    503: "another client has its TraceLogger",
}


class NoTrace(Exception):
    """The device's trace cannot be heard, or not any more; the message says why."""


def service_of(place: Place, told: str) -> Place:
    """Returns where a device's TraceLogger is: at the port and path that it tells, or the usual ones.

    It is on the device in any case: a page cannot send the notebook elsewhere. Raises NoTrace.
    """
    if not told:
        return replace(place, path=SERVICE)
    try:
        service = place_of(told)
    except ValueError as error:
        raise NoTrace("it does not tell where its TraceLogger is") from error
    return replace(place, port=service.port, path=service.path, tls=place.tls if service.tls else None)


async def listen(place: Place, begun: Callable[[], None], show: Callable[[bytes], None]) -> None:
    """Calls `begun` once the device's trace is heard, and `show` with each line of it, without its line end.

    Ends by raising NoTrace or Unreachable, or by being cancelled.
    """
    await _ask(place)
    async with connected(place) as (reader, writer):
        early = await _upgrade(place, reader, writer)
        await _read(place, reader, writer, early, begun, show)


async def _ask(place: Place) -> None:
    async with connected(place) as (reader, writer):
        fields = [("Host", place.name), ("Connection", "close"), ("X-Requested-With", "ba-lua")]
        head, _ = await _response(place, reader, writer, fields)
        names = {bytes(name).lower() for name, _ in head.headers}
        if head.status_code != 204 or b"tracelogger" not in names:
            why = WHY_NOT.get(head.status_code, f"its TraceLogger answers with status {head.status_code}")
            raise NoTrace(why)


async def _upgrade(place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    fields = [
        ("Host", place.name),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", new_key().decode()),
    ]
    head, parser = await _response(place, reader, writer, fields)
    if head.status_code != 101:
        raise NoTrace(f"its TraceLogger refuses a WebSocket with status {head.status_code}")
    early: bytes = parser.trailing_data[0]
    return early


async def _response(
    place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fields: list[tuple[str, str]]
) -> tuple[Any, Any]:
    parser = h11.Connection(h11.CLIENT)
    writer.write(parser.send(h11.Request(method="GET", target=place.path, headers=fields)) or b"")
    writer.write(parser.send(h11.EndOfMessage()) or b"")
    head = await next_event(parser, reader, place)
    if not isinstance(head, (h11.Response, h11.InformationalResponse)):
        raise NoTrace("its TraceLogger does not answer")
    return head, parser


async def _read(
    place: Place,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    early: bytes,
    begun: Callable[[], None],
    show: Callable[[bytes], None],
) -> None:
    codec, message, line = Codec(is_client=True), bytearray(), bytearray()
    codec.feed(early)
    while True:
        while (event := codec.next()) is not None:
            if isinstance(event, Closed):
                raise NoTrace("its TraceLogger has closed the connection")
            message += event.payload
            if len(message) > MESSAGE_BYTES:
                raise NoTrace("its TraceLogger sends messages that are too long")
            if event.so_far != event.length:
                continue
            if message[:1] == bytes((SETTINGS,)):
                begun()  # not before: the server may still be about to note its new client
            if message[:1] == bytes((REPLACED,)):
                raise NoTrace("another client has taken its TraceLogger")
            if message[:1] == bytes((TEXT,)):
                line += message[1:]
                *whole, rest = line.split(b"\n")
                for text in whole:
                    show(bytes(text))
                line = bytearray(rest)
                if len(line) > LINE_BYTES:
                    show(bytes(line))
                    line.clear()
            message.clear()
        for pong in codec.pongs:
            writer.write(pong)
        codec.pongs.clear()
        codec.controls.clear()
        try:
            received = await reader.read(RECEIVE_BYTES)
        except OSError as error:
            raise Unreachable(f"the connection to {place.name} was lost") from error
        if not received:
            raise Unreachable(f"{place.name} has gone")
        codec.feed(received)
