"""Owns the handshakes that the lab holds up, which is how connecting takes time.

Theory of operation. The system makes TCP's handshake on loopback in microseconds, and nothing can slow it
down. What comes before it is the question where the host is, and the lab's resolver asks here first: a
program that connects gets its answer when the handshake under conditions would be over, and then connects
at once. To the program, connecting takes that long, its timeout included; and a refusal comes as late as it
would.

Every handshake is let go exactly once, whatever happens, also when the lab ends meanwhile. So what is held
is kept under a lock here, and not only in a timer of a loop that may end before it has begun. A program that
gives up does not say so here, and where everything is lost no handshake ever ends: so when too many are held,
the oldest is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from ._link import NEVER, Link

_MAX_HELD = 1000


class Holds:
    """The handshakes that are held up on the lab's `loop`. `hold` may be called on any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Holds nothing yet."""
        self._loop = loop
        self._lock = threading.Lock()
        self._held: dict[_Held, None] = {}  # the oldest first
        self._is_closed = False

    def hold(self, link: Link, ready: Callable[[], None]) -> bool:
        """Calls `ready` once, on some thread, when the next handshake would be over.

        Returns False, and never calls it, if that is now.
        """
        conditions = link.conditions
        if not conditions.delay_s and not conditions.loss:
            return False
        held = _Held(link, ready)
        oldest: _Held | None = None
        with self._lock:
            if self._is_closed:
                return False
            if len(self._held) >= _MAX_HELD:
                oldest = next(iter(self._held))
            self._held[held] = None
        # A loop that has closed by now has let go of it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._start, held)
            if oldest is not None:
                self._loop.call_soon_threadsafe(self._let_go, oldest)
        return True

    def close(self) -> None:
        """Lets go of everything, and holds nothing any more. On the lab's thread."""
        with self._lock:
            self._is_closed = True
            held = tuple(self._held)
        for one in held:
            self._let_go(one)

    def _start(self, held: _Held) -> None:
        """Begins to wait, on the lab's thread; and once more when other conditions have been set."""
        with self._lock:
            if held not in self._held:
                return

        def changed() -> None:
            held.stop()
            self._start(held)

        held.changed = changed
        held.link.watch(changed)
        delay_s = held.link.handshake_s()
        if delay_s != NEVER:
            held.timer = self._loop.call_later(delay_s, self._let_go, held)

    def _let_go(self, held: _Held) -> None:
        with self._lock:
            is_held = held in self._held
            self._held.pop(held, None)
        if is_held:
            held.stop()
            held.ready()


class _Held:
    """One handshake."""

    def __init__(self, link: Link, ready: Callable[[], None]) -> None:
        self.link = link
        self.ready = ready
        self.timer: asyncio.TimerHandle | None = None
        self.changed: Callable[[], None] | None = None

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.changed is not None:
            self.link.unwatch(self.changed)
