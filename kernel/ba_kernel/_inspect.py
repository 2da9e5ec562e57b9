"""What the name at the cursor is: its documentation, and the value that it has now."""

from __future__ import annotations

import re

from ba_runtime.docs import Entry, lookup
from ba_runtime.syntax import Context, context_at, local_names
from ba_runtime.text import printable

from ._complete import answer_of, text_path
from ._engine import Engine

BUSY = "(Lua is busy; the value cannot be shown now)"
# A table of 10,000 lines is no help in a tooltip.
VALUE_CHARACTERS = 2000

_MARKDOWN = re.compile(r"([\\`*_<>\[\]|])")


async def inspect(engine: Engine, code: str, cursor: int) -> dict[str, object]:
    """Returns the content of an inspect_reply for the name at the cursor, or for the call around it."""
    path, separator = _name_at(code, cursor)
    documents: tuple[Entry, ...] = ()
    value = None
    if path:
        documents = lookup(".".join(path[:-1]) + separator + path[-1])
        if path[0] and path[0] not in local_names(code, cursor):
            value = await answer_of(lambda: engine.runtime.describe(path), BUSY)
    if not documents and value is None:
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}
    data = {"text/plain": _plain(documents, value), "text/markdown": _markdown(documents, value)}
    return {"status": "ok", "found": True, "data": data, "metadata": {}}


def _name_at(code: str, cursor: int) -> tuple[tuple[str, ...], str]:
    """Returns the path with the name and what separates the name from the rest; () for no name.

    The path of a method of an unknown value, such as that of a call, begins with an empty name.
    """
    context = context_at(code, cursor)
    name = code[context.start : context.end]
    if name and _has_place(context):
        path, separator = context.path, context.separator
    elif context.call is not None:
        name, path, separator = context.call.name, context.call.path, context.call.separator
    else:
        return (), ""
    return (*(text_path(path) or (("",) if separator else ())), name), separator


def _has_place(context: Context) -> bool:
    return context.path is not None or bool(context.separator)


def _value(value: str) -> str:
    text = printable(value)
    return text if len(text) <= VALUE_CHARACTERS else text[:VALUE_CHARACTERS] + "…"


def _plain(documents: tuple[Entry, ...], value: str | None) -> str:
    parts = [document.as_text() for document in documents]
    if value is not None:
        parts.append(_value(value))
    return "\n\n".join(parts)


def _markdown(documents: tuple[Entry, ...], value: str | None) -> str:
    parts: list[str] = []
    for document in documents:
        parts += [f"```lua\n{document.signature}\n```", _escaped(document.text)]
        parts += [f"**Returns:** {_escaped(document.returns)}"] if document.returns else []
        parts += [f"**Errors:** {_escaped(document.errors)}"] if document.errors else []
    if value is not None:
        parts.append(f"~~~lua\n{_value(value)}\n~~~")
    return "\n\n".join(parts)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
