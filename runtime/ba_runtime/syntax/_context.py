"""What the text around a cursor says: the word to complete, the value it belongs to, the call it stands in.

Only tokens before the cursor count, so that half-written text is no special case. Nothing is looked up in a
running state and nothing runs: what the text and the documentation tell about a value is a matter of
`_values.py`.

The time that this takes grows with the text, so of a long one only the end is read: the `WINDOW` before the
cursor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ba_runtime.docs import Entry

from ._structure import BINARY, UNARY, parameters_of, structure_of
from ._tokens import Kind, Token, significant, tokenize
from ._values import Path, Value, Values, chain_start

# Characters; they take 10 ms. A cell is rarely longer than a tenth of this.
WINDOW = 12_000
_WORD_REST = re.compile(r"[A-Za-z0-9_]*")
_STRING_REST = re.compile(r"[A-Za-z0-9_./-]*")
_LONG_COMMENT = re.compile(r"--\[=*\[")
_STRING_START = re.compile(r"[\"']|\[=*\[")
_LABEL = re.compile(r"::[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*::")
_BEFORE_OPERAND = BINARY | UNARY | {
    "(", "{", "[", ",", "=", "return", "if", "elseif", "while", "until", "in", "..", ":", ".",
}  # fmt: skip


class Where(Enum):
    """What can stand at the cursor."""

    NAME = auto()
    """A variable or a keyword."""
    MEMBER = auto()
    """A field or a method, behind `separator`."""
    KEY = auto()
    """A string in brackets, which is a key of the value before them."""
    ARGUMENT = auto()
    """A string that is an argument of `call`."""
    OPTION = auto()
    """The name of a field in a table that is an argument of `call`."""
    LABEL = auto()
    """A label, behind `goto`."""
    ATTRIBUTE = auto()
    """The attribute of a local variable, in angle brackets."""
    NOTHING = auto()
    """Nothing that is known: the inside of a comment, a number, a name that is being given."""


@dataclass(frozen=True, slots=True)
class Call:
    """The call around the cursor: the token of its bracket or string, and the argument's number, from 1.

    `depth` is how many brackets have been opened since.
    """

    opening: int
    argument: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What stands before and around a cursor.

    `prefix` is the word, or the string, up to the cursor; `start` and `end` bound all of it, in code points.
    `separator` is "", "." or ":". `call` is the innermost call whose arguments the cursor is among.
    """

    where: Where
    separator: str
    prefix: str
    start: int
    end: int
    call: Call | None


