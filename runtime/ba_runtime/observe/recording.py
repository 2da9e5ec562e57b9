"""What one recording keeps: the latest events, within a bound that shows.

The Lua thread adds *turns*, as they come; any thread may read. A turn is what happened up to one poll of the
reactor, raw: notes of single things in their order, and then what that poll received for plain streams, as
the reactor returned it. Events are made of it when somebody reads them, and most turns are dropped before
anybody does: that is why recording costs little (recorder.py).

Whole turns are dropped, the oldest first, so a few events more than the bound may be held; what is read keeps
to it exactly.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from ba_runtime.errors import RuntimeClosed

from .events import Event, Moved, Waits, WentOn

Sent: TypeAlias = "tuple[float, int, int, bytes]"  # when, on which socket, how much, and its head
Told: TypeAlias = "tuple[Event, int, int, bytes]"  # the event, twice nothing, and the head that it holds
Wait: TypeAlias = "tuple[int, int, bytes, int, bytes, float | None]"  # what Waits has, as Lua gave it
End: TypeAlias = "tuple[int, int, bytes]"  # what WentOn has
Waited: TypeAlias = "tuple[Wait | End, float, int, bytes]"  # …when, and no data
Note: TypeAlias = "Sent | Told | Waited"


class Turn(NamedTuple):
    """What happened up to one poll.

    `events_held` is how many events it makes and `size` how many bytes of data they hold. `arrived` has
    socket numbers and data in turn, received at `at_s`.
    """

    events_held: int
    size: int
    notes: tuple[Note, ...]
    at_s: float = 0.0
    arrived: tuple[int | bytes, ...] = ()

    def events(self) -> Iterator[Event]:
        """Yields them in their order."""
        for first, second, length, head in self.notes:
            if isinstance(first, float):
                yield Moved(first, int(second), True, "wire", length, head)
            elif isinstance(first, tuple):
                yield _waited(second, first)
            else:
                yield first
        for number, data in zip(self.arrived[::2], self.arrived[1::2], strict=True):
            assert isinstance(number, int)
            assert isinstance(data, bytes)
            yield Moved(self.at_s, number, False, "wire", len(data), data)


def _waited(at_s: float, what: Wait | End) -> Event:
    if len(what) == 3:
        return WentOn(at_s, what[0], what[1], what[2].decode("utf-8", "replace"))
    number, task, kind, cell, call, limit_s = what
    # A moment of the time is over when it is told.
    limit_s = None if limit_s is None else round(limit_s, 3)
    return Waits(at_s, number, task, kind.decode(), cell, call.decode(), limit_s)


def turn_of(notes: list[Note]) -> Turn:
    """Returns a turn in which nothing has arrived for a plain stream."""
    return Turn(len(notes), sum(len(note[3]) for note in notes), tuple(notes))


class Recording:
    """The latest events since it began, until it ends. Reading it is possible at any time, on any thread.

    >>> with runtime.record() as recording:
    ...     runtime.run_cell(source, name="cell[1]", cell=1).result()
    >>> recording.events()
    """

    def __init__(self, most_events: int, most_bytes: int) -> None:
        """Keeps at most so many events, which hold at most so many bytes of data. It has not begun."""
        if most_events < 1 or most_bytes < 0:
            raise ValueError("a recording keeps at least one event")
        self.most_events = most_events
        self.most_bytes = most_bytes
        self.begun: Future[Any] = Future()  # done when it has
        self.lock = threading.Lock()  # around a step in which notes become a turn
        self.pending: list[Note] = []  # what has not become a turn yet; the recorder's own list meanwhile
        self.finish: Callable[[], Future[Any]] = Future  # how to end it; set by whoever begins it
        self._turns: deque[Turn] = deque()
        self._held = 0
        self._held_bytes = 0
        self._seen = 0

    def add(self, turn: Turn) -> None:
        """Takes a turn, and lets go of the oldest. Called on the Lua thread, with the lock held."""
        turns = self._turns
        turns.append(turn)
        self._seen += turn.events_held
        held = self._held + turn.events_held
        held_bytes = self._held_bytes + turn.size
        while turns and (held_bytes > self.most_bytes or held - turns[0].events_held >= self.most_events):
            oldest = turns.popleft()
            held -= oldest.events_held
            held_bytes -= oldest.size
        self._held, self._held_bytes = held, held_bytes

    def _snapshot(self) -> tuple[list[Turn], int, int]:
        """Returns the turns, how many of their oldest events are past the bounds, and how many are gone."""
        with self.lock:
            turns = [*self._turns, turn_of(list(self.pending))]
            gone = self._seen - self._held
            held, held_bytes = self._held + turns[-1].events_held, self._held_bytes + turns[-1].size
        skipped = 0
        if held_bytes > self.most_bytes:  # only by what is pending
            for turn in turns:
                if held_bytes <= self.most_bytes:
                    break
                skipped += turn.events_held
                held_bytes -= turn.size
        return turns, max(skipped, held - self.most_events, 0), gone

    def events(self) -> tuple[Event, ...]:
        """Returns the events that are kept, the oldest first."""
        turns, skipped, _ = self._snapshot()
        return tuple(islice((event for turn in turns for event in turn.events()), skipped, None))

    @property
    def dropped(self) -> int:
        """Returns how many events are not kept any more."""
        _, skipped, gone = self._snapshot()
        return gone + skipped

    def end(self) -> Future[Any]:
        """Ends it on the Lua thread, soon; what was recorded stays. Ending it again does nothing."""
        return self.finish()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeClosed):  # then it has ended, too
            self.end().result()
