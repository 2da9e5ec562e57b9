"""`%capture`: what goes over the wire, in a file for Wireshark."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ba_runtime.errors import BaError

from ._magics import After, Magic, MagicError, Tools, always

if TYPE_CHECKING:
    from ba_runtime import CaptureSummary


async def capture(tools: Tools, rest: str) -> After | None:
    """Runs one `%capture` line."""
    if not rest:
        raise MagicError("usage: %capture FILE.pcapng | off")
    # Making and completing a file may take a disk's time.
    if rest == "off":
        summary = await asyncio.to_thread(tools.engine.runtime.end_capture)
        if summary is None:
            raise MagicError("%capture off: there is no capture; %capture FILE.pcapng begins one")
        tools.say(written(summary))
        return None
    try:
        await asyncio.to_thread(tools.engine.runtime.capture, rest)
    except BaError as error:
        raise MagicError(f"%capture: {error}") from error
    tools.say(f"Everything that the sockets send and receive is written to {rest} until %capture off.")
    tools.say("The file holds the keys of TLS connections: whoever has it can read what they carry.")
    return None


def written(summary: CaptureSummary) -> str:
    """Returns the sentences that say what a capture has written."""
    text = f"{summary.packets:,} packets written to {summary.path}"
    if summary.dropped_bytes:
        text += f"; {summary.dropped_bytes:,} bytes were dropped because the disk was too slow"
    return f"{text}\n{summary.failure}" if summary.failure else text


MAGICS = (
    Magic(
        "%capture",
        (
            ("%capture FILE", "write what the sockets send and receive to a pcapng file, for Wireshark"),
            ("%capture off", "end the capture and complete its file"),
        ),
        capture,
        is_beside=always,
    ),
)
