"""A fault: a piece of a file's text and what stands there instead; and a sample of many of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Puts `text` in the place of a file's characters from `start` to `end`; `kind` names the operator."""

    path: str
    start: int
    end: int
    text: str
    kind: str

    def put_into(self, source: str) -> str:
        """Returns the file's text with the fault in it."""
        return source[: self.start] + self.text + source[self.end :]

    def line(self, source: str) -> int:
        """Returns the number of the line that it is on."""
        return source.count("\n", 0, self.start) + 1

    def difference(self, source: str) -> tuple[str, str]:
        """Returns the lines that it changes, before and after, without their indentation."""
        first = source.rfind("\n", 0, self.start) + 1
        last = source.find("\n", self.end)
        after = source[last if last >= 0 else len(source) :]
        faulty = self.put_into(source)
        before = source[first : len(source) - len(after)]
        return before.strip(), faulty[first : len(faulty) - len(after)].strip()


def sample(
    faults: Iterable[Fault],
    sources: dict[str, str],
    is_code: Callable[[str, str], bool],
    *,
    count: int,
    seed: int,
) -> list[Fault]:
    """Draws `count` faults, no two on one line; the same for the same seed and the same code.

    `is_code(path, text)` tells whether the file's text with the fault in it still compiles.
    """
    drawn = sorted(faults)
    random.Random(seed).shuffle(drawn)
    taken: set[tuple[str, int]] = set()
    chosen: list[Fault] = []
    for fault in drawn:
        source = sources[fault.path]
        place = fault.path, fault.line(source)
        if len(chosen) < count and place not in taken and is_code(fault.path, fault.put_into(source)):
            taken.add(place)
            chosen.append(fault)
    return chosen
