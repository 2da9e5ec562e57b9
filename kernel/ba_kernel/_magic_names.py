"""`%who` and `%whos`: the globals that the user's programs have made."""

from __future__ import annotations

import asyncio
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from ba_runtime.text import printable

from ._engine import within
from ._magics import After, Magic, MagicError, Tools, always

if TYPE_CHECKING:
    from ba_runtime.events import GlobalName, GlobalNames

# The Lua thread answers between two tasks; a task that does not end keeps it from answering.
ANSWER_S = 2.0
WIDTH = 80

NONE = "There are no global variables. Variables declared with local end with their cell."


async def who(tools: Tools, rest: str) -> After | None:
    """Lists the names."""
    found = await _found(tools, "%who", rest)
    if found.names:
        names = "  ".join(printable(one.name) for one in found.names)
        tools.say(textwrap.fill(names, WIDTH, break_long_words=False, break_on_hyphens=False))
        _say_more(tools, found)
    return None


async def whos(tools: Tools, rest: str) -> After | None:
    """Lists names, types and values in a table."""
    found = await _found(tools, "%whos", rest)
    if found.names:
        rows = [("Name", "Type", "Value"), *map(_row, found.names)]
        name, kind = (max(len(row[column]) for row in rows) for column in (0, 1))
        for row in rows:
            tools.say(f"{row[0]:{name}}  {row[1]:{kind}}  {row[2]}")
        _say_more(tools, found)
    return None


def _row(one: GlobalName) -> tuple[str, str, str]:
    return printable(one.name), printable(one.type), printable(one.value)


def _say_more(tools: Tools, found: GlobalNames) -> None:
    if found.count > len(found.names):
        tools.say(f"… {found.count - len(found.names):,} more")


async def _found(tools: Tools, magic: str, rest: str) -> GlobalNames:
    """Returns the globals, those of some types if the line names them; says so if there are none."""
    try:
        found = await within(tools.engine.runtime.globals(), ANSWER_S)
    except asyncio.TimeoutError:
        raise MagicError(
            f"{magic}: Lua is busy in the background; interrupt the kernel and try again"
        ) from None
    types = rest.split()
    if not found.names:
        tools.say(NONE)
    elif types:
        names = tuple(one for one in found.names if one.type in types)
        if not names:
            tools.say(f"There are no global variables of type {' or '.join(types)}.")
        found = replace(found, count=len(names), names=names)
    return found


MAGICS = (
    Magic("%who", (("%who [TYPE...]", "list your global variables"),), who, is_beside=always),
    Magic("%whos", (("%whos [TYPE...]", "the same, with their types and values"),), whos, is_beside=always),
)
