"""A sequence diagram as data: what a renderer draws, with every decision about it already made.

Time runs down: `rows` are in order, and a bar covers rows by their index. A lifeline is meant by its index
in `lifelines`. All texts are printable, so a renderer only has to escape what its own format needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

LifelineKind: TypeAlias = Literal["cell", "cosocket", "listener", "socket", "peer", "others"]
ArrowKind: TypeAlias = Literal["connect", "accept", "data", "message", "datagram", "tls", "close"]


@dataclass(frozen=True, slots=True)
class Lifeline:
    """One who takes part in the conversation."""

    name: str
    kind: LifelineKind


@dataclass(frozen=True, slots=True)
class Arrow:
    """Something went from one lifeline to another. `detail` says more in a quieter voice."""

    at_s: float
    source: int
    target: int
    kind: ArrowKind
    label: str
    detail: str = ""
    is_red: bool = False
    is_lost: bool = False  # it never arrived


@dataclass(frozen=True, slots=True)
class Mark:
    """Something happened at one lifeline; a cross if that was an end."""

    at_s: float
    lifeline: int
    label: str
    is_red: bool = False
    is_cross: bool = False


@dataclass(frozen=True, slots=True)
class Starts:
    """Bars begin in this row: for each of them its lifeline and the call that waits."""

    at_s: float
    waits: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing happened for `silent_s` seconds."""

    silent_s: float


Row: TypeAlias = Arrow | Mark | Starts | Silence


@dataclass(frozen=True, slots=True)
class Bar:
    """A lifeline waits from row `first` to row `last`. A cell that waits keeps later cells from running."""

    lifeline: int
    first: int
    last: int
    is_blocking: bool
    is_red: bool = False
    is_open: bool = False  # it still waits


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole picture. `hidden` is the number of rows that came before those shown.

    `start_s` is the moment that times count from; None where no times are to be printed.
    """

    lifelines: tuple[Lifeline, ...]
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    hidden: int = 0
    start_s: float | None = None
