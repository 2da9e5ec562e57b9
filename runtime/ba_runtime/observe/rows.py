"""From events to the rows of a picture, in one pass.

Both ends of a connection on this machine report what they see. One arrow is enough, so what arrives is drawn
only where nobody has recorded how it was sent. Pieces of one stream that follow each other become one arrow:
how the system cuts a stream differs from run to run. For the same reason a wait that ends before anything
else happens leaves no trace, a loop that waits in the same call again and again has one bar, and a bar ends
with what came, however late its task went on. Whether a reader still has to wait for the end of a connection
or finds it there is chance, too, so only a wait for it that takes its time is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from . import words
from .diagram import Arrow, ArrowKind, Lifeline, Mark, Row, Starts
from .events import (
    Closed,
    Connected,
    Connecting,
    Erred,
    Event,
    Failed,
    Misbehaved,
    Moved,
    Opened,
    Resolved,
    Secured,
    Waits,
    WentOn,
)
from .facts import MESSAGES, Facts, Names
from .lifelines import Lifelines

BRIEF_S = 0.05
KEPT_ROWS = 500  # far more than a picture shows, so that what is cut off is over


@dataclass(slots=True, eq=False)
class Wait:
    """A bar in the making. Its rows are known by their place once they are numbered."""

    lifeline: int
    task: int
    socket: int
    call: str
    label: str
    is_blocking: bool
    start: Cell
    end: Cell | None = None
    is_over: bool = False
    is_red: bool = False


@dataclass(slots=True, eq=False)
class Cell:
    """A place in the picture for a row, which may still change or go."""

    row: Row
    socket: int = 0
    length: int = 0
    first: Moved | None = None


class Rows:
    """The rows and the bars, as they grow with each event."""

    def __init__(self, facts: Facts, names: Names) -> None:
        self._facts = facts
        self._known = names.known
        self._lines = Lifelines(facts, names)
        self.cells: list[Cell] = []
        self.waits: list[Wait] = []
        self.cut = 0  # rows that were given up
        self._waiting: dict[int, Wait] = {}  # by task
        self._last_wait: dict[int, Wait] = {}
        self._connects: dict[int, Cell] = {}
        self._handshakes: dict[int, Cell] = {}
        self._closed: set[int] = set()
        self._have_failed: set[int] = set()
        self._on_the_way: list[Cell] = []  # datagrams between the program's own sockets
        self._lost: list[tuple[int, bool, int]] = []  # told before they were sent
        self._takers: dict[type[Event], Callable[[Any], None]] = {  # Any: each takes its own kind of event
            Opened: self._opened,
            Resolved: self._resolved,
            Connecting: self._connecting,
            Connected: self._connected,
            Secured: self._secured,
            Moved: self._moved,
            Waits: self._waits,
            WentOn: self._went_on,
            Closed: self._is_closed,
            Failed: self._failed,
            Erred: self._erred,
            Misbehaved: self._misbehaved,
        }

    @property
    def lifelines(self) -> tuple[Lifeline, ...]:
        """Everyone who takes part."""
        return tuple(self._lines.all)

    def take_all(self, events: Iterable[Event]) -> None:
        """Takes events in their order."""
        for event in events:
            self._takers[type(event)](event)
            if len(self.cells) > 2 * KEPT_ROWS:
                self._cut()

    def _cut(self) -> None:
        """Gives up the oldest rows, and the bars that end in them, so that any number of events may come."""
        self.cut += KEPT_ROWS
        del self.cells[:KEPT_ROWS]
        kept = set(map(id, self.cells))
        self.waits = [wait for wait in self.waits if not wait.is_over or id(wait.end) in kept]
        self._on_the_way = [cell for cell in self._on_the_way if id(cell) in kept]

    def _add(self, row: Row, socket: int = 0, length: int = 0, first: Moved | None = None) -> Cell:
        cell = Cell(row, socket, length, first)
        self.cells.append(cell)
        return cell

    # ---- connections

    def _opened(self, event: Opened) -> None:
        if event.socket in self._known:
            return
        if event.kind == "accepted" and event.parent:
            listener, owner = self._lines.of_socket(event.parent), self._lines.of_socket(event.socket)
            if event.socket not in self._facts.mates:
                peer = self._lines.of_peer(event.socket)
                self._add(Arrow(event.at_s, peer, listener, "connect", "connect"), event.socket)
            if listener != owner:
                self._add(Arrow(event.at_s, listener, owner, "accept", "accept"), event.socket)
        elif event.kind == "listener":
            self._mark(event.at_s, event.socket, "listen")

    def _resolved(self, event: Resolved) -> None:
        said = words.shown(event.name)
        label = f"look up {said}: {words.shown(event.error)}" if event.error else f"look up {said}"
        cell = self._mark(event.at_s, event.socket, label, is_red=bool(event.error))
        if event.error and event.socket:
            self._connects[event.socket] = cell

    def _connecting(self, event: Connecting) -> None:
        source, target = self._lines.of_socket(event.socket), self._peer_at_connect(event)
        row = Arrow(event.at_s, source, target, "connect", "connect")
        self._connects[event.socket] = self._add(row, event.socket)

    def _peer_at_connect(self, event: Connecting) -> int:
        mate = self._facts.mates.get(event.socket)
        parent = self._facts.opened[mate].parent if mate in self._facts.opened else 0
        return self._lines.of_socket(parent) if parent else self._lines.of_peer(event.socket)

    def _connected(self, event: Connected) -> None:
        self._connects.pop(event.socket, None)

    def _secured(self, event: Secured) -> None:
        mate = self._facts.mates.get(event.socket, 0)
        theirs = self._handshakes.pop(mate, None)
        is_client = self._facts.kind(event.socket) == "client"
        if theirs is not None:
            if is_client and isinstance(theirs.row, Arrow):  # only the client knows whom it asked for
                is_red = event.trust not in ("", "trusted")
                theirs.row = replace(theirs.row, label=words.secured(event), is_red=is_red)
            return
        ends = self._lines.of_socket(event.socket), self._lines.of_peer(event.socket)
        source, target = ends if is_client else ends[::-1]
        is_red = event.trust not in ("", "trusted")
        row = Arrow(event.at_s, source, target, "tls", words.secured(event), is_red=is_red)
        self._handshakes[event.socket] = self._add(row, event.socket)

    def _failed(self, event: Failed) -> None:
        # The documented word, as the system's own differ from one system to the next.
        reason = words.shown(event.reason)
        cell = self._connects.pop(event.socket, None)
        self._have_failed.add(event.socket)
        if cell is not None and isinstance(cell.row, Arrow):
            cell.row = replace(cell.row, detail=reason, is_red=True, is_lost=True)
        elif cell is not None and isinstance(cell.row, Mark):
            cell.row = replace(cell.row, label=f"{cell.row.label.split(':')[0]}: {reason}", is_cross=True)
        else:
            self._mark(event.at_s, event.socket, reason, is_red=True, is_cross=True)

    # ---- data

    def _moved(self, event: Moved) -> None:
        if self._facts.kind(event.socket) == "datagram":
            self._datagram(event)
            return
        mate = self._facts.mates.get(event.socket)
        is_drawn_there = not event.is_ours and mate is not None and mate in self._facts.sends
        if is_drawn_there or self._facts.is_hidden(event):
            return
        if event.layer in MESSAGES:
            self._arrow(event, "message")
        elif not self._joined(event):
            self._arrow(event, "data")

    def _arrow(self, event: Moved, kind: ArrowKind) -> Cell:
        source, target = self._lines.of_socket(event.socket), self._lines.of_peer(event.socket, event.peer)
        if not event.is_ours:
            source, target = target, source
        label, detail = words.moved(event, event.length)
        row = Arrow(event.at_s, source, target, kind, label, detail)
        return self._add(row, event.socket, event.length, event)

    def _joined(self, event: Moved) -> bool:
        """Adds a piece to the arrow before it, across waits for that very piece."""
        line = self._lines.of_socket(event.socket)
        at = len(self.cells) - 1
        while at >= 0 and self._is_wait_of(self.cells[at], line):
            at -= 1
        last = self.cells[at] if at >= 0 else None
        if last is None or last.first is None or not isinstance(last.row, Arrow):
            return False
        first = last.first
        if (first.socket, first.is_ours, first.layer) != (event.socket, event.is_ours, event.layer):
            return False
        last.length += event.length
        last.first = replace(first, head=first.head + event.head if len(first.head) < 64 else first.head)
        label, detail = words.moved(last.first, last.length)
        last.row = replace(last.row, label=label, detail=detail)
        for cell in self.cells[at + 1 :]:
            self._drop(cell)
        return True

    def _datagram(self, event: Moved) -> None:
        known = (event.socket, event.is_ours, event.length)
        if known in self._lost:
            self._lost.remove(known)
            return
        if not event.is_ours:
            for cell in self._on_the_way:
                if cell.length == event.length and cell.first and cell.first.head == event.head:
                    self._on_the_way.remove(cell)
                    return
        cell = self._arrow(event, "datagram")
        if event.is_ours and self._lines.own_datagram(event.socket, event.peer):
            self._on_the_way.append(cell)

    def _misbehaved(self, event: Misbehaved) -> None:
        for cell in reversed(self.cells[-8:]):
            first = cell.first
            is_it = first and (first.socket, first.is_ours, cell.length) == (
                event.socket,
                event.is_ours,
                event.length,
            )
            if is_it and isinstance(cell.row, Arrow) and not cell.row.is_lost:
                detail = f"{cell.row.detail}, {event.what}"
                cell.row = replace(cell.row, detail=detail, is_red=True, is_lost=event.what == "lost")
                return
        label = words.shown(f"{event.what} by the lab: {event.name}")
        if event.what != "lost" or not event.length:
            self._mark(event.at_s, event.socket, label, is_red=True)
            return
        source, target = self._lines.of_socket(event.socket), self._lines.of_peer(event.socket)
        if not event.is_ours:
            source, target = target, source
        detail = f"{words.size(event.length)}, lost"
        self._add(Arrow(event.at_s, source, target, "datagram", "", detail, True, True), event.socket)
        self._lost.append((event.socket, event.is_ours, event.length))
        del self._lost[:-32]

    # ---- ends

    def _is_closed(self, event: Closed) -> None:
        self._closed.add(event.socket)
        mate = self._facts.mates.get(event.socket)
        if event.by in ("peer", "reset") and mate in self._closed:
            return  # the arrow from the other end says so
        if event.by == "error" and event.socket in self._have_failed:
            return  # the failure has been told
        label, is_red = words.closed(event), event.by in ("reset", "error", "interrupt")
        if self._facts.kind(event.socket) in ("listener", "datagram") or event.by not in (
            "us",
            "peer",
            "reset",
        ):
            self._mark(event.at_s, event.socket, label, is_red=is_red, is_cross=True)
            return
        source, target = self._lines.of_socket(event.socket), self._lines.of_peer(event.socket)
        if event.by != "us":
            source, target = target, source
        self._add(Arrow(event.at_s, source, target, "close", label, is_red=is_red), event.socket)

    def _erred(self, event: Erred) -> None:
        line = self._lines.of_socket(event.socket) if event.socket else self._lines.of_cell(event.cell)
        self._add(Mark(event.at_s, line, words.error(event.text), True, True))

    def _mark(
        self, at_s: float, socket: int, label: str, *, is_red: bool = False, is_cross: bool = False
    ) -> Cell:
        line = self._lines.of_socket(socket) if socket else self._lines.of_cell(0)
        return self._add(Mark(at_s, line, label, is_red, is_cross), socket)

    # ---- waits

    def _waits(self, event: Waits) -> None:
        if event.socket:
            self._lines.uses(event.socket, event.task)
        line, last = self._lines.of_task(event.task), self._last_wait.get(event.task)
        label = words.wait(event.call, event.limit_s)
        is_same = last and last.is_over and (last.label, last.socket) == (label, event.socket)
        if last and is_same and last.end is not None and not self._has_part(line, last.start):
            last.is_over = False
            self._waiting[event.task] = last
            return
        connect = self._connects.get(event.socket)
        if event.call == "connect" and connect is not None and connect is self.cells[-1]:
            start = connect  # whose arrow says what is waited for
            if event.limit_s is not None and isinstance(start.row, Arrow):
                start.row = replace(start.row, label=label)
        else:
            start = self._add(Starts(event.at_s, ((line, label),)), event.socket)
        is_blocking = event.kind == "cell"
        wait = Wait(line, event.task, event.socket, event.call, label, is_blocking, start)
        self.waits.append(wait)
        self._waiting[event.task] = self._last_wait[event.task] = wait

    def _has_part(self, line: int, after: Cell | None) -> bool:
        """Whether `line` takes part in anything from the place of `after` on."""
        for cell in reversed(self.cells):
            row = cell.row
            if isinstance(row, Arrow) and line in (row.source, row.target):
                return True
            if isinstance(row, Mark) and row.lifeline == line:
                return True
            if cell is after:
                return False
        return True  # it was cut off

    def _went_on(self, event: WentOn) -> None:
        wait = self._waiting.pop(event.task, None)
        if wait is None:
            return
        wait.is_over = True
        if event.outcome == "timeout":
            wait.is_red = True
            row = Mark(event.at_s, wait.lifeline, f"{words.shown(wait.call)}: timeout", True)
            wait.end = self._add(row, event.socket)
        elif self._has_passed(wait.start) or self._is_brief(wait, event):
            self._drop(wait.start)
        else:
            wait.end = self._answer(wait) or self.cells[-1]

    def _is_brief(self, wait: Wait, event: WentOn) -> bool:
        row = wait.start.row
        has_ended = event.outcome not in ("", "timeout")
        return has_ended and isinstance(row, Starts) and event.at_s - row.at_s < BRIEF_S

    def _answer(self, wait: Wait) -> Cell | None:
        """Returns what a wait was for: the first that its lifeline received since it began."""
        found = None
        for cell in reversed(self.cells):
            if cell is wait.start:
                return found
            if cell.first is not None and isinstance(cell.row, Arrow) and cell.row.target == wait.lifeline:
                found = cell
        return None

    def _has_passed(self, start: Cell) -> bool:
        """Whether nothing but other waits has begun since a wait that has a row of its own."""
        if not isinstance(start.row, Starts):
            return False
        for cell in reversed(self.cells):
            if cell is start:
                return True
            if not isinstance(cell.row, Starts):
                return False
        return False

    def _is_wait_of(self, cell: Cell, line: int) -> bool:
        return isinstance(cell.row, Starts) and cell.row.waits[0][0] == line

    def _drop(self, start: Cell) -> None:
        """Takes a bar out again. Whatever ended there now ends in the row before."""
        at = next((i for i in range(len(self.cells) - 1, -1, -1) if self.cells[i] is start), -1)
        if at < 0:
            return  # it was cut off
        before = self.cells[at - 1] if at else None
        del self.cells[at]
        for wait in self.waits:
            if wait.end is start:
                wait.end = before
        gone = next((wait for wait in self.waits if wait.start is start), None)
        if gone is None:
            return
        self.waits.remove(gone)
        if self._last_wait.get(gone.task) is gone:
            del self._last_wait[gone.task]
        self._waiting = {task: wait for task, wait in self._waiting.items() if wait is not gone}
