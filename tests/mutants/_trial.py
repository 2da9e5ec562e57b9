"""One fault, put in and tried: which test noticed it, if any."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from time import monotonic

from ._fault import Fault
from ._suites import suite_of
from ._tree import Tree

# Of what a suite takes without a fault: a fault that makes it four times slower is one that is noticed. So is
# one that makes a single test take so long (without a fault the slowest takes six seconds), or a process this
# big.
PATIENCE = 4
LEAST_PATIENCE_S = 20.0
LONGEST_S = 900.0
TEST_S = 30
PROCESS_BYTES = 6 << 30
FIRST_FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it; `noticed_by` is empty for a fault that survived."""

    fault: Fault
    noticed_by: str
    took_s: float


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (PROCESS_BYTES, PROCESS_BYTES))


def _run(tree: Tree, suite: tuple[str, ...], timeout_s: float) -> tuple[str, float]:
    """Runs tests in the tree; returns the first that failed, `the clock`, or an empty string."""
    paths = [str(path) for word in suite for path in sorted(tree.root.glob(word))]
    options = ["-x", "-q", "-p", "no:randomly", "-m", "not browser", f"--timeout={TEST_S}"]
    began = monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *paths],
        cwd=tree.root,
        env=tree.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=_limit_memory,
    ) as process:
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return "the clock", monotonic() - began
        finally:
            tree.end_processes()
    failed = FIRST_FAILURE.search(said.decode(errors="replace"))
    name = failed[1] if failed else f"pytest's code {process.returncode}"
    return "" if process.returncode == 0 else name, monotonic() - began


class Bench:
    """Tries one fault after the other in one tree."""

    def __init__(self, tree: Tree) -> None:
        """Starts with a tree that has none."""
        self._tree = tree
        self._timeouts: dict[tuple[str, ...], float] = {}

    def _timeout_of(self, suite: tuple[str, ...]) -> float:
        """Runs the suite without a fault, once; ends the program when it does not pass."""
        if suite not in self._timeouts:
            failed, took_s = _run(self._tree, suite, LONGEST_S)
            if failed:
                sys.exit(f"{failed} fails without a fault; mend that first")
            self._timeouts[suite] = max(LEAST_PATIENCE_S, PATIENCE * took_s)
        return self._timeouts[suite]

    def try_out(self, fault: Fault) -> Outcome:
        """Puts it in, runs the tests, takes it out."""
        suite = suite_of(fault.path)
        timeout_s = self._timeout_of(suite)
        file = self._tree.root / fault.path
        source = file.read_bytes()
        file.write_bytes(fault.put_into(source.decode()).encode())
        try:
            noticed_by, took_s = _run(self._tree, suite, timeout_s)
        finally:
            file.write_bytes(source)
        return Outcome(fault, noticed_by, took_s)
