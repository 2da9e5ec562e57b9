"""Runs Lua programs in runtimes of their own and records what these say.

    assert traced("trace(1 + 1)") == ["2"]

Every runtime begins with the helpers in `_prelude.lua`. A `Recorder` can also be waited on, so that a test
goes on at the very moment at which its program has traced a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources

from ba_runtime import MAX_MEMORY, CellResult, Event, Fault, LatePrint, Note, Printed, Runtime, Traced

PRELUDE_CELL = 0
TIMEOUT_S = 30  # more than anything here takes on a busy machine


class Recorder:
    """A sink that keeps every event, and lets other threads wait for one."""

    def __init__(self) -> None:
        """Starts empty."""
        self._events: list[Event] = []
        self._news = threading.Condition()

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        with self._news:
            self._events.append(event)
            self._news.notify_all()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything so far, in order."""
        with self._news:
            return tuple(self._events)

    @property
    def traced(self) -> list[str]:
        """The texts of `trace`, one character for each byte."""
        return [event.text.decode("latin-1") for event in self.events if isinstance(event, Traced)]

    @property
    def faults(self) -> list[str]:
        """The reports of errors in the background."""
        return [event.text.decode("latin-1") for event in self.events if isinstance(event, Fault)]

    @property
    def hints(self) -> list[str]:
        """What is said below those errors."""
        return [event.error.hint for event in self.events if isinstance(event, Fault) and event.error]

    @property
    def notes(self) -> list[str]:
        """The runtime's own remarks."""
        return [event.text for event in self.events if isinstance(event, Note)]

    @property
    def printed(self) -> bytes:
        """What the cells printed while they ran."""
        return b"".join(event.text for event in self.events if isinstance(event, Printed))

    @property
    def printed_late(self) -> bytes:
        """What was printed after the cell had ended."""
        return b"".join(event.text for event in self.events if isinstance(event, LatePrint))

    def wait(self, condition: Callable[[], bool]) -> None:
        """Waits until `condition()` holds, which is asked again after every event."""
        with self._news:
            assert self._news.wait_for(condition, TIMEOUT_S), self._events

    def wait_briefly(self) -> None:
        """Waits for the next event, but only for a moment."""
        with self._news:
            self._news.wait(0.01)

    def wait_for_trace(self, text: str, times: int = 1) -> None:
        """Waits until `text` was traced so many times."""
        self.wait(lambda: self.traced.count(text) >= times)


class Session:
    """A running runtime, its recorder, and the cells one after the other."""

    def __init__(self, runtime: Runtime, recorder: Recorder) -> None:
        """`runtime` must have been started; it gets the prelude."""
        self.runtime = runtime
        self.recorder = recorder
        self._cells = PRELUDE_CELL
        prelude = (resources.files(__package__ or "") / "_prelude.lua").read_bytes()
        result = runtime.run_cell(prelude, name="prelude", cell=PRELUDE_CELL).result(TIMEOUT_S)
        assert result.error is None, result.error

    def run(self, source: str | bytes, *, name: str = "program") -> CellResult:
        """Runs a cell to its end."""
        return self.start(source, name=name)()

    def start(self, source: str | bytes, *, name: str = "program") -> Callable[[], CellResult]:
        """Starts a cell; call what this returns to wait for its end."""
        self._cells += 1
        text = source.encode() if isinstance(source, str) else source
        future = self.runtime.run_cell(text, name=name, cell=self._cells)
        return lambda: future.result(TIMEOUT_S)

    def value(self, expression: str) -> str:
        """Returns what a cell shows for the Lua expression."""
        result = self.run(f"return {expression}")
        assert result.error is None, result.error
        return "\t".join(value.decode("latin-1") for value in result.values)

    def settle(self) -> None:
        """Waits until nothing goes on in the background."""
        self.runtime.until_idle().result(TIMEOUT_S)


@contextmanager
def session(*, max_memory: int = MAX_MEMORY) -> Iterator[Session]:
    """A runtime for the time of a `with` block."""
    recorder = Recorder()
    with Runtime(recorder, max_memory=max_memory) as runtime:
        yield Session(runtime, recorder)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended, and what it said."""

    result: CellResult
    recorder: Recorder

    @property
    def message(self) -> str:
        """The message of the error that ended it."""
        assert self.result.error is not None
        return self.result.error.message.decode("latin-1")

    @property
    def hint(self) -> str:
        """What is said below that error."""
        assert self.result.error is not None
        return self.result.error.hint


def run(source: str | bytes) -> Outcome:
    """Runs a program in a fresh runtime."""
    with session() as fresh:
        return Outcome(fresh.run(source), fresh.recorder)


def run_well(source: str) -> Recorder:
    """Runs a program that ends without an error; returns what it said."""
    outcome = run(source)
    assert outcome.result.error is None, (outcome.result.error, outcome.recorder.traced)
    return outcome.recorder


def traced(source: str) -> list[str]:
    """Runs a program that ends without an error; returns the texts that it traced."""
    return run_well(source).traced


def faults(source: str) -> list[str]:
    """Runs a program that ends without an error; returns the reports of errors in the background."""
    return run_well(source).faults


def message_of(code: str) -> str:
    """Returns the message of the error that the Lua code raises; the program's name is `program`."""
    return run(code).message


def hint_of(code: str) -> str:
    """Returns what is said below the error that the Lua code raises."""
    return run(code).hint
