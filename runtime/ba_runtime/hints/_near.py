"""What a mistyped name was meant to be: names that are one or two slips away."""

from __future__ import annotations

from collections.abc import Iterable

SHORTEST = 3  # of shorter names, too many are near each other
LONG = 6  # from here on, two slips are still the same name; in shorter ones, another letter is another word
MOST = 2


def near(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Returns the one or two names that are nearest to `name`; none where none is near, or too many are."""
    if not SHORTEST <= len(name) <= 40:
        return ()
    limit = 1 if len(name) < LONG else 2
    found: dict[int, set[str]] = {}
    for other in candidates:
        if other == name or abs(len(other) - len(name)) > limit or len(other) < SHORTEST:
            continue
        if _without_digits(other) == _without_digits(name):  # x1 and x2 are two names, and no slip
            continue
        slips = 0 if other.lower() == name.lower() else _slips(name, other)
        if slips <= limit:
            found.setdefault(slips, set()).add(other)
    best = sorted(found[min(found)]) if found else []
    return tuple(best) if len(best) <= MOST else ()


def _without_digits(name: str) -> str:
    return name.rstrip("0123456789") if name[-1].isdigit() else name + "\0"


def _slips(a: str, b: str) -> int:
    """How many letters are missing, too many, other ones, or have changed places."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            changed = 0 if letter == other else 1 if len(a) >= LONG else 2
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + changed)
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
