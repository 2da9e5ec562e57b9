"""A diagram in box-drawing characters, for a console and wherever no picture can be shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from .diagram import Arrow, Bar, Diagram, Mark, Row, Silence, Starts
from .words import columns, cut, duration, moment, width

MIN_COLUMN, MAX_COLUMN = 20, 64
LAST_COLUMN = 34
WIDTH = 150
TIME_WIDTH = 11
CROSS = "\N{BOX DRAWINGS LIGHT DIAGONAL CROSS}"


def to_text(diagram: Diagram) -> str:
    """Returns the diagram as lines of text; what does not fit into its column ends in `…`."""
    if not diagram.rows:
        return "No socket did anything."
    return "\n".join(_Canvas(diagram).lines())


class _Canvas:
    """The columns of one diagram, and its lines one after the other."""

    def __init__(self, diagram: Diagram) -> None:
        self._diagram = diagram
        self._left = TIME_WIDTH if diagram.start_s is not None else 0
        self._xs = self._columns()
        self._bars: list[list[Bar]] = [[] for _ in diagram.rows]
        for bar in diagram.bars:
            for row in range(bar.first, bar.last + 1):
                self._bars[row].append(bar)

    def _columns(self) -> list[int]:
        names = [columns(line.name) for line in self._diagram.lifelines]
        wanted = [
            min(max((names[left] + names[left + 1]) // 2 + 3, self._wanted(left), MIN_COLUMN), MAX_COLUMN)
            for left in range(len(names) - 1)
        ]
        half = max(names[0] // 2 + 1, 4)
        room = (WIDTH - self._left - half - LAST_COLUMN) // max(1, len(wanted))
        if sum(wanted) > room * len(wanted):
            wanted = [min(column, max(room, MIN_COLUMN)) for column in wanted]
        return list(accumulate(wanted, initial=self._left + half))

    def _wanted(self, left: int) -> int:
        """Returns how wide the column right of a lifeline has to be for what stands in it."""
        widths = [0]
        for row in self._diagram.rows:
            if isinstance(row, Arrow) and min(row.source, row.target) == left:
                is_next = abs(row.source - row.target) == 1
                widths.append(columns(_said(row)) + 9 if is_next else 0)
            elif isinstance(row, Mark) and row.lifeline == left:
                widths.append(columns(row.label) + 6)
            elif isinstance(row, Starts):
                widths += [columns(said) + 4 for line, said in row.waits if line == left]
        return max(widths)

    def lines(self) -> list[str]:
        """Returns all lines, the heads first."""
        heads = [" "] * (self._xs[-1] + LAST_COLUMN)
        for index, lifeline in enumerate(self._diagram.lifelines):
            before = self._xs[index] - (self._xs[index - 1] if index else self._left)
            after = self._room(index)
            name = cut(lifeline.name, max(8, before + after - 2) if index else 2 * before)
            name = cut(name, min(2 * before, 2 * after, MIN_COLUMN + MAX_COLUMN) - 2 if index else 2 * before)
            _put(heads, max(0, self._xs[index] - columns(name) // 2), name)
        lines = ["".join(heads).rstrip()]
        if self._diagram.hidden:
            lines.append(f"{self._diagram.hidden:,} earlier events are not shown")
        for index, row in enumerate(self._diagram.rows):
            lines.append(self._line(index, row))
        self._bars.append([bar for bar in self._diagram.bars if bar.is_open])
        lines.append(self._stems(len(self._diagram.rows)))
        return lines

    def _line(self, index: int, row: Row) -> str:
        line = list(self._stems(index).ljust(self._xs[-1] + LAST_COLUMN))
        if isinstance(row, Silence):
            _put(line, self._left, f"⋮ {duration(row.silent_s)} of silence")
        else:
            if self._diagram.start_s is not None:
                _put(line, 0, moment(row.at_s - self._diagram.start_s))
            if isinstance(row, Arrow):
                self._arrow(line, row)
            elif isinstance(row, Mark):
                sign = CROSS if row.is_cross else "!" if row.is_red else "•"
                _put(line, self._xs[row.lifeline], sign)
                label = cut(row.label, self._room(row.lifeline) - 3)
                _put(line, self._xs[row.lifeline] + 2, label)
            else:
                for lifeline, said in row.waits:
                    _put(line, self._xs[lifeline] + 2, cut(said, self._room(lifeline) - 3))
        return "".join(line).rstrip()

    def _stems(self, index: int) -> str:
        line = [" "] * (self._xs[-1] + 1)
        for x in self._xs:
            line[x] = "│"
        for bar in self._bars[index]:
            line[self._xs[bar.lifeline]] = "┃" if bar.is_blocking else "╏"
        return "".join(line)

    def _room(self, lifeline: int) -> int:
        last = lifeline == len(self._xs) - 1
        return LAST_COLUMN if last else self._xs[lifeline + 1] - self._xs[lifeline]

    def _arrow(self, line: list[str], row: Arrow) -> None:
        if row.source == row.target:
            _put(line, self._xs[row.source] + 1, "↺ " + _fitted(row, self._room(row.source) - 4))
            return
        first, last = sorted((self._xs[row.source], self._xs[row.target]))
        stroke = "╌" if row.is_lost or row.kind in ("accept", "close") else "═" if row.kind == "tls" else "─"
        _put(line, first + 1, stroke * (last - first - 1))
        is_right = row.source < row.target
        end, sign = (last - 1, "►") if is_right else (first + 1, "◄")
        if row.is_lost:
            end, sign = (last - 3, f"{CROSS}  ") if is_right else (first + 1, f"  {CROSS}")
        _put(line, end, sign)
        if row.kind == "tls":
            line[first + 1], line[last - 1] = "◄", "►"
        if row.kind == "close":
            line[self._xs[row.source]] = CROSS
        said = _fitted(row, last - first - 8)
        if said:
            _put(line, first + (3 if is_right else 5), f" {said} ")


def _fitted(row: Arrow, room: int) -> str:
    """Returns what an arrow says, the label cut rather than its detail."""
    over = columns(_said(row)) - room
    kept = columns(row.label) - over
    return cut(_said(replace(row, label=cut(row.label, kept)) if kept >= 8 and over > 0 else row), room)


def _said(row: Arrow) -> str:
    said = f"{row.label}  {row.detail}".strip()
    return f"! {said}" if row.is_red else said


def _put(line: list[str], at: int, text: str) -> None:
    line += [" "] * (at + columns(text) - len(line))
    for character in text:
        wide = width(character)
        if not wide and at:
            line[at - 1] += character
        elif wide:
            line[at : at + wide] = [character, *[""] * (wide - 1)]
            at += wide
