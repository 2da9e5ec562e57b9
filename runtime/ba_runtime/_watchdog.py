"""Sees an interrupt through: plants the hook again and again until it is over, and tells when it cannot work.

An interrupt has two ways to what it stops: the planted hook reaches Lua code that runs, and a request in
the mailbox of the Lua thread reaches a task that waits. Either may have to be repeated: a `pcall` catches
the error, a coroutine ends and the one below it goes on, one wait lies on top of another. So a thread does
both at short intervals, for as long as the interrupt lasts; between interrupts it sleeps.

One C call of Lua's own, a pattern that backtracks for minutes, cannot be stopped at all: no hook counts in
there. When nothing has answered for STUCK_S, whoever asked is told which call it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic

from ._interrupt import Interrupter, Reach

TICK_S = 0.005  # every error that a `pcall` catches costs one of these, at most
NUDGE_TICKS = 10  # a request is repeated less often: only waits that lie on top of each other need it
SILENT_S = 0.02  # code that calls no hook for so long is where Lua calls none, or in a long call
AGAIN_SILENT_S = 0.01  # the same once there was such code: finalizers come one after the other
INSIST_S, MOST_INSIST_S = 0.001, 0.064  # how long it is insisted then: at first, and doubled each time up to
STUCK_S = 2.0


class Watchdog:
    """The thread that repeats an interrupt."""

    def __init__(
        self, interrupter: Interrupter, nudge: Callable[[], None], stuck: Callable[[str], None]
    ) -> None:
        """`nudge` repeats the request to the Lua thread. `stuck` is called with the name of a C function, at
        most once in an interrupt. Both are called on the watchdog's thread.
        """
        self._interrupter = interrupter
        self._nudge = nudge
        self._stuck = stuck
        # What to see to: an interrupt (True) or the end (False). Of all queues this is the one whose `put` is
        # safe in a signal handler.
        self._wake: SimpleQueue[bool] = SimpleQueue()
        self.is_active = False  # an interrupt is under way
        self.serial = 0  # of the latest interrupt: what is over may be an earlier one
        self._sign_of_life = 0.0
        self._thread = threading.Thread(target=self._run, name="lua interrupts", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def begin(self) -> None:
        """Begins an interrupt, or goes on with it. Safe in a signal handler."""
        if not self.is_active:
            self._interrupter.begin()
            self._sign_of_life = monotonic()
            self.is_active = True
        self.serial += 1
        self._interrupter.plant()
        self._wake.put(True)

    def is_on(self) -> bool:
        """Tells Lua's hook whether an interrupt is under way; being asked is a sign of life."""
        self.note_life()
        return self.is_active

    def note_life(self) -> None:
        """Notes that the Lua thread is not stuck."""
        if self.is_active:
            self._sign_of_life = monotonic()

    def over(self, serial: int | None = None) -> None:
        """Ends it; with a serial only if no later one has begun."""
        if serial is None or serial == self.serial:
            self.is_active = False

    def close(self) -> None:
        """Ends the thread, once the last interrupt is over."""
        self._wake.put(False)

    def _run(self) -> None:
        while self._wake.get():
            if self.is_active:
                self._see_through()

    def _see_through(self) -> None:
        pause, ticks, is_told, forced, insist_s = threading.Event(), 0, False, 0, INSIST_S
        while self.is_active:
            silent_s = monotonic() - self._sign_of_life
            if silent_s < (AGAIN_SILENT_S if forced else SILENT_S):
                self._interrupter.plant(Reach.LOOPS if silent_s >= TICK_S else Reach.CALLS)
            elif silent_s > STUCK_S and ticks % NUDGE_TICKS:
                self._interrupter.plant(Reach.LOOPS)  # to insist keeps other threads of Python's waiting
            elif forced % 2:
                self._interrupter.plant(insist_s=insist_s if silent_s < STUCK_S else INSIST_S)
                insist_s = min(2 * insist_s, MOST_INSIST_S)
                forced += 1
            else:
                self._interrupter.plant(Reach.EVERYWHERE)
                forced += 1
            ticks += 1
            if ticks % NUDGE_TICKS == 0:
                self._nudge()
                if not is_told and silent_s > STUCK_S:
                    is_told = True
                    self._stuck(self._interrupter.running_call())
            pause.wait(TICK_S)
