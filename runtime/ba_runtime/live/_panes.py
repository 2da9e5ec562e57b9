"""What the views besides the trace show: sockets, flow and network. Each is made once for all viewers.

A pane is asked to look while somebody has its view open, ten times a second at most, and never waits: it asks
the Lua thread or a worker, at most once a second, and takes the answer when it is there. `version` changes
when `message` does.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ba_runtime.errors import BaError
from ba_runtime.events import SocketInfo

from . import messages
from ._source import Lua, Recording
from .messages import Message

if TYPE_CHECKING:
    from ba_runtime.lab import Lab
    from ba_runtime.observe import Event

LOOK_S = 1.0
# The Lua thread answers between two tasks; if it has not by then, the page says that it is busy.
LATE_S = 2.0


def answer(future: Future[Any]) -> Any:
    """Returns what a future that is done holds, None if that is an error: Lua is gone, or will be soon."""
    return None if future.cancelled() or future.exception() is not None else future.result()


class Pane:
    """One view's content."""

    def __init__(self) -> None:
        self.version = 0
        self.message: Message | None = None

    def look(self, lua: Lua | None, lab: Lab | None, now_s: float) -> None:
        """Sees to it that the message is up to date soon."""
        raise NotImplementedError

    def rest(self) -> None:
        """Nobody has the view open any more."""

    def _show(self, message: Message) -> None:
        if message != self.message:
            self.message = message
            self.version += 1


class SocketsPane(Pane):
    """The table of open sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: Future[tuple[SocketInfo, ...]] | None = None
        self._asked_at = -LOOK_S
        self._rows: tuple[SocketInfo, ...] = ()

    def look(self, lua: Lua | None, lab: Lab | None, now_s: float) -> None:
        """Asks for the rows, and takes those that have come."""
        if lua is None:
            self._rows, self._asked = (), None
            self._show(messages.sockets((), is_late=False))
        elif self._asked is None:
            if now_s - self._asked_at >= LOOK_S:
                self._asked, self._asked_at = lua.sockets(), now_s
        elif self._asked.done():
            self._rows = answer(self._asked) or ()
            self._asked = None
            self._show(messages.sockets(self._rows, is_late=False))
        elif now_s - self._asked_at > LATE_S:
            self._show(messages.sockets(self._rows, is_late=True))

    def hurry(self) -> None:
        """Asks at the next look: something has just changed."""
        self._asked_at = -LOOK_S

    @property
    def handles(self) -> dict[int, str]:
        """The globals that hold sockets."""
        return {row.socket: row.holder for row in self._rows if row.socket and row.holder}


@dataclass(slots=True)
class _Take:
    """One recording, and what a picture of it needs to know besides."""

    lua: Lua
    recording: Recording
    known: frozenset[int] | None = None  # sockets that there were before
    handles: dict[int, str] = field(default_factory=dict)
    drawn: tuple[Event, ...] | None = None


class FlowPane(Pane):
    """The picture of what the sockets do, recorded while somebody looks."""

    def __init__(self, workers: Executor, sockets: SocketsPane) -> None:
        super().__init__()
        self._workers = workers
        self._sockets = sockets
        self._take: _Take | None = None
        self._drawing: Future[Message | None] | None = None
        self._drawn_at = -LOOK_S

    def look(self, lua: Lua | None, lab: Lab | None, now_s: float) -> None:
        """Begins to record, and has a picture drawn when there is something new."""
        if self._take is not None and self._take.lua is not lua:
            self.rest()
        if lua is None:
            return
        if self._take is None:
            self._take = _Take(lua, lua.record())
        self._sockets.look(lua, lab, now_s)  # which names the sockets by the globals that hold them
        self._take.handles |= self._sockets.handles
        if self._drawing is None:
            if now_s - self._drawn_at >= LOOK_S:
                self._drawn_at = now_s
                self._drawing = self._workers.submit(self._draw, self._take, lab)
        elif self._drawing.done():
            message = answer(self._drawing)
            self._drawing = None
            if message is not None:
                self._show(message)

    def rest(self) -> None:
        """Ends the recording; the last picture is forgotten with it."""
        if self._take is not None:
            self._take.recording.end()
        self._take, self._drawing, self.message = None, None, None
        self._drawn_at = -LOOK_S

    def _draw(self, take: _Take, lab: Lab | None) -> Message | None:
        """Draws on a worker's thread; the Lua thread may keep it waiting. None if nothing is new."""
        from ba_runtime.observe import Opened
        from ba_runtime.observe.draw import draw
        from ba_runtime.observe.svg import summary, to_svg

        events, dropped = take.recording.events(), take.recording.dropped
        if take.known is None:
            take.known = frozenset(event.socket for event in events if isinstance(event, Opened))
        if events == take.drawn:
            return None
        take.drawn = events
        picture = draw(events, _names(take, lab), dropped)
        svg = base64.b64encode(to_svg(picture).encode()).decode() if picture.rows else ""
        text = summary(picture)
        return {"type": "flow", "svg": svg, "text": text, "events": len(events), "dropped": dropped}


def _names(take: _Take, lab: Lab | None) -> Any:
    from ba_runtime.observe import Address
    from ba_runtime.observe.facts import Names

    known = take.known or frozenset()
    if lab is None:
        return Names(dict(take.handles), known=known)
    hosts = {Address(*there): (host, port) for (host, port, _), there in lab.routes.items()}
    return Names(dict(take.handles), hosts, known, is_timed=not lab.is_time_fixed)


class NetworkPane(Pane):
    """The lab's hosts and the conditions on the way to them, and orders to change those."""

    def __init__(self, workers: Executor) -> None:
        super().__init__()
        self._workers = workers
        self._looked_at = -LOOK_S

    def look(self, lua: Lua | None, lab: Lab | None, now_s: float) -> None:
        """Looks at the lab, which answers at once."""
        if now_s - self._looked_at >= LOOK_S:
            self._looked_at = now_s
            self._show(_network(lab))

    def order(self, lab: Lab | None, words: str, tell: Callable[[Message], None]) -> None:
        """Sets or clears conditions; `tell` gets what came of it, on some other thread."""

        def work() -> None:
            try:
                tell(_obeyed(lab, words))
            finally:
                self._looked_at = -LOOK_S

        self._workers.submit(work)


def _obeyed(lab: Lab | None, words: str) -> Message:
    if lab is None:
        return messages.said("lab", "The lab network is off; %lab on turns it on.", is_error=True)
    from ba_runtime.lab import obey

    word, *arguments = words.split() or [""]
    try:
        return messages.said("lab", obey(lab, word, *arguments), is_error=False)
    except (ValueError, BaError) as problem:
        return messages.said("lab", str(problem), is_error=True)


def _network(lab: Lab | None) -> Message:
    if lab is None:
        return {"type": "network", "is_on": False, "hosts": []}
    hosts = []
    for name, ports in groupby(sorted(lab.status(), key=lambda one: one.host), key=lambda one: one.host):
        all_ports = tuple(ports)
        conditions = next((one.conditions for one in all_ports if one.conditions is not None), None)
        hosts.append(
            {
                "host": name,
                "ports": ", ".join(f"{one.port}/{one.kind}" for one in all_ports),
                "what": "; ".join(dict.fromkeys(one.what for one in all_ports)),
                "served": sum(one.served for one in all_ports),
                "conditions": str(conditions or ""),
                "can": conditions is not None,
            }
        )
    return {"type": "network", "is_on": True, "hosts": hosts}
