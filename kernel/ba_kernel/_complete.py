"""What may follow the cursor, and whether a cell is finished.

The Lua thread is asked for names that only it knows, and may be busy; then the answer, half a second later
at most, is what the text and the documentation alone tell.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import takewhile
from typing import TypeVar

from ba_runtime.docs import members, methods
from ba_runtime.errors import BaError
from ba_runtime.syntax import KEYWORDS, Context, Path, context_at, local_names
from ba_runtime.syntax import is_complete as is_complete_lua

from ._engine import Engine, within
from ._magic_table import MAGICS, split
from ._magics import Body, Split

T = TypeVar("T")
U = TypeVar("U")

# A person who typed a dot waits this long and no longer.
ANSWER_S = 0.5


async def answer_of(question: Callable[[], Future[T]], instead: U) -> T | U:
    """Returns what the Lua thread answers, or `instead` if it is busy, is gone or cannot be started."""
    with contextlib.suppress(asyncio.TimeoutError, BaError, OSError):
        return await within(question(), ANSWER_S)
    return instead


async def complete(engine: Engine, code: str, cursor: int) -> dict[str, object]:
    """Returns the content of a complete_reply; `cursor` counts code points."""
    line_start = code.rfind("\n", 0, cursor) + 1
    if code[line_start:cursor].lstrip().startswith("%"):
        return await _magic_reply(engine, code, line_start, cursor)
    context = context_at(code, cursor)
    kinds = await _names(engine, context, code, cursor)
    return _reply(kinds, context.prefix, context.start, context.end)


def is_complete(engine: Engine, code: str) -> dict[str, object]:
    """Returns the content of an is_complete_reply."""
    cell = split(code)
    if not cell.has_body and not code.endswith("\n") and _is_about_more(cell):
        return {"status": "incomplete", "indent": ""}
    if cell.body is not Body.LUA or not cell.has_body:  # a page is any text
        return {"status": "complete"}
    found = is_complete_lua(cell.lua, engine.compiler)
    if found.status == "incomplete":
        return {"status": "incomplete", "indent": found.indent}
    return {"status": found.status}


def _is_about_more(cell: Split) -> bool:
    """Whether a magic line is about what stands below it, of which there is nothing yet."""
    return any(MAGICS[call.name].is_about(call.rest) for call in cell.calls if call.name in MAGICS)


async def _names(engine: Engine, context: Context, code: str, cursor: int) -> dict[str, str]:
    """Returns every name that can stand at the cursor, with what it is."""
    if context.separator:
        kind = "method" if context.separator == ":" else "field"
        return dict.fromkeys(await _members(engine, context, local_names(code, cursor)), kind)
    if context.path is None:
        return {}
    known: tuple[str, ...] = await answer_of(lambda: engine.runtime.fields(()), ())
    return {
        **dict.fromkeys(known or members(()), "global"),
        **dict.fromkeys(sorted(KEYWORDS), "keyword"),
        **dict.fromkeys(local_names(code, cursor), "local"),
    }


async def _members(engine: Engine, context: Context, locals_: tuple[str, ...]) -> tuple[str, ...]:
    path = text_path(context.path)
    known: tuple[str, ...] = ()
    if path and path[0] not in locals_:
        known = await answer_of(lambda: engine.runtime.fields(path), ()) or members(path)
    # A local of the cell, or the value of a call, exists only while the cell runs. What has methods there
    # is a socket, nearly always.
    return known or (methods() if context.separator == ":" else ())


def text_path(path: Path | None) -> tuple[str, ...] | None:
    """Returns a path as the runtime takes it, None for one with a number in it."""
    if path is None or not all(isinstance(key, str) for key in path):
        return None
    return tuple(map(str, path))


async def _magic_reply(engine: Engine, code: str, line_start: int, cursor: int) -> dict[str, object]:
    line = code[line_start:cursor].lstrip()
    start = cursor - len(line)
    forms = dict.fromkeys(await _magic_beginnings(engine, line), "magic")
    end = cursor
    while end < len(code) and code[end].isalnum():
        end += 1
    return _reply(forms, line, start, end)


async def _magic_beginnings(engine: Engine, line: str) -> list[str]:
    """Returns every magic as far as it is known: `%lab`, `%lab on`, `%lab cut`, `%lab cut example.com`."""
    found: list[str] = []
    for magic in MAGICS.values():
        found.append(magic.name)
        found += (" ".join(takewhile(_is_literal, form.split())) for form, _ in magic.forms)
        found += await magic.beginnings(engine, line)
    return found


def _is_literal(word: str) -> bool:
    """Tells whether a word of a form is typed as it is; TIME stands for something, [after may be left out."""
    return not word.startswith("[") and word == word.lower()


def _reply(kinds: dict[str, str], prefix: str, start: int, end: int) -> dict[str, object]:
    matches = sorted(_matching(kinds, prefix), key=lambda name: (name.startswith("_"), name))
    types = [{"start": start, "end": end, "text": name, "type": kinds[name]} for name in matches]
    return {
        "status": "ok",
        "matches": matches,
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": types} if types else {},
    }


def _matching(names: Iterable[str], prefix: str) -> Iterator[str]:
    hides_private = not prefix.startswith("_")
    for name in names:
        if name.startswith(prefix) and not (hides_private and name.startswith("_")):
            yield name
