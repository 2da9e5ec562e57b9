"""Ends this process when the one that started it is gone: nobody else would.

ipykernel's version 6 looks only whether `init` has become the parent, which is not so where a user's systemd,
or another subreaper, adopts orphans. And the parent may be a shell or `conda run` that waits for us, while
the front end behind it, whose number is in the environment, is gone.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

POLL_S = 1.0


def watch_parent() -> None:
    """Begins to watch, on a thread of its own."""
    if sys.platform == "win32":
        from ipykernel.parentpoller import ParentPollerWindows

        parent = int(os.environ.get("JPY_PARENT_PID") or 0)
        event = int(os.environ.get("JPY_INTERRUPT_EVENT") or 0)
        if parent or event:
            ParentPollerWindows(event, parent).start()
        return
    front_end = int(os.environ.get("JPY_PARENT_PID") or 0)
    if front_end > 1:
        watch = _watch(front_end, os.getppid(), os.getppid, is_alive)
        threading.Thread(target=watch, name="parent", daemon=True).start()


def is_alive(process: int) -> bool:
    """Returns whether there is a process of this number, somebody else's included."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def is_orphan(front_end: int, first: int, now: int, alive: Callable[[int], bool]) -> bool:
    """Returns whether who started us is gone.

    `first` was the parent at the start, `now` is it today. A parent is seen to be gone at once;
    a front end behind another process is asked for by its number.
    """
    return now != first if front_end == first else not alive(front_end)


def _watch(
    front_end: int, first: int, parent: Callable[[], int], alive: Callable[[int], bool]
) -> Callable[[], None]:
    known = front_end if alive(front_end) else first  # a number means nothing in a container of our own

    def watch() -> None:
        while not is_orphan(known, first, parent(), alive):
            time.sleep(POLL_S)
        os._exit(1)

    return watch
