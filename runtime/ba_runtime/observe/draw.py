"""From a recording to a diagram: what is shown of it, and what is folded away.

`draw` is pure: the same events and names give the same diagram. Everything that could differ from run to run
although the program did the same stays out of it where `names.is_timed` is False.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from .diagram import Arrow, Bar, Diagram, Lifeline, Mark, Row, Silence, Starts
from .events import Event
from .facts import Facts, Names
from .rows import Cell, Rows, Wait

SHOWN_ROWS = 60
SHOWN_LIFELINES = 7
SILENCE_S = 1.0


def draw(events: Sequence[Event], names: Names | None = None, dropped: int = 0) -> Diagram:
    """Returns the picture of a recording.

    Args:
        events: what was recorded, in its order.
        names: what the events do not say.
        dropped: how many events came before these and are not kept.
    """
    names = names or Names()
    rows = Rows(Facts(events), names)
    rows.take_all(events)
    drafts = _side_by_side(rows.cells)
    hidden = max(0, len(drafts) - SHOWN_ROWS)
    drafts = drafts[hidden:]
    placed, places = _place(drafts, is_timed=names.is_timed)
    bars = _apart(
        [bar for wait in rows.waits if (bar := _bar(wait, places, len(placed), rows.cells)) is not None]
    )
    start_s = events[0].at_s if events and names.is_timed else None
    picture = Diagram(rows.lifelines, tuple(placed), tuple(bars), hidden + rows.cut + dropped, start_s)
    return _with_used_lifelines(picture)


def _side_by_side(cells: Sequence[Cell]) -> list[tuple[Row, tuple[Cell, ...]]]:
    """Puts waits of several lifelines that begin one after the other into one row."""
    merged: list[tuple[Row, tuple[Cell, ...]]] = []
    for cell in cells:
        row = cell.row
        before, owners = merged[-1] if merged else (None, ())
        if isinstance(row, Starts) and isinstance(before, Starts) and not _shares(row, before):
            merged[-1] = (Starts(before.at_s, before.waits + row.waits), (*owners, cell))
        else:
            merged.append((row, (cell,)))
    return merged


def _shares(row: Starts, before: Starts) -> bool:
    """Whether a lifeline has a word in both rows, which would be on top of each other."""
    return not {line for line, _ in row.waits}.isdisjoint(line for line, _ in before.waits)


def _place(
    drafts: Sequence[tuple[Row, tuple[Cell, ...]]], *, is_timed: bool
) -> tuple[list[Row], dict[int, int]]:
    """Numbers the rows, with a row for each long silence; returns them and the places of the cells."""
    placed: list[Row] = []
    places: dict[int, int] = {}
    before_s: float | None = None
    for row, owners in drafts:
        if not isinstance(row, Silence):
            if is_timed and before_s is not None and row.at_s - before_s >= SILENCE_S:
                placed.append(Silence(row.at_s - before_s))
            before_s = row.at_s
        for owner in owners:
            places[id(owner)] = len(placed)
        placed.append(row)
    return placed, places


def _bar(wait: Wait, places: dict[int, int], rows: int, cells: Sequence[Cell]) -> Bar | None:
    """Returns the part of a bar that is in sight."""
    if not rows:
        return None
    first = places.get(id(wait.start), 0)
    if not wait.is_over:
        return Bar(wait.lifeline, first, rows - 1, wait.is_blocking, wait.is_red, is_open=True)
    last = places.get(id(wait.end), -1) if wait.end is not None else -1
    return Bar(wait.lifeline, first, last, wait.is_blocking, wait.is_red) if last >= first else None


def _apart(bars: Sequence[Bar]) -> list[Bar]:
    """Ends a bar above the row in which its lifeline waits again, so that two waits do not look like one."""
    starts = {(bar.lifeline, bar.first) for bar in bars}
    return [
        replace(bar, last=bar.last - 1)
        if bar.last > bar.first and not bar.is_open and (bar.lifeline, bar.last) in starts
        else bar
        for bar in bars
    ]


def _with_used_lifelines(picture: Diagram) -> Diagram:
    """Leaves out whoever has no part in what is shown, and folds those who are too many into one."""
    parts = Counter(line for row in picture.rows for line in _who(row))
    parts.update(bar.lifeline for bar in picture.bars)
    kept = sorted(sorted(parts, key=lambda line: (-parts[line], line))[:SHOWN_LIFELINES])
    new = {line: index for index, line in enumerate(kept)}
    lifelines = [picture.lifelines[line] for line in kept]
    others = len(parts) - len(kept)
    if others:
        new.update({line: len(kept) for line in parts if line not in new})
        lifelines.append(Lifeline(f"{others} other{'' if others == 1 else 's'}", "others"))
    rows = tuple(_moved_to(row, new) for row in picture.rows)
    bars = tuple(
        replace(bar, lifeline=new[bar.lifeline])
        for bar in picture.bars
        if new[bar.lifeline] < len(kept) or not others
    )
    return replace(picture, lifelines=tuple(lifelines), rows=rows, bars=bars)


def _who(row: Row) -> tuple[int, ...]:
    if isinstance(row, Arrow):
        return (row.source, row.target)
    if isinstance(row, Mark):
        return (row.lifeline,)
    return tuple(line for line, _ in row.waits) if isinstance(row, Starts) else ()


def _moved_to(row: Row, new: dict[int, int]) -> Row:
    if isinstance(row, Arrow):
        return replace(row, source=new[row.source], target=new[row.target])
    if isinstance(row, Mark):
        return replace(row, lifeline=new[row.lifeline])
    if isinstance(row, Starts):
        # Of several others that begin to wait in one row, one word is enough.
        return replace(row, waits=tuple({new[line]: said for line, said in row.waits}.items()))
    return row
