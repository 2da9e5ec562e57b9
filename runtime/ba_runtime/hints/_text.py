"""The text of a cell, and what can be found in it without running it.

Only a text of moderate size is read as a whole; of a larger one, and of a page, only the line at fault is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ba_runtime.syntax._blocks import CLOSERS, OPENERS
from ba_runtime.syntax._tokens import Kind, Token, significant, tokenize

# Reading takes some 1 µs for a character, on the Lua thread.
READ_CHARACTERS = 100_000
LINE_CHARACTERS = 2_000
MOST_PLACES = 1_000  # at which a text names a variable
MOST_TOKENS = 500  # of a call's arguments, or of a list of names: nobody reads more, and there may be many

_TAG = re.compile(r"<\?lsp=?|\?>")
_BRACKETS = frozenset(("(", ")", "[", "]", "{", "}"))


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable that gets the value of a call: where, and the call as it is written, `a.b.c` or `a:b`.

    `call` is empty where the value is anything else. `first_line` and `last_line` are those of the call.
    """

    index: int
    call: str
    first_line: int
    last_line: int


class Text:
    """The text of one chunk."""

    def __init__(self, source: str, *, is_page: bool = False) -> None:
        """A page is not Lua as a whole."""
        self.is_whole = not is_page and len(source) <= READ_CHARACTERS
        self._source = source

    @cached_property
    def lines(self) -> list[str]:
        """Its lines."""
        return self._source.split("\n")

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """What a parser sees of it; nothing where it is not read as a whole."""
        return significant(tokenize(self._source)) if self.is_whole else ()

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for line in self.lines:
            starts.append(at)
            at += len(line) + 1
        return starts

    def line(self, index: int) -> int:
        """Returns the number of the line in which a token begins."""
        return bisect_right(self._starts, self.tokens[index].start)

    def on_line(self, number: int) -> Sequence[Token]:
        """Returns the tokens of one line."""
        if self.is_whole:
            first, last = self.span(number)
            return self.tokens[first:last]
        if not 1 <= number <= len(self.lines) or len(self.lines[number - 1]) > LINE_CHARACTERS:
            return ()
        return significant(tokenize(_TAG.sub(" ", self.lines[number - 1])))

    def span(self, number: int) -> tuple[int, int]:
        """Returns the first token of a line, and the one after its last."""
        if not 1 <= number <= len(self._starts):
            return len(self.tokens), len(self.tokens)
        begin = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self._source) + 1
        first = bisect_right(self.tokens, begin - 1, key=lambda token: token.start)
        return first, bisect_right(self.tokens, end - 1, key=lambda token: token.start)

    @cached_property
    def _openers(self) -> list[int]:
        """For every token, the one that has opened the innermost block around it; -1 for none."""
        openers: list[int] = []
        opened = [-1]
        for index, token in enumerate(self.tokens):
            if token.text in CLOSERS and token.text not in _BRACKETS and len(opened) > 1:
                opened.pop()
            openers.append(opened[-1])
            if token.text in OPENERS and token.text not in _BRACKETS:
                opened.append(index)
        return openers

    def scope(self, index: int) -> Iterator[int]:
        """Yields the tokens that have opened the blocks around a token, innermost first."""
        opener = self._openers[index] if index < len(self._openers) else -1
        while opener >= 0:
            yield opener
            opener = self._openers[opener]

    def block(self, index: int) -> int:
        """Returns the token that has opened the innermost block around a token, -1 for none."""
        return next(self.scope(index), -1)

    def is_seen_from(self, declared: int, index: int) -> bool:
        """Tells whether what is declared at one token is still in scope at another."""
        block = self.block(declared)
        return block < 0 or block in self.scope(index)

    def locals_named(self, name: str) -> Iterator[int]:
        """Yields the words `local` that declare `name`."""
        for index, token in enumerate(self.tokens):
            if token.text != "local":
                continue
            at = index + 1
            if at + 1 < len(self.tokens) and self.tokens[at].text == "function":
                at += 1
            if any(self.tokens[found].text == name for found in self._listed(at)):
                yield index

    def parameter_scope(self, name: str, index: int) -> int:
        """Returns the innermost function or loop around a token that has `name` as its own, -1 for none."""
        for opener in self.scope(index):
            if name in self._own_names(opener):
                return opener
        return -1

    def _own_names(self, opener: int) -> list[str]:
        """The parameters of a function, or the variables of a `for`."""
        at = opener
        if self.tokens[opener].text == "function":
            while at < len(self.tokens) and self.tokens[at].text != "(":
                at += 1
        elif self.tokens[opener].text == "do":
            while at >= 0 and self.tokens[at].text != "for":
                at -= 1
                if opener - at > 100 or (at >= 0 and self.tokens[at].text in ("while", "do", "end", "then")):
                    return []
        else:
            return []
        return [self.tokens[found].text for found in self._listed(at + 1)]

    def _listed(self, at: int) -> Iterator[int]:
        """Yields the names from a token on, as in `a, b <const>, c`."""
        while at < len(self.tokens) and self.tokens[at].kind is Kind.NAME:
            yield at
            at += 1
            if at < len(self.tokens) and self.tokens[at].text == "<":
                at += 3
            if at >= len(self.tokens) or self.tokens[at].text != ",":
                return
            at += 1

    def assignments(self, path: Sequence[str]) -> list[Assignment]:
        """Returns where the variable or field `path` is the first to get a value, in order.

        Of a text that names it very often, nothing is said.
        """
        words = [word for name in path for word in (".", name)][1:]
        length, found, seen = len(words), [], 0
        for index in range(len(self.tokens) - length):
            if self.tokens[index].text != words[0]:
                continue
            seen += 1
            if seen > MOST_PLACES:
                return []
            if [token.text for token in self.tokens[index : index + length]] != words:
                continue
            before = self.tokens[index - 1].text if index else ""
            value = self._value(index + length)
            if value and before not in (".", ":", ",", "{", "for"):
                found.append(self._assignment(index, value))
        return found

    def _value(self, at: int) -> int:
        """Returns the token behind the `=` of an assignment whose first target ends before `at`, or 0."""
        tokens = self.tokens
        if at < len(tokens) and tokens[at].text == "<":
            at += 3
        last = min(len(tokens), at + MOST_TOKENS)
        while at < last and (tokens[at].text in (",", ".") or tokens[at - 1].text in (",", ".")):
            at += 1
        return at + 1 if at < len(tokens) and tokens[at].text == "=" else 0

    def _assignment(self, index: int, value: int) -> Assignment:
        tokens, at = self.tokens, value
        while at < len(tokens) and (tokens[at].kind is Kind.NAME) == ((at - value) % 2 == 0):
            if tokens[at].kind is not Kind.NAME and tokens[at].text not in (".", ":"):
                break
            at += 1
        end = self._call_end(at)
        line = self.line(value) if value < len(tokens) else 0
        if at == value or tokens[at - 1].kind is not Kind.NAME or not end or self._goes_on(end):
            return Assignment(index, "", line, line)
        call = "".join(token.text for token in tokens[value:at])
        return Assignment(index, call, line, self.line(end - 1))

    def _call_end(self, at: int) -> int:
        """Returns the token after the arguments that begin at `at`, 0 where there are none."""
        if at < len(self.tokens) and self.tokens[at].kind is Kind.STRING:
            return at + 1
        depth = 0
        for index in range(at, min(len(self.tokens), at + MOST_TOKENS)):
            text = self.tokens[index].text
            depth += (text in OPENERS) - (text in CLOSERS)
            if index == at and text not in ("(", "{"):
                return 0
            if depth == 0:
                return index + 1
        return 0

    def _goes_on(self, at: int) -> bool:
        """Tells whether the expression goes on behind the call that ends before `at`."""
        if at >= len(self.tokens):
            return False
        token = self.tokens[at]
        is_statement = token.kind is Kind.NAME or (
            token.kind is Kind.KEYWORD and token.text not in ("and", "or")
        )
        return not is_statement and token.text not in (",", ";", ")", "::")
