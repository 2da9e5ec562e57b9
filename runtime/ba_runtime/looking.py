"""What somebody who looks at a running state from outside gets to see: names, values, and where functions
come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# From the globals, through fields by name and elements of lists by number.
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The type of a value, and the names below it, each with the type of what is there."""

    type: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Defined:
    """Where a program's function was defined: `source` is Lua's name of its chunk, lines count from 1.

    `parameters` are their names; the last one is `...` if the function takes any number of arguments.
    """

    source: str
    first_line: int
    last_line: int
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A value: its type and its text. `defined` says more about a program's function."""

    type: str
    text: str
    defined: Defined | None = None
