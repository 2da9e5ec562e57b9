"""The lines of the trace: how an event of the runtime reads, and the ring that keeps the newest of them.

Events come on the Lua thread, rendering happens on the main loop; the ring is where they meet, under a
lock. A line is one line of text on the screen: a traced text of three lines, or an error with its
traceback, is three.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import NamedTuple

from ba_runtime.events import Event, Fault, LatePrint, Note, PortTaken, Stuck, Traced
from ba_runtime.text import printable, readable, shortened

from .position import position

KEPT_LINES = 10_000
# One hex dump must not push the rest of the area off the screen, nor 10,000 of them fill the memory.
LINE_CHARACTERS = 500
# What is kept of one text, at its beginning and at its end, however many lines it has.
HEAD_BYTES, TAIL_BYTES = 200_000, 20_000

_HEAD = re.compile(rb"(?:Lua error[^:\n]*|Timer callback failed): ")
_CELL = re.compile(r"^cell\[(\d+)\]$")


class Kind(Enum):
    """What a line is, which decides how it looks."""

    TRACE = "trace"
    PRINT = "print"
    FAULT = "fault"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it comes from (empty for the second line of a text), and what it says."""

    kind: Kind
    place: str
    name: str
    text: str
    remark: str = ""


class Origin(NamedTuple):
    """Where the lines of one event come from.

    `at_s` is when, in seconds since 1970; `cell` and `socket` are the numbers of those it is about, 0 for
    none. `level` is a traced line's priority, 0 for all others, which are always shown. `number` is the line
    of Lua that traced it, None for a text that is to stand alone.
    """

    at_s: float
    cell: int = 0
    socket: int = 0
    level: int = 0
    number: int | None = None


class Kept(NamedTuple):
    """One line of the ring."""

    line: Line
    origin: Origin


