"""How a cell's failure reads: which line was at fault, in its surroundings, and the way to it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ba_runtime.events import ErrorReport
from ba_runtime.text import printable, readable, shortened
from ba_runtime.trace import position

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
_COLOUR = re.compile(r"\x1b\[\d+m")
_CELL = re.compile(r"^cell\[(\d+)\]$")
# A line of a cell may be a whole file; a frame may carry a name of any length.
LINE_CHARACTERS, FRAME_BYTES = 500, 1_000
# What the front end shows of a message of our own, which may quote what the user wrote.
OWN_CHARACTERS = 2_000


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

    def has(self, name: str, line: int) -> bool:
        """Returns whether the text of `name` is kept and has this line."""
        return 1 <= line <= len(self._lines.get(name, ()))

    def lines(self, name: str) -> Sequence[str]:
        """Returns the lines of the chunk `name`, none if they are not kept."""
        return self._lines.get(name, ())

    def around(self, name: str, line: int) -> Iterator[str]:
        """Yields the lines around `line` with their numbers, and an arrow at that one; none if unknown."""
        if not self.has(name, line):
            return
        lines = self._lines[name]
        first, last = max(1, line - CONTEXT_LINES), min(len(lines), line + CONTEXT_LINES)
        width = len(str(last))
        for number in range(first, last + 1):
            mark, colour = ("---->", _GREEN) if number == line else ("     ", "")
            off = _OFF if colour else ""
            yield f"{colour}{mark} {number:>{width}}{off} {_cut(printable(lines[number - 1]))}".rstrip()


def unattended(report: ErrorReport, sources: Sources) -> Iterator[str]:
    """Yields what there is to an error of the background besides its message, without colours."""
    source, line = position(report, sources.has)
    yield from (_COLOUR.sub("", text) for text in sources.around(source, line))
    if report.traceback:
        yield _stack(report.traceback)
    if report.hint:
        yield hint_line(report)


def failure(report: ErrorReport, sources: Sources) -> Failure:
    """Returns what to show for an error of Lua's."""
    name = NAMES[report.kind]
    report = replace(report, message=shortened(report.message))
    source, line = position(report, sources.has)
    report = replace(report, source=source, line=line)
    message = _message(report)
    return Failure(name, message, tuple(_traceback(name, message, report, sources)))


def own_failure(name: str, message: str) -> Failure:
    """Returns what to show for an error of the kernel's own, such as a mistyped magic."""
    if len(message) > OWN_CHARACTERS:
        message = f"{message[:OWN_CHARACTERS]}… ({len(message) - OWN_CHARACTERS:,} more characters)"
    return Failure(name, message, (f"{_RED}{_BOLD}{name}{_OFF}: {message}",))


def hint_line(report: ErrorReport) -> str:
    """Returns the line below an error that tells what mends it."""
    return f"hint: {printable(report.hint)}"


def _cut(text: str) -> str:
    if len(text) <= LINE_CHARACTERS:
        return text
    return f"{text[:LINE_CHARACTERS]}… ({len(text) - LINE_CHARACTERS:,} more characters)"


def _message(report: ErrorReport) -> str:
    if report.kind == "interrupt":
        return "stopped by the user; variables and sockets are kept"
    if report.kind == "exit":
        return f"os.exit({report.exit_code}) ends a program, not the kernel; use %reset to reset Lua"
    return readable(report.message)


def _traceback(name: str, message: str, report: ErrorReport, sources: Sources) -> Iterator[str]:
    where = f"{_CYAN}{_where(report)}{_OFF}" if report.source else ""
    yield f"{_RED}{_BOLD}{name}{_OFF}: {message}" + (f"  {where}" if where else "")
    around = "\n".join(sources.around(report.source, report.line))
    if around:
        yield around
    if report.traceback:
        yield _stack(report.traceback)
    if report.hint:
        word, _, advice = hint_line(report).partition(" ")
        yield f"{_BOLD}{word}{_OFF} {advice}"


def _stack(frames: tuple[bytes, ...]) -> str:
    kept = (shortened(frame, FRAME_BYTES, 0) for frame in frames if frame)
    return "\n".join(("stack traceback:", *("  " + readable(frame).strip() for frame in kept)))


def _where(report: ErrorReport) -> str:
    cell = _CELL.match(report.source)
    place = f"cell [{cell[1]}]" if cell else report.source
    return f"({place}, line {report.line})" if report.line else f"({place})"
