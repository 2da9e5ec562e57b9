"""Displayed outputs as messages: in their place, anew, late, and within bounds."""

from __future__ import annotations

import pytest

from ba_kernel._display import MOST_BYTES, MOST_OUTPUTS, Displays, to_data
from ba_kernel._output import Output
from ba_kernel._trace_area import TraceArea
from ba_runtime.events import Displayed, OutputCleared, Traced

from ._fakes import FakeLoop, RecordingFrontEnd, Sent, request


class Stage:
    """Cells that begin and end, with a clock that the test moves."""

    def __init__(self) -> None:
        self.front = RecordingFrontEnd()
        self.loop = FakeLoop()
        self.output = Output(self.front, self.loop)
        self.area = TraceArea(self.front, self.loop, self.output)
        self.displays = Displays(self.front, self.loop, self.output, self.area)

    def begin(self, cell: int = 1, *, is_silent: bool = False) -> None:
        """Begins a cell."""
        asked = request(cell, is_silent=is_silent)
        for part in (self.output, self.area, self.displays):
            part.begin(asked)

    def end(self) -> None:
        """Ends it."""
        self.output.end()
        self.displays.end()
        self.area.end()

    def show(self, text: str, output: int = 1, *, cell: int = 1, is_update: bool = False) -> None:
        """The program displays a text."""
        self.displays.add(Displayed(cell, output, (("text/plain", text.encode()),), is_update))

    def shown(self) -> list[tuple[str, str, str]]:
        """Returns the messages: their kind, their text, and the cell that they answer."""
        return [(sent.kind, said(sent), sent.parent["header"]["msg_id"]) for sent in self.front.sent]


def said(sent: Sent) -> str:
    """Returns the text of a message."""
    data = sent.content.get("data")
    return str(data["text/plain"] if data else sent.content.get("text", sent.content.get("wait")))


def test_an_output_stands_between_the_prints() -> None:
    """In the order of the program."""
    stage = Stage()
    stage.begin()
    stage.output.write(b"before\n")
    stage.show("picture")
    stage.output.write(b"after\n")
    stage.end()
    assert [(kind, text) for kind, text, _ in stage.shown()] == [
        ("stream", "before\n"),
        ("display_data", "picture"),
        ("stream", "after\n"),
    ]


def test_only_the_last_state_of_a_tenth_of_a_second_is_sent() -> None:
    """As an update of the same output."""
    stage = Stage()
    stage.begin()
    stage.show("0")
    stage.loop.advance(0.2)
    for number in range(1000):
        stage.show(str(number), is_update=True)
    stage.loop.advance(0.2)
    assert [(kind, text) for kind, text, _ in stage.shown()] == [
        ("display_data", "0"),
        ("update_display_data", "999"),
    ]
    first, second = (sent.content["transient"]["display_id"] for sent in stage.front.sent)
    assert first == second


def test_a_state_that_comes_first_takes_the_outputs_place() -> None:
    """Nothing is updated that front ends have not seen."""
    stage = Stage()
    stage.begin()
    stage.show("old")
    stage.show("new", is_update=True)
    stage.end()
    assert stage.shown() == [("display_data", "new", "message-1")]


def test_the_last_state_comes_before_the_cell_is_idle() -> None:
    """A saved notebook has it."""
    stage = Stage()
    stage.begin()
    stage.show("old")
    stage.loop.advance(1)
    stage.show("new", is_update=True)
    stage.end()
    assert stage.shown()[-1] == ("update_display_data", "new", "message-1")


def test_an_update_answers_the_latest_request() -> None:
    """Some front ends drop it otherwise."""
    stage = Stage()
    stage.begin(1)
    stage.show("old")
    stage.end()
    stage.begin(2)
    stage.show("new", is_update=True)
    stage.end()
    assert stage.shown()[-1] == ("update_display_data", "new", "message-2")


def test_a_late_output_answers_its_own_cell() -> None:
    """While another cell runs, or none."""
    stage = Stage()
    stage.begin(1)
    stage.end()
    stage.show("between", 1, cell=1)
    stage.loop.advance(0)
    stage.begin(2)
    stage.show("meanwhile", 2, cell=1)
    stage.end()
    assert stage.shown() == [
        ("display_data", "between", "message-1"),
        ("display_data", "meanwhile", "message-1"),
    ]


def test_a_silent_request_shows_nothing() -> None:
    """Nor does code whose cell nobody remembers."""
    stage = Stage()
    stage.begin(1, is_silent=True)
    stage.show("a", cell=0)
    stage.show("b", cell=7)
    stage.end()
    assert stage.shown() == []


def test_too_many_outputs_are_cut_and_counted() -> None:
    """A note comes at the first that is dropped, the number at the end; updates still come."""
    stage = Stage()
    stage.begin()
    for number in range(MOST_OUTPUTS + 5):
        stage.show("x", number)
    stage.end()
    texts = [text for _, text, _ in stage.shown()]
    assert texts.count("x") == MOST_OUTPUTS
    assert texts[-2:] == [
        "[this cell has displayed 500 outputs and 500 bytes, its limit; the rest is dropped]\n",
        "[5 outputs were dropped]\n",
    ]


def test_too_many_bytes_are_cut() -> None:
    """Of updates as of new outputs."""
    stage = Stage()
    stage.begin()
    stage.show("x" * MOST_BYTES)
    stage.show("y", is_update=True)
    stage.end()
    kinds = [kind for kind, _, _ in stage.shown()]
    assert kinds == ["display_data", "stream", "stream"]
    assert stage.shown()[-1][1] == "[1 output was dropped]\n"


def test_the_next_run_of_a_cell_has_its_own_bounds() -> None:
    """However many outputs the last one had."""
    stage = Stage()
    for _ in range(2):
        stage.begin()
        for number in range(MOST_OUTPUTS + 1):
            stage.show("x", number)
        stage.end()
    assert [text for _, text, _ in stage.shown()].count("x") == 2 * MOST_OUTPUTS


def test_clear_output_is_in_its_place_and_the_trace_area_comes_back() -> None:
    """It stood among the outputs that went."""
    stage = Stage()
    stage.begin()
    stage.area.add(Traced(1, "cell[1]", 1, "", b"line"))
    stage.show("old", 1)
    stage.displays.add(OutputCleared(1, waits=True))
    stage.show("new", 2)
    stage.end()
    kinds = [kind for kind, _, _ in stage.shown()]
    assert kinds == ["display_data", "display_data", "clear_output", "display_data", "display_data"]
    assert stage.front.of_kind("clear_output") == [{"wait": True}]
    assert "line" in stage.shown()[-1][1]


@pytest.mark.parametrize(
    ("name", "data", "carried"),
    [
        ("text/html", b"<b>\xff\x07</b>", "<b>\\xff\\x07</b>"),
        ("image/svg+xml", b"<svg/>", "<svg/>"),
        ("application/json", b'{"a": [1]}', {"a": [1]}),
        ("application/vnd.vega.v5+json", b"[]", []),
        ("application/json", b"{no", "{no"),
        ("image/png", b"\x89PNG", "iVBORw=="),
        ("application/pdf", b"%PDF", "JVBERg=="),
        ("application/javascript", b"1", "1"),
    ],
)
def test_data_is_carried_as_the_protocol_wants_it(name: str, data: bytes, carried: object) -> None:
    """Text as text, JSON as values, pictures in base64; bad bytes stay visible."""
    assert to_data([(name, data)]) == {name: carried}
