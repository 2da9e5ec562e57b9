"""Long strings are hashed where Lua keeps them; nothing a program does may end the process by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.runtime._hashing import PROGRAMS

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120


@pytest.mark.parametrize("program", [*PROGRAMS, "interrupts"])
def test_hashing_long_strings_never_ends_the_process(program: str) -> None:
    """Whoever calls it from wherever, every digest is right."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime._hashing", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr[-3000:]
