"""A chart as SVG, for an image in a notebook: it brings its own style, for light and dark themes.

Of a series with more points than there are pixels, the least and the greatest in each column of pixels are
drawn, which looks the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .chart import Chart, Series
from .ticks import label, ticks

WIDTH, HEIGHT = 640, 320
RIGHT, BOTTOM = 16, 34
CHARACTER = 6.6  # px, the mean of a proportional font of 12 px, on the safe side
MARKS = 60  # a line with more points than this goes without dots

# Colours that people with any kind of colour vision tell apart: M. Okabe and K. Ito, "Color Universal Design"
# (2008), a little darker or lighter where the contrast to the paper would be below 3 to 1 (WCAG 2.1, 1.4.11).
LIGHT = ("#0072b2", "#b85c00", "#00805c", "#b0437f", "#2980b9", "#8a7500", "#444444")
DARK = ("#56b4e9", "#e69f00", "#2bbf95", "#e08cb8", "#8ecbee", "#f0e442", "#bbbbbb")


def _style() -> str:
    def theme(paper: str, edge: str, text: str, quiet: str, grid: str, colours: Sequence[str]) -> str:
        series = "".join(
            f".l{number}{{stroke:{colour}}}.f{number}{{fill:{colour}}}"
            for number, colour in enumerate(colours)
        )
        return (
            f".paper{{fill:{paper};stroke:{edge}}}text{{fill:{text}}}.quiet{{fill:{quiet}}}"
            f".grid{{stroke:{grid}}}.axis{{stroke:{quiet}}}{series}"
        )

    light = theme("#ffffff", "#d8dee4", "#1f2328", "#57606a", "#e4e8ec", LIGHT)
    dark = theme("#16191d", "#363c44", "#e6edf3", "#9da7b3", "#2b3138", DARK)
    return (
        "text{font:12px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}.title{font-weight:600}"
        ".series{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}"
        f"{light}@media (prefers-color-scheme:dark){{{dark}}}"
    )


STYLE = _style()


def to_svg(chart: Chart) -> str:
    """Returns the chart as a whole SVG file."""
    return _Picture(chart).svg()


class _Picture:
    """The scales of one chart, and the elements made so far."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._parts: list[str] = []
        xs, ys = chart.range_of_x(), chart.range_of_y()
        self._is_empty = xs is None or ys is None
        low_y, high_y = ys or (0.0, 1.0)
        low_x, high_x = xs or (0.0, 1.0)
        if chart.kind == "bars":
            low_y, high_y = min(low_y, 0.0), max(high_y, 0.0)
        self._y_ticks = ticks(low_y, high_y)
        self._x_ticks = ticks(low_x, high_x, 8)
        names = self._y_labels()
        self._left = 14 + max(len(name) for name in names) * CHARACTER + (18 if chart.y_label else 0)
        named = len(chart.series) > 1 or (chart.series and chart.series[0].name)
        self._top = 14 + (20 if chart.title else 0) + (20 if named else 0)
        self._has_legend = bool(named)
        self._bottom = HEIGHT - BOTTOM - (18 if chart.x_label else 0)
        self._low_x, self._high_x = self._ends(low_x, high_x)

    def _ends(self, low: float, high: float) -> tuple[float, float]:
        if self._chart.kind == "bars":
            return low - 0.5, high + 0.5
        return (low, high) if low < high else (self._x_ticks[0], self._x_ticks[-1])

    def _y_labels(self) -> list[str]:
        step = self._y_ticks[1] - self._y_ticks[0] if len(self._y_ticks) > 1 else 1.0
        return [label(tick, step) for tick in self._y_ticks]

    # Halves, because the difference of two large floats may be none.
    def _x(self, x: float) -> float:
        share = (x / 2 - self._low_x / 2) / (self._high_x / 2 - self._low_x / 2)
        return self._left + share * (WIDTH - RIGHT - self._left)

    def _y(self, y: float) -> float:
        low, high = self._y_ticks[0], self._y_ticks[-1]
        return self._bottom - (y / 2 - low / 2) / (high / 2 - low / 2) * (self._bottom - self._top)

    def svg(self) -> str:
        """Returns the whole file."""
        self._titles()
        if self._is_empty:
            self._text(WIDTH / 2, (self._top + self._bottom) / 2, "quiet", "no values", "middle")
        else:
            self._axes()
            for number, series in enumerate(self._chart.series):
                self._series(number, series)
        title = escape(self._chart.title or "Chart")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{title}</title><style>{STYLE}</style>'
            f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>'
            f"{''.join(self._parts)}</svg>\n"
        )

    # ---- what stands around

    def _titles(self) -> None:
        chart = self._chart
        if chart.title:
            self._text(WIDTH / 2, 24, "title", chart.title, "middle")
        if self._has_legend:
            self._legend(self._top - 10)
        if chart.x_label:
            self._text((self._left + WIDTH - RIGHT) / 2, HEIGHT - 12, "quiet", chart.x_label, "middle")
        if chart.y_label:
            x, y = 18, (self._top + self._bottom) / 2
            turned = f' transform="rotate(-90 {x} {y:.1f})"'
            self._text(x, y, "quiet", chart.y_label, "middle", turned)

    def _legend(self, y: float) -> None:
        x = self._left
        for number, series in enumerate(self._chart.series):
            width = 26 + len(series.name) * CHARACTER
            if x + width > WIDTH - RIGHT and number:
                left = len(self._chart.series) - number
                self._text(x, y, "quiet", f"+ {left}", "start")
                return
            self._parts.append(
                f'<rect class="f{number % len(LIGHT)}" x="{x:.1f}" y="{y - 9:.1f}" '
                'width="10" height="10" rx="2"/>'
            )
            self._text(x + 14, y, "", series.name, "start")
            x += width

    def _axes(self) -> None:
        left, right = self._left, WIDTH - RIGHT
        for tick, name in zip(self._y_ticks, self._y_labels(), strict=True):
            y = self._y(tick)
            self._line("axis" if tick == 0 else "grid", left, y, right, y)
            self._text(left - 6, y + 4, "quiet", name, "end")
        for x, name in self._x_labels():
            self._text(x, self._bottom + 17, "quiet", name, "middle")

    def _x_labels(self) -> Iterable[tuple[float, str]]:
        if self._chart.labels:
            room = (WIDTH - RIGHT - self._left) / (self._high_x - self._low_x)
            fits = max(1, int(room / CHARACTER))
            for number, name in enumerate(self._chart.labels, 1):
                if self._low_x <= number <= self._high_x:
                    yield self._x(number), name if len(name) <= fits else name[: fits - 1] + "…"
            return
        step = self._x_ticks[1] - self._x_ticks[0] if len(self._x_ticks) > 1 else 1.0
        for tick in self._x_ticks:
            if self._low_x <= tick <= self._high_x:
                yield self._x(tick), label(tick, step)

    # ---- the series

    def _series(self, number: int, series: Series) -> None:
        colour = number % len(LIGHT)
        if self._chart.kind == "bars":
            self._bars(number, colour, series)
            return
        for run in series.runs():
            points = self._thinned([(self._x(x), self._y(y)) for x, y in run])
            if self._chart.kind == "lines" and len(points) > 1:
                path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                self._parts.append(f'<polyline class="series l{colour}" points="{path}"/>')
            if self._chart.kind == "points" or len(run) == 1 or len(run) <= MARKS:
                self._parts += [
                    f'<circle class="f{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>' for x, y in points
                ]

    def _thinned(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        columns = WIDTH
        if len(points) <= 4 * columns:
            return points
        kept: dict[int, list[tuple[float, float]]] = {}
        for point in points:
            column = kept.setdefault(int(point[0]), [point, point, point, point])
            column[1] = min(column[1], point, key=lambda p: p[1])
            column[2] = max(column[2], point, key=lambda p: p[1])
            column[3] = point
        return [point for column in kept.values() for point in column]

    def _bars(self, number: int, colour: int, series: Series) -> None:
        count = len(self._chart.series)
        whole = self._x(1) - self._x(0)
        width = max(0.5, whole * 0.8 / count)
        zero = self._y(0)
        for run in series.runs():
            for x, y in run:
                left = self._x(x) - whole * 0.4 + number * width
                top = self._y(y)
                self._parts.append(
                    f'<rect class="f{colour}" x="{left:.1f}" y="{min(top, zero):.1f}" '
                    f'width="{width:.1f}" height="{max(abs(zero - top), 0.5):.1f}"/>'
                )

    # ---- elements

    def _line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self._parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def _text(self, x: float, y: float, kind: str, said: str, anchor: str, more: str = "") -> None:
        self._parts.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(said)}</text>'
        )
