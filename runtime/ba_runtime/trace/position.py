"""Where an error was: Lua knows the line that failed, and the message may blame another one."""

from __future__ import annotations

import re
from collections.abc import Callable

from ba_runtime.events import ErrorReport

Has = Callable[[str, int], bool]

# Where a message says that it comes from: Lua puts that in front, also for error(message, 2).
_POSITION = re.compile(rb"([^\n]{1,200}?):(\d{1,9}): ")


def position(report: ErrorReport, has: Has | None = None) -> tuple[str, int]:
    """Returns the chunk and the line to blame: those in the message, if they are a cell's or on the stack.

    `has` tells whether a chunk is a cell's that has this line; without it, only the stack is asked.
    """
    said = _POSITION.match(report.message)
    if said:
        source, line = said[1].decode("utf-8", "replace"), int(said[2])
        if (has and has(source, line)) or any(frame.startswith(said[0][:-1]) for frame in report.traceback):
            return source, line
    return report.source, report.line
