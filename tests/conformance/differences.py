"""Reads `differences.txt`: where, and why, a recorded program does not trace what the real server traced.

The format is described at the head of that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

ENTRY = re.compile(r"(\d{3}) (\S.*)")
LINE = re.compile(r" +(?:server:(?: (?P<server>.*))?|here:(?:   (?P<here>.*))?)")
ANY_TEXT = "{*}"


@dataclass(slots=True)
class Passage:
    """Lines that the server traces one after the other, and what is traced in their place here."""

    server: list[str] = field(default_factory=list)
    here: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Difference:
    """An entry: a program's number, the reason, the passages that differ (without any, all of it)."""

    number: str
    reason: str
    passages: list[Passage] = field(default_factory=list)


class DifferencesError(Exception):
    """`differences.txt` is wrong: it breaks its format, or names lines that were not recorded."""


def read(text: str) -> dict[str, list[Difference]]:
    """Returns the entries in `text` by their programs' numbers; raises DifferencesError."""
    found: dict[str, list[Difference]] = {}
    entry: Difference | None = None
    for line in text.split("\n"):
        begun, named = ENTRY.fullmatch(line), LINE.fullmatch(line)
        if begun:
            entry = Difference(begun[1], begun[2])
            found.setdefault(entry.number, []).append(entry)
        elif named and entry:
            _add(entry, named)
        elif line.strip() and not line.startswith("#"):
            raise DifferencesError(f"neither `NNN reason` nor `server:` or `here:` below one: {line!r}")
    for number, entries in found.items():
        if len(entries) > 1 and not all(each.passages for each in entries):
            raise DifferencesError(f"{number} is listed as a whole, and once more")
    return found


def _add(entry: Difference, line: re.Match[str]) -> None:
    if line[0].lstrip().startswith("server:"):
        if not entry.passages or entry.passages[-1].here:
            entry.passages.append(Passage())
        entry.passages[-1].server.append(line["server"] or "")
    elif entry.passages:
        entry.passages[-1].here.append(line["here"] or "")
    else:
        raise DifferencesError(f"{entry.number} has to name the server's line before ours: {line[0]!r}")


def expected(recorded: list[str], entries: Iterable[Difference], traced: list[str]) -> list[str]:
    """Returns what a program must trace: the recorded lines, with ours in the place of the entries' passages.

    A line of ours with `{*}` in it becomes the line at its place in `traced`, if that one fits.
    """
    passages = [(_place(recorded, passage), passage) for entry in entries for passage in entry.passages]
    lines: list[str] = []
    done = 0
    for place, passage in sorted(passages, key=lambda each: each[0]):
        if place < done:
            raise DifferencesError(f"named twice: {recorded[place]!r}")
        lines += recorded[done:place]
        for line in passage.here:
            lines.append(_filled(line, traced[len(lines) : len(lines) + 1]))
        done = place + len(passage.server)
    return lines + recorded[done:]


def _place(recorded: list[str], passage: Passage) -> int:
    if passage.server == passage.here:
        raise DifferencesError(f"not a difference: {passage.server}")
    size = len(passage.server)
    places = [at for at in range(len(recorded)) if recorded[at : at + size] == passage.server]
    if len(places) != 1:
        raise DifferencesError(f"recorded at {len(places)} places, not at one: {passage.server}")
    return places[0]


def _filled(line: str, at_its_place: list[str]) -> str:
    pattern = ".*".join(map(re.escape, line.split(ANY_TEXT)))
    return next((text for text in at_its_place if re.fullmatch(pattern, text)), line)
