"""Runs coroutines on a clock that stands still while anything can run, and else jumps to the next deadline.

So a test of a delay takes no time, and its moments are exact. No socket is waited for: in memory only.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jump(selectors.DefaultSelector):
    """Does not wait, but moves the clock by how long it would have waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and nothing will happen"
            self.now += timeout
        return ready


class _HeldLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def run_held(scene: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end; the loop's clock begins at 0."""
    loop = _HeldLoop()
    try:
        return loop.run_until_complete(scene)
    finally:
        loop.close()
