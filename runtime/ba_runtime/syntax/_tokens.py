"""Lua 5.4 text as a list of tokens.

The tokenizer is total: every str gives tokens that cover everything but white space, nothing raises and
nothing runs. Whether the text is valid Lua is for the compiler to say; the rules here follow its lexer
(Lua 5.4 manual, section 3.1), also in what it takes for one malformed number.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

KEYWORDS = frozenset((
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
))  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Kind(Enum):
    """What a token is."""

    PREAMBLE = "preamble"
    """A byte order mark or a first line with `#!`: Lua's file loader skips them, its compiler does not."""
    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    NAME = "name"
    KEYWORD = "keyword"
    OPERATOR = "operator"
    UNKNOWN = "unknown"
    """A character that begins no token of Lua."""


class Token(NamedTuple):
    """One token; `start` and `end` count code points from the beginning of the text."""

    kind: Kind
    text: str
    start: int
    end: int
    unfinished: bool = False
    """True for a string or long comment that the text ends in, and for a short string cut off by its line."""


def tokenize(source: str) -> list[Token]:
    """Returns every token of `source`, comments included."""
    tokens = []
    for match in _TOKEN.finditer(source):
        group = match.lastgroup
        if group is None:  # white space
            continue
        text = match.group()
        kind = _KINDS[group]
        unfinished = False
        if kind is Kind.NAME and text in KEYWORDS:
            kind = Kind.KEYWORD
        elif kind in (Kind.STRING, Kind.COMMENT):
            unfinished = any(match[name] is not None for name in _UNFINISHED)
        tokens.append(Token(kind, text, match.start(), match.end(), unfinished))
    return tokens


def is_name(text: str) -> bool:
    """Tells whether a variable can have this name."""
    return bool(_NAME.fullmatch(text)) and text not in KEYWORDS


def significant(tokens: list[Token]) -> list[Token]:
    """Returns the tokens that a parser sees."""
    return [token for token in tokens if token.kind not in (Kind.COMMENT, Kind.PREAMBLE)]


def _short_string(quote: str) -> str:
    # No part can fail after the repetition, so the nested quantifiers never backtrack.
    escape = r"\\(?:z[ \t\r\n\f\v]*|\r\n|\n\r|.|\Z)"
    return rf"{quote}(?:[^{quote}\\\r\n]+|{escape})*(?:{quote}|(?P<open_{ord(quote)}>))"


def _long_bracket(name: str) -> str:
    return rf"\[(?P<level_{name}>=*)\[.*?(?:\](?P=level_{name})\]|(?P<open_{name}>\Z))"


_UNFINISHED = ("open_34", "open_39", "open_string", "open_comment")

_TOKEN = re.compile(
    "|".join(
        (
            r"[ \t\r\n\f\v]+",
            r"(?P<preamble>\A(?:\ufeff(?:#![^\r\n]*)?|#![^\r\n]*))",
            r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)",
            rf"(?P<comment>--(?:{_long_bracket('comment')}|[^\r\n]*))",
            rf"(?P<string>{_short_string(chr(34))}|{_short_string(chr(39))}|{_long_bracket('string')})",
            r"(?P<number>0[xX](?:[pP][-+]?|[0-9a-fA-F.])*[A-Za-z_]?"
            r"|\.?[0-9](?:[eE][-+]?|[0-9a-fA-F.])*[A-Za-z_]?)",
            r"(?P<operator>\.\.\.|\.\.|==|~=|<=|>=|//|::|<<|>>|[-+*/%^\#&~|<>=(){}\[\];:,.])",
            r"(?P<unknown>.)",
        )
    ),
    re.DOTALL,
)
# Named by the groups above; the groups within them only carry flags.
_KINDS = {kind.value: kind for kind in Kind}