class Piece(NamedTuple):
    """Lines that follow one another: `first` is the number of the first, `came` how many came in all.

    Lines are numbered from 0 since the ring was made. Those before `cleared` were cleared by the user, and
    `faults` and `last_fault` are as in `Snapshot`.
    """

    first: int
    lines: tuple[Kept, ...]
    came: int
    cleared: int
    faults: int
    last_fault: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the ring at one moment: its newest lines, how many came in all, how many are lost, and how
    many errors of the background there were since it was cleared.
    """

    lines: tuple[Line, ...] = ()
    total: int = 0
    dropped: int = 0
    faults: int = 0
    last_fault: str = ""  # where it was, "" where that is not known


class Ring:
    """The newest lines, and a true count of those that came before them."""

    def __init__(self, kept: int = KEPT_LINES, clock: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._lines: deque[Kept] = deque(maxlen=kept)
        self._cleared = 0
        self._faults, self._last_fault = 0, ""
        self.came = 0  # since the kernel started, whatever was cleared: what `wait` counts

    def add(self, event: Event) -> None:
        """Appends the lines of an event; the oldest make room."""
        lines = lines_of(event)
        origin = _origin(event, self._clock())
        with self._lock:
            if isinstance(event, Fault):
                self._faults += 1
                self._last_fault = fault_place(event)
            self._lines.extend([Kept(line, origin) for line in lines])
            self.came += len(lines)

    def clear(self) -> None:
        """Forgets every line and starts counting again."""
        with self._lock:
            self._lines.clear()
            self._cleared = self.came
            self._faults, self._last_fault = 0, ""

    def snapshot(self, newest: int | None = None) -> Snapshot:
        """Returns the newest lines (all that are kept, without a number), oldest first."""
        with self._lock:
            kept = len(self._lines)
            skipped = 0 if newest is None else max(0, kept - newest)
            total = self.came - self._cleared
            lines = tuple(kept.line for kept in islice(self._lines, skipped, None))
            return Snapshot(lines, total, total - kept, self._faults, self._last_fault)

    def since(self, number: int, most: int) -> Piece:
        """Returns the lines from `number` on, or from the oldest that is kept; at most so many."""
        with self._lock:
            oldest = self.came - len(self._lines)
            first = min(max(number, oldest), self.came)
            start = first - oldest
            lines = tuple(islice(self._lines, start, start + most))
            return Piece(first, lines, self.came, self._cleared, self._faults, self._last_fault)


def lines_of(event: Event) -> tuple[Line, ...]:
    """Returns the lines of an event that belongs in the trace, nothing for any other."""
    if isinstance(event, Traced):
        place, name = (_place(event), printable(event.name)) if event.prefix else ("", "")
        return _lines(Kind.TRACE, place, name, _text(event.text))
    if isinstance(event, LatePrint):
        whose = f"cell [{event.cell}]" if event.cell else "its cell"
        return _lines(Kind.PRINT, _cell(event.cell), "", _text(event.text), f"print after {whose} ended")
    if isinstance(event, Fault):
        return _lines(Kind.FAULT, _cell(event.cell), "", _fault(event))
    if isinstance(event, Stuck):
        return _lines(Kind.NOTE, _cell(event.cell), "", printable(stuck(event)))
    if isinstance(event, PortTaken):
        return _lines(Kind.NOTE, _cell(event.cell), "", printable(port_taken(event)))
    if isinstance(event, Note):
        return _lines(Kind.NOTE, _cell(event.cell), "", printable(event.text))
    return ()


def _origin(event: Event, at_s: float) -> Origin:
    if isinstance(event, Traced):
        number = event.line if event.prefix else None
        return Origin(at_s, event.cell, event.socket, event.priority, number)
    return Origin(at_s, getattr(event, "cell", 0))


def port_taken(event: PortTaken) -> str:
    """Returns who holds a port, and how to free it."""
    return event.text + (f": %sockets close {event.socket}" if event.socket else "")


def fault_head(event: Fault) -> str:
    """Returns the documented line of a report, `Lua error in Cosocket: FILE:LINE: MESSAGE`.

    What the server says of an error that is no text is nothing; here it says what it is.
    """
    if event.error is None:
        return _text(event.text).strip("\n")
    kind = _HEAD.match(event.text)
    return readable(shortened((kind[0] if kind else b"") + event.error.message))


def fault_place(event: Fault) -> str:
    """Returns where an error was, `[3]:12` for line 12 of cell 3, or at least whose code it is."""
    source, line = position(event.error) if event.error else ("", 0)
    return _at(source, line) if source else _cell(event.cell)


def _fault(event: Fault) -> str:
    frames = event.error.traceback if event.error else ()
    stack = b"\n".join((b"\nstack traceback:", *(b"  " + frame for frame in frames))) if frames else b""
    # A tab means nothing behind a column.
    return (fault_head(event) + _text(stack)).replace("\n\t", "\n  ")


def stuck(event: Stuck) -> str:
    """Returns what to say when the stop button has no effect."""
    return f"{event.text} It may end by itself; restarting the kernel ends it at once."


def _text(data: bytes) -> str:
    return readable(shortened(data, HEAD_BYTES, TAIL_BYTES))


def _lines(kind: Kind, place: str, name: str, text: str, remark: str = "") -> tuple[Line, ...]:
    first, *others = text.removesuffix("\n").split("\n")
    return (
        Line(kind, place, name, _cut(first), remark),
        *(Line(kind, "", "", _cut(other)) for other in others),
    )


def _cut(text: str) -> str:
    if len(text) <= LINE_CHARACTERS:
        return text
    return f"{text[:LINE_CHARACTERS]}… ({len(text) - LINE_CHARACTERS:,} more characters)"


def _cell(number: int) -> str:
    return f"[{number}]" if number else ""


def _place(event: Traced) -> str:
    """Returns `[3]:12` for line 12 of cell 3, `file.lua:12` for a file, no line where Lua knows none."""
    return _at(event.source, event.line)


def _at(source: str, line: int) -> str:
    name = _CELL.sub(r"[\1]", printable(source))
    return f"{name}:{line}" if line > 0 else name
