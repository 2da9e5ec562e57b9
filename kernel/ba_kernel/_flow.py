"""`%flow`: what is recorded, and the pictures that are made of it.

There are two recordings at most. One is a cell's own: a `%flow` line begins it, and the end of that cell
ends it and shows its picture, also of a cell that failed. The other goes on across cells, from `%flow on` to
`%flow off`, and has one picture that is kept up to date where it was asked for; at most one update a second,
and none with nothing new, as each replaces the DOM node. In a console, which has no updates, the picture
comes when it is asked for again, and with `%flow off`. All of this is on the main loop.

An update answers the latest execute request, and the last one of a cell comes before it is idle, for the
reasons given in `_trace_area.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ba_runtime.errors import BaError
from ba_runtime.events import SocketInfo

from ._defer import Loop
from ._engine import Engine, Recording, within
from ._frontend import Message, Publish, Request

if TYPE_CHECKING:
    from ba_runtime.observe import Event
    from ba_runtime.observe.diagram import Diagram
    from ba_runtime.observe.facts import Names

UPDATE_S = 1.0
# The Lua thread answers between two tasks; a task that does not end keeps it from answering.
ANSWER_S = 2.0

NOTHING_YET = "nothing has been recorded yet; put %flow at the top of a cell, or run %flow on"


class FlowError(Exception):
    """The user asked for a picture that cannot be made; the message says what would help."""


@dataclass(slots=True)
class _Take:
    """One recording, and what a picture of it needs to know."""

    recording: Recording
    request: Request
    known: frozenset[int]  # sockets that there were before
    only: tuple[int, ...] = ()
    handles: dict[int, str] = field(default_factory=dict)  # the globals that hold sockets
    display_id: str = field(default_factory=lambda: f"flow-{uuid.uuid4()}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture was made of, for those who want it in another form."""

    events: tuple[Event, ...]
    dropped: int
    names: Names