class Reading:
    """One text, read up to a cursor."""

    def __init__(self, source: str, cursor: int, *, given: Mapping[str, str] | None = None) -> None:
        """`cursor` counts code points; outside the text, it is moved into it. `given` are the kinds of
        variables that are there without a declaration.
        """
        cursor = max(0, min(cursor, len(source)))
        self._skipped = _start_of_window(source, cursor)
        self._source = source
        self._cursor = cursor
        tokens = tokenize(source[self._skipped : cursor])
        visible = significant(tokens)
        self._inside = _text_around(tokens, cursor - self._skipped)
        self._last = self._take_last(visible)
        self.structure = structure_of(visible, dict(given or {}))
        self.values = Values(self.structure, {})
        self.context = self._context()

    def know(self, kinds: Mapping[Path, str]) -> None:
        """Reads the values anew, with the kinds that a running state has told about places."""
        self.values = Values(self.structure, kinds)

    # ---- what is asked

    @property
    def owner(self) -> Value:
        """The value that the word at the cursor is a member of."""
        end = len(self.structure.tokens) - 1  # before the separator or the bracket
        start = chain_start(self.structure, end)
        return None if start is None else self.values.expression(start, end)

    @property
    def callee(self) -> Entry | None:
        """The card of the function that is called around the cursor."""
        return self.values.callee(self.context.call.opening) if self.context.call else None

    @property
    def called(self) -> tuple[Value, str, str]:
        """What is called around the cursor: the value before its name, the separator, and the name."""
        structure, call = self.structure, self.context.call
        if call is None or not structure.is_name(call.opening - 1):
            return None, "", ""
        name, separator = structure.text(call.opening - 1), structure.text(call.opening - 2)
        if separator not in (".", ":"):
            return None, "", name
        start = chain_start(structure, call.opening - 2)
        return None if start is None else self.values.expression(start, call.opening - 2), separator, name

    @property
    def element(self) -> Value:
        """The element of a list or table whose closing bracket is just before the cursor."""
        tokens = self.structure.tokens
        if not tokens or tokens[-1].text != "]" or tokens[-1].end != self._cursor - self._skipped:
            return None
        start = chain_start(self.structure, len(tokens))
        return None if start is None else self.values.expression(start, len(tokens))

    @property
    def is_declaring(self) -> bool:
        """Whether a name is being given to a local variable."""
        return self.structure.text(len(self.structure.tokens) - 1) == "local"

    @property
    def quote(self) -> str:
        """The quotation mark of the string that the cursor is in."""
        return self._source[max(0, self.context.start - 1) : self.context.start]

    def local_names(self) -> tuple[str, ...]:
        """Returns the names of the variables that the text declares and that are visible at the cursor."""
        return tuple(binding.name for binding in self.structure.visible())

    def labels(self) -> tuple[str, ...]:
        """Returns the labels of the text around the cursor, also below it."""
        text = self._source[self._skipped : self._cursor + WINDOW]
        return tuple(dict.fromkeys(match[1] for match in _LABEL.finditer(text)))

    def keywords(self) -> tuple[str, ...]:
        """Returns the keywords that make sense at the cursor: of those that close a block, what is open."""
        before = self.structure.text(len(self.structure.tokens) - 1)
        if before in _BEFORE_OPERAND:
            return ("false", "function", "nil", "not", "true")
        if before == "local":
            return ("function",)
        words = ["break", "do", "for", "function", "goto", "if", "local", "repeat", "return", "while"]
        if before:
            words += ["and", "in", "or", "then"]
        blocks = self.structure.open_blocks
        if blocks:
            words.append("until" if blocks[-1] == "repeat" else "end")
            words += ["else", "elseif"] if blocks[-1] == "then" else []
        return tuple(words)

    def line_of(self, token: int) -> int:
        """Returns the number of the line that a token is in."""
        return self._source.count("\n", 0, self._skipped + self.structure.tokens[token].start) + 1

    def parameters(self, function: int) -> tuple[str, ...]:
        """Returns the names of the parameters of the function at a token, with `...` if it has that."""
        return parameters_of(self.structure, function)

    # ---- reading

    def _take_last(self, visible: list[Token]) -> Token | None:
        """Takes the word or the string that the cursor is at or in off the tokens before it."""
        last = visible[-1] if visible and visible[-1].end == self._cursor - self._skipped else None
        is_word = last is not None and last.kind in (Kind.NAME, Kind.KEYWORD)
        if last is None or not (is_word or (self._inside is Kind.STRING)):
            return None
        visible.pop()
        return last

    def _context(self) -> Context:
        cursor, last = self._cursor, self._last
        if self._inside is Kind.COMMENT:
            return Context(Where.NOTHING, "", "", cursor, cursor, None)
        if self._inside is Kind.STRING and last is not None:
            return self._in_string(last)
        start = cursor if last is None else self._skipped + last.start
        end = cursor + len(_WORD_REST.match(self._source, cursor)[0])  # type: ignore[index]  # it always matches
        before = self.structure.text(len(self.structure.tokens) - 1)
        where, separator = self._where(before)
        if where is Where.NOTHING:
            return Context(where, "", "", cursor, cursor, self._call())
        return Context(where, separator, self._source[start:cursor], start, end, self._call())

    def _where(self, before: str) -> tuple[Where, str]:
        structure, count = self.structure, len(self.structure.tokens)
        if self._last is None and self._is_in_number():
            return Where.NOTHING, ""
        if before in (".", ":"):
            return Where.MEMBER, before
        if before == "goto":
            return Where.LABEL, ""
        if before == "<" and structure.is_name(count - 2) and structure.text(count - 3) in ("local", ","):
            return Where.ATTRIBUTE, ""
        if before in ("function", "for") or (before == "::" and structure.text(count - 3) != "::"):
            return Where.NOTHING, ""
        if before in ("{", ",", ";") and structure.open and structure.text(structure.open[-1]) == "{":
            call = self._call()
            is_option = call is not None and call.depth <= (structure.text(call.opening) == "(")
            return (Where.OPTION if is_option else Where.NAME), ""
        return Where.NAME, ""

    def _is_in_number(self) -> bool:
        tokens = self.structure.tokens
        return (
            bool(tokens) and tokens[-1].kind is Kind.NUMBER and tokens[-1].end == self._cursor - self._skipped
        )

    def _in_string(self, token: Token) -> Context:
        structure, count = self.structure, len(self.structure.tokens)
        opening = _STRING_START.match(token.text)
        start = self._skipped + token.start + (opening.end() if opening else 0)
        prefix = self._source[start : self._cursor]
        rest = _STRING_REST.match(self._source, self._cursor)
        end = self._cursor + (len(rest[0]) if rest else 0)
        if "\\" in prefix or "\n" in prefix:
            return Context(Where.NOTHING, "", "", self._cursor, self._cursor, self._call())
        before = structure.text(count - 1)
        if before == "[" and structure.open and structure.open[-1] == count - 1 and count > 1:
            return Context(Where.KEY, "", prefix, start, end, None)
        if before in ("(", ","):
            return Context(Where.ARGUMENT, "", prefix, start, end, self._call())
        if structure.is_name(count - 1) and chain_start(structure, count) is not None:
            return Context(Where.ARGUMENT, "", prefix, start, end, Call(count, 1))
        return Context(Where.NOTHING, "", "", self._cursor, self._cursor, self._call())

    def _call(self) -> Call | None:
        """Returns the innermost call; brackets that call nothing may be between it and the cursor."""
        structure = self.structure
        for depth, opening in enumerate(reversed(structure.open)):
            text = structure.text(opening)
            if text not in ("(", "{", "["):
                break
            if text != "[" and self._is_call(opening):
                return Call(opening, self._argument(opening), depth)
        return None

    def _argument(self, opening: int) -> int:
        structure, index, number = self.structure, opening + 1, 1
        if structure.text(opening) == "{":
            return 1
        while index < len(structure.tokens) and index not in structure.open:
            number += structure.text(index) == ","
            index = structure.closing.get(index, index) + 1
        return number

    def _is_call(self, opening: int) -> bool:
        """Whether something is called with the bracket at this token; a function's head is none."""
        structure = self.structure
        if opening == 0:
            return False
        token = structure.tokens[opening - 1]
        if token.kind is not Kind.NAME:
            return token.kind is Kind.STRING or token.text in (")", "]", "}")
        start = chain_start(structure, opening)
        index = opening - 1 if start is None else start
        while index > 0 and structure.text(index - 1) in (".", ":"):
            index -= 2
        return structure.text(index - 1) != "function"


def _start_of_window(source: str, cursor: int) -> int:
    if cursor <= WINDOW:
        return 0
    line = source.find("\n", cursor - WINDOW, cursor)
    return cursor - WINDOW if line < 0 else line + 1


def _text_around(tokens: Sequence[Token], cursor: int) -> Kind | None:
    """Returns COMMENT or STRING when the cursor is inside one."""
    if not tokens or tokens[-1].end != cursor:
        return None
    last = tokens[-1]
    if last.kind is Kind.PREAMBLE or (last.kind is Kind.COMMENT and not _LONG_COMMENT.match(last.text)):
        return Kind.COMMENT
    return last.kind if last.unfinished else None
