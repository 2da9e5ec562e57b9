"""What a chart shows, with everything that the program chose made safe to draw."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KINDS = ("lines", "points", "bars")
MAX_LABEL = 80  # characters


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind, in the order of the program. A value that is not finite is a gap."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]

    def runs(self) -> Iterator[list[tuple[float, float]]]:
        """Yields the stretches without a gap."""
        run: list[tuple[float, float]] = []
        for point in zip(self.xs, self.ys, strict=True):
            if math.isfinite(point[0]) and math.isfinite(point[1]):
                run.append(point)
            elif run:
                yield run
                run = []
        if run:
            yield run


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole chart. `kind` is one of KINDS; `labels` stand below bars, the first at x = 1."""

    kind: str
    series: tuple[Series, ...]
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    labels: tuple[str, ...] = ()

    @classmethod
    def unpacked(
        cls, kind: bytes, title: bytes, x_label: bytes, y_label: bytes, labels: bytes, series: Sequence[bytes]
    ) -> Chart:
        """Returns the chart that Lua packed.

        `labels` are separated by newlines. `series` holds three for each: its name, then x and y as the bytes
        of doubles.
        """
        names = tuple(map(_label, labels.split(b"\n"))) if labels else ()
        triples = zip(series[::3], series[1::3], series[2::3], strict=True)
        return cls(
            kind.decode(),
            tuple(Series(_label(name), array("d", xs), array("d", ys)) for name, xs, ys in triples),
            _label(title),
            _label(x_label),
            _label(y_label),
            names,
        )

    def range_of_x(self) -> tuple[float, float] | None:
        """Returns the least and the greatest x, None where there is no point."""
        return _range([x for series in self.series for run in series.runs() for x, _ in run])

    def range_of_y(self) -> tuple[float, float] | None:
        """Returns the least and the greatest y, None where there is no point."""
        return _range([y for series in self.series for run in series.runs() for _, y in run])


def _range(values: list[float]) -> tuple[float, float] | None:
    return (min(values), max(values)) if values else None


def _label(text: bytes) -> str:
    decoded = text.decode("utf-8", "backslashreplace")
    whole = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in decoded)
    return whole if len(whole) <= MAX_LABEL else whole[: MAX_LABEL - 1] + "…"
