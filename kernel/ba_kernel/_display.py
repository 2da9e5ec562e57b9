"""What a program displays: pictures, tables, progress bars, shown where they belong and shown anew later.

A new output of the cell that runs stands between its prints, in the order of the program; one that comes when
its cell has ended answers that cell's request, and front ends append it there. An output that is shown anew
keeps its place, whoever asked for it; of many new states in a tenth of a second, only the last is sent.
A state that comes before the output itself has been sent takes its place.

How much: each cell has so many outputs and so many bytes, for all that its code displays, however late. New
states count, too: a saved notebook has the last one only, but all of them go through the front end.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ba_runtime.events import Displayed, OutputCleared
from ba_runtime.text import readable

from ._defer import Deferred, Loop
from ._frontend import Message, Publish, Request
from ._output import Output
from ._recent import RecentCells
from ._trace_area import TraceArea

UPDATE_S = 0.1
MOST_OUTPUTS = 500
MOST_BYTES = 50_000_000


@dataclass(slots=True)
class _Place:
    """One execution, and what it may still display."""

    parent: Message
    cell: int
    outputs_left: int = MOST_OUTPUTS
    bytes_left: int = MOST_BYTES
    dropped: int = 0


class Displays:
    """The outputs of one kernel. `add` belongs to the Lua thread, the rest to the main loop."""

    def __init__(self, publish: Publish, loop: Loop, output: Output, area: TraceArea) -> None:
        self._publish = publish
        self._output = output
        self._area = area
        self._name = uuid.uuid4()
        self._lock = threading.Lock()
        self._places: RecentCells[_Place] = RecentCells()
        self._running: _Place | None = None
        self._latest: Message | None = None
        self._unsent: dict[int, Displayed] = {}  # outputs that have not been sent yet
        self._late: list[tuple[_Place, int]] = []
        self._updates: dict[int, Displayed] = {}
        self._showing = Deferred(loop, self._show_late, lambda: 0.0)
        self._updating = Deferred(loop, self._update, lambda: UPDATE_S)

    def begin(self, request: Request) -> None:
        """A cell starts."""
        if request.is_silent:
            return
        # All of a request that an answer carries; its code is long.
        place = _Place({"header": request.parent.get("header", {})}, request.origin)
        with self._lock:
            self._running, self._latest = place, place.parent
            self._places.keep(request.origin, place)

    def end(self) -> None:
        """The cell ends, and its output has been sent: the last states follow, and how much was dropped."""
        with self._lock:
            place, self._running = self._running, None
        self._show_late()
        self._update()
        if place is not None and place.dropped:
            outputs = "output was" if place.dropped == 1 else "outputs were"
            text = f"[{place.dropped:,} {outputs} dropped]\n"
            self._publish("stream", {"name": "stderr", "text": text}, place.parent)

    # ---- on the Lua thread

    def add(self, event: Displayed | OutputCleared) -> None:
        """Takes what a program shows or clears. The running cell shows what belongs to no cell."""
        with self._lock:
            place = self._places.get(event.cell) if event.cell else self._running
            is_running = place is not None and place is self._running
        if place is None:
            return
        if isinstance(event, OutputCleared):
            if is_running:
                self._output.insert(lambda: self._clear(place, event))
        elif self._has_room(place, event):
            self._take(place, event, is_running=is_running)

    def _has_room(self, place: _Place, event: Displayed) -> bool:
        size = sum(len(data) for _, data in event.forms)
        with self._lock:
            if place.dropped or size > place.bytes_left or (not place.outputs_left and not event.is_update):
                place.dropped += 1
                is_first = place.dropped == 1
            else:
                place.bytes_left -= size
                place.outputs_left -= not event.is_update
                return True
        if is_first:
            self._output.add(
                f"[this cell has displayed {MOST_OUTPUTS - place.outputs_left:,} outputs and "
                f"{MOST_BYTES - place.bytes_left:,} bytes, its limit; the rest is dropped]\n",
                place.parent,
            )
        return False

    def _take(self, place: _Place, event: Displayed, *, is_running: bool) -> None:
        number = event.output
        with self._lock:
            if event.is_update and number not in self._unsent:
                self._updates[number] = event
            else:
                self._unsent[number] = event
                if not event.is_update and not is_running:
                    self._late.append((place, number))
        if event.is_update:
            self._updating.ask()
        elif is_running:
            self._output.insert(lambda: self._show(place, number))
        else:
            self._showing.ask()

    # ---- sending

    def _clear(self, place: _Place, event: OutputCleared) -> None:
        self._publish("clear_output", {"wait": event.waits}, place.parent)
        self._area.swept_away()

    def _show(self, place: _Place, number: int) -> None:
        with self._lock:
            event = self._unsent.pop(number)
        self._send("display_data", event, place.parent)

    def _show_late(self) -> None:
        with self._lock:
            late, self._late = self._late, []
        for place, number in late:
            self._show(place, number)

    def _update(self) -> None:
        with self._lock:
            updates, self._updates = self._updates, {}
            parent = self._latest
        for event in updates.values():
            if parent is not None:
                self._send("update_display_data", event, parent)

    def _send(self, kind: str, event: Displayed, parent: Message) -> None:
        transient = {"display_id": f"output-{self._name}-{event.output}"}
        self._publish(kind, {"data": to_data(event.forms), "metadata": {}, "transient": transient}, parent)


def to_data(forms: Sequence[tuple[str, bytes]]) -> dict[str, object]:
    """Returns forms as a message carries them: text, JSON as values, and all else in base64."""
    return {name: _to_json(name, data) for name, data in forms}


def _to_json(name: str, data: bytes) -> object:
    main, _, kind = name.partition("/")
    if kind == "json" or kind.endswith("+json"):
        try:
            return json.loads(data)
        except ValueError:
            return readable(data)
    if main == "text" or kind == "javascript" or kind.endswith("+xml"):
        return readable(data)
    return base64.b64encode(data).decode("ascii")
