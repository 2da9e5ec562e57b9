"""Whether a cell is finished, and what to compile for it so that its last expression is its value.

Both ask a Lua compiler, which confirms what the tokens suggest; nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from ._blocks import is_one_call, last_starts, open_blocks
from ._tokens import Kind, Token, significant, tokenize

# Functions whose work is their output; that they return `true`, or the stream, is not worth a result.
SILENT = tuple(
    tuple(name.split())
    for name in ("print", "trace", "tracep", "io . write", "io . stdout : write", "io . stderr : write")
)

# How often a cell is compiled at most to find its last statement. One is usual and two are rare; many come
# only from text such as `"a" {} {} {} …`. 5,000 lines take some 2 ms to compile.
MAX_STARTS = 20

# A call in a `return` is a tail call, and its caller would be missing from every traceback. As an argument it
# is an ordinary call.
_SHOW_BEFORE = " return (function(...) return ... end)("
_SHOW_AFTER = ")"

_INDENT = "  "
_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Compiler(Protocol):
    """A Lua compiler that never runs what it compiles."""

    def check(self, source: bytes, name: bytes) -> bytes | None:
        """Returns None when `source` compiles, else Lua's message, with `name` as the chunk's name."""

    def dump(self, source: bytes) -> bytes | None:
        """Returns the stripped bytecode of `source`, None when it does not compile."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether a cell is ready to run, in Jupyter's words, and how to indent the next line if it is not."""

    status: Literal["complete", "incomplete", "invalid"]
    indent: str = ""


def is_complete(source: str, compiler: Compiler) -> Completeness:
    """Tells whether `source` can run (complete), needs more text (incomplete) or is wrong (invalid).

    More text helps when Lua found its error at the end of what there is. The indent is two spaces for every
    block and bracket that is still open; inside a string or a comment it is empty.
    """
    cell = _Cell(source, compiler)
    if cell.message is None or cell.shown() is not None:
        return Completeness("complete")
    if not cell.ends_too_early():
        return Completeness("invalid")
    depth = len(open_blocks(cell.tokens)) if cell.is_finished else 0
    return Completeness("incomplete", _INDENT * depth)


def cell_chunk(source: str, compiler: Compiler) -> bytes:
    """Returns the text to compile for a cell; no line of it has moved.

    A cell that ends in an expression (`1 + 1`, `a, b`), in a call, or begins with `=` returns those values; a
    call of `print`, `io.write`, `trace` or `tracep` is the exception. Every other cell is compiled as it
    stands, also one that does not compile, so that Lua's message is about the user's own text.
    """
    cell = _Cell(source, compiler)
    shown = cell.shown()
    return encoded(cell.plain) if shown is None else shown


class _Cell:
    """A cell's text, its tokens, and what the compiler says about it as it stands.

    `plain` is what to compile when nothing is to be shown, and `message` what Lua says about that. `text` is
    the same without the leading `=`; `=` is read as the word `return`.
    """

    def __init__(self, source: str, compiler: Compiler) -> None:
        tokens = tokenize(source)
        if tokens and tokens[0].kind is Kind.PREAMBLE:
            source = " " * tokens[0].end + source[tokens[0].end :]
        self.tokens = significant(tokens)
        self.is_finished = not any(token.unfinished for token in tokens)
        self.text = self.plain = source
        self._asks = bool(self.tokens) and self.tokens[0].text == "="
        if self._asks:
            before, after = source[: self.tokens[0].start], source[self.tokens[0].end :]
            self.text, self.plain = f"{before} {after}", f"{before}return {after}"
        self._compiler = compiler
        self.message = self._check(self.plain)

    def shown(self) -> bytes | None:
        """Returns the text with its last expression or call returned, None when there is none to show."""
        tokens = list(self.tokens)
        while tokens and tokens[-1].text == ";":
            tokens.pop()
        found = None
        for index in self._starts(tokens) if self.is_finished else ():
            start, end = tokens[index].start, tokens[-1].end
            chunk = self.text[:start] + _SHOW_BEFORE + self.text[start:end] + _SHOW_AFTER
            if self._check(chunk) is None and self._is_boundary(start):
                found = None if self._is_silent(tokens[index:]) else encoded(chunk)
        return found

    def ends_too_early(self) -> bool:
        """Tells whether Lua missed something at the end, of the text or of its last expression."""
        if _is_at_end(self.message):
            return True
        starts = (self.tokens[index].start for index in self._starts(self.tokens))
        return any(_is_at_end(self._check(f"{self.text[:at]} return {self.text[at:]}")) for at in starts)

    def _starts(self, tokens: Sequence[Token]) -> Iterator[int]:
        if self._asks:
            return iter(range(1, len(tokens))[:1])
        return islice(last_starts(tokens), MAX_STARTS)

    def _is_boundary(self, start: int) -> bool:
        """Tells whether a statement begins at `start`: a semicolon there changes nothing.

        Text that compiles as it stands could be cut where no statement ends: `a = b` and `(c)(d)` on the next
        line is one assignment. Text that does not compile has no such reading to lose.
        """
        if self._asks or self.message is not None:
            return True
        cut = self._compiler.dump(encoded(f"{self.text[:start]};{self.text[start:]}"))
        return cut == self._compiler.dump(encoded(self.text))

    def _is_silent(self, tokens: Sequence[Token]) -> bool:
        if self._asks:
            return False
        texts = tuple(token.text for token in tokens[: max(map(len, SILENT))])
        return any(texts[: len(name)] == name and is_one_call(tokens[len(name) - 1 :]) for name in SILENT)

    def _check(self, text: str) -> bytes | None:
        return self._compiler.check(encoded(text), b"cell")


def _is_at_end(message: bytes | None) -> bool:
    return message is not None and message.endswith(b"near <eof>")


def encoded(text: str) -> bytes:
    """Returns a cell's text as Lua gets it."""
    # A surrogate that stands for no byte, which JSON can carry, has no UTF-8 either: U+FFFD, as usual.
    return _LONE_SURROGATE.sub("\ufffd", text).encode("utf-8", "surrogateescape")
