"""Round numbers for axes."""

from __future__ import annotations

import math

import pytest

from ba_runtime.plot.ticks import label, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (1, 9.3, [0, 2, 4, 6, 8, 10]),
        (-3, 4, [-3, -2, -1, 0, 1, 2, 3, 4]),
        (0, 0.05, [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low: float, high: float, expected: list[float]) -> None:
    """Steps of 1, 2 or 5."""
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 0), (5, 5), (-5, -5), (1e-320, 1e-320), (1e15, 1e15 + 1), (-1.7e308, 1.7e308), (5e-324, 1e-323)],
)
def test_any_two_numbers_have_ticks(low: float, high: float) -> None:
    """At least two, ascending, not too many, all finite."""
    all_ticks = ticks(low, high)
    assert 2 <= len(all_ticks) <= 20
    assert all_ticks == sorted(set(all_ticks))
    assert all(map(math.isfinite, all_ticks))
    assert all_ticks[0] <= low <= high <= all_ticks[-1]


@pytest.mark.parametrize(
    ("tick", "step", "text"),
    [
        (0.0, 0.5, "0"),
        (0.5, 0.5, "0.5"),
        (1.0, 0.5, "1.0"),
        (150.0, 50.0, "150"),
        (2e6, 1e6, "2e6"),
        (2.5e6, 5e5, "2.5e6"),
        (-0.0002, 0.0001, "-2e-4"),
    ],
)
def test_a_label_has_as_many_digits_as_its_step(tick: float, step: float, text: str) -> None:
    """And a power of ten where it would be long."""
    assert label(tick, step) == text
