"""What may follow the cursor, and whether a cell is finished.

The Lua thread is asked for names that only it knows, and may be busy; then the answer, half a second later
at most, is what the text and the documentation alone tell.
"""

from __future__ import annotations

from itertools import takewhile

from ba_runtime.syntax import is_complete as is_complete_lua

from ._asking import Asker
from ._engine import Engine
from ._magic_table import MAGICS, split
from ._magics import Body, Split
from ._offers import offers_at
from ._view import reading_at


async def complete(engine: Engine, code: str, cursor: int) -> dict[str, object]:
    """Returns the content of a complete_reply; `cursor` counts code points."""
    line_start = code.rfind("\n", 0, cursor) + 1
    if code[line_start:cursor].lstrip().startswith("%"):
        return await _magic_reply(engine, code, line_start, cursor)
    reading = reading_at(code, cursor)
    if reading is None:
        return _reply({}, "", cursor, cursor)
    offers = await offers_at(Asker(engine), reading)
    return _reply(offers.kinds, reading.context.prefix, offers.start, offers.end)


def is_complete(engine: Engine, code: str) -> dict[str, object]:
    """Returns the content of an is_complete_reply."""
    cell = split(code)
    is_text = cell.body is not Body.LUA  # which ends with an empty line, as any text may follow
    if not code.endswith("\n") and (is_text or (not cell.has_body and _is_about_more(cell))):
        return {"status": "incomplete", "indent": ""}
    if is_text or not cell.has_body:
        return {"status": "complete"}
    found = is_complete_lua(cell.lua, engine.compiler)
    if found.status == "incomplete":
        return {"status": "incomplete", "indent": found.indent}
    return {"status": found.status}


def _is_about_more(cell: Split) -> bool:
    """Whether a magic line is about what stands below it, of which there is nothing yet."""
    return any(MAGICS[call.name].is_about(call.rest) for call in cell.calls if call.name in MAGICS)


async def _magic_reply(engine: Engine, code: str, line_start: int, cursor: int) -> dict[str, object]:
    line = code[line_start:cursor].lstrip()
    start = cursor - len(line)
    beginnings = await _magic_beginnings(engine, line)
    forms = dict.fromkeys((form for form in beginnings if form.startswith(line)), "magic")
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
        if line.startswith(f"{magic.name} "):
            found += await magic.beginnings(engine, line)
    return found


def _is_literal(word: str) -> bool:
    """Tells whether a word of a form is typed as it is; TIME stands for something, [after may be left out."""
    return not word.startswith("[") and word == word.lower()


def _reply(kinds: dict[str, str], prefix: str, start: int, end: int) -> dict[str, object]:
    """Names that begin with an underscore are nobody's business until they are asked for."""
    hides_private = not prefix.startswith("_")
    shown = (name for name in kinds if not (hides_private and name.lstrip(".").startswith("_")))
    matches = sorted(shown, key=lambda name: (name.startswith("_"), name))
    types = [{"start": start, "end": end, "text": name, "type": kinds[name]} for name in matches]
    return {
        "status": "ok",
        "matches": matches,
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": types} if types else {},
    }
