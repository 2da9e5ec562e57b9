"""`%trace`: where the trace area is, and what it holds."""

from __future__ import annotations

import math

from ._magics import After, Magic, MagicError, Tools, save

WAIT_S = 10.0


async def trace(tools: Tools, rest: str) -> After | None:
    """Runs one `%trace` line."""
    word, _, argument = rest.partition(" ")
    if word == "wait":
        return _waiter(tools, argument.split())
    if word == "save":
        _save(tools, argument.strip())
        return None
    actions = {
        "here": tools.area.show,
        "clear": tools.area.clear,
        "pause": tools.area.pause,
        "resume": tools.area.resume,
    }
    if word not in actions or argument.strip():
        raise MagicError("usage: %trace here | clear | pause | resume | save FILE | wait LINES [SECONDS]")
    actions[word]()
    return None


def _waiter(tools: Tools, arguments: list[str]) -> After:
    try:
        count, *more = arguments
        lines, timeout_s = int(count), float(more[0]) if more else WAIT_S
        is_right = lines > 0 and 0 < timeout_s < math.inf and len(more) < 2
    except ValueError:
        is_right = False
    if not is_right:
        raise MagicError(
            "usage: %trace wait LINES [SECONDS], both above 0, such as %trace wait 3 or %trace wait 3 2.5"
        )

    async def wait() -> None:
        came = await tools.area.wait(lines, timeout_s)
        if came < lines:
            raise MagicError(f"%trace wait: {came} of {lines} lines arrived within {timeout_s:g} s")

    return wait


def _save(tools: Tools, name: str) -> None:
    if not name:
        raise MagicError("usage: %trace save FILE")
    text, lines = tools.area.saved()
    save("%trace save", name, text)
    tools.say(f"{lines:,} {'line' if lines == 1 else 'lines'} written to {name}")


MAGICS = (
    Magic(
        "%trace",
        (
            ("%trace here", "show the trace area in this cell"),
            ("%trace clear", "remove all lines"),
            ("%trace pause", "stop updating it; new lines are still collected"),
            ("%trace resume", "continue updating it"),
            ("%trace save FILE", "save the lines to a file (the last 10,000 are kept)"),
            (
                "%trace wait LINES [SECONDS]",
                "wait until that many lines have arrived since this cell's Lua started (or the last one's)",
            ),
        ),
        trace,
        is_beside=lambda rest: rest.split(maxsplit=1)[:1] not in (["here"], ["wait"]),
    ),
)
