"""The functions of a program: where they are defined, their source, and the comment above it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ba_runtime.looking import Defined
from ba_runtime.regular import open_regular

from ._errors import Sources

MOST_FILE_BYTES = 1 << 20
# Help is read at a glance; a function of a thousand lines is better read where it is.
MOST_LINES, MOST_COMMENT_LINES = 400, 30
_COMMENT = re.compile(r"\s*--(?!\[=*\[)-?[ \t]?(.*)")


@dataclass(frozen=True, slots=True)
class Definition:
    """What help shows of a program's function; `comment` and `source` are empty where nothing is known."""

    signature: str
    place: str
    comment: str = ""
    source: str = ""


def definition_of(name: str, defined: Defined, sources: Sources) -> Definition:
    """Returns what there is to say about a function that is called `name`. May read a file."""
    chunk = defined.source.lstrip("=@")
    lines = _file_lines(chunk) if defined.source.startswith("@") else sources.lines(chunk)
    return Definition(
        f"{name}({', '.join(defined.parameters)})",
        f"{chunk}, line {defined.first_line}",
        comment_above(lines, defined.first_line),
        _source(lines, defined.first_line, defined.last_line),
    )


def comment_above(lines: Sequence[str], number: int) -> str:
    """Returns the text of the comment lines that end just above line `number`, counted from 1."""
    found: list[str] = []
    for line in reversed(lines[max(0, number - 1 - MOST_COMMENT_LINES) : max(0, number - 1)]):
        match = _COMMENT.fullmatch(line.rstrip("\r"))
        if match is None:
            break
        found.insert(0, match[1].rstrip())
    return "\n".join(found).strip()


def _source(lines: Sequence[str], first: int, last: int) -> str:
    if not 1 <= first <= last <= len(lines):  # the main part of a chunk has no lines; a cell may be forgotten
        return ""
    shown = lines[first - 1 : min(last, first - 1 + MOST_LINES)]
    left_out = last - first + 1 - len(shown)
    return "\n".join([*shown, *[f"-- … {left_out} more lines"] * bool(left_out)])


def _file_lines(name: str) -> Sequence[str]:
    try:
        with os.fdopen(open_regular(name, os.O_RDONLY), "rb") as file:
            return file.read(MOST_FILE_BYTES).decode("utf-8", "replace").split("\n")
    except (OSError, ValueError):
        return ()
