"""What was run in this kernel, for the arrow keys of a console and for history requests.

It lives as long as the kernel. There is one session, number 1; the protocol's 0 means the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

SESSION = 1
# More than anyone types in a day; a program that feeds cells for weeks must not fill the memory.
KEPT = 10_000

Row: TypeAlias = tuple[int, int, str | tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell: its number, its text, and its result as text if it had one."""

    cell: int
    source: str
    result: str | None


class History:
    """The cells of this kernel, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, cell: int, source: str, result: str | None) -> None:
        """Remembers a cell that was run."""
        self._entries.append(Entry(cell, source, result))

    def tail(self, n: int | None, *, output: bool) -> list[Row]:
        """Returns the last `n` cells, all of them for None."""
        return _rows(_last(list(self._entries), n), output)

    def range(self, session: int, start: int | None, stop: int | None, *, output: bool) -> list[Row]:
        """Returns the cells numbered from `start` up to, not including, `stop`; none of another session."""
        if session not in (0, SESSION):
            return []
        first, end = start or 0, stop if stop is not None else float("inf")
        return _rows((entry for entry in self._entries if first <= entry.cell < end), output)

    def search(self, pattern: str, n: int | None, *, unique: bool, output: bool) -> list[Row]:
        """Returns the last `n` cells whose whole text matches the glob, each text once if `unique`."""
        found = [entry for entry in self._entries if fnmatchcase(entry.source, pattern or "*")]
        if unique:
            found = sorted({entry.source: entry for entry in found}.values(), key=lambda entry: entry.cell)
        return _rows(_last(found, n), output)


def _last(entries: list[Entry], n: int | None) -> list[Entry]:
    return entries if n is None else entries[max(0, len(entries) - n) :]


def _rows(entries: Iterable[Entry], output: bool) -> list[Row]:
    return [
        (SESSION, entry.cell, (entry.source, entry.result) if output else entry.source) for entry in entries
    ]
