"""Charts: series of numbers as an SVG image and as a line of text each.

Our own and small, because what draws charts in Python weighs more than this whole project; and it is told
apart from the sequence diagrams (`observe/`), which know of sockets.
"""

from __future__ import annotations

from .chart import KINDS, Chart, Series
from .svg import to_svg
from .text import to_text

__all__ = ["KINDS", "Chart", "Series", "functions", "to_svg", "to_text"]


def functions() -> dict[str, object]:
    """Returns what the crossing table offers: `plot`, which returns a chart as SVG and as text."""

    def plot(
        kind: bytes, title: bytes, x_label: bytes, y_label: bytes, labels: bytes, *series: bytes
    ) -> tuple[bytes, bytes]:
        chart = Chart.unpacked(kind, title, x_label, y_label, labels, series)
        return to_svg(chart).encode(), to_text(chart).encode()

    return {"plot": plot}
