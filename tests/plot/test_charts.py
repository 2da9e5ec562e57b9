"""Charts as SVG and as text."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest

from ba_runtime.plot import KINDS, Chart, Series, to_svg, to_text

SVG = "{http://www.w3.org/2000/svg}"


def elements(chart: Chart, name: str) -> list[ET.Element]:
    """Returns the elements of one kind in the picture, which must be XML."""
    return list(ET.fromstring(to_svg(chart)).iter(SVG + name))


def texts(chart: Chart) -> list[str]:
    """Returns all texts of the picture in order."""
    return [element.text or "" for element in elements(chart, "text")]


def chart(*values: float, kind: str = "lines") -> Chart:
    """Returns a chart of one series."""
    return Chart(kind, (Series("", range(1, len(values) + 1), values),))


def test_a_line_goes_through_its_points() -> None:
    """From the left to the right, the least value at the bottom."""
    (line,) = elements(chart(1, 3, 2), "polyline")
    (x1, y1), (x2, y2), (x3, y3) = (map(float, point.split(",")) for point in line.attrib["points"].split())
    assert x1 < x2 < x3
    assert y1 > y3 > y2
    assert (x2 - x1, y1 - y3) == pytest.approx((x3 - x2, y3 - y2), abs=0.2)


def test_a_value_that_is_not_finite_is_a_gap() -> None:
    """The line ends before it, and another begins."""
    assert len(elements(chart(1, 2, math.nan, 3, 4, math.inf, 5), "polyline")) == 2


def test_bars_stand_on_zero() -> None:
    """Negative ones hang from it."""
    up, down = [
        element for element in elements(chart(2, -2, kind="bars"), "rect") if element.attrib["class"] == "f0"
    ]
    zero = float(down.attrib["y"])
    assert float(up.attrib["y"]) + float(up.attrib["height"]) == pytest.approx(zero, abs=0.2)
    assert up.attrib["height"] == down.attrib["height"]


def test_words_are_escaped_and_cut() -> None:
    """Whatever the program chose."""
    hostile = Chart.unpacked(b"lines", b"<script>&\0\xff", b"x" * 1000, b"y", b"", [b'"n"<', b"", b""])
    said = texts(hostile)
    assert said[0] == "<script>&\N{REPLACEMENT CHARACTER}\\xff"
    assert '"n"<' in said
    assert "x" * 79 + "…" in said


def test_no_values_are_said_to_be_none() -> None:
    """In the picture and in the text."""
    for empty in (chart(), chart(math.nan)):
        assert "no values" in texts(empty)
        assert to_text(empty) == "no values"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "values", [[0], [5, 5], [1e308, -1e308], [5e-324, 0], [1e15, 1e15 + 1], [-1, -2], [1e300] * 3]
)
def test_any_numbers_are_drawn_within_the_picture(kind: str, values: list[float]) -> None:
    """No coordinate is outside, or no number at all."""
    root = ET.fromstring(to_svg(chart(*values, kind=kind)))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        for name in ("x", "x1", "x2", "cx", "y", "y1", "y2", "cy"):
            if name in element.attrib:
                assert 0 <= float(element.attrib[name]) <= (width if "x" in name else height)


def test_a_long_series_is_thinned_to_what_can_be_seen() -> None:
    """Its peaks stay."""
    values = [0.0] * 100_000
    values[54_321] = 9.0
    (line,) = elements(chart(*values), "polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert len(points) < 3000
    assert min(y for _, y in points) < 100 < max(y for _, y in points)


def test_labels_stand_below_the_bars() -> None:
    """Cut to their room."""
    bars = Chart("bars", (Series("", [1, 2], [1, 2]),), labels=("lua", "c" * 200))
    names = [text for text in texts(bars) if text.startswith(("lua", "c"))]
    assert names == ["lua", "c" * (len(names[1]) - 1) + "…"]
    assert 30 < len(names[1]) < 60


def test_the_colours_follow_the_theme() -> None:
    """By the picture's own style."""
    assert "@media (prefers-color-scheme:dark)" in to_svg(chart(1))


def test_the_text_has_a_row_for_each_series() -> None:
    """With its extremes and its mean."""
    both = Chart("lines", (Series("a", [1, 2], [0, 10]), Series("long", [1, 2], [1, 1])), title="Title")
    assert to_text(both).split("\n") == [
        "Title",
        "a     ▁█  2 values, 0 to 10, mean 5",
        "long  ▄▄  2 values, 1 to 1, mean 1",
    ]


def test_a_long_row_has_forty_blocks() -> None:
    """Each is the mean of its share."""
    assert to_text(chart(*range(1000))).split("  ")[0].count("▁") == 3
    assert len(to_text(chart(*range(1000))).split("  ")[0]) == 40
