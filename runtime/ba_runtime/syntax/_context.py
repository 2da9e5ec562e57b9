"""What the text around a cursor says: the word to complete, the value it belongs to, the call it stands in.

Only tokens before the cursor count, so that half-written text is no special case. Nothing is looked up and
nothing runs: the answer is a path of constant keys from a variable, for the caller to follow without calling
anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ._blocks import CLOSERS, OPENERS, STATEMENT_WORDS
from ._tokens import Kind, Token, significant, tokenize

Path: TypeAlias = tuple[str | int, ...]

_VARIABLE: Path | None = ()
_WORD_REST = re.compile(r"[A-Za-z0-9_]*")
_LONG_COMMENT = re.compile(r"--\[=*\[")
_CONSTANT_STRING = re.compile(r"""(["'])([^\\]*)\1""")


@dataclass(frozen=True, slots=True)
class Callee:
    """What a call names: `path` is where the function is looked up, None when that is no constant path.

    `ba.socket.connect(` is ("ba", "socket"), ".", "connect"; `accept():read(` is None, ":", "read".
    """

    path: Path | None
    separator: str
    name: str

    @property
    def text(self) -> str:
        """The name as one would write it; an unknown value is left out, as in `:read`."""
        return ".".join(map(str, self.path or ())) + self.separator + self.name


@dataclass(frozen=True, slots=True)
class Context:
    """What stands before and around a cursor.

    `path` leads to the value whose member is meant: () where the word is a variable, None where nothing can
    be said (the value of a call, a number, inside a string or a comment). `separator` is "", "." or ":".
    `prefix` is the word up to the cursor, and `start` and `end` bound the whole word, in code points. `call`
    is the innermost call whose arguments the cursor is among; a string is one, a comment none.
    """

    path: Path | None
    separator: str
    prefix: str
    start: int
    end: int
    call: Callee | None


def context_at(source: str, cursor: int) -> Context:
    """Returns what `source` says at `cursor`, in code points; a cursor outside the text is moved into it."""
    cursor = max(0, min(cursor, len(source)))
    tokens = tokenize(source[:cursor])
    visible = significant(tokens)
    inside = _text_around(tokens, cursor)
    if inside is not None:
        call = None if inside is not Kind.STRING else _innermost_call(visible)
        return Context(None, "", "", cursor, cursor, call)
    start = end = cursor
    last = visible[-1] if visible and visible[-1].end == cursor else None
    if last is not None and last.kind is Kind.NUMBER:
        return Context(None, "", "", cursor, cursor, _innermost_call(visible))
    if last is not None and last.kind in (Kind.NAME, Kind.KEYWORD):
        start = last.start
        visible.pop()
    rest = _WORD_REST.match(source, cursor)
    end += len(rest.group()) if rest else 0
    separator, path = "", _VARIABLE
    if visible and visible[-1].text in (".", ":"):
        separator, path = visible[-1].text, _path_to(visible, len(visible) - 1)[0]
    return Context(path, separator, source[start:cursor], start, end, _innermost_call(visible))


def local_names(source: str, cursor: int) -> tuple[str, ...]:
    """Returns the names that the text before `cursor` declares, in order and each once.

    These are locals, parameters, loop variables, functions defined by a plain name, and `self` in methods.
    Scopes that have ended are not left out: a name too many does no harm.
    """
    tokens = significant(tokenize(source[: max(0, cursor)]))
    if tokens and tokens[-1].end == cursor:  # still being typed
        tokens.pop()
    names: dict[str, None] = {}
    for index, token in enumerate(tokens):
        if token.text in ("local", "for"):
            names.update(dict.fromkeys(_name_list(tokens, index + 1)))
        elif token.text == "function":
            names.update(dict.fromkeys(_function_names(tokens, index + 1)))
    return tuple(names)


def _text_around(tokens: Sequence[Token], cursor: int) -> Kind | None:
    """Returns COMMENT or STRING when the cursor is inside one."""
    if not tokens or tokens[-1].end != cursor:
        return None
    last = tokens[-1]
    if last.kind is Kind.PREAMBLE or (last.kind is Kind.COMMENT and not _LONG_COMMENT.match(last.text)):
        return Kind.COMMENT
    return last.kind if last.unfinished else None


def _path_to(tokens: Sequence[Token], end: int) -> tuple[Path | None, int]:
    """Returns the constant path that ends before token `end`, None if there is none, and its first token."""
    keys: list[str | int] = []
    index = end - 1
    while index >= 0:
        token = tokens[index]
        before = tokens[index - 1].text if index else ""
        if token.kind is Kind.NAME:
            keys.append(token.text)
            if before != ".":
                return (None if before == ":" else tuple(reversed(keys))), index
            index -= 2
        elif token.text == "]" and index >= 3 and tokens[index - 2].text == "[":
            key = _constant(tokens[index - 1])
            if key is None:
                return None, index
            keys.append(key)
            index -= 3
        else:
            return None, index
    return None, 0


def _constant(token: Token) -> str | int | None:
    if token.kind is Kind.NUMBER and token.text.isdecimal():
        return int(token.text)
    match = _CONSTANT_STRING.fullmatch(token.text)
    return match[2] if match else None


def _innermost_call(tokens: Sequence[Token]) -> Callee | None:
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        text = tokens[index].text
        if text in CLOSERS:
            depth += 1
        elif text in OPENERS and depth:
            depth -= 1
        elif depth:
            continue
        elif text in ("(", "{") and _can_be_called(tokens, index - 1):
            return _callee(tokens, index - 1)
        elif text in STATEMENT_WORDS or text == "function":
            return None
    return None


def _can_be_called(tokens: Sequence[Token], index: int) -> bool:
    return index >= 0 and (
        tokens[index].kind in (Kind.NAME, Kind.STRING) or tokens[index].text in (")", "]", "}")
    )


def _callee(tokens: Sequence[Token], index: int) -> Callee | None:
    """Returns what the call whose arguments follow token `index` names, None for the head of a function."""
    name, first, path, separator = tokens[index], index, _VARIABLE, ""
    if name.kind is not Kind.NAME:
        return None
    if index and tokens[index - 1].text in (".", ":"):
        separator = tokens[index - 1].text
        path, first = _path_to(tokens, index - 1)
    if first and tokens[first - 1].text == "function":
        return None
    return Callee(path, separator, name.text)


def _name_list(tokens: Sequence[Token], index: int) -> Iterator[str]:
    """Yields the names from token `index` on, as in `a, b <const>, c`."""
    while index < len(tokens) and tokens[index].kind is Kind.NAME:
        yield tokens[index].text
        index += 1
        if index < len(tokens) and tokens[index].text == "<":
            index += 3
        if index >= len(tokens) or tokens[index].text != ",":
            return
        index += 1


def _function_names(tokens: Sequence[Token], index: int) -> Iterator[str]:
    """Yields what the head of a function declares; `index` is the token after the word `function`."""
    start = index
    while index < len(tokens) and (tokens[index].kind is Kind.NAME or tokens[index].text in (".", ":")):
        index += 1
    if index == start + 1:
        yield tokens[start].text
    elif index > start and tokens[index - 2].text == ":":
        yield "self"
    if index < len(tokens) and tokens[index].text == "(":
        yield from _name_list(tokens, index + 1)
