"""What Ctrl-C does while `ba-lua` runs a program.

Python runs a signal's handler on the main thread, between two of its instructions. A signal that comes just
before that thread begins to wait for a lock would be seen when the wait is over, and the program that it is
to end may never be. So the handler does nothing here. Python's C code also writes each signal's number to a
socket, at once and on whatever thread it comes, and a thread reads it there.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


class CtrlC:
    """The first asks the program to stop, the second ends the process.

    The second is for a program that cannot be asked, such as a pattern that backtracks for minutes inside one
    C function. So it waits for nothing, and it stays in force until the process has ended, unless more is
    to run after this.
    """

    def __init__(self, first: Callable[[], None], *, ends: bool = True) -> None:
        """`first` is called on a thread of its own; `ends` tells that the process ends after it."""
        self._first = first
        self._ends = ends
        self.pressed: Future[None] = Future()

    def __enter__(self) -> CtrlC:
        self._heard, told = socket.socketpair()
        told.setblocking(False)
        self._told = told
        self._before = signal.signal(signal.SIGINT, lambda *_: None)
        self._wakeup = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._listen, name="Ctrl-C", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if not (self._ends and self.pressed.done()):
            signal.set_wakeup_fd(self._wakeup)
            signal.signal(signal.SIGINT, self._before)
            self._told.close()

    def _listen(self) -> None:
        with self._heard:
            while numbers := self._heard.recv(64):
                for _ in range(numbers.count(signal.SIGINT)):
                    self._press()

    def _press(self) -> None:
        if self.pressed.done():
            os._exit(INTERRUPTED)
        self.pressed.set_result(None)
        self._first()
