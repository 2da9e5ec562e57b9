"""Which part of a recording belongs together: a cell's sockets, or some sockets, with whom they talk to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from .events import Erred, Event, Opened, Waits, WentOn
from .facts import Facts


def of_cell(events: Sequence[Event], cell: int) -> list[Event]:
    """Returns what happened to the sockets that a cell made or waited for, and to those they talk to.

    What the cell and its cosockets did without a socket is in it: sleeping, and errors. So is what a server
    of another cell did to answer: the sockets that this one's code opened once it had accepted a connection.
    """
    sockets = {
        event.socket
        for event in events
        if isinstance(event, (Opened, Waits)) and event.cell == cell and event.socket
    }
    tasks = {event.task for event in events if isinstance(event, Waits) and event.cell == cell}
    return _with(events, sockets | _onward(events, sockets), tasks, {cell})


def _onward(events: Sequence[Event], sockets: Collection[int]) -> set[int]:
    """Returns what those who accepted a connection from these sockets opened afterwards: a proxy does."""
    facts = Facts(events)
    mates = {facts.mates[socket] for socket in sockets if socket in facts.mates}
    since: dict[int, float] = {}  # by the cell
    onward = set()
    for event in events:
        if not isinstance(event, Opened) or not event.cell:
            continue
        if event.socket in mates and event.kind == "accepted":
            since.setdefault(event.cell, event.at_s)
        elif event.kind in ("client", "datagram") and event.at_s >= since.get(event.cell, math.inf):
            onward.add(event.socket)
    return onward


def of_sockets(events: Sequence[Event], sockets: Iterable[int]) -> list[Event]:
    """Returns what happened to some sockets, and to those they talk to."""
    return _with(events, set(sockets), (), ())


def _with(
    events: Sequence[Event], sockets: set[int], tasks: Collection[int], cells: Collection[int]
) -> list[Event]:
    facts = Facts(events)
    sockets |= {facts.mates[socket] for socket in sockets if socket in facts.mates}
    parents = {facts.opened[socket].parent for socket in sockets if socket in facts.opened}
    sockets |= parents - {0}
    return [event for event in events if _belongs(event, sockets, tasks, cells)]


def _belongs(event: Event, sockets: set[int], tasks: Collection[int], cells: Collection[int]) -> bool:
    if isinstance(event, (Waits, WentOn)) and event.task in tasks:
        return True
    if isinstance(event, Erred) and event.cell in cells:
        return True
    return event.socket in sockets
