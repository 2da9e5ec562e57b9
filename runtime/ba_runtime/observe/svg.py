"""A diagram as SVG, for an image in a notebook.

The picture stands in an `<img>`, where no script runs and no font or style of the page reaches it: it brings
its own style, with the colours of the dark theme behind `prefers-color-scheme`. Colours are written out in
classes, because programs other than browsers do not know CSS variables. Widths of texts are estimated, since
nobody here can measure a font; texts are cut to them and have a halo, so a wrong guess stays legible.
"""

from __future__ import annotations

import base64
from html import escape
from itertools import accumulate
from math import ceil

from .diagram import Arrow, Bar, Diagram, Mark, Row, Silence, Starts
from .svg_style import STYLE
from .words import columns, cut, duration, moment

WIDTH = 880  # what a notebook shows without making it smaller
MIN_COLUMN, MAX_COLUMN = 132, 330
LAST_COLUMN = 170
CHARACTER = 7.0  # px; the fonts are set to 11.5 px, and monospace letters are 0.6 of that
PROSE = 6.4  # the mean of a proportional font, on the safe side
HEAD = 48
TIMES = 70
HEIGHTS: dict[type[Row], int] = {Arrow: 38, Mark: 27, Starts: 25, Silence: 27}


def to_svg(diagram: Diagram) -> str:
    """Returns the diagram as a whole SVG file."""
    return _Picture(diagram).svg()


