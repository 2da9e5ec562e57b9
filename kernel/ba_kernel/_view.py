"""A cell as completion and help read it: its Lua, with blanks where its magics and the text of a page are."""

from __future__ import annotations

import re

from ba_runtime.syntax import WINDOW, Reading

from ._magic_table import MAGICS
from ._magics import Body, is_line_comment

# What a page has without declaring it, with the kinds of objects that they are.
PAGE = {"request": "request", "response": "response", "page": "", "app": "", "io": "io", "dir": "dir"}

# As the server has it (`lua/web/lsp.lua`): what follows `<?lsp` is code, with white space in between or not.
_TAG = re.compile(r"<\?lsp=?(?P<lua>.*?)(?:\?>|\Z)", re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


def reading_at(code: str, cursor: int) -> Reading | None:
    """Returns the Lua around a cursor, None where there is none: in a magic, or in the HTML of a page."""
    head, body = _head(code)
    if cursor < head or body is Body.TEXT:
        return None
    if body is Body.LUA:
        return Reading(_blank(code[:head]) + code[head:], cursor)
    start = max(head, cursor - WINDOW)
    tags = [match.span("lua") for match in _TAG.finditer(code, head, cursor + WINDOW)]
    if not any(first <= cursor <= last for first, last in tags):
        return None
    pieces, at = [_blank(code[:start])], start
    for first, last in tags:
        if last >= start:
            pieces += [_blank(code[at:first]), code[max(at, first) : last]]
            at = last
    return Reading("".join(pieces), cursor, given=PAGE)


def _head(code: str) -> tuple[int, Body]:
    """Returns where the text below the magics at the top of a cell begins, and what it is."""
    at = start = 0
    while at < len(code):
        after = code.find("\n", at) + 1 or len(code) + 1
        line = code[at : after - 1].strip()
        if line.startswith("%"):
            name = line.split()[0]
            body = MAGICS[name].body if name in MAGICS and name.startswith("%%") else Body.LUA
            start = min(after, len(code))
            if body is not Body.LUA:
                return start, body
        elif line and not is_line_comment(line):
            break
        at = after
    return start, Body.LUA


def _blank(text: str) -> str:
    return _NOT_NEWLINE.sub(" ", text)
