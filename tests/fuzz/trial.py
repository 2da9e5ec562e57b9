"""One random program in a runtime of its own, and the judgement of what it did to it.

The program runs as a cell; interrupts come at its moments, and whatever it does, the last of them must end
the cell within LIMIT_S. Then the runtime has to work: a small cell, and one that needs sockets and timers.
What the program left in the background may keep the thread busy, or its finalizers may loop, so these cells
are interrupted too, a few times; each interrupt has to end what it hits, and one of the cells has to come
through. Two things excuse it: each time the thread was found computing, not waiting in its poll (tasks that
compute without end and are started again and again leave nothing for a cell), or the sockets that the program
has open hold all descriptors. At the end the runtime closes, and neither descriptors nor threads are left.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

from ba_runtime import CellResult, ErrorReport, Event, Fault, Runtime, Traced

LIMIT_S = 1.5  # for an interrupt: a second or so
PATIENCE_S = 6.0  # what takes longer never ends
QUIET_S = 0.1  # what a cell afterwards has before it is interrupted
TRIES = 8  # of the cells afterwards
CLOSE_S = 5.0
OTHER_DESCRIPTORS = 30  # of a runtime and this process, besides those of sockets
LISTENER_DESCRIPTORS = 2  # its own, and the one that it keeps to turn clients away when there is no other
NO_LISTENER = "runtime: no listener"  # as the prelude says it

WAITS = "waits in "

PRELUDE = (Path(__file__).parent / "_prelude.lua").read_bytes()
LOOP_FAILED = b"the runtime's loop failed"
OURS = re.compile(rb"\bba:[a-z_/0-9]+:\d+:[^\n]*")


@dataclass(frozen=True, slots=True)
class Finding:
    """What must not be: `kind` names it so that the same causes look the same, `detail` has the rest."""

    kind: str
    detail: str = ""


class TrialFailed(Exception):
    """Raised where a trial cannot go on."""

    def __init__(self, kind: str, detail: str = "") -> None:
        """Takes what a Finding has."""
        super().__init__(kind)
        self.finding = Finding(kind, detail)


class Listener:
    """A sink that keeps only what is wrong."""

    def __init__(self) -> None:
        """Has heard nothing."""
        self.first: Finding | None = None

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        if isinstance(event, Traced) and event.text.startswith((b"FOREIGN ", b"OURS ")):
            what = "Python object" if event.text.startswith(b"FOREIGN ") else "position of ours"
            self.hear(what, event.text.split(b" ", 1)[1])
        elif isinstance(event, Fault):
            if LOOP_FAILED in event.text:
                self.hear("loop failed", event.text)
            self.look(event.text)

    def look(self, text: bytes) -> None:
        """Looks at a message or a traceback's frame."""
        ours = OURS.search(text)
        if ours:
            self.hear("position of ours", ours[0])

    def hear(self, kind: str, text: bytes) -> None:
        """Keeps the first thing that was wrong."""
        if self.first is None:
            self.first = Finding(kind, text[:500].decode("utf-8", "replace"))


