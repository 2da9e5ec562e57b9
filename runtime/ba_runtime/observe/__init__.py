"""Seeing what a program's sockets do: the events that are recorded, and what is made of them.

`events.py` is what can happen. A picture is made in two steps: `draw.py` turns events into the diagram of
`diagram.py` (`facts.py` reads them once for what they say of each other, `lifelines.py` names who takes part,
`rows.py` makes the rows, `words.py` their texts), and `svg.py` or `text.py` renders it. None of this does
I/O, and none of it is imported before a picture is asked for.
"""

from .events import (
    Address,
    Closed,
    Connected,
    Connecting,
    Erred,
    Event,
    Failed,
    Misbehaved,
    Moved,
    Observed,
    Opened,
    Resolved,
    Secured,
    Waits,
    WentOn,
)

__all__ = [
    "Address",
    "Closed",
    "Connected",
    "Connecting",
    "Erred",
    "Event",
    "Failed",
    "Misbehaved",
    "Moved",
    "Observed",
    "Opened",
    "Resolved",
    "Secured",
    "Waits",
    "WentOn",
]
