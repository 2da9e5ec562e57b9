"""Lines that begin with `%` at the head of a cell: finding them, naming them, running them.

What each of them does is in `_magic_trace.py`, `_magic_lab.py` and `_magic_cell.py`; the table here is the
only place that knows them all. A line that Lua is to compile keeps its number: magic lines become empty
lines.
"""

from __future__ import annotations

import difflib
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
    rest: str


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
            name, _, rest = text.partition(" ")
            calls.append(Call(name, rest.strip()))
            lines[index] = ""
        elif text and not _is_line_comment(text):
            break
    return Split(tuple(calls), "\n".join(lines))


def all_magics() -> dict[str, Magic]:
    """Return every magic by its name with the `%`; imported here, since most cells need none."""
    from . import _magic_cell, _magic_lab, _magic_trace

    magics = (*_magic_trace.MAGICS, *_magic_lab.MAGICS, *_magic_cell.MAGICS)
    return {magic.name: magic for magic in magics}


def find(name: str) -> Magic:
    """Return the magic called `name`, or raise with what might have been meant."""
    magics = all_magics()
    if name in magics:
        return magics[name]
    if name.startswith("%%"):
        raise MagicError(
            f"no cell magic {name}; a magic here has one % and takes one line (%help lists them)"
        )
    close = difflib.get_close_matches(name.lower(), magics, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "%help lists them all"
    raise MagicError(f"no magic {name}; {hint}")


def usage(magic: Magic) -> str:
    """Return the forms of a magic for an error message."""
    return "usage: " + "  |  ".join(form for form, _ in magic.forms)


def _is_line_comment(text: str) -> bool:
    return text.startswith("--") and not text.startswith("--[")
