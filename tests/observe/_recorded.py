"""Programs that are recorded while they run."""

from __future__ import annotations

from typing import TypeVar

from ba_runtime.observe import Event, Moved, Opened
from tests.lua._programs import Session

E = TypeVar("E")


def recorded(here: Session, source: str) -> tuple[Event, ...]:
    """Runs a cell that ends well, and returns what was recorded of it."""
    with here.runtime.record() as recording:
        result = here.run(source)
        assert result.error is None, result.error
    assert recording.dropped == 0
    return recording.events()


def those(events: tuple[Event, ...], kind: type[E]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def moved(events: tuple[Event, ...], *, is_ours: bool, layer: str = "wire") -> int:
    """How many bytes moved in this direction."""
    return sum(one.length for one in those(events, Moved) if one.is_ours == is_ours and one.layer == layer)


def opened(events: tuple[Event, ...], kind: str) -> Opened:
    """The only socket of this kind."""
    (one,) = [event for event in those(events, Opened) if event.kind == kind]
    return one
