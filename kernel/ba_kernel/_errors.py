"""How a cell's failure reads: which line was at fault, in its surroundings, and the way to it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ba_runtime.events import ErrorReport

from ._text import printable, readable

NAMES = {
    "syntax": "SyntaxError",
    "runtime": "LuaError",
    "interrupt": "Interrupted",
    "memory": "OutOfMemory",
    "exit": "Exit",
}
# A function may be called long after the cell that defined it; older sources are not worth the memory.
KEPT_SOURCES = 500
CONTEXT_LINES = 2

_RED, _GREEN, _CYAN, _BOLD, _OFF = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[1m", "\x1b[0m"
_CELL = re.compile(r"^cell\[(\d+)\]$")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as the protocol carries it: a name, a message, and lines for people with ANSI colours."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]

    def content(self) -> dict[str, object]:
        """Returns the fields that an `error` message and an error reply share."""
        return {"ename": self.ename, "evalue": self.evalue, "traceback": list(self.traceback)}


class Sources:
    """The text of the cells that were run, by chunk name, so that an error can show its line."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, list[str]] = OrderedDict()

    def keep(self, name: str, source: str) -> None:
        """Remembers the text of the chunk `name`."""
        self._lines[name] = source.split("\n")
        self._lines.move_to_end(name)
        if len(self._lines) > KEPT_SOURCES:
            self._lines.popitem(last=False)

    def around(self, name: str, line: int) -> Iterator[str]:
        """Yields the lines around `line` with their numbers, and an arrow at that one; none if unknown."""
        lines = self._lines.get(name, [])
        if not 1 <= line <= len(lines):
            return
        first, last = max(1, line - CONTEXT_LINES), min(len(lines), line + CONTEXT_LINES)
        width = len(str(last))
        for number in range(first, last + 1):
            mark, colour = ("---->", _GREEN) if number == line else ("     ", "")
            off = _OFF if colour else ""
            yield f"{colour}{mark} {number:>{width}}{off} {printable(lines[number - 1])}".rstrip()


def failure(report: ErrorReport, sources: Sources) -> Failure:
    """Returns what to show for an error of Lua's."""
    name = NAMES[report.kind]
    message = _message(report)
    return Failure(name, message, tuple(_traceback(name, message, report, sources)))


def with_hint(what: Failure, hint: str) -> Failure:
    """Returns the same failure with a line of advice below it."""
    return replace(what, traceback=(*what.traceback, f"{_CYAN}{hint}{_OFF}"))


def own_failure(name: str, message: str) -> Failure:
    """Returns what to show for an error of the kernel's own, such as a mistyped magic."""
    return Failure(name, message, (f"{_RED}{_BOLD}{name}{_OFF}: {message}",))


def _message(report: ErrorReport) -> str:
    if report.kind == "interrupt":
        return "stopped by the user; variables and sockets are as they were"
    if report.kind == "exit":
        return f"os.exit({report.exit_code}) ends a program, not the kernel; %reset gives a fresh Lua state"
    return readable(report.message)


def _traceback(name: str, message: str, report: ErrorReport, sources: Sources) -> Iterator[str]:
    where = f"{_CYAN}{_where(report)}{_OFF}" if report.source else ""
    yield f"{_RED}{_BOLD}{name}{_OFF}: {message}" + (f"  {where}" if where else "")
    around = "\n".join(sources.around(report.source, report.line))
    if around:
        yield around
    if report.traceback:
        frames = "\n".join("  " + readable(frame).strip() for frame in report.traceback if frame)
        yield f"stack traceback:\n{frames}"


def _where(report: ErrorReport) -> str:
    cell = _CELL.match(report.source)
    place = f"cell [{cell[1]}]" if cell else report.source
    return f"({place}, line {report.line})" if report.line else f"({place})"
