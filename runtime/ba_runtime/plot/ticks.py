"""Round numbers for an axis.

The steps are 1, 2 and 5 times a power of ten, after P. S. Heckbert, "Nice Numbers for Graph Labels",
Graphics Gems (1990).
"""

from __future__ import annotations

import math
import sys

WANTED = 5
LARGEST = sys.float_info.max


def ticks(low: float, high: float, wanted: int = WANTED) -> list[float]:
    """Returns ascending round numbers of which the first is at most `low` and the last at least `high`.

    Where both are the same, or so near each other that a float cannot tell steps between them apart, room
    is made around them.
    """
    size = max(abs(low), abs(high))
    least = max(size * 1e-9, 1e-300) if size else 1.0
    if high - low < least:
        low, high = low - least / 2, high + least / 2
    step = _round_step((high / wanted) - (low / wanted))  # the difference alone may be too large for a float
    first, last = math.floor(low / step), math.ceil(high / step)
    return [max(-LARGEST, min(number * step, LARGEST)) for number in range(first, last + 1)]


def label(tick: float, step: float) -> str:
    """Returns a tick in as many digits as its step needs."""
    if tick == 0:
        return "0"
    size = max(abs(tick), step)
    if size >= 1e6 or size < 1e-3:
        digits = max(0, math.floor(math.log10(abs(tick))) - math.floor(math.log10(step)))
        mantissa, _, exponent = f"{tick:.{min(digits, 9)}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{tick:.{max(0, -math.floor(math.log10(step)))}f}"


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    factor = rough / power
    return power * (1 if factor < 1.5 else 2 if factor < 3.5 else 5 if factor < 7.5 else 10)
