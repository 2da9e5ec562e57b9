"""`%sockets`: a table of all sockets, once or kept up to date, and the closing of some."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from concurrent.futures import Future
from typing import TypeVar

from ba_runtime.errors import BaError
from ba_runtime.events import SocketInfo

from ._engine import Engine, within
from ._magics import After, Magic, MagicError, Tools, always
from ._socket_table import NONE, described, to_html, to_text

T = TypeVar("T")

# The Lua thread answers between two tasks; a task that does not end keeps it from answering.
ANSWER_S = 2.0
# A person who typed a number waits this long and no longer.
COMPLETION_S = 0.5
# Socket and cell numbers of more digits do not occur, and Lua has no integers for much longer ones.
MOST_DIGITS = 9
MOST_SAID = 20  # closed sockets that are named one by one

USAGE = "usage: %sockets, or %sockets live | off | close ID | close cell N | close all"
CLOSE = "%sockets close"


async def sockets(tools: Tools, rest: str) -> After | None:
    """Runs one `%sockets` line."""
    word, *arguments = rest.split() or [""]
    if word == "close" and arguments:
        await _close(tools, arguments)
    elif arguments:
        raise MagicError(USAGE)
    elif word == "live":
        return await _live(tools)
    elif word == "off":
        if not tools.live.off():
            tools.say("No table is live; %sockets live displays one.")
    elif word:
        raise MagicError(USAGE)
    else:
        await _table(tools)
    return None


async def _table(tools: Tools) -> None:
    rows = await _answer(tools.engine.runtime.sockets(), "interrupt the kernel and try again")
    if not rows:
        tools.say(NONE)
        return
    tools.show({"text/plain": to_text(rows), "text/html": to_html(rows)})


async def _live(tools: Tools) -> After:
    if tools.request.is_console:
        return lambda: _table_once(tools)
    advice = "interrupt the kernel and try again"
    rows = await _answer(tools.engine.runtime.sockets(), advice)
    tools.output.insert(lambda: tools.live.show(tools.request, rows))

    async def refresh() -> None:
        """Shows what the cell has opened, while front ends that execute a whole notebook still listen."""
        tools.output.flush()
        tools.live.take(await _answer(tools.engine.runtime.sockets(), advice))

    return refresh


async def _table_once(tools: Tools) -> None:
    tools.output.flush()
    await _table(tools)
    tools.say("A console cannot update a table. Run %sockets again to see what has changed.")


async def _close(tools: Tools, arguments: list[str]) -> None:
    runtime = tools.engine.runtime
    match arguments:
        case ["all"]:
            work, nothing = runtime.close_sockets(), NONE
        case ["cell", number]:
            cell = _number(number.removeprefix("[").removesuffix("]"))
            work = runtime.close_sockets(cell=cell)
            nothing = f"{CLOSE}: cell [{cell}] has no open sockets; %sockets lists all"
        case [number]:
            socket = _number(number)
            work = runtime.close_sockets(socket=socket)
            nothing = f"{CLOSE}: there is no socket {socket}; %sockets lists all"
        case _:
            raise MagicError(USAGE)
    closed = await _answer(work, "it closes them when it comes to rest, or when you interrupt the kernel")
    if not closed and arguments != ["all"]:
        raise MagicError(nothing)
    for row in closed[:MOST_SAID]:
        tools.say(f"Closed {f'{row.socket}: ' if row.socket else ''}{described(row)}")
    if len(closed) > MOST_SAID:
        tools.say(f"Closed {len(closed) - MOST_SAID:,} more")
    elif not closed:
        tools.say(nothing)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise MagicError(USAGE)
    if len(text) > MOST_DIGITS:
        raise MagicError(f"{CLOSE}: there is no number {text[:MOST_DIGITS]}…; %sockets lists all sockets")
    return int(text)


async def _answer(question: Future[T], advice: str) -> T:
    try:
        return await within(question, ANSWER_S)
    except asyncio.TimeoutError:
        raise MagicError(f"%sockets: Lua is busy in the background; {advice}") from None


async def beginnings(engine: Engine, line: str) -> Iterable[str]:
    """Returns `%sockets close` with every number that may follow; only where that is being typed."""
    if not line.startswith(CLOSE) or engine.running is None:
        return ()
    rows: tuple[SocketInfo, ...] = ()
    with contextlib.suppress(asyncio.TimeoutError, BaError):
        rows = await within(engine.running.sockets(), COMPLETION_S)
    cells = dict.fromkeys(row.cell for row in rows if row.cell)
    return (
        *(f"{CLOSE} {row.socket}" for row in rows if row.socket),
        *(f"{CLOSE} cell {cell}" for cell in cells),
    )


MAGICS = (
    Magic(
        "%sockets",
        (
            ("%sockets", "list all sockets in a table: what each is, does, and belongs to"),
            ("%sockets live", "display the table and keep it up to date, until no sockets remain"),
            ("%sockets off", "stop keeping it up to date"),
            ("%sockets close ID", "close the socket with this id, whether or not a variable still holds it"),
            ("%sockets close cell N", "close all sockets that cell N has made"),
            ("%sockets close all", "close all sockets"),
        ),
        sockets,
        beginnings,
        is_beside=always,
    ),
)
