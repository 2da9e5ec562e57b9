"""A recording as JSON, for programs: a list of objects, one for each event, one on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from .events import Event


def to_json(events: Iterable[Event]) -> str:
    """Returns the events; `event` names the kind, and bytes are in hexadecimal."""
    lines = (
        json.dumps({"event": type(event).__name__.lower(), **asdict(event)}, default=_hex) for event in events
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _hex(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"not in an event: {type(value).__name__}")
