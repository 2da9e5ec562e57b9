"""Times in words."""

from __future__ import annotations

_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
_DIGITS = 3


def duration(seconds: float) -> str:
    """Returns a time in the unit that suits it, such as `1.23 ms`."""
    rounded = float(f"{seconds:.{_DIGITS}g}")  # 999.9 µs is 1 ms
    for unit, size in _UNITS:
        if rounded >= size:
            return f"{seconds / size:.{_DIGITS}g} {unit}" if rounded < 1000 else f"{rounded:.0f} s"
    return f"{seconds * 1e9:.2g} ns"
