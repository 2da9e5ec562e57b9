"""A cell as completion and help read it: its Lua, with blanks where its magics and the text of a page are."""

from __future__ import annotations

import re

from ba_runtime.syntax import WINDOW, Reading

# What a page has without declaring it, with the kinds of objects that they are.
PAGE = {"request": "request", "response": "response", "page": "", "app": "", "io": "io", "dir": "dir"}

_TAG = re.compile(r"<\?lsp(?:=|(?=[\s?]))(?P<lua>.*?)(?:\?>|\Z)", re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


def reading_at(code: str, cursor: int) -> Reading | None:
    """Returns the Lua around a cursor, None where there is none: in a magic, or in the HTML of a page."""
    head = _head(code)
    if not code[head:].startswith("%%"):
        return None if cursor < head else Reading(_blank(code[:head]) + code[head:], cursor)
    body = code.find("\n", head) + 1 or len(code)
    start = max(body, cursor - WINDOW)
    tags = [match.span("lua") for match in _TAG.finditer(code, body, cursor + WINDOW)]
    if not any(first <= cursor <= last for first, last in tags):
        return None
    pieces, at = [_blank(code[:start])], start
    for first, last in tags:
        if last >= start:
            pieces += [_blank(code[at:first]), code[max(at, first) : last]]
            at = last
    return Reading("".join(pieces), cursor, given=PAGE)


def _head(code: str) -> int:
    """Returns where the Lua below the magics at the top of a cell begins, or the line of `%%`."""
    at = 0
    while True:
        end = code.find("\n", at)
        line = code[at : len(code) if end < 0 else end].strip()
        is_magic = line.startswith("%") and not line.startswith("%%")
        if line and not is_magic and not line.startswith("--"):
            return at if not line.startswith("%%") else code.index("%%", at)
        if end < 0:
            return len(code) if is_magic else at
        at = end + 1


def _blank(text: str) -> str:
    return _NOT_NEWLINE.sub(" ", text)
