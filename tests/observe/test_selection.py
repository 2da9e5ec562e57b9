"""Which events belong together, and the other forms they can have."""

from __future__ import annotations

import json

from ba_runtime.observe import Connecting, Erred, Event, Moved, Opened, Waits, WentOn
from ba_runtime.observe.hex_dump import SHOWN_MOVES, hex_html, hex_text
from ba_runtime.observe.json_lines import to_json
from ba_runtime.observe.selection import of_cell, of_sockets
from tests.observe._recordings import GOOGLE, echo, mishaps, secure


def test_a_cell_has_its_sockets_and_those_they_talk_to() -> None:
    """Cell 2 called the server of cell 1: the accepted socket and the listener belong to the conversation."""
    alone = of_cell([*echo(), *mishaps()], 2)
    assert alone == echo()


def test_a_cell_has_its_waits_and_errors_without_a_socket() -> None:
    """Those of other cells are not among them."""
    own: list[Event] = [Waits(0.0, 0, 1, "cell", 5, "sleep", 1.0), WentOn(1.0, 0, 1), Erred(1.0, 0, 5, "no")]
    other: list[Event] = [
        Waits(0.0, 0, 2, "cosocket", 6, "sleep", 1.0),
        WentOn(1.0, 0, 2),
        Erred(1.0, 0, 6, "no"),
    ]
    assert of_cell([*own, *other], 5) == own


def test_a_socket_brings_its_mate() -> None:
    """Nothing of anybody else is kept."""
    kept = of_sockets([*echo(), *secure()], [2])
    assert {event.socket for event in kept} == {1, 2, 3}


def test_a_dump_shows_what_was_meant_and_says_what_is_missing() -> None:
    """Plain data and not the records that carried it; a head, and the number of bytes behind it."""
    dump = hex_text(secure(), 4)
    assert "-> 40 bytes, plain" in dump
    assert "GET / HTTP/1.1.." in dump
    assert "<- 600 bytes, plain" in dump
    assert "   558 bytes more are not kept" in dump
    assert "517" not in dump


def test_a_dump_is_bounded() -> None:
    """The last ones are shown, and the others counted."""
    events: list[Event] = [
        Opened(0.0, 1, "client", 1),
        *(Moved(0.0, 1, True, "wire", 1, b"<") for _ in range(1000)),
    ]
    html = hex_html(events, 1)
    assert html.count("-&gt; 1 byte<") == SHOWN_MOVES
    assert f"{1000 - SHOWN_MOVES} earlier ones are not shown" in html


def test_every_event_is_json() -> None:
    """A line for each, with its kind; bytes are hexadecimal."""
    events = [*echo(), *secure(), *mishaps()]
    listed = json.loads(to_json(events))
    assert len(listed) == len(events)
    assert listed[-1]["head"] == b"<&\"'\x00".hex()
    assert len(to_json(events).strip().split("\n")) == len(events) + 2


def test_what_a_proxy_opens_to_answer_belongs_to_its_client() -> None:
    """Once it has accepted, and not what it had opened before."""
    onward: list[Event] = [Opened(1.0004, 8, "client", 1), Connecting(1.0004, 8, "google.com", GOOGLE)]
    before: list[Event] = [Opened(0.5, 9, "client", 1)]
    events = sorted([*before, *echo(), *onward], key=lambda event: event.at_s)
    kept = of_cell(events, 2)
    assert {event.socket for event in kept} == {1, 2, 3, 8}
