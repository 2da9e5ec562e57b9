"""Errors of the background, at the cell whose code it is: what is only in the trace area scrolls away.

A stream that answers a request appends below its cell long after that has ended, in JupyterLab and in
Notebook; when the cell has run again, front ends drop it, and only the trace area shows it. While another
cell runs, that one shows the error too: it may be waiting for what will never happen now, and would look like
a hang.

A cosocket can fail a thousand times a second. A cell shows its first reports, then only how many there were,
at intervals that double.

Reports are worded on the Lua thread, where they happen, so that an error stands between the prints around it;
what goes to a cell that has ended is sent by the main loop.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

from ba_runtime.events import Fault, Note
from ba_runtime.text import printable
from ba_runtime.trace import fault_head

from ._defer import Deferred, Loop
from ._errors import Sources, unattended
from ._frontend import Message, Publish, Request
from ._output import Output
from ._recent import RecentCells

# What a cell shows in full; whoever mends an error reads one of them.
MOST_REPORTS = 5
COUNT_S = 1.0


@dataclass(slots=True)
class _Place:
    """One execution, and what was shown of the errors in its output."""

    parent: Message
    cell: int
    reports: int = 0
    untold: int = 0
    pause_s: float = COUNT_S


class Faults:
    """The errors of one kernel. `add` belongs to the Lua thread, the rest to the main loop."""

    def __init__(self, publish: Publish, loop: Loop, output: Output, sources: Sources) -> None:
        self._publish = publish
        self._loop = loop
        self._output = output
        self._sources = sources
        self._sending = Deferred(loop, self._send, lambda: 0.0)
        self._lock = threading.Lock()
        self._places: RecentCells[_Place] = RecentCells()
        self._running: _Place | None = None
        self._late: list[tuple[_Place, str]] = []
        self._to_count: list[_Place] = []

    def begin(self, request: Request) -> None:
        """A cell starts."""
        if request.is_silent:
            return
        # All of a request that an answer carries; its code is long.
        place = _Place({"header": request.parent.get("header", {})}, request.origin)
        with self._lock:
            self._running = place
            self._places.keep(request.origin, place)

    def end(self) -> None:
        """The cell ends: what it has not shown is counted while front ends still listen."""
        with self._lock:
            place, self._running = self._running, None
        if place is not None:
            self._count(place)

    def add(self, event: Fault | Note) -> None:
        """Shows an error of the background, or what else has ended something there. On the Lua thread."""
        with self._lock:
            home, running = self._places.get(event.cell), self._running
        if home is not None:
            self._report(home, event, is_whole=True)
        if running is not None and running is not home:
            self._report(running, event, is_whole=home is None)

    # ---- what a cell shows

    def _report(self, place: _Place, event: Fault | Note, *, is_whole: bool) -> None:
        with self._lock:
            is_shown = place.reports < MOST_REPORTS
            if is_shown:
                place.reports += 1
            else:
                place.untold += 1
                if place.untold > 1:
                    return
                self._to_count.append(place)
        if not is_shown:
            self._sending.ask()
        else:
            self._say(place, self._whole(event) if is_whole else _brief(event))

    def _whole(self, event: Fault | Note) -> str:
        error = event.error if isinstance(event, Fault) else None
        lines = unattended(error, self._sources) if error else ()
        return "\n".join((_head(event), *lines)) + "\n"

    def _count(self, place: _Place) -> None:
        with self._lock:
            untold, place.untold = place.untold, 0
        if untold:
            errors = "error" if untold == 1 else "errors"
            self._say(place, f"[{untold:,} more {errors} in the background; the trace area shows the last]\n")

    # ---- sending

    def _say(self, place: _Place, text: str) -> None:
        if self._output.add(text, place.parent):
            return
        with self._lock:
            self._late.append((place, text))
        self._sending.ask()

    def _send(self) -> None:
        with self._lock:
            late, self._late = self._late, []
            places, self._to_count = self._to_count, []
        for place, text in late:
            self._publish("stream", {"name": "stderr", "text": text}, place.parent)
        for place in places:
            self._loop.call_later(place.pause_s, partial(self._count, place))
            place.pause_s *= 2


def _head(event: Fault | Note) -> str:
    return fault_head(event) if isinstance(event, Fault) else printable(event.text)


def _brief(event: Fault | Note) -> str:
    whole = f"cell [{event.cell}]" if event.cell else "the trace area"
    return f"{_head(event)}\n[in the background; {whole} shows the whole report]\n"