def to_html(diagram: Diagram) -> str:
    """Returns the diagram as an image in HTML, which front ends show in notebooks they do not trust, too."""
    data = base64.b64encode(to_svg(diagram).encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img alt="{escape(summary(diagram))}" style="max-width:100%" src="{source}">'


def summary(diagram: Diagram) -> str:
    """Returns one sentence for those who do not see the picture."""
    if not diagram.rows:
        return "Sequence diagram: no socket did anything."
    who = ", ".join(lifeline.name for lifeline in diagram.lifelines)
    return f"Sequence diagram, {len(diagram.rows)} events between {who}."


class _Picture:
    """The places of everything in one picture, and the elements made so far."""

    def __init__(self, diagram: Diagram) -> None:
        self._diagram = diagram
        self._left = TIMES if diagram.start_s is not None else 10
        self._top = HEAD + (24 if diagram.hidden else 0) + 8
        heights = [HEIGHTS[type(row)] for row in diagram.rows]
        self._ys = list(accumulate(heights, initial=self._top))
        self._xs = self._columns()
        self._parts: list[str] = []
        self._backs: list[str] = []  # what keeps the stems out of labels

    # ---- places

    def _columns(self) -> list[float]:
        lines = self._diagram.lifelines
        if not lines:
            return [self._left + MIN_COLUMN / 2]
        names = [columns(line.name) * CHARACTER + 28 for line in lines]
        first = self._left + max(names[0], 80) / 2
        wanted = [
            min(max((names[left] + names[left + 1]) / 2 + 10, self._wanted(left), MIN_COLUMN), MAX_COLUMN)
            for left in range(len(lines) - 1)
        ]
        room = WIDTH - first - self._last_room()
        if sum(wanted) > room:
            spare = max(0.0, room - MIN_COLUMN * len(wanted))
            extra = sum(wanted) - MIN_COLUMN * len(wanted)
            wanted = [MIN_COLUMN + (column - MIN_COLUMN) * spare / extra for column in wanted]
        return list(accumulate(wanted, initial=first))

    def _last_room(self) -> float:
        last = len(self._diagram.lifelines) - 1
        beside = [len(said) for row in self._diagram.rows for line, said in _beside(row) if line == last]
        loops = [
            columns(row.label + row.detail) + 6
            for row in self._diagram.rows
            if isinstance(row, Arrow) and row.source == row.target == last
        ]
        name = (columns(self._diagram.lifelines[last].name) * CHARACTER + 28) / 2
        return max(name, 40, min(max([0, *beside, *loops]) * CHARACTER + 30, LAST_COLUMN)) + 10

    def _wanted(self, left: int) -> float:
        """Returns the width that the texts right of a lifeline need."""
        wanted = [0.0]
        for row in self._diagram.rows:
            if isinstance(row, Arrow) and min(row.source, row.target) == left:
                is_next = abs(row.source - row.target) < 2
                wanted.append(columns(row.label + row.detail) * CHARACTER + 40 if is_next else 0)
            wanted += [columns(said) * CHARACTER + 26 for line, said in _beside(row) if line == left]
        return max(wanted)

    @property
    def _right(self) -> float:
        return self._xs[-1] + self._last_room() if self._diagram.lifelines else WIDTH / 2

    def _room(self, lifeline: int) -> float:
        end = self._xs[lifeline + 1] if lifeline + 1 < len(self._xs) else self._right + 6
        return end - self._xs[lifeline]

    # ---- the picture

    def svg(self) -> str:
        """Returns the whole file."""
        diagram = self._diagram
        bottom = self._ys[-1] + 14
        height = bottom + (30 if diagram.bars else 6)
        right = ceil(max(self._right, 250.0 if diagram.bars else 200.0))
        if not diagram.rows:
            self._text(16, 32, "quiet", "No socket did anything.")
        else:
            self._stems(bottom)
            backs = len(self._parts)
            for bar in diagram.bars:
                self._bar(bar)
            for row, y in zip(diagram.rows, self._ys, strict=False):
                self._row(row, y)
            self._parts[backs:backs] = self._backs  # below the bars: who waits shows through a label
            self._heads()
            if diagram.bars:
                self._legend(bottom + 14)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{right}" height="{height}" '
            f'viewBox="0 0 {right} {height}" role="img"><title>{escape(summary(diagram))}</title>'
            f"<style>{STYLE}</style>"
            f'<rect class="paper" x=".5" y=".5" width="{right - 1}" height="{height - 1}" rx="8"/>'
            f"{''.join(self._parts)}</svg>\n"
        )

    def _heads(self) -> None:
        for index, (lifeline, x) in enumerate(zip(self._diagram.lifelines, self._xs, strict=True)):
            before = x - self._xs[index - 1] if index else 2 * (x - self._left)
            after = self._room(index) if index + 1 < len(self._xs) else 2 * (self._right - x)
            wide = min(columns(lifeline.name) * CHARACTER + 24, max(96, (before + after) / 2 - 8))
            name = cut(lifeline.name, int((wide - 14) / CHARACTER))
            self._parts.append(
                f'<rect class="head {lifeline.kind}" x="{x - wide / 2:.1f}" y="12" width="{wide:.1f}" '
                'height="27" rx="6"/>'
            )
            self._text(x, 30, "name", name, anchor="middle")
        if self._diagram.hidden:
            said = f"{self._diagram.hidden:,} earlier events are not shown"
            self._text(self._right / 2, HEAD + 18, "quiet halo", said, anchor="middle")

    def _stems(self, bottom: float) -> None:
        for x in self._xs:
            self._line("stem", x, 39, x, bottom)

    def _bar(self, bar: Bar) -> None:
        first, last = self._ys[bar.first], self._ys[bar.last + 1]
        top = first + 6
        end = self._ys[-1] + 14 if bar.is_open else last - (10 if last - first > 30 else 4)
        sort = "blocks" if bar.is_blocking else "waits"
        sort += " late" if bar.is_red else ""
        self._parts.append(
            f'<rect class="{sort}" x="{self._xs[bar.lifeline] - 4:.1f}" y="{top:.1f}" width="8" '
            f'height="{max(4.0, end - top):.1f}" rx="3"/>'
        )

    def _row(self, row: Row, y: float) -> None:
        start_s = self._diagram.start_s
        if isinstance(row, Silence):
            self._line("fold", self._left, y + 14, self._right - 10, y + 14)
            said = f"{duration(row.silent_s)} of silence"
            self._text((self._left + self._right) / 2, y + 18, "quiet halo", said, anchor="middle")
            return
        if start_s is not None:
            at = y + (29 if isinstance(row, Arrow) else 17)
            self._text(TIMES - 8, at, "time", moment(row.at_s - start_s), anchor="end")
        if isinstance(row, Arrow):
            self._arrow(row, y)
            return
        for line, said in _beside(row):
            kind = (
                "call"
                if isinstance(row, Starts)
                else "red"
                if isinstance(row, Mark) and row.is_red
                else "said"
            )
            self._text(
                self._xs[line] + 12,
                y + 17,
                f"{kind} halo",
                cut(said, int((self._room(line) - 20) / CHARACTER)),
            )
        if isinstance(row, Mark):
            self._sign(row, y + 13)

    def _sign(self, row: Mark, y: float) -> None:
        x, red = self._xs[row.lifeline], " bad" if row.is_red else ""
        if row.is_cross:
            self._cross(x, y, red)
        else:
            self._parts.append(f'<circle class="dot{red}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')

    def _cross(self, x: float, y: float, red: str) -> None:
        self._parts.append(f'<path class="cross{red}" d="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"/>')

    def _arrow(self, row: Arrow, y: float) -> None:
        red = " bad" if row.is_red else ""
        source, target, at = self._xs[row.source], self._xs[row.target], y + 25
        if row.source == row.target:
            self._parts.append(
                f'<path class="{row.kind}{red}" d="M{source + 5:.1f} {at - 9:.1f}h20v12h-16"/>'
            )
            self._tip(source + 5, at + 3, -1, red)
            self._said(row, source + 32, at, "start", self._room(row.source) - 36)
            return
        way = 1 if source < target else -1
        end = target - way * (18 if row.is_lost else 5)
        lost = " lost" if row.is_lost else ""
        self._line(f"{row.kind}{red}{lost}", source + way * 5, at, end - way * 4, at)
        if row.is_lost:
            self._cross(end, at, red)
        else:
            self._tip(end, at, way, red)
        if row.kind == "tls":
            self._tip(source + way * 5, at, -way, red)
        if row.kind == "close":
            self._cross(source, at, red)
        left, right = self._gap(row)
        self._said(row, (left + right) / 2, at - 7, "middle", right - left - 22)

    def _gap(self, row: Arrow) -> tuple[float, float]:
        """Returns where a label stands: between two neighbours if it fits there, as it then covers no bar."""
        first, last = sorted((row.source, row.target))
        middle = (self._xs[first] + self._xs[last]) / 2
        wanted = columns(row.label + row.detail) * CHARACTER + 40
        gaps = [(self._xs[at], self._xs[at + 1]) for at in range(first, last)]
        wide = [gap for gap in gaps if gap[1] - gap[0] >= wanted]
        whole = (self._xs[first], self._xs[last])
        return min(wide, key=lambda gap: abs(sum(gap) / 2 - middle), default=whole)

    def _tip(self, x: float, y: float, way: int, red: str) -> None:
        self._parts.append(f'<path class="tip{red}" d="M{x:.1f} {y:.1f}l{-way * 9} -4.5v9z"/>')

    def _said(self, row: Arrow, x: float, y: float, anchor: str, room: float) -> None:
        is_prose = row.kind not in ("data", "message", "datagram")
        fits = int(room / (PROSE if is_prose else CHARACTER))
        kept = fits - columns(row.detail) - 1 if row.detail else fits
        label = cut(row.label, kept if kept >= 8 else fits)
        detail = cut(row.detail, max(0, fits - columns(label) - 1)) if row.detail else ""
        kind = "red" if row.is_red else "data" if row.kind in ("data", "message", "datagram") else "said"
        quiet = f'<tspan class="detail" dx="{6 if label else 0}">{escape(detail)}</tspan>' if detail else ""
        if anchor == "middle" and any(x - room / 2 < stem < x + room / 2 for stem in self._xs):
            wide = (columns(label + detail) + 2) * (PROSE if is_prose else CHARACTER)
            self._backs.append(
                f'<rect class="back" x="{x - wide / 2:.1f}" y="{y - 11:.1f}" width="{wide:.1f}" height="14"/>'
            )
        self._parts.append(
            f'<text class="{kind} halo" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{escape(label)}{quiet}</text>"
        )

    def _legend(self, y: float) -> None:
        x = float(self._left)
        for sort, said in (("blocks", "cell waits"), ("waits", "cosocket waits")):
            if any(bar.is_blocking == (sort == "blocks") for bar in self._diagram.bars):
                self._parts.append(
                    f'<rect class="{sort}" x="{x:.1f}" y="{y - 8:.1f}" width="8" height="12" rx="3"/>'
                )
                self._text(x + 14, y + 2, "quiet", said)
                x += 36 + len(said) * 6

    # ---- elements

    def _line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self._parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def _text(self, x: float, y: float, kind: str, said: str, anchor: str = "start") -> None:
        self._parts.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
        )


def _beside(row: Row) -> tuple[tuple[int, str], ...]:
    """Returns the texts that stand right of a lifeline."""
    if isinstance(row, Mark):
        return ((row.lifeline, row.label),)
    return row.waits if isinstance(row, Starts) else ()
