"""A soak of a few seconds finds nothing wrong, and what goes wrong is said."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from .samples import LUA_BYTES, RESIDENT_BYTES, Sample, grown
from .soak import Soak

SEED = "1"
STEADY = Sample(0, 1e6, 60e6, 20, 8)
FAULTS = {
    "a byte that changed": (
        "local real = echo function echo(data) return #data > 9999 and 'X' .. data:sub(2) or real(data) end",
        "bytes were sent",
    ),
    "a byte that is lost": ("function echo(data) return data:sub(2) end", " bytes "),
    "an error in the background": (
        "ba.timer(error):set(0, true)",
        "Timer callback failed",
    ),
    "a lane that stands still": ("lanes = lanes + 1", "lanes stand still"),
}


def test_a_short_soak_finds_nothing() -> None:
    """As a person would run it, but for seconds."""
    command = [sys.executable, "-m", "tests.soak", "--seconds", "4", "--samples", "8", "--seed", SEED]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "error"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("nothing was lost, and nothing grew\n")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_said(fault: str) -> None:
    """In traffic, cells, or the background."""
    program, said = FAULTS[fault]
    problems = Soak(SEED, lambda _: None, program, patience_s=0.5).run(1, 0.3)
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("field", "more"),
    [("lua_bytes", LUA_BYTES), ("resident_bytes", RESIDENT_BYTES), ("descriptors", 0), ("threads", 0)],
)
def test_what_grows_beyond_its_bound_is_said(field: str, more: int) -> None:
    """Not what grows up to it, nor one odd sample."""
    before = getattr(STEADY, field)
    samples = [STEADY] * 10
    assert grown(samples) == []
    assert grown([*samples, replace(STEADY, **{field: before * 2})]) == []
    assert grown([*samples, *[replace(STEADY, **{field: before + more})] * 10]) == []
    assert len(grown([*samples, *[replace(STEADY, **{field: before + more + 1})] * 10])) == 1


def test_the_first_sample_does_not_count() -> None:
    """It is of a process that has not done everything once."""
    assert grown([replace(STEADY, descriptors=1), STEADY, STEADY]) == []
    assert grown([]) == []
