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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ba_runtime.events import DeviceTraced, Event, Fault, LatePrint, Note, PortTaken, Stuck, Traced
from ba_runtime.text import printable, readable, shortened

from .position import position

KEPT_LINES = 10_000
NORMAL_LEVEL = 5  # what `trace` has, and what is shown at first, as on the server
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
    of Lua that traced it, None for a text that is to stand alone. `is_error` tells that something has ended
    by what the lines tell of.
    """

    at_s: float
    cell: int = 0
    socket: int = 0
    level: int = 0
    number: int | None = None
    is_error: bool = False


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

    Of the lines that are kept, `hidden` are not to be shown. `times` are when the lines came, as in
    `Origin`; 0 for a line that belongs to the one above it.
    """

    lines: tuple[Line, ...] = ()
    total: int = 0
    dropped: int = 0
    faults: int = 0
    last_fault: str = ""  # where it was, "" where that is not known
    hidden: int = 0
    times: tuple[float, ...] = ()


class Ring:
    """The newest lines, and a true count of those that came before them."""

    def __init__(self, kept: int = KEPT_LINES, clock: Callable[[], float] = time.time) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._lines: deque[Kept] = deque(maxlen=kept)
        self._cleared = 0
        self._faults, self._last_fault = 0, ""
        self.highest = 0  # level of what was added since the ring was cleared
        self.came = 0  # since the kernel started, whatever was cleared: what `wait` counts

    def add(self, event: Event) -> None:
        """Appends the lines of an event; the oldest make room."""
        lines = lines_of(event)
        origin = _origin(event, self._clock())
        with self._lock:
            if isinstance(event, Fault):
                self._faults += 1
                self._last_fault = fault_place(event)
            self.highest = max(self.highest, origin.level)
            self._lines.extend([Kept(line, origin) for line in lines])
            self.came += len(lines)

    def clear(self) -> None:
        """Forgets every line and starts counting again."""
        with self._lock:
            self._lines.clear()
            self._cleared = self.came
            self.highest = 0
            self._faults, self._last_fault = 0, ""

    def snapshot(
        self,
        newest: int | None = None,
        shows: Callable[[Origin], bool] | None = None,
        among: int = KEPT_LINES,
    ) -> Snapshot:
        """Returns the newest lines (all that are kept, without a number), oldest first.

        With `shows`, only lines that come from where it says, of the `among` that came last.
        """
        with self._lock:
            count, total = len(self._lines), self.came - self._cleared
            wanted = among if shows or newest is None else min(among, newest)
            skipped = max(0, count - wanted)
            lines = tuple(islice(self._lines, skipped, None))
            faults, last_fault = self._faults, self._last_fault
        hidden = 0
        if shows:  # the Lua thread does not wait for this
            shown = [kept for kept in lines if shows(kept.origin)]
            hidden = len(lines) - len(shown)
            lines = tuple(shown if newest is None else shown[max(0, len(shown) - newest) :])
        texts = tuple(kept.line for kept in lines)
        return Snapshot(texts, total, total - count, faults, last_fault, hidden, _times(lines))

    def since(self, number: int, most: int) -> Piece:
        """Returns the lines from `number` on, or from the oldest that is kept; at most so many."""
        with self._lock:
            oldest = self.came - len(self._lines)
            first = min(max(number, oldest), self.came)
            start = first - oldest
            lines = tuple(islice(self._lines, start, start + most))
            return Piece(first, lines, self.came, self._cleared, self._faults, self._last_fault)


def _times(lines: Sequence[Kept]) -> tuple[float, ...]:
    """When each line came; 0 for one of the same event as the line before it."""
    before: Origin | None = None
    times = []
    for _, origin in lines:
        times.append(0.0 if origin is before else origin.at_s)
        before = origin
    return tuple(times)


def lines_of(event: Event) -> tuple[Line, ...]:
    """Returns the lines of an event that belongs in the trace, nothing for any other."""
    if isinstance(event, Traced):
        place, name = (_place(event), printable(event.name)) if event.prefix else ("", "")
        return _lines(Kind.TRACE, place, name, _text(event.text))
    if isinstance(event, DeviceTraced):
        return _lines(Kind.TRACE, printable(event.device), "", _text(event.text))
    if isinstance(event, LatePrint):
        whose = f"cell [{event.cell}]" if event.cell else "its cell"
        return _lines(Kind.PRINT, _cell(event.cell), "", _text(event.text), f"print after {whose} ended")
    if isinstance(event, Fault):
        hint = event.error.hint if event.error else ""
        lines = _lines(Kind.FAULT, _cell(event.cell), "", _fault(event))
        return (*lines, Line(Kind.NOTE, "", "", _cut(f"hint: {printable(hint)}"))) if hint else lines
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
    is_error = isinstance(event, Fault) or (isinstance(event, Note) and event.is_end)
    return Origin(at_s, getattr(event, "cell", 0), getattr(event, "socket", 0), is_error=is_error)


def port_taken(event: PortTaken) -> str:
    """Returns who holds a port, and how to free it."""
    return event.text + (f": %sockets close {event.socket}" if event.socket else "")


def fault_head(event: Fault) -> str:
    """Returns the documented line of a report, `Lua error in Cosocket: FILE:LINE: MESSAGE`.

    The server says nothing about an error that is not text; here it is named.
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
    name = _chunk(source)
    return f"{name}:{line}" if line > 0 else name


@lru_cache(maxsize=256)  # each line of a loop's trace comes from the same one
def _chunk(source: str) -> str:
    return _CELL.sub(r"[\1]", printable(source))
