"""Questions in a cell: `name?`, `?name`, `name??` and `obj:method?`, each on a line of its own.

No line of Lua ends or begins with a question mark, except within a string or a comment, so a question may
stand anywhere in a cell. It is answered when the rest of the cell has run, in the front end's pager.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ba_runtime.syntax import Kind, tokenize

_TOPIC = r"""%{0,2}[A-Za-z_][\w]*(?:\s*[.:]\s*[A-Za-z_]\w*|\[(?:\d+|"[^"\\\]]*"|'[^'\\\]]*')\])*"""
_QUESTION = re.compile(
    rf"^[ \t]*(?:(?P<before>\?\??)[ \t]*(?P<topic>{_TOPIC})|(?P<subject>{_TOPIC})[ \t]*(?P<after>\?\??)|\?)"
    r"[ \t;]*\r?$",
    re.MULTILINE,
)
# A longer text is not searched for questions.
MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about: a name, "" for the list of magics; `detail` is 1 for a function's source."""

    topic: str
    detail: int


def is_question(line: str) -> bool:
    """Whether a line is a question, unless it is inside a string."""
    return "?" in line and _QUESTION.fullmatch(line) is not None


def questions_in(lua: str) -> tuple[tuple[Question, ...], str]:
    """Returns the questions in a text, and the text with blank lines in their places."""
    if "?" not in lua or len(lua) > MOST_CHARACTERS:
        return (), lua
    found = list(_QUESTION.finditer(lua))
    if not found:
        return (), lua
    quoted = _quoted(lua)
    asked: list[Question] = []
    for match in reversed(found):
        mark = lua.index("?", match.start())
        if not any(start <= mark < end for start, end in quoted):
            detail = int("??" in (match["before"], match["after"]))
            asked.insert(0, Question((match["topic"] or match["subject"] or "").strip(), detail))
            lua = lua[: match.start()] + lua[match.end() :]
    return tuple(asked), lua


def _quoted(lua: str) -> list[tuple[int, int]]:
    """Returns where strings and comments of more than one line are, in which nobody asks anything."""
    kinds = (Kind.STRING, Kind.COMMENT)
    return [(token.start, token.end) for token in tokenize(lua) if token.kind in kinds and "\n" in token.text]
