"""`python -m tests.fuzz`: runs random programs for some time, and exits with 1 if a finding is steady.

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
from pathlib import Path

from .findings import Findings
from .grammar import program
from .watch import Worker

SECONDS = 120.0
SHRINK_S = 60.0


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
    numbers: Iterator[int] = itertools.count(options.first)
    if options.programs is not None:
        numbers = iter(range(options.first, options.first + options.programs))
    if options.only is not None:
        numbers = iter([options.only])
        print(program(options.seed, options.only).source)
    print(f"BA_LUA_FUZZ_SEED={options.seed}", flush=True)
    findings = Findings(options.report, options.shrink, lambda text: print(text, flush=True))
    lock, start = threading.Lock(), time.monotonic()
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
    return 1 if findings.repeated else 0


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
    parser.add_argument(
        "--first", type=int, default=0, metavar="INDEX", help="the first of them (%(default)s)"
    )
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
