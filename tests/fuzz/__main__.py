"""`python -m tests.fuzz`: runs random programs for some time, and exits with 1 if something was found.

BA_LUA_FUZZ_S=600 and BA_LUA_FUZZ_SEED=1 in the environment are the defaults of --seconds and --seed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .grammar import Program, program
from .shrink import shrunk
from .trial import Finding
from .watch import Worker, name_of

SECONDS = 120.0
IN_FULL = 3  # of each kind: what looks the same may have several causes
AGAIN = 3  # how often a program that found something is run once more, alone
SHRINK_S = 60.0  # for each kind of finding
SHRINK_PATIENCE_S = 2.0


@dataclass
class Findings:
    """What was found so far, by kind; used by all threads."""

    report: Path
    shrink_s: float
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, found: Program, finding: Finding) -> None:
        """Looks at a finding again, and reports it: in full when it is among the first of its kind."""
        name = name_of(finding)
        with self.lock:
            count = self.counts[name] = self.counts.get(name, 0) + 1
        if count > IN_FULL:
            self._say(f"again, by program {found.index}: {name}")
            return
        with Worker(SHRINK_PATIENCE_S) as worker:
            repeats = sum(_finds(worker, found, name) for _ in range(AGAIN))
            deadline = time.monotonic() + (self.shrink_s if repeats else 0)
            small = shrunk(found, lambda p: time.monotonic() < deadline and _finds(worker, p, name))
        path = self.report / f"{found.seed}-{found.index}.lua"
        path.parent.mkdir(parents=True, exist_ok=True)
        command = f"{Path(sys.executable).name} -m tests.fuzz --seed {found.seed} --only {found.index}"
        head = f"{finding.kind}\n{finding.detail}\n{command}\nseen again {repeats} times of {AGAIN}\n"
        head += f"memory {found.max_memory >> 20} MiB, interrupted after {found.interrupts_ms} ms"
        path.write_text(f"--[==[ {head} ]==]\n{small.source}\n--[==[ whole:\n{found.source}]==]\n")
        self._say(f"FOUND by program {found.index}, {repeats}/{AGAIN} again: {name}\n  {path}\n  {command}")

    def _say(self, text: str) -> None:
        with self.lock:
            print(text, flush=True)


def _finds(worker: Worker, candidate: Program, name: str) -> bool:
    """Runs a program; tells whether it finds the same."""
    finding = worker.run(candidate)
    return finding is not None and name_of(finding) == name


def _work(seed: int, numbers: Iterator[int], end: float, findings: Findings, lock: threading.Lock) -> None:
    with Worker() as worker:
        while time.monotonic() < end:
            with lock:
                index = next(numbers, None)
            if index is None:
                return
            candidate = program(seed, index)
            finding = worker.run(candidate)
            if finding is not None:
                findings.add(candidate, finding)


def main() -> int:
    """Runs the programs, prints the findings and how many there were of each kind; returns the exit code."""
    options = _options()
    numbers = itertools.count() if options.programs is None else iter(range(options.programs))
    if options.only is not None:
        numbers = iter([options.only])
        print(program(options.seed, options.only).source)
    print(f"BA_LUA_FUZZ_SEED={options.seed}", flush=True)
    findings, lock, start = Findings(options.report, options.shrink), threading.Lock(), time.monotonic()
    done = _Counted(numbers)
    arguments = (options.seed, done, start + options.seconds, findings, lock)
    workers = [threading.Thread(target=_work, args=arguments) for _ in range(options.workers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(
        f"{done.count} programs in {time.monotonic() - start:.0f} s, {sum(findings.counts.values())} findings"
    )
    for name, count in sorted(findings.counts.items(), key=lambda item: -item[1]):
        print(f"{count:6}  {name}")
    return 1 if findings.counts else 0


class _Counted(Iterator[int]):
    """The numbers of programs, and how many were taken."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self.count = 0

    def __next__(self) -> int:
        number = next(self._numbers)
        self.count += 1
        return number


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    seconds = float(os.environ.get("BA_LUA_FUZZ_S", "") or SECONDS)
    parser.add_argument("--seconds", type=float, default=seconds, help="how long to go on (%(default)s)")
    parser.add_argument("--programs", type=int, help="how many programs at most")
    seed = int(os.environ.get("BA_LUA_FUZZ_SEED", "") or random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seed", type=int, default=seed, help="makes the same programs again")
    parser.add_argument(
        "--only", type=int, metavar="INDEX", help="run just this program of the seed, and show it"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (%(default)s)")
    parser.add_argument(
        "--shrink", type=float, default=SHRINK_S, metavar="S", help="for each kind (%(default)s)"
    )
    parser.add_argument(
        "--report", type=Path, default=Path("build/fuzz"), help="folder of reports (%(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
