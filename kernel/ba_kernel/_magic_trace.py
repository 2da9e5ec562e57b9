"""`%trace`: where the trace area is, what it holds, and what it shows of that."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ba_runtime.trace import NORMAL_LEVEL

from ._magics import After, Magic, MagicError, Tools, save
from ._trace_settings import HIGHEST_LEVEL, LOWEST_LEVEL, Only

if TYPE_CHECKING:
    from ._trace_area import TraceArea

WAIT_S = 10.0

USAGE = (
    "usage: %trace here | clear | pause | resume | level N | only … | time on | off | save FILE | "
    "wait LINES [SECONDS]; %trace alone shows the settings"
)
ONLY_USAGE = (
    "usage: %trace only cell N | socket ID | errors | all, such as %trace only cell 3; "
    "%sockets shows the IDs of sockets"
)


async def trace(tools: Tools, rest: str) -> After | None:
    """Runs one `%trace` line."""
    word, _, argument = rest.partition(" ")
    argument = argument.strip()
    if not word:
        tools.say(_settings(tools.area))
        return None
    if word == "wait":
        return _waiter(tools, argument.split())
    if word in _WITH_ARGUMENT:
        _WITH_ARGUMENT[word](tools, argument)
        return None
    actions = {
        "here": tools.area.show,
        "clear": tools.area.clear,
        "pause": tools.area.pause,
        "resume": tools.area.resume,
    }
    if word not in actions or argument:
        raise MagicError(USAGE)
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


def _settings(area: TraceArea) -> str:
    settings = area.settings
    times = "on" if settings.is_timed else "off"
    state = "paused (%trace resume)" if area.is_paused else "updating"
    return f"%trace level {settings.level}, %trace {settings.only}, %trace time {times}, {state}"


def _level(tools: Tools, argument: str) -> None:
    if not _NUMBER.fullmatch(argument) or not LOWEST_LEVEL <= int(argument) <= HIGHEST_LEVEL:
        raise MagicError(
            f"%trace level takes a number from {LOWEST_LEVEL} to {HIGHEST_LEVEL}, such as %trace level 8; "
            f"trace has priority {NORMAL_LEVEL}, and tracep the one that it is called with"
        )
    level = int(argument)
    tools.engine.set_trace_level(max(level, NORMAL_LEVEL))
    tools.area.use(replace(tools.area.settings, level=level))


def _only(tools: Tools, argument: str) -> None:
    what, *number = argument.split()[:3] or [""]
    if what in ("errors", "all") and not number:
        only = Only(is_errors=what == "errors")
    elif what in ("cell", "socket") and len(number) == 1 and _NUMBER.fullmatch(number[0]):
        only = Only(cell=int(number[0])) if what == "cell" else Only(socket=int(number[0]))
    else:
        raise MagicError(ONLY_USAGE)
    tools.area.use(replace(tools.area.settings, only=only))


def _time(tools: Tools, argument: str) -> None:
    if argument not in ("on", "off"):
        raise MagicError("usage: %trace time on | off")
    tools.area.use(replace(tools.area.settings, is_timed=argument == "on"))


def _save(tools: Tools, name: str) -> None:
    if not name:
        raise MagicError("usage: %trace save FILE")
    text, lines = tools.area.saved()
    save("%trace save", name, text)
    tools.say(f"{lines:,} {'line' if lines == 1 else 'lines'} written to {name}")


_NUMBER = re.compile(r"[0-9]{1,9}")
_WITH_ARGUMENT = {"level": _level, "only": _only, "time": _time, "save": _save}

MAGICS = (
    Magic(
        "%trace",
        (
            ("%trace", "show the settings of the trace area"),
            ("%trace here", "show the trace area in this cell"),
            ("%trace clear", "remove all lines"),
            ("%trace pause", "stop updating it; new lines are still collected"),
            ("%trace resume", "continue updating it"),
            ("%trace level N", "show lines up to priority N, 0 to 20; the usual 5 is that of trace"),
            ("%trace only cell N", "show the lines of one cell only; no line is lost"),
            ("%trace only socket ID", "show the lines of one socket's cosocket only"),
            ("%trace only errors", "show errors only"),
            ("%trace only all", "show all lines again"),
            ("%trace time on", "show when each line came"),
            ("%trace time off", "show no times"),
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
