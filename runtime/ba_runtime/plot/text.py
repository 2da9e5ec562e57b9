"""A chart where there is only text: for each series a row of blocks, and the numbers that matter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

from .chart import Chart, Series

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 40


def to_text(chart: Chart) -> str:
    """Returns the chart as text: its title, then a line for each series."""
    lines = [chart.title] if chart.title else []
    width = max((len(series.name) for series in chart.series), default=0)
    lines += [f"{series.name:<{width}}  {_row(series)}".strip() for series in chart.series]
    return "\n".join(lines)


def _row(series: Series) -> str:
    ys = [y for _, y in chain.from_iterable(series.runs())]
    if not ys:
        return "no values"
    count = f"{len(ys):,} value{'' if len(ys) == 1 else 's'}"
    mean = sum(y / len(ys) for y in ys)  # the sum alone may be too large for a float
    return f"{_blocks(ys)}  {count}, {min(ys):.6g} to {max(ys):.6g}, mean {mean:.6g}"


def _blocks(ys: Sequence[float]) -> str:
    count = min(len(ys), WIDTH)
    cuts = [len(ys) * number // count for number in range(count + 1)]
    means = [sum(y / (end - start) for y in ys[start:end]) for start, end in pairwise(cuts)]
    low, high = min(means), max(means)
    half = high / 2 - low / 2
    if not half:
        return BLOCKS[3] * count
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[round((mean / 2 - low / 2) / half * top)] for mean in means)
