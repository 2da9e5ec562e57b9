"""Grows random programs by `rules.py`: the same seed and number give the same program, forever.

A program is a tree: a block is a list of statements, and a statement is text with blocks in it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from . import rules

DEPTH = 5  # of blocks in blocks
STATEMENTS = 40  # in a program, about
INTERRUPT_MS = 80  # the latest first interrupt
AMPLE, SCARCE = 64 << 20, (6 << 20, 12 << 20, 24 << 20)  # bytes that Lua may have

_NAME = re.compile(r"\$(\w+)")


@dataclass(slots=True)
class Statement:
    """Text, and the blocks in it."""

    parts: list[str | Block]

    def text(self) -> str:
        """Returns its Lua; in `do … end`, so that its locals end with it."""
        inner = "".join(part if isinstance(part, str) else render(part) for part in self.parts)
        return f"do\n{inner}\nend"

    def blocks(self) -> Iterator[Block]:
        """Yields the blocks that it has directly."""
        for part in self.parts:
            if not isinstance(part, str):
                yield part


Block: TypeAlias = list[Statement]


def render(block: Block) -> str:
    """Returns a block's Lua."""
    return "\n".join(statement.text() for statement in block)


@dataclass(frozen=True, slots=True)
class Program:
    """What a trial runs: a cell, the memory it may have, and when it is interrupted."""

    seed: int
    index: int
    block: Block
    max_memory: int
    interrupts_ms: tuple[int, ...]

    @property
    def source(self) -> str:
        """The cell's text."""
        return render(self.block) + "\n"


@dataclass(slots=True)
class _Grower:
    chance: random.Random
    left: int = STATEMENTS
    _simple: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def block(self, depth: int) -> Block:
        """Returns one to four statements; one without blocks when it is deep or the program long."""
        most = 1 if depth >= DEPTH or self.left <= 0 else self.chance.choice((1, 2, 2, 3, 4))
        return [self.statement(depth) for _ in range(most)]

    def statement(self, depth: int) -> Statement:
        """Returns any statement."""
        self.left -= 1
        return Statement(self._grown(self._choice(rules.STATEMENT, depth), depth))

    def _grown(self, text: str, depth: int) -> list[str | Block]:
        parts: list[str | Block] = []
        end = 0
        for match in _NAME.finditer(text):
            parts.append(text[end : match.start()])
            end = match.end()
            if match[1] == rules.BLOCK:
                parts.append(self.block(depth + 1))
            else:
                parts.extend(self._grown(self._choice(match[1], depth), depth))
        parts.append(text[end:])
        return parts

    def _choice(self, name: str, depth: int) -> str:
        alternatives = rules.STATEMENTS if name == rules.STATEMENT else rules.VALUES[name]
        if depth < DEPTH and self.left > 0:
            return self.chance.choice(alternatives)
        if name not in self._simple:
            self._simple[name] = tuple(filter(_is_simple, alternatives))
        return self.chance.choice(self._simple[name])


def _is_simple(text: str) -> bool:
    """Tells whether no block can come of it, so that growing ends."""
    names = _NAME.findall(text)
    return rules.BLOCK not in names and all(any(map(_is_simple, rules.VALUES[name])) for name in names)


def grown(text: str, chance: random.Random) -> Statement:
    """Returns a statement grown from one text of the grammar."""
    return Statement(_Grower(chance)._grown(text, 0))


def program(seed: int, index: int) -> Program:
    """Returns a program."""
    chance = random.Random(f"{seed} {index}")
    grower = _Grower(chance)
    block: Block = []
    for _ in range(chance.randint(2, 7)):
        statement = grower.statement(0)
        if chance.random() < 0.7:  # else its error would be the end of most programs
            statement = Statement(["seen(pcall(function()\n", [statement], "\nend))"])
        block.append(statement)
    max_memory = chance.choice(SCARCE) if chance.random() < 0.2 else AMPLE
    interrupts = [chance.randrange(INTERRUPT_MS)]
    if chance.random() < 0.2:
        interrupts.append(chance.randrange(20))
    return Program(seed, index, block, max_memory, tuple(interrupts))
