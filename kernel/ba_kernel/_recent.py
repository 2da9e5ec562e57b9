"""What is remembered of cells: of the latest thousand, because a notebook may run for weeks."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_CELLS = 1_000


class RecentCells(Generic[T]):
    """One thing for each of the latest cells. Not locked: that is for callers on several threads to do."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, T] = OrderedDict()

    def keep(self, cell: int, what: T) -> None:
        """Remembers `what` of a cell; of a request without a number (0), nothing."""
        if not cell:
            return
        self._kept[cell] = what
        if len(self._kept) > KEPT_CELLS:
            self._kept.popitem(last=False)

    def get(self, cell: int) -> T | None:
        """Returns what is remembered of a cell, None if nothing is."""
        return self._kept.get(cell)
