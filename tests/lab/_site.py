"""A lab and a Lua runtime that uses it, for programs that meet conditions on real sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from tests.lua._programs import Session, session

from ba_runtime.lab import Conditions, Incident, Lab

ECHO = "echo.lab.test"
PATIENCE_S = 20


@dataclass
class Site:
    """A running lab, the session of a runtime that uses it, and every incident."""

    lab: Lab
    session: Session
    incidents: list[Incident] = field(default_factory=list)

    def under(self, conditions: Conditions, host: str = ECHO) -> None:
        """Puts conditions in force."""
        self.lab.set_conditions(host, conditions)

    def values(self, program: str) -> list[str]:
        """Runs a program that ends without an error; returns what a cell shows for its results."""
        result = self.session.run(program)
        assert result.error is None, result.error
        return [value.decode() for value in result.values]

    def traced(self, program: str) -> list[str]:
        """Runs a program that ends without an error; returns what it traced until all its cosockets ended."""
        before = len(self.session.recorder.traced)
        self.values(program)
        self.session.settle()
        return self.session.recorder.traced[before:]


@contextmanager
def site(*, seed: int = 0) -> Iterator[Site]:
    """A site for the time of a `with` block."""
    lab = Lab(seed=seed)
    lab.start()
    try:
        with session() as fresh:
            fresh.runtime.use_lab(lab)
            one = Site(lab, fresh)
            lab.on_incident = one.incidents.append
            yield one
    finally:
        lab.stop()


def until(condition: Callable[[], bool]) -> None:
    """Waits for what another thread does."""
    pause = threading.Event()
    for _ in range(PATIENCE_S * 100):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("never happened")
