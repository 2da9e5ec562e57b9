"""What one recording keeps: the latest events, within a bound that shows.

The Lua thread adds *turns*, as they come; any thread may read. A turn is what happened up to some poll of the
reactor, raw: Python's own notes in their order, of single things and of what polls received for plain
streams, as the reactor returned it. What Lua has recorded meanwhile stays with Lua until somebody reads
(lua/recorded.lua); a turn knows how much that is, and each note before how much of it. Events are
made of all this when somebody reads them, and most of it is dropped before anybody does: that is why
recording costs little (recorder.py).

Whole turns are dropped, the oldest first, so a few events more than the bound may be held; what is read keeps
to it exactly.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeAlias

from ba_runtime.errors import RuntimeClosed

from ._entries import Entries, Value, event_of, time_of
from .events import Event, Failed, Moved

# Lua that is busy for longer is left alone; what it handed over before is read, and nobody waits again.
CATCH_UP_S = 1.0

Sent: TypeAlias = "tuple[int, float, int, int, bytes]"  # its place, when, on which socket, how much, its head
Told: TypeAlias = "tuple[int, Event, int, int, bytes]"  # its place, the event, nothing, nothing, its head
# Its place, socket numbers and data in turn, when they were received, how many bytes, nothing.
Polled: TypeAlias = "tuple[int, tuple[int | bytes, ...], float, int, bytes]"
Note: TypeAlias = "Sent | Told | Polled"  # a note's place is the number of Lua's entries before it


def events_in(note: Note) -> int:
    """Returns how many events a note makes."""
    return len(note[1]) // 2 if isinstance(note[1], tuple) else 1


def size_of(note: Note) -> int:
    """Returns how many bytes of data it holds."""
    return note[3] if isinstance(note[1], tuple) else len(note[4])


class Turn(NamedTuple):
    """What happened up to some poll.

    `events_held` is how many events it makes and `size` how many bytes of data Python holds for them. Lua's
    entries from `first` on, but before `upto`, belong to it; where they have no time, it is that of the poll
    before them, for the first ones `since_s`. The turn ended at `at_s`.
    """

    events_held: int
    size: int
    first: int
    upto: int
    since_s: float
    at_s: float
    notes: tuple[Note, ...]

    def events(self, entries: Entries, reasons: dict[int, str]) -> Iterator[Event]:
        """Yields them in their order, as far as Lua's entries have been handed over; takes these out."""
        since_s = self.since_s
        oldest = entries.start  # what is older than an entry that is lost is not shown either
        for place, what, number, length, head in self.notes:
            if place > entries.upto:
                break
            for entry in entries.pop(place):
                since_s = time_of(entry, since_s)
                yield event_of(entry, since_s, reasons)
            if place < oldest:
                continue
            if isinstance(what, tuple):
                since_s = max(since_s, number)
                yield from _arrived(what, number)
                continue
            assert isinstance(number, int)
            event = Moved(what, number, True, "wire", length, head) if isinstance(what, float) else what
            if isinstance(event, Failed):
                reasons[event.socket] = event.reason
            since_s = max(since_s, event.at_s)
            yield event
        for entry in entries.pop(self.upto):
            since_s = time_of(entry, since_s)
            yield event_of(entry, since_s, reasons)

    def events_until(self, place: int) -> int:
        """Returns how many events there are before Lua's entry of this number."""
        if self.upto <= place:
            return self.events_held
        return max(0, place - self.first) + sum(events_in(note) for note in self.notes if note[0] <= place)


def _arrived(polled: tuple[int | bytes, ...], at_s: float) -> Iterator[Moved]:
    for number, data in zip(polled[::2], polled[1::2], strict=True):
        assert isinstance(number, int)
        assert isinstance(data, bytes)
        yield Moved(at_s, number, False, "wire", len(data), data)


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
        self.catch_up: Callable[[], Future[Any]] | None = None  # how to have Lua hand over what it has
        self._asked: Future[Any] | None = None
        self._turns: deque[Turn] = deque()
        self._entries = Entries(0, most_events)
        self._turn_from = (0, 0.0)  # the first entry, and the time, of what is pending
        self._held = 0
        self._held_bytes = 0
        self._seen = 0

    # ------------------------------------------------------------ on the Lua thread, with the lock held

    def begin(self, entry: int) -> None:
        """Begins, before Lua's entry of this number."""
        self._entries = Entries(entry, self.most_events)

    def add(self, turn: Turn) -> None:
        """Takes a turn, and lets go of the oldest."""
        self._turn_from = turn.upto, turn.at_s
        if not turn.events_held:
            return
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

    def take(self, first: int, values: Sequence[Value]) -> None:
        """Takes entries of Lua's, as they are, `first` of which came before."""
        self._entries.take(first, values)

    def over(self) -> None:
        """Says that nothing more will come."""
        self.pending, self.catch_up = [], None
        self._entries.end()

    # ------------------------------------------------------------ reading

    def _read(self) -> tuple[list[Event], int]:
        """Returns the events that are kept, the oldest first, and how many are not."""
        with self.lock:
            entries = self._entries.copy()
            first, since_s = self._turn_from
            notes = tuple(self.pending)
            upto = max(first, entries.upto) if self.catch_up else first
            count, size = sum(map(events_in, notes)) + upto - first, sum(map(size_of, notes))
            pending = Turn(count, size, first, upto, since_s, since_s, notes)
            turns = [*self._turns, pending]
            seen = self._seen - self._held
        seen += sum(turn.events_until(entries.upto) for turn in turns)
        reasons: dict[int, str] = {}
        kept = [list(turn.events(entries, reasons)) for turn in turns]
        sizes = [sum(len(one.head) for one in events if isinstance(one, Moved)) for events in kept]
        size = sum(sizes)
        skipped = 0
        while size > self.most_bytes:
            size -= sizes[skipped]
            skipped += 1
        events = [event for turn in kept[skipped:] for event in turn][-self.most_events :]
        return events, seen - len(events)

    def _caught_up(self) -> tuple[list[Event], int]:
        catch_up = self.catch_up
        if catch_up is not None and (self._asked is None or self._asked.done()):
            self._asked = catch_up()
            concurrent.futures.wait((self._asked,), CATCH_UP_S)
        return self._read()

    def events(self) -> tuple[Event, ...]:
        """Returns the events that are kept, the oldest first.

        While Lua computes without ever waiting, there is only what happened before it began to.
        """
        return tuple(self._caught_up()[0])

    @property
    def dropped(self) -> int:
        """Returns how many events are not kept any more."""
        return self._caught_up()[1]

    def end(self) -> Future[Any]:
        """Ends it on the Lua thread, soon; what was recorded stays. Ending it again does nothing."""
        return self.finish()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeClosed):  # then it has ended, too
            self.end().result()
