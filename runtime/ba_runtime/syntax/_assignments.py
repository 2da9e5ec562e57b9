"""The assignments that a text consists of, as in a cell of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ._blocks import CLOSERS, OPENERS, STATEMENT_WORDS
from ._tokens import Kind, Token, significant, tokenize

_WORDS = {"true": "boolean", "false": "boolean", "nil": "nil"}
_WHOLE = {("{", "}"): "table", ("function", "end"): "function"}
_LAST = frozenset((")", "]", "}", "end", "nil", "true", "false", "..."))


@dataclass(frozen=True, slots=True)
class Assignment:
    """One name and what it is set to, as text; `type` is "" where only running the text would tell."""

    name: str
    value: str
    type: str
    comment: str = ""  # behind it, in the same line
    is_local: bool = False


def assignments(source: str) -> tuple[Assignment, ...]:
    """Returns the assignments of one value to one name outside of all blocks, in order."""
    tokens = tokenize(source)
    visible = significant(tokens)
    return tuple(
        _assignment(source, tokens, visible, name, equals)
        for name, equals in _starts(visible)
        if equals + 1 < len(visible)
    )


def _assignment(
    source: str, tokens: Sequence[Token], visible: Sequence[Token], name: int, equals: int
) -> Assignment:
    value = visible[equals + 1 : _end(visible, equals + 1)]
    start, end = value[0].start, value[-1].end
    is_local = name > 0 and visible[name - 1].text == "local"
    return Assignment(
        visible[name].text,
        " ".join(source[start:end].split()),
        _type(value),
        _comment(source, tokens, end),
        is_local,
    )


def _starts(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yields the index of each name that is assigned to outside of all blocks, and that of its `=`."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.text in OPENERS:
            depth += 1
        elif token.text in CLOSERS:
            depth -= 1
        elif token.text == "=" and not depth:
            name = index - 4 if index > 3 and tokens[index - 1].text == ">" else index - 1  # x <const> = 1
            before = tokens[name - 1].text if name > 0 else ""
            if name >= 0 and tokens[name].kind is Kind.NAME and before not in (",", ".", ":", "for"):
                yield name, index


def _end(tokens: Sequence[Token], start: int) -> int:
    """Returns where the expression ends that begins at `start`: a name cannot go on after what can be its
    end.
    """
    depth = 0
    for index in range(start, len(tokens)):
        token, last = tokens[index], tokens[index - 1]
        is_over = last.kind in (Kind.NAME, Kind.STRING, Kind.NUMBER) or last.text in _LAST
        if index > start and not depth and (
            token.text in (";", ",")
            or (is_over and (token.kind is Kind.NAME or token.text in STATEMENT_WORDS | {"function"}))
        ):  # fmt: skip
            return index
        depth += (token.text in OPENERS) - (token.text in CLOSERS)
    return len(tokens)


def _comment(source: str, tokens: Sequence[Token], end: int) -> str:
    """Returns the comment behind the expression that ends at `end`."""
    for token in tokens:
        if token.start >= end and token.text not in (";", ","):
            is_behind = token.kind is Kind.COMMENT and "\n" not in source[end : token.start]
            return token.text.lstrip("-").strip() if is_behind else ""
    return ""


def _type(tokens: Sequence[Token]) -> str:
    """Returns the type of a constant, "" for any other expression."""
    first, last = tokens[0], tokens[-1]
    if last.kind is Kind.NUMBER and (len(tokens) == 1 or (len(tokens) == 2 and first.text == "-")):
        return "number"
    if len(tokens) > 1:
        return _WHOLE.get((first.text, last.text), "")
    return "string" if first.kind is Kind.STRING else _WORDS.get(first.text, "")
