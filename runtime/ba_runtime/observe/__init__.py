"""Seeing what a program's sockets do: the events that are recorded, and what is made of them."""

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
