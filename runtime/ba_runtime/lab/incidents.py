"""Owns what the lab tells about the harm that it does on purpose: one frozen `Incident` for each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from ba_runtime._resolver import Endpoint, Kind


class Direction(Enum):
    """Which way something travels."""

    TO_HOST = "to the host"
    FROM_HOST = "from the host"


What: TypeAlias = Literal["lost", "duplicated", "reordered", "reset", "cut"]


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that conditions have done.

    `host`, `port` and `kind` say to whose traffic. `what` is "lost", "duplicated" or "reordered" for a
    datagram; "lost" with kind "tcp" is a segment that had to be sent again. "reset" and "cut" are for a
    connection, and have no `direction` and no `size`. `size` is in bytes. `peer` is the address of the
    program's socket, where the lab sees it. `at_s` is monotonic time (`time.monotonic`) in seconds.
    """

    host: str
    port: int
    kind: Kind
    what: What
    direction: Direction | None
    size: int
    peer: Endpoint
    at_s: float


# Called on the lab's thread, with every incident; must return at once, and must not call the lab.
OnIncident: TypeAlias = Callable[[Incident], None]
