"""Notebooks as Lua files: how a cell is written in a script, and how a script is taken apart into cells
again.

A line `-- %%` begins a cell, as in other languages' scripts; `-- %% [markdown]` begins prose. A magic is a
comment without a space, `--%lab on`. Where a `%%` line makes the rest of a cell something other than Lua,
that line and the rest are one long comment, `--[==[%%lsp /time.lsp`. So a script is Lua throughout, and
every line of a cell is a line of the script: an error is where the script's reader finds it.

What only looks like one of these gets an extra space, which changes nothing in a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ba_runtime.syntax import line_starts, long_comment_text

from ._magic_table import split
from ._magics import Body, is_line_comment

MARK = "-- %%"
HEADER = "#!/usr/bin/env ba-lua\n"

_MARK = re.compile(r"-- %%(?:[ \t]+(?P<title>.*))?")
_PROSE = re.compile(r"\[(markdown|raw|md)\]")
_MAGIC = re.compile(r"\s*--(%%?[A-Za-z].*)")
_LONG_MAGIC = re.compile(r"\s*--\[=*\[%%")


@dataclass(frozen=True, slots=True)
class ScriptCell:
    """A cell of a script, as its text in a notebook; `line` is how many lines of the script are above it."""

    source: str
    line: int

    @property
    def placed(self) -> str:
        """The cell with empty lines above it, so that its lines have the script's numbers."""
        return "\n" * self.line + self.source


# ---- a notebook's cells as a script


def code_to_script(source: str, title: str = "") -> str:
    """Returns a cell of Lua or a page as part of a script; `title` stands behind the mark."""
    return f"{MARK} {title}".rstrip() + "\n" + _commented(source).rstrip("\n") + "\n"


def prose_to_script(source: str, kind: str = "markdown") -> str:
    """Returns a cell of text as comments."""
    lines = (f"-- {line}".rstrip() for line in source.split("\n"))
    return "\n".join((f"{MARK} [{kind}]", *map(_no_mark, lines))) + "\n"


def _commented(source: str) -> str:
    cell, lines = split(source), source.split("\n")
    for index, line in enumerate(lines):
        text = line.strip()
        if cell.body is not Body.LUA and index + 1 == cell.body_line:
            rest = "\n".join((text, *lines[index + 1 :]))
            return _without_marks("\n".join((*lines[:index], _long_comment(rest))))
        elif text.startswith("%"):
            lines[index] = f"--{text}"
        elif text and not is_line_comment(text):
            if _LONG_MAGIC.match(line):
                lines[index] = line.replace("[%%", "[ %%", 1)
            break
        else:
            lines[index] = line.replace("--%", "-- %", 1) if _MAGIC.match(line) else line
    return _without_marks("\n".join(lines))


def _long_comment(text: str) -> str:
    level = 2
    while f"]{'=' * level}]" in text:
        level += 1
    return f"--[{'=' * level}[{text}\n]{'=' * level}]"


def _without_marks(source: str) -> str:
    marks = {line for line, text in line_starts(source) if _MARK.fullmatch(text)}
    return "\n".join(_no_mark(line) if at in marks else line for at, line in enumerate(source.split("\n")))


def _no_mark(line: str) -> str:
    return line.replace("-- %%", "--  %%", 1) if _MARK.fullmatch(line) else line


# ---- a script's cells


def has_cells(script: str) -> bool:
    """Tells whether a line of a script begins a cell."""
    return any(True for _ in _marks(script))


def cells_of(script: str, skip: Callable[[str], bool] = lambda magic: False) -> Iterator[ScriptCell]:
    """Yields the cells of a script that run; all of it is one if no line begins a cell. Empty ones do not
    count, as in a notebook.

    Magics of which `skip` returns true are left out, and with one that begins with `%%` its whole text.
    """
    if script.startswith("#"):
        script = f"--{script}"  # a first line for the shell, which is a comment for Lua, too
    lines = script.split("\n")
    marks = [(-1, ""), *_marks(script)]
    ends = [line for line, _ in marks[1:]] + [len(lines)]
    for (mark, title), end in zip(marks, ends, strict=True):
        if not _PROSE.match(title):
            text = _uncommented("\n".join(lines[mark + 1 : end]).rstrip("\n"), skip)
            if text.strip() and (mark >= 0 or _has_code(text)):
                yield ScriptCell(text, mark + 1)


def has_magics(script: str) -> bool:
    """Tells whether a magic stands at the head of a script without cells."""
    return _uncommented(script, lambda magic: False) != script


def _marks(script: str) -> Iterator[tuple[int, str]]:
    """Yields the lines that begin cells, and what stands behind the mark."""
    if MARK not in script:
        return
    for line, text in line_starts(script):
        mark = _MARK.fullmatch(text)
        if mark:
            yield line, mark["title"] or ""


def _has_code(text: str) -> bool:
    lines = (line.strip() for line in text.split("\n"))
    return any(line and not is_line_comment(line) for line in lines)


def _uncommented(text: str, skip: Callable[[str], bool]) -> str:
    lines = text.split("\n")
    for index, line in enumerate(lines):
        magic = _MAGIC.fullmatch(line)
        if magic:
            lines[index] = "" if skip(magic[1].split()[0]) else magic[1]
        elif _LONG_MAGIC.match(line):
            page = long_comment_text("\n".join(lines[index:]).strip())
            if page is None:
                break
            kept = [] if skip(page.split(maxsplit=1)[0]) else [page.removesuffix("\n")]
            return "\n".join([*lines[:index], *kept])
        elif line.strip() and not is_line_comment(line.strip()):
            break
    return "\n".join(lines)
