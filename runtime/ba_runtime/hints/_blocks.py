"""Which block has no `end`: the one that the indentation says, else the innermost that is still open.

Lua names the block that is open at the end of the text, which is an outer one where an inner block has taken
its `end`. Where an `end` is at the beginning of a line, it stands below the line of its block in nearly every
text; the first block whose `end` is further to the left, below another open block, has lost its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ba_runtime.syntax._tokens import Token

from ._text import Text

_LOOPS = frozenset(("for", "while"))
_OPENERS = frozenset(("function", "if", "do", "repeat"))


class _Block(NamedTuple):
    word: str
    line: int
    indent: int


def unclosed(text: Text) -> str | None:
    """Returns what to say of the block that has no end; None where none is open."""
    block = _unclosed(text)
    if block is None:
        return None
    line = _else_if(text)
    if block.word == "if" and line >= block.line:
        return f"elseif is one word; the else if in line {line} begins a block that needs an end of its own"
    ending = "until" if block.word == "repeat" else "end"
    return f"the {block.word} that begins in line {block.line} has no {ending}"


def _unclosed(text: Text) -> _Block | None:
    opened: list[_Block] = []
    loop: _Block | None = None  # a `for` or `while` whose `do` is still to come
    for index, token in enumerate(text.tokens):
        if token.text in _LOOPS:
            loop = _block(text, index, token)
        elif token.text in _OPENERS:
            is_body = token.text == "do" and loop is not None
            opened.append(loop if is_body and loop else _block(text, index, token))
            loop = None if is_body else loop
        elif token.text in ("end", "until") and opened:
            block = opened.pop()
            indent = _indent(text, index)
            is_anothers = indent < block.indent and any(one.indent == indent for one in opened)
            if is_anothers and _is_first(text, index):
                return block
    return opened[-1] if opened else None


def _else_if(text: Text) -> int:
    """Returns the line in which `else if` is written as two words, 0 for none."""
    tokens: Sequence[Token] = text.tokens
    for index in range(1, len(tokens)):
        if tokens[index - 1].text == "else" and tokens[index].text == "if":
            line = text.line(index)
            if line == text.line(index - 1):
                return line
    return 0


def _block(text: Text, index: int, token: Token) -> _Block:
    return _Block(token.text, text.line(index), _indent(text, index))


def _indent(text: Text, index: int) -> int:
    line = text.lines[text.line(index) - 1].expandtabs(8)
    return len(line) - len(line.lstrip())


def _is_first(text: Text, index: int) -> bool:
    return index == 0 or text.line(index - 1) < text.line(index)
