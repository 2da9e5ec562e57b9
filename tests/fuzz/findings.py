"""What a run found: each finding is looked at again, shrunk and written down."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .grammar import Program
from .shrink import shrunk
from .trial import Finding
from .watch import SLOW, Worker, name_of

IN_FULL = 3  # of each kind: what looks the same may have several causes
AGAIN = 3  # how often a program that found something is run once more, alone
PATIENCE_S = 2.0  # then, for there are many


class Findings:
    """Used by all threads of a run."""

    def __init__(self, report: Path, shrink_s: float, say: Callable[[str], None]) -> None:
        """`report` is the folder to write programs to; shrinking one takes `shrink_s` at most."""
        self.counts: dict[str, int] = {}
        self.repeated = 0  # findings that came again each time that their program was run again
        self._report, self._shrink_s, self._say = report, shrink_s, say
        self._lock = threading.Lock()

    def add(self, program: Program, finding: Finding) -> None:
        """Counts a finding, and reports it in full when it is among the first of its kind."""
        name = name_of(finding)
        is_again = self.counts.get(name, 0) >= IN_FULL
        if is_again and name != SLOW:
            repeats, small = 0, program
        else:
            repeats, small = self._again(program, name)
        if name == SLOW and repeats < AGAIN:
            return self._say(f"slow, but not each time, by program {program.index}: not counted")
        with self._lock:
            self.counts[name] = self.counts.get(name, 0) + 1
            self.repeated += repeats == AGAIN
        if is_again:
            return self._say(f"again, by program {program.index}: {name}")
        return self._write(program, finding, small, repeats)

    def _again(self, program: Program, name: str) -> tuple[int, Program]:
        """Returns how often it finds the same once more, and a smaller program that does."""

        def finds(candidate: Program) -> bool:
            finding = worker.run(candidate)
            return finding is not None and name_of(finding) == name

        with Worker(PATIENCE_S) as worker:
            repeats = sum(finds(program) for _ in range(AGAIN))
            deadline = time.monotonic() + (self._shrink_s if repeats else 0)
            return repeats, shrunk(program, lambda one: time.monotonic() < deadline and finds(one))

    def _write(self, program: Program, finding: Finding, small: Program, repeats: int) -> None:
        self._report.mkdir(parents=True, exist_ok=True)
        path = self._report / f"{program.seed}-{program.index}.lua"
        command = f"{Path(sys.executable).name} -m tests.fuzz --seed {program.seed} --only {program.index}"
        head = (
            f"{finding.kind}\n{finding.detail}\n{command}\nfound again {repeats} times of {AGAIN}; "
            f"{program.max_memory >> 20} MiB, interrupted after {program.interrupts_ms} ms"
        )
        path.write_text(f"--[==[ {head} ]==]\n{small.source}\n--[==[ whole:\n{program.source}]==]\n")
        name = name_of(finding)
        self._say(f"FOUND by program {program.index}, {repeats}/{AGAIN} again: {name}\n  {path}\n  {command}")