class Flow:
    """The recordings of one kernel."""

    def __init__(self, engine: Engine, publish: Publish, loop: Loop) -> None:
        self._engine = engine
        self._publish = publish
        self._loop = loop
        self._cells: _Take | None = None
        self._lasting: _Take | None = None
        self._latest: Request | None = None
        self._shown: Seen | None = None  # by the picture that goes on
        self._last: Seen | None = None
        self._is_ticking = False

    # ---- one cell after the other

    def begin(self, request: Request) -> None:
        """A cell starts."""
        if not request.is_silent:
            self._latest = request

    async def end(self) -> None:
        """The cell has ended, well or not: show what its sockets did while front ends still listen."""
        take, self._cells = self._cells, None
        if take is not None:
            if await self._finish(take):
                await self._find_handles(take)
            self._last = self._seen(take, take.request.origin)
            self._display("display_data", self._last, take.request, None)
        self._update()

    # ---- what the user asks for

    async def watch(self, request: Request, only: tuple[int, ...] = ()) -> None:
        """Records until this cell ends. Raises FlowError if Lua is busy or a socket is not there."""
        if self._cells is None:
            self._cells = await self._take(request)
        if only:
            missing = [number for number in only if number not in self._cells.known]
            if missing:
                take, self._cells = self._cells, None
                await self._finish(take)
                raise FlowError(
                    f"there is no socket {missing[0]}, or it is closed; %sockets lists those there are"
                )
            self._cells.only = only

    async def turn_on(self, request: Request) -> None:
        """Records from now on, and shows the picture in this cell; a second time, in another cell.

        In a console there is nothing to show the first time.
        """
        is_new = self._lasting is None
        if self._lasting is None:
            self._lasting = await self._take(request)
        self._lasting.request = request
        await self._find_handles(self._lasting)
        self._shown = self._seen(self._lasting)
        if not (is_new and request.is_console):
            self._display("display_data", self._shown, request, self._lasting.display_id)
        if not self._is_ticking:
            self._is_ticking = True
            self._loop.call_later(UPDATE_S, self._tick)

    async def turn_off(self, request: Request) -> None:
        """Ends what `turn_on` began; its picture stays, or appears. Raises FlowError if it is off."""
        if self._lasting is None:
            raise FlowError("%flow is off; %flow on turns it on")
        if await self._finish(self._lasting):
            await self._find_handles(self._lasting)
        self._update()
        if request.is_console and self._shown is not None:
            self._display("display_data", self._shown, request, None)
        self._last, self._lasting = self._shown, None

    def seen(self) -> Seen:
        """Returns what is recorded now, or was last. Raises FlowError if nothing was."""
        if self._lasting is not None:
            return self._seen(self._lasting)
        if self._last is None:
            raise FlowError(NOTHING_YET)
        return self._last

    # ---- recording

    async def _take(self, request: Request) -> _Take:
        from ba_runtime.observe import Opened

        recording = self._engine.runtime.record()
        try:
            await within(recording.begun, ANSWER_S)
        except asyncio.TimeoutError:
            recording.end()
            raise FlowError(
                "%flow: Lua is busy in the background; interrupt the kernel and try again"
            ) from None
        known = frozenset(event.socket for event in recording.events() if isinstance(event, Opened))
        return _Take(recording, request, known)

    async def _finish(self, take: _Take) -> bool:
        # Lua may be busy or gone; what was recorded is there in any case.
        with contextlib.suppress(asyncio.TimeoutError, BaError):
            await within(take.recording.end(), ANSWER_S)
            return True
        return False

    async def _find_handles(self, take: _Take) -> None:
        """Learns which globals hold sockets; a name that a socket had once stays its name."""
        with contextlib.suppress(asyncio.TimeoutError, BaError):
            rows = await within(self._engine.runtime.sockets(), ANSWER_S)
            take.handles = take.handles | _handles(rows)

    def _ask_for_handles(self, take: _Take) -> None:
        """The same, for the next picture: it does not wait, because Lua may be busy for long."""

        def answered(answer: Future[tuple[SocketInfo, ...]]) -> None:  # on the Lua thread
            if answer.exception() is None:
                take.handles = take.handles | _handles(answer.result())

        self._engine.runtime.sockets().add_done_callback(answered)

    def _seen(self, take: _Take, cell: int = 0) -> Seen:
        from ba_runtime.observe import Address
        from ba_runtime.observe.facts import Names
        from ba_runtime.observe.selection import of_cell, of_sockets

        events: tuple[Event, ...] = take.recording.events()
        if take.only:
            events = tuple(of_sockets(events, take.only))
        elif cell:
            events = tuple(of_cell(events, cell))
        lab = self._engine.lab
        names = Names(dict(take.handles), known=take.known)
        if lab is not None:
            hosts = {Address(*there): (host, port) for (host, port, _), there in lab.routes.items()}
            names = replace(names, lab=hosts, is_timed=not lab.is_time_fixed)
        return Seen(events, take.recording.dropped, names)

    # ---- showing

    def _tick(self) -> None:
        if self._lasting is None:
            self._is_ticking = False
            return
        self._update()
        self._ask_for_handles(self._lasting)
        self._loop.call_later(UPDATE_S, self._tick)

    def _update(self) -> None:
        take = self._lasting
        if take is None or self._latest is None:
            return
        seen = self._seen(take)
        if seen != self._shown:
            self._shown = seen
            if not self._latest.is_console:
                self._display("update_display_data", seen, self._latest, take.display_id)

    def _display(self, kind: str, seen: Seen, request: Request, display_id: str | None) -> None:
        if request.is_silent:
            return
        content: Message = {"data": shown(picture(seen)), "metadata": {}}
        if display_id:
            content["transient"] = {"display_id": display_id}
        self._publish(kind, content, request.parent)


def _handles(rows: Iterable[SocketInfo]) -> dict[int, str]:
    return {row.socket: row.holder for row in rows if row.socket and row.holder}


def picture(seen: Seen) -> Diagram:
    """Returns the diagram of what was seen."""
    from ba_runtime.observe.draw import draw

    return draw(seen.events, seen.names, seen.dropped)


def shown(diagram: Diagram) -> dict[str, str]:
    """Returns a picture in the forms that front ends choose from."""
    from ba_runtime.observe.svg import to_html
    from ba_runtime.observe.text import to_text

    return {"text/plain": to_text(diagram), "text/html": to_html(diagram)}