class Trial:
    """A runtime, the cells in it, and what was found."""

    def __init__(
        self,
        source: bytes,
        max_memory: int,
        interrupts_ms: tuple[int, ...],
        certs: str,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Makes the runtime.

        `certs` is the folder of the TLS tests' certificates; what takes longer than `patience_s` is endless.
        """
        self._source, self._interrupts_ms, self._patience_s = source, interrupts_ms, patience_s
        self._certs = certs
        self._listener = Listener()
        self._threads = {thread.name for thread in threading.enumerate()}
        self._runtime = Runtime(self._listener, max_memory=max_memory)

    def run(self) -> Finding | None:
        """Runs everything and returns what was found first, None if nothing was."""
        descriptors = _descriptors()
        try:
            self._runtime.start()
            self._prepare()
            self._program()
            self._afterwards(b"return 1 + 1", (b"2",))
            self._afterwards(b"return works()", (b'"works"',))
            self._close(descriptors)
        except TrialFailed as failed:
            self._runtime.close(CLOSE_S)
            return failed.finding
        return self._listener.first

    def _prepare(self) -> None:
        source = f'CERTS = "{self._certs}" '.encode() + PRELUDE
        result = self._runtime.run_cell(source, name="prelude", cell=0).result(self._patience_s)
        if result.error is not None and result.error.kind != "memory":
            raise TrialFailed("prelude fails", _text(result.error))

    def _program(self) -> None:
        cell = self._runtime.run_cell(self._source, name="program", cell=1)
        for ms in self._interrupts_ms:
            wait([cell], ms / 1000)
            self._runtime.interrupt()
        self._ends(cell)

    def _afterwards(self, source: bytes, expected: tuple[bytes, ...]) -> None:
        """Runs a small cell until it works."""
        problem, waited, error = "", 0, None
        for attempt in range(TRIES):
            cell = self._runtime.run_cell(source, name="afterwards", cell=2 + attempt)
            if not wait([cell], QUIET_S * (1 + attempt)).done:
                waited += _where(self._runtime._thread).startswith(WAITS)
                self._runtime.interrupt()
            error = self._ends(cell).error
            if error is None:
                if cell.result().values != expected:
                    raise TrialFailed("wrong result afterwards", repr(cell.result().values))
                return
            problem = _text(error)
            if error.kind == "memory" and expected != (b"2",):
                return  # what the program keeps may well leave no room for that one
            if problem.startswith(NO_LISTENER) and self._holds_descriptors():
                return
        if error is not None and error.kind == "interrupt" and waited < TRIES // 2:
            return
        raise TrialFailed("does not work afterwards", problem)

    def _holds_descriptors(self) -> bool:
        """Tells whether sockets that the program can close account for the descriptors.

        What computes in the background is interrupted for that, too.
        """
        asked = self._runtime.sockets()
        deadline = time.monotonic() + self._patience_s
        while not wait([asked], QUIET_S).done:
            if time.monotonic() > deadline:
                raise TrialFailed("a question is not answered", _where(self._runtime._thread))
            self._runtime.interrupt()
        sockets = [one for one in asked.result() if one.socket]
        held = sum(LISTENER_DESCRIPTORS if one.kind == "listener" else 1 for one in sockets)
        return _descriptors() - held <= OTHER_DESCRIPTORS

    def _ends(self, cell: Future[CellResult]) -> CellResult:
        """Waits for the end of a cell that was interrupted or has ended."""
        start = time.monotonic()
        if not wait([cell], self._patience_s).done:
            raise TrialFailed("interrupt ends nothing", _where(self._runtime._thread))
        took_s = time.monotonic() - start
        if took_s > LIMIT_S:
            raise TrialFailed("interrupt is slow", f"{took_s:.1f} s")
        result = cell.result()
        if result.error is not None:
            self._listener.look(result.error.message)
            for frame in result.error.traceback:
                self._listener.look(frame)
        return result

    def _close(self, descriptors: int) -> None:
        self._runtime.close(CLOSE_S)
        deadline = time.monotonic() + CLOSE_S
        while others := {thread.name for thread in threading.enumerate()} - self._threads:
            if time.monotonic() > deadline:
                raise TrialFailed("threads are left", ", ".join(others))
            time.sleep(0.001)
        if _descriptors() > descriptors:
            gc.collect()
        if _descriptors() > descriptors:
            raise TrialFailed("descriptors are left", f"{descriptors}, then {_descriptors()}")


def _text(error: ErrorReport) -> str:
    return f"{error.kind}: {error.message.decode('utf-8', 'replace')[:500]}"


def _descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _where(thread: threading.Thread) -> str:
    """Tells what a Lua thread does: the functions of Python's that it is in."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "the thread has ended"
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return WAITS + names[0] if "_poll" in names else "runs in " + names[0]
