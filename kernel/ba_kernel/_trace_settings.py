"""What the trace area shows of the lines that it keeps: `%trace level`, `%trace only` and `%trace time`."""

from __future__ import annotations

from dataclasses import dataclass

from ba_runtime.trace import NORMAL_LEVEL, Origin

LOWEST_LEVEL, HIGHEST_LEVEL = 0, 20


@dataclass(frozen=True, slots=True)
class Only:
    """Whose lines are shown: those of a cell, of a socket, those of errors, or all."""

    cell: int | None = None
    socket: int | None = None
    is_errors: bool = False

    def shows(self, origin: Origin) -> bool:
        """Tells whether lines that come from there are among them."""
        if self.is_errors:
            return origin.is_error
        if self.cell is not None:
            return origin.cell == self.cell
        return self.socket is None or origin.socket == self.socket

    def __str__(self) -> str:
        """As the magic is written."""
        if self.is_errors:
            return "only errors"
        if self.cell is not None:
            return f"only cell {self.cell}"
        return "only all" if self.socket is None else f"only socket {self.socket}"


EVERYTHING = Only()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one trace area."""

    level: int = NORMAL_LEVEL
    only: Only = EVERYTHING
    is_timed: bool = False

    def shows(self, origin: Origin) -> bool:
        """Tells whether lines that come from there are shown."""
        return origin.level <= self.level and self.only.shows(origin)

    @property
    def why(self) -> str:
        """Why lines may be hidden, as the magics are written."""
        only = [str(self.only)] if self.only != EVERYTHING else []
        level = [f"level {self.level}"] if self.level != NORMAL_LEVEL or not only else []
        return ", ".join(only + level)
