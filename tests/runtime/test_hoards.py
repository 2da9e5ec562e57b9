"""Whatever a program keeps until there is no memory: it is told so, and the runtime goes on (_hoards.py).

If the error came up while a result crosses from Python, the process would stand still forever, with the lock
that the test itself needs. So each bound gets a process of its own, and a time by which it must be done.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.runtime._hoards import HOARDS

PATIENCE_S = 100
ROOT = Path(__file__).parents[2]

# Small objects fill larger heaps slowly; what matters there are the tables that grow with their number.
BOUNDS_MIB = {"8": list(HOARDS), "40": ["hash", "threads", "rndbs", "b64encode", "what TCP brings"]}


@pytest.mark.parametrize("bound", BOUNDS_MIB)
def test_whoever_keeps_everything_is_told_that_there_is_no_memory(bound: str) -> None:
    """After that cells run, loops can be interrupted and cosockets work."""
    names = BOUNDS_MIB[bound]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.runtime._hoards", bound, *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    try:
        said, _ = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    assert said.splitlines() == [line for name in names for line in (name, "fine")]
    assert process.returncode == 0
