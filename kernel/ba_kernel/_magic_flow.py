"""`%flow`: pictures of what the sockets did."""

from __future__ import annotations

import asyncio
import math
import os

from ._flow import FlowError, Seen, picture
from ._magics import After, Magic, MagicError, Tools, save

USAGE = (
    "usage: %flow | %flow on | off | wait SECONDS | only ID... | bytes ID | save FILE, "
    "with a FILE that ends in .svg or .json"
)
MOST_WAIT_S = 3600.0


async def flow(tools: Tools, rest: str) -> After | None:
    """Runs one `%flow` line."""
    try:
        return await _run(tools, rest)
    except FlowError as error:
        raise MagicError(str(error)) from error


async def _run(tools: Tools, rest: str) -> After | None:
    word, *arguments = rest.split(maxsplit=1) or [""]
    argument = arguments[0].strip() if arguments else ""
    if tools.is_page and word not in ("bytes", "save"):
        raise MagicError(
            "%flow does not work above a page, which runs whenever a client asks for it; "
            "run %flow on in a cell of its own first"
        )
    if word == "only":
        await tools.flow.watch(tools.request, _numbers(argument))
    elif word == "wait":
        seconds = _seconds(argument)
        await tools.flow.watch(tools.request)
        return lambda: asyncio.sleep(seconds)
    elif word == "bytes":
        _bytes(tools, argument)
    elif word == "save":
        _save(tools, argument)
    elif argument or word not in ("", "on", "off"):
        raise MagicError(USAGE)
    elif word == "on":
        await tools.flow.turn_on(tools.request)
        if tools.request.is_console:
            tools.say("Recording. %flow off draws the picture, and %flow on what there is so far.")
    elif word == "off":
        await tools.flow.turn_off(tools.request)
    else:
        await tools.flow.watch(tools.request)
    return None


def _numbers(argument: str) -> tuple[int, ...]:
    words = argument.replace(",", " ").split()
    if not words or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise MagicError("usage: %flow only ID..., with numbers from %sockets, such as %flow only 3 5")
    return tuple(map(int, words))


def _seconds(argument: str) -> float:
    try:
        seconds = float(argument)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MOST_WAIT_S:
        raise MagicError("usage: %flow wait SECONDS, above 0 and at most 3600, such as %flow wait 0.5")
    return seconds


def _bytes(tools: Tools, argument: str) -> None:
    from ba_runtime.observe import Moved
    from ba_runtime.observe.hex_dump import hex_html, hex_text

    numbers = _numbers(argument) if argument else ()
    if len(numbers) != 1:
        raise MagicError("usage: %flow bytes ID, with a number from %sockets, such as %flow bytes 3")
    events, socket = tools.flow.seen().events, numbers[0]
    if not any(event.socket == socket for event in events):
        there = sorted({event.socket for event in events if isinstance(event, Moved)})
        hint = f"{', '.join(map(str, there[:20]))} moved data" if there else "no socket moved data"
        raise MagicError(f"socket {socket} is not in the recording, where {hint}")
    tools.show({"text/plain": hex_text(events, socket), "text/html": hex_html(events, socket)})


def _save(tools: Tools, name: str) -> None:
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in (".svg", ".json"):
        raise MagicError("usage: %flow save FILE, which ends in .svg for the picture or .json for the events")
    seen = tools.flow.seen()
    text = _svg(seen) if suffix == ".svg" else _json(seen)
    save("%flow save", name, text)
    count = len(seen.events)
    tools.say(f"{count:,} {'event' if count == 1 else 'events'} written to {name}")


def _svg(seen: Seen) -> str:
    from ba_runtime.observe.svg import to_svg

    return to_svg(picture(seen))


def _json(seen: Seen) -> str:
    from ba_runtime.observe.json_lines import to_json

    return to_json(seen.events)


MAGICS = (
    Magic(
        "%flow",
        (
            ("%flow", "show below this cell what its sockets did, as a sequence diagram"),
            ("%flow on", "record across cells, with a picture here that is kept up to date"),
            ("%flow off", "stop that"),
            ("%flow wait SECONDS", "as %flow, and go on for so long after the cell's Lua has ended"),
            ("%flow only ID...", "as %flow, for the sockets with these numbers (see %sockets)"),
            ("%flow bytes ID", "show what a socket sent and received, byte by byte"),
            ("%flow save FILE", "save the latest picture (FILE.svg) or its events (FILE.json)"),
        ),
        flow,
        is_about=lambda rest: not rest or rest.split()[0] in ("wait", "only"),
        is_beside=lambda rest: rest.split(maxsplit=1)[:1] in (["bytes"], ["save"]),
    ),
)
