"""A notebook's cells, one after the other in one runtime, and what is said below their errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ba_runtime import Event, Fault, Runtime

TIMEOUT_S = 30


class Notebook:
    """Runs cells whose chunks are called `cell[1]`, `cell[2]` and so on."""

    def __init__(self, runtime: Runtime, events: list[Event]) -> None:
        """Takes a runtime that has been started, and what it reports to."""
        self.runtime = runtime
        self._events = events
        self._cells = 0

    def hint(self, text: str | bytes) -> str:
        """Runs a cell, which must fail, and returns the line below its error."""
        self._cells += 1
        source = text.encode() if isinstance(text, str) else text
        result = self.runtime.run_cell(source, name=f"cell[{self._cells}]", cell=self._cells).result(
            TIMEOUT_S
        )
        assert result.error is not None, text
        return result.error.hint

    def run(self, text: str) -> int:
        """Runs a cell, which must end well, and returns its number."""
        self._cells += 1
        result = self.runtime.run_cell(text.encode(), name=f"cell[{self._cells}]", cell=self._cells)
        error = result.result(TIMEOUT_S).error
        assert error is None, error
        return self._cells

    def background(self, text: str) -> list[str]:
        """Runs a cell, waits until nothing of it goes on, and returns the lines below its errors there."""
        before = len(self._events)
        self.run(text)
        self.runtime.until_idle().result(TIMEOUT_S)
        faults = [event.error for event in self._events[before:] if isinstance(event, Fault)]
        return [error.hint for error in faults if error]


@contextmanager
def notebook() -> Iterator[Notebook]:
    """A notebook with nothing in it yet."""
    events: list[Event] = []
    with Runtime(events.append) as runtime:
        yield Notebook(runtime, events)


def hint(text: str) -> str:
    """Returns the line below the error of a cell in a fresh notebook."""
    with notebook() as fresh:
        return fresh.hint(text)
