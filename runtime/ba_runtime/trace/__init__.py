"""The trace as lines of text, for whoever shows it: the notebook's trace area, and the live view.

`lines.py` says how an event of the runtime reads, and keeps the newest lines; `position.py` finds the line
that an error blames.
"""

from .lines import (
    KEPT_LINES,
    LINE_CHARACTERS,
    NORMAL_LEVEL,
    Kept,
    Kind,
    Line,
    Origin,
    Piece,
    Ring,
    Snapshot,
    fault_head,
    fault_place,
    lines_of,
    stuck,
)
from .position import position

__all__ = [
    "KEPT_LINES",
    "LINE_CHARACTERS",
    "NORMAL_LEVEL",
    "Kept",
    "Kind",
    "Line",
    "Origin",
    "Piece",
    "Ring",
    "Snapshot",
    "fault_head",
    "fault_place",
    "lines_of",
    "position",
    "stuck",
]
