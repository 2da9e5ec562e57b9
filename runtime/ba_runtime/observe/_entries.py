"""What Lua has recorded itself, as it was handed over (lua/recorded.lua), and the events that it makes.

An entry is four values: a send has the socket's number, the head of the data, the time and how much was sent;
a wait has a text that describes it, False (or, at its end, the outcome) and the time. False is a time that
nobody took: that of the poll before it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import TypeAlias, cast

from ba_runtime.sockets.reasons import TEXT, Signal

from .events import Moved, Waits, WentOn

Value: TypeAlias = "int | float | bytes | bool"
Entry: TypeAlias = tuple[Value, Value, Value, Value]


class Entries:
    """The latest entries without a gap, by how many came before them since the state was made."""

    def __init__(self, first: int, most: int) -> None:
        """There are none yet; at most so many are kept."""
        self.start = first  # the first that is here
        self.upto = first  # those below this number have been handed over
        self._most = most
        self._kept: deque[Entry] = deque()

    def take(self, first: int, values: Sequence[Value]) -> None:
        """Takes entries. What was lost between the last ones and these makes all that are older useless."""
        if first > self.upto:
            self._kept.clear()
            self.start = self.upto = first
        fields = iter(values)
        made = list(zip(fields, fields, fields, fields, strict=True))[self.upto - first :]
        self._kept.extend(made)
        self.upto += len(made)
        self.drop_before(self.upto - self._most)

    def drop_before(self, number: int) -> None:
        """Lets go of those that nobody needs."""
        while self._kept and self.start < number:
            self._kept.popleft()
            self.start += 1
        if not self._kept:
            self.start = min(max(self.start, number), self.upto)

    def end(self) -> None:
        """Says that no more will come: whatever is missing stays so."""
        self.upto = sys.maxsize

    def copy(self) -> Entries:
        """Returns the same, for another thread to read."""
        copied = Entries(self.start, self._most)
        copied.upto = self.upto
        copied._kept = self._kept.copy()
        return copied

    def pop(self, upto: int) -> list[Entry]:
        """Removes and returns those below this number."""
        count = max(0, min(upto - self.start, len(self._kept)))
        popped = list(islice(self._kept, count))
        self.drop_before(self.start + count)
        return popped


def time_of(entry: Entry, since_s: float) -> float:
    """Returns when it happened: not before the one before it."""
    at_s = entry[2]
    return max(at_s, since_s) if isinstance(at_s, float) else since_s


def event_of(entry: Entry, at_s: float, reasons: dict[int, str]) -> Moved | Waits | WentOn:
    """Returns the event that an entry makes; `reasons` has why sockets have failed."""
    first, second, _, length = entry
    if isinstance(first, int):
        assert isinstance(second, bytes)
        return Moved(at_s, first, True, "wire", int(length), second)
    assert isinstance(first, bytes)
    task, socket, cell, kind, call, limit = first.decode().split("\n")
    if second is not False:
        return WentOn(at_s, int(socket), int(task), _outcome(second, int(socket), reasons))
    return Waits(at_s, int(socket), int(task), kind, int(cell), call, float(limit) if limit else None)


def _outcome(outcome: Value, socket: int, reasons: dict[int, str]) -> str:
    if isinstance(outcome, bytes):
        return outcome.decode("utf-8", "replace")
    if outcome == Signal.TLS_FAILED:
        return reasons.get(socket, "socketreadfailed")
    return TEXT.get(cast(Signal, outcome), "")
