"""Lines that begin with `%` at the head of a cell: how they are found, and what they may use.

What each of them does is in `_magic_trace.py`, `_magic_lab.py` and `_magic_cell.py`, and `_magic_table.py` is
the list of them all. A line that Lua is to compile keeps its number: magic lines become empty lines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ._engine import Engine
    from ._frontend import Publish, Request
    from ._output import Output
    from ._trace_area import TraceArea


class MagicError(Exception):
    """The user asked for something that cannot be done; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a magic may use."""

    engine: Engine
    area: TraceArea
    output: Output
    publish: Publish
    request: Request

    def say(self, text: str) -> None:
        """Write a line into the cell's output."""
        self.output.write(text.encode() + b"\n")


# What is left to do when the Lua part of the cell has ended well.
After: TypeAlias = Callable[[], Awaitable[None]]
Run: TypeAlias = Callable[[Tools, str], Awaitable[After | None]]


@dataclass(frozen=True, slots=True)
class Magic:
    """One magic: its forms with a line of help each, and what runs it with the rest of its line."""

    name: str
    forms: tuple[tuple[str, str], ...]
    run: Run


@dataclass(frozen=True, slots=True)
class Call:
    """One magic line of a cell."""

    name: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """A cell taken apart: its magics, and its Lua with every line where it was."""

    calls: tuple[Call, ...]
    lua: str

    @property
    def has_lua(self) -> bool:
        """Whether anything is left to run."""
        return bool(self.lua.strip())


def split(code: str) -> Split:
    """Take the magic lines off the head of a cell; blank lines and line comments may stand between them."""
    calls: list[Call] = []
    lines = code.split("\n")
    for index, line in enumerate(lines):
        text = line.strip()
        if text.startswith("%"):
            calls.append(Call(*text.split(maxsplit=1)))
            lines[index] = ""
        elif text and not _is_line_comment(text):
            break
    return Split(tuple(calls), "\n".join(lines))


def _is_line_comment(text: str) -> bool:
    return text.startswith("--") and not text.startswith("--[")
