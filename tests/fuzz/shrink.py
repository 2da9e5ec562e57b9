"""Makes a program smaller for as long as it still does the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from .grammar import Block, Program, Statement


def shrunk(program: Program, still: Callable[[Program], bool]) -> Program:
    """Returns a smaller program for which `still` holds, as it must for `program`.

    It takes one statement away at a time, or puts what is in its blocks in its place, the largest first,
    until nothing can go any more; or until `still` always says no, as one does that has run out of time.
    """
    changed = True
    while changed:
        changed = False
        for smaller in smaller_blocks(program.block):
            candidate = replace(program, block=smaller)
            if still(candidate):
                program, changed = candidate, True
                break
    return program


def smaller_blocks(block: Block) -> Iterator[Block]:
    """Yields the blocks that have one statement less."""
    for i in range(len(block)):
        yield block[:i] + block[i + 1 :]
    for i, statement in enumerate(block):
        for inner in statement.blocks():
            yield block[:i] + inner + block[i + 1 :]
        for j, part in enumerate(statement.parts):
            if not isinstance(part, str):
                for smaller in smaller_blocks(part):
                    parts = [*statement.parts[:j], smaller, *statement.parts[j + 1 :]]
                    yield [*block[:i], Statement(parts), *block[i + 1 :]]
