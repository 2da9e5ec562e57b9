"""What a picture looks like: well-formed, bounded and safe whatever the events hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ba_runtime.observe import (
    Address,
    Closed,
    Connecting,
    Erred,
    Event,
    Moved,
    Opened,
    Resolved,
    Secured,
    Waits,
)
from ba_runtime.observe.draw import draw
from ba_runtime.observe.facts import Names
from ba_runtime.observe.svg import to_html, to_svg
from ba_runtime.observe.svg_style import DARK, LIGHT
from ba_runtime.observe.text import to_text
from tests.observe._recordings import echo, mishaps, secure

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "]]></style><script>alert(1)</script>\"'&\x00\x1b[2J\u202e\ud800\ufffe" + "W" * 5000


def hostile() -> list[Event]:
    """A recording in which every text is an attack."""
    raw = bytes(range(256))
    peer = Address(HOSTILE, 1)
    return [
        Opened(0.0, 1, "client", 1),
        Waits(0.0, 1, 1, HOSTILE, 1, HOSTILE, 1.0),
        Resolved(0.0, 1, HOSTILE, (), HOSTILE),
        Connecting(0.0, 1, HOSTILE, peer),
        Secured(0.0, 1, HOSTILE, "", HOSTILE, HOSTILE, HOSTILE),
        *(Moved(0.0, 1, True, "text", 256, raw[at:] + raw[:at]) for at in range(0, 256, 16)),
        Moved(0.0, 1, False, "binary", 6, HOSTILE.encode("utf-8", "replace")),
        Erred(0.0, 1, 1, HOSTILE),
        Closed(0.0, 1, "reset", HOSTILE),
    ]


@pytest.mark.parametrize("recording", [echo, secure, mishaps], ids=lambda recording: recording.__name__)
def test_a_picture_is_drawn_as_it_was(recording) -> None:  # type: ignore[no-untyped-def]
    """The files in `golden` were looked at in a browser, in both themes."""
    names = Names(
        {3: "conn"}, {Address("127.9.9.8", 53): ("dns.lab.test", 53)}, is_timed=recording is not echo
    )
    drawn = to_svg(draw(recording(), names))
    assert drawn == (GOLDEN / f"{recording.__name__}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "recording", [echo, secure, mishaps, hostile, list], ids=lambda recording: recording.__name__
)
def test_every_picture_is_xml_that_fits_a_notebook(recording) -> None:  # type: ignore[no-untyped-def]
    """No more than 900 pixels wide, with no element that could do anything."""
    root = ET.fromstring(to_svg(draw(recording(), Names({1: HOSTILE}))))
    assert int(root.attrib["width"]) <= 900
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "line", "path", "circle", "text", "tspan"}


def crossing(data: bytes) -> list[Event]:
    """A cell sends past a cosocket that waits, to a peer on its other side."""
    peer = Address("192.0.2.1", 53)
    return [
        Opened(0.0, 1, "datagram", 1),
        Waits(0.0, 1, 1, "cell", 1, "read", 1.0),
        Opened(0.0, 2, "datagram", 1),
        Waits(0.0, 2, 2, "cosocket", 1, "read"),
        Moved(0.0, 1, True, "wire", len(data), data, peer),
    ]


def rectangles(events: list[Event], *kinds: str) -> list[ET.Element]:
    """The rectangles of some kinds, in the order in which they are painted."""
    root = ET.fromstring(to_svg(draw(events, Names(is_timed=False))))
    return [one for one in root.iter() if one.tag.endswith("rect") and one.attrib["class"] in kinds]


def test_a_label_that_fits_between_two_lifelines_covers_neither() -> None:
    """It stands beside the bar of whoever waits in the middle, and needs no backing."""
    assert rectangles(crossing(b"hi"), "back") == []


def test_who_waits_shows_through_a_label_that_does_not_fit() -> None:
    """What keeps the stems out of a label is painted before the bars, so that no bar is interrupted."""
    painted = [one.attrib["class"] for one in rectangles(crossing(b"W" * 200), "back", "waits", "blocks")]
    assert painted[:3] == ["back", "blocks", "waits"]  # the legend follows


def test_hostile_bytes_are_escaped_everywhere() -> None:
    """Nothing of what a peer sends reaches HTML or a terminal as anything but text, nor at any length."""
    picture = draw(hostile(), Names({1: HOSTILE}))
    html, text = to_html(picture), to_text(picture)
    assert re.fullmatch(
        r'<img alt="[^"<>]*" style="max-width:100%" src="data:image/svg\+xml;base64,[\w+/=]+">', html
    )
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(html) < 60_000
    assert max(map(len, text.split("\n"))) < 200


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", ["text", "quiet", "red"])
def test_every_text_has_contrast_in_both_themes(theme: dict[str, str], colour: str) -> None:
    """At least 4.5 to 1 against the paper."""
    low, high = sorted((_luminance(theme[colour]), _luminance(theme["paper"])))
    assert (high + 0.05) / (low + 0.05) >= 4.5
