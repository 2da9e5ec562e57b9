"""Work that any thread may ask for and that the main loop does a little later, once for many askings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol


class Loop(Protocol):
    """What we use of asyncio's event loop, so that tests can bring one with a clock of their own."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> object: ...

    def call_soon_threadsafe(self, callback: Callable[[], None], /) -> object: ...


class Deferred:
    """One callback on the main loop: asked for from any thread, `delay_s()` later, never queued twice."""

    def __init__(self, loop: Loop, callback: Callable[[], None], delay_s: Callable[[], float]) -> None:
        self._loop = loop
        self._callback = callback
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._is_asked = False

    def ask(self) -> None:
        """Sees to it that the callback runs once more after this moment."""
        if self._is_asked:  # needs no lock: the callback is still to come, and will see what came before
            return
        with self._lock:
            if self._is_asked:
                return
            self._is_asked = True
        try:
            self._loop.call_soon_threadsafe(self._arm)
        except RuntimeError:  # the loop is closed: the kernel goes down, and nobody can see output any more
            return

    def _arm(self) -> None:
        self._loop.call_later(self._delay_s(), self._run)

    def _run(self) -> None:
        with self._lock:
            self._is_asked = False
        self._callback()
