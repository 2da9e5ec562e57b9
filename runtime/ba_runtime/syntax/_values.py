"""What an expression in a text is likely to be: nothing is run, the words and the documentation say it.

A value is a `Place` (a constant path from a global, which a running state can be asked about), a `Made` (an
object of a documented kind: what a documented function returns), a `Method`, a `Table` or a `Defined` that
the text itself writes, or None, where nothing is known. Of a place, only its kind matters here; whoever asks
brings the kinds that a running state has told, and finds in `asked` those that would have helped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ba_runtime.docs import Entry, function_at, is_documented, lookup, method_of

from ._structure import BINARY, UNARY, From, Source, Structure, end_of_expression
from ._tokens import Kind, Token

Path: TypeAlias = tuple[str | int, ...]

# A chain of variables, each made of the one before, and expressions within expressions.
DEPTH = 24
MOST_OPERANDS = 500  # of them all: a cell may be a table of a megabyte
_CONSTANT_STRING = re.compile(r"""(["'])([^\\]*)\1""", re.DOTALL)
# Functions that return what they are given: the value of their first argument.
_PASS_ON = frozenset(("assert", "setmetatable", "rawset"))


@dataclass(frozen=True, slots=True)
class Place:
    """What a constant path of keys from a global leads to."""

    path: Path


@dataclass(frozen=True, slots=True)
class Made:
    """An object of a documented kind, such as "socket"."""

    kind: str


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an object of a documented kind."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """The table that is written at a token, and the variable that it was first put into."""

    token: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Defined:
    """The function that is written at a token."""

    token: int


Value: TypeAlias = Place | Made | Method | Table | Defined | None


class Values:
    """Reads the values of one text."""

    def __init__(self, structure: Structure, kinds: Mapping[Path, str]) -> None:
        """`kinds` are the kinds of values in a running state, by their place."""
        self._structure = structure
        self._kinds = kinds
        self._known: dict[Source, Value] = {}
        self._depth = self._operands = 0
        self.asked: set[Path] = set()

    # ---- variables

    def variable(self, name: str, at: int) -> Value:
        """Returns what a name stands for at a token."""
        binding = self._structure.binding(name, at)
        if binding is None:
            return Place((name,))
        value = self._of_source(binding.source)
        if isinstance(value, Table) and not value.name:
            value = Table(value.token, name)
        return value if value is not None or binding.is_local else Place((name,))

    def _of_source(self, source: Source) -> Value:
        if source not in self._known:
            if self._depth >= DEPTH:
                return None
            self._depth += 1
            self._known[source] = self._read_source(source)
            self._depth -= 1
        return self._known[source]

    def _read_source(self, source: Source) -> Value:
        if source.form is From.KIND:
            return Made(source.kind) if source.kind else None
        if source.form is From.FUNCTION:
            return Defined(source.token)
        if source.form is From.EXPRESSION:
            return self._nth(source.token, source.position)
        if source.form is From.PARAMETER:
            entry = self._callee_around(source.token)
            return _at(entry.calls, source.position) if entry else None
        if source.form is From.SELF:
            return self.variable(self._structure.text(source.token + 1), source.token)
        entry = self._called(source.token)
        return _at(entry.yields, source.position) if entry else None

    def _nth(self, index: int, position: int) -> Value:
        """Returns value number `position` of the list of expressions at `index`: a call may give several."""
        structure = self._structure
        for before in range(position + 1):
            after = end_of_expression(structure, index)
            if before == position:
                return self.expression(index, after)
            if structure.text(after) != ",":
                entry = self._called(index)
                return _at(entry.gives, position - before) if entry else None
            index = after + 1
        return None

    def _called(self, index: int) -> Entry | None:
        """Returns what is documented about the function whose call the expression at `index` is."""
        end = end_of_expression(self._structure, index)
        return self._entry(self._last_call(index, end))

    def _callee_around(self, function: int) -> Entry | None:
        """Returns what is documented about the function that is called with the function at this token."""
        structure, opening = self._structure, self._structure.inside.get(function)
        if opening is None or structure.text(opening) != "(":
            return None
        card = self.callee(opening)
        if card is None and structure.text(opening - 2) == ":":
            # Of an unknown object; but there may be only one kind of object with such a method.
            cards = [card for card in lookup(":" + structure.text(opening - 1)) if card.calls]
            card = cards[0] if len(cards) == 1 else None
        return card

    def callee(self, opening: int) -> Entry | None:
        """Returns what is documented about the function whose arguments begin at a bracket."""
        start = chain_start(self._structure, opening)
        return None if start is None else self._entry(self.expression(start, opening))

    def _entry(self, value: Value) -> Entry | None:
        if isinstance(value, Method):
            return method_of(value.kind, value.name)
        return function_at(value.path) if isinstance(value, Place) else None

    # ---- expressions

    def expression(self, index: int, end: int) -> Value:
        """Returns what the expression of the tokens from `index` up to `end` is."""
        if self._depth >= DEPTH:
            return None
        self._depth += 1
        value = self._expression(index, end)
        self._depth -= 1
        return value

    def _expression(self, index: int, end: int) -> Value:
        structure, operator = self._structure, ""
        value: Value = None
        while index < end:
            unary = ""
            while structure.text(index) in UNARY:
                unary, index = structure.text(index), index + 1
            operand, index = self._operand(index, end)
            operand = None if unary else operand
            if operator == "..":
                value = Made("string")
            elif operator in ("", "and") or (operator == "or" and value is None):
                value = operand
            elif operator != "or":
                value = None
            operator = structure.text(index)
            if operator not in BINARY:
                break
            index += 1
        return value

    def _operand(self, index: int, end: int) -> tuple[Value, int]:
        structure = self._structure
        self._operands += 1
        if index >= end or self._operands > MOST_OPERANDS:
            return None, end
        token = structure.tokens[index]
        closing = structure.closing.get(index, end)
        if token.text == "{":
            return Table(index), closing + 1
        if token.text == "function":
            return Defined(index), closing + 1
        if token.kind is Kind.STRING:
            return self._suffixes(Made("string"), index + 1, end)
        if token.text == "(":
            return self._suffixes(self.expression(index + 1, min(closing, end)), closing + 1, end)
        if token.kind is Kind.NAME:
            return self._suffixes(self.variable(token.text, index), index + 1, end)
        return None, index + 1

    def _suffixes(self, value: Value, index: int, end: int) -> tuple[Value, int]:
        structure = self._structure
        while index < end:
            token = structure.tokens[index]
            if token.text in (".", ":") and structure.is_name(index + 1) and index + 1 < end:
                value = self.member(value, structure.text(index + 1))
                index += 2
            elif token.text == "[":
                closing = structure.closing.get(index, end)
                key = constant(structure.tokens[index + 1]) if closing == index + 2 else None
                value = None if key is None else self.member(value, key)
                index = closing + 1
            elif token.text in ("(", "{") or token.kind is Kind.STRING:
                value = self._call(value, index)
                index = index + 1 if token.kind is Kind.STRING else structure.closing.get(index, end) + 1
            else:
                break
        return value, index

    def _last_call(self, index: int, end: int) -> Value:
        """Returns the function whose call is all of the tokens from `index` up to `end`, None for no call."""
        structure, last = self._structure, None
        at = index + 1 if structure.text(index) != "(" else structure.closing.get(index, end) + 1
        while at < end:
            token = structure.tokens[at]
            if token.text in (".", ":"):
                at += 2
                last = None
            elif token.text in ("(", "[", "{"):
                last = None if token.text == "[" else at
                at = structure.closing.get(at, end) + 1
            elif token.kind is Kind.STRING:
                last, at = at, at + 1
            else:
                return None
        return None if last is None else self.expression(index, last)

    def member(self, value: Value, key: str | int) -> Value:
        """Returns what is behind a key of a value."""
        if isinstance(value, Place):
            kind = self.kind(value)
            return Method(kind, str(key)) if kind else Place((*value.path, key))
        if isinstance(value, Made):
            return Method(value.kind, str(key))
        if isinstance(value, Table):
            source = self.fields(value).get(str(key))
            return self._of_source(source) if source else None
        return None

    def kind(self, value: Value) -> str:
        """Returns the kind of object that a value is, "" for any other value."""
        if isinstance(value, Made):
            return value.kind
        if not isinstance(value, Place) or is_documented(value.path):
            return ""
        if value.path not in self._kinds:
            self.asked.add(value.path)
        return self._kinds.get(value.path, "")

    def fields(self, table: Table) -> dict[str, Source]:
        """Returns the fields that the text gives to a table, with their values."""
        structure, index = self._structure, table.token + 1
        found: dict[str, Source] = {}
        end = structure.closing.get(table.token, len(structure.tokens))
        while index < end:
            if structure.is_name(index) and structure.text(index + 1) == "=":
                found[structure.text(index)] = Source(From.EXPRESSION, index + 2)
                index += 2
            after = end_of_expression(structure, index)
            index = max(after, index) + 1
        return {**found, **structure.fields.get(table.name, {})} if table.name else found

    def _call(self, value: Value, opening: int) -> Value:
        """Returns the first result of a call whose arguments begin at a token."""
        structure = self._structure
        if isinstance(value, Place) and len(value.path) == 1:
            if value.path[0] in _PASS_ON and structure.text(opening) == "(":
                return self.expression(opening + 1, end_of_expression(structure, opening + 1))
            if value.path[0] == "require":
                at = opening + 1 if structure.text(opening) == "(" else opening
                name = constant(structure.tokens[at]) if at < len(structure.tokens) else None
                return Place(("package", "loaded", name)) if isinstance(name, str) else None
        entry = self._entry(value)
        return _at(entry.gives, 0) if entry else None


def chain_start(structure: Structure, end: int) -> int | None:
    """Returns where the value begins that ends before token `end`: a variable, or a call in its brackets."""
    index = end - 1
    while index >= 0:
        token = structure.tokens[index]
        before = structure.tokens[index - 1] if index else None
        if token.kind is Kind.NAME:
            if before is None or before.text not in (".", ":"):
                return index
            index -= 2
        elif token.kind is Kind.STRING:
            if not _can_be_called(before):
                return index
            index -= 1
        elif token.text in (")", "]", "}") and index in structure.opening:
            index = structure.opening[index]
            before = structure.tokens[index - 1] if index else None
            if not _can_be_called(before):
                return index if token.text == ")" else None
            index -= 1
        else:
            return None
    return None


def constant(token: Token) -> str | int | None:
    """Returns the value of a token that is a plain number or a string without escapes."""
    if token.kind is Kind.NUMBER and token.text.isdecimal():
        return int(token.text)
    match = _CONSTANT_STRING.fullmatch(token.text) if token.kind is Kind.STRING else None
    return match[2] if match else None


def _can_be_called(token: Token | None) -> bool:
    if token is None:
        return False
    return token.kind in (Kind.NAME, Kind.STRING) or token.text in (")", "]", "}")


def _at(kinds: tuple[str, ...], position: int) -> Value:
    kind = kinds[position] if 0 <= position < len(kinds) else ""
    return Made(kind) if kind else None
