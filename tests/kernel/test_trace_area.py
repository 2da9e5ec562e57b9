"""Where the trace area appears, what it sends, and when."""

from __future__ import annotations

import asyncio

from ba_kernel._output import Output
from ba_kernel._trace_area import MOST_PAGES, MOVED, TraceArea
from ba_runtime.events import Traced

from ._fakes import FakeLoop, RecordingFrontEnd, console_request, request


class Stage:
    """A trace area with a clock that the test moves."""

    def __init__(self) -> None:
        self.front = RecordingFrontEnd()
        self.loop = FakeLoop()
        self.output = Output(self.front, self.loop)
        self.area = TraceArea(self.front, self.loop, self.output)

    def begin(self, cell: int = 1, *, session: str = "page", cell_id: str | None = None) -> None:
        """Begins a cell."""
        asked = request(cell, session=session, cell_id=cell_id)
        self.output.begin(asked)
        self.area.begin(asked)

    def begin_console(self, cell: int = 1) -> None:
        """Begins a cell of a console."""
        asked = console_request(cell)
        self.output.begin(asked)
        self.area.begin(asked)

    def end(self, *, has_background: bool = False) -> None:
        """Ends the cell."""
        self.output.end()
        self.area.end(has_background=has_background)

    def trace(self, text: str = "x") -> None:
        """Traces a line."""
        self.area.add(Traced(1, "cell[1]", 1, "", text.encode()))

    def last(self) -> str:
        """Returns the text of the latest snapshot."""
        return str(self.front.sent[-1].content["data"]["text/plain"])


def test_the_area_appears_between_the_prints_around_the_first_trace() -> None:
    """The order of things in the cell is the order of its output, whatever the timing."""
    stage = Stage()
    stage.begin()
    stage.output.write(b"before")
    stage.trace()
    stage.output.write(b"after")
    stage.end()
    assert stage.front.kinds() == ["stream", "display_data", "stream"]


def test_lines_traced_before_any_cell_appear_in_the_next_one() -> None:
    """With no cell to appear in, the area waits for one."""
    stage = Stage()
    stage.trace()
    stage.loop.advance(10)
    assert stage.front.sent == []
    stage.begin()
    stage.end()
    assert stage.front.kinds() == ["display_data"]


def test_a_line_long_after_the_cell_appears_below_it() -> None:
    """A person waits for it; if their front end ignored it, the next cell shows it in any case."""
    stage = Stage()
    stage.begin(1)
    stage.end()
    stage.loop.advance(0.1)
    stage.trace()
    stage.loop.advance(0.5)
    assert stage.front.sent == []
    stage.loop.advance(0.5)
    assert stage.front.kinds() == ["display_data"]
    stage.begin(2)
    stage.end()
    assert stage.front.kinds() == ["display_data", "display_data"]
    stage.begin(3)
    stage.end()
    assert stage.front.kinds() == ["display_data", "display_data"]


def test_a_cell_that_leaves_a_socket_at_work_gets_the_area() -> None:
    """What will be traced later needs a place that is already on the screen."""
    stage = Stage()
    stage.begin()
    stage.end(has_background=True)
    assert stage.last() == "trace: no lines yet"
    stage.trace("later")
    stage.loop.advance(1)
    assert stage.last().startswith("[1]:1  later\n")


def test_a_cell_without_traces_gets_no_area() -> None:
    """A plain cell has plain output."""
    stage = Stage()
    stage.begin()
    stage.end()
    assert stage.front.sent == []


def test_every_message_has_the_same_shape() -> None:
    """Full snapshots of one display, with constant metadata."""
    stage = Stage()
    stage.begin()
    stage.trace("one")
    stage.loop.advance(1)
    stage.trace("two")
    stage.end()
    kinds = stage.front.kinds()
    assert kinds == ["display_data", "update_display_data"]
    for message in stage.front.sent:
        assert set(message.content) == {"data", "metadata", "transient"}
        assert message.content["metadata"] == {}
        assert set(message.content["data"]) == {"text/plain", "text/html"}
    assert stage.front.sent[0].content["transient"] == stage.front.sent[1].content["transient"]
    assert stage.last() == "[1]:1  one\n[1]:1  two\ntrace: 2 lines"


def test_there_are_at_most_four_updates_a_second() -> None:
    """A flood of traces is shown four times a second, and the last state is exact."""
    stage = Stage()
    stage.begin()
    stage.trace()
    stage.loop.advance(1)
    before = len(stage.front.sent)
    for _ in range(1000):
        stage.trace()
        stage.loop.advance(0.001)
    assert len(stage.front.sent) - before <= 4
    stage.loop.advance(1)
    assert stage.last().endswith("trace: 1,001 lines, last 200 shown")


def test_a_quiet_area_sends_nothing() -> None:
    """Each update ends a selection, so there is none without news."""
    stage = Stage()
    stage.begin()
    stage.trace()
    stage.end()
    sent = len(stage.front.sent)
    stage.loop.advance(60)
    stage.begin(2)
    stage.end()
    assert len(stage.front.sent) == sent


def test_everything_is_sent_before_the_cell_ends() -> None:
    """An executed notebook keeps what was traced, although a quarter of a second has not passed."""
    stage = Stage()
    stage.begin()
    for number in range(50):
        stage.trace(str(number))
        stage.loop.advance(0.001)
    stage.end()
    assert stage.last().endswith("[1]:1  49\ntrace: 50 lines")


def test_an_update_answers_the_latest_request() -> None:
    """VS Code drops an update whose request is an old one."""
    stage = Stage()
    stage.begin(1)
    stage.trace()
    stage.end()
    stage.begin(2)
    stage.trace()
    stage.end()
    assert [message.parent["header"]["msg_id"] for message in stage.front.sent] == ["message-1", "message-2"]


def test_an_update_between_cells_answers_the_latest_request() -> None:
    """What happens while no cell runs is shown too."""
    stage = Stage()
    stage.begin()
    stage.trace("one")
    stage.end()
    stage.loop.advance(5)
    stage.trace("two")
    stage.loop.advance(0.05)
    assert stage.front.kinds() == ["display_data", "update_display_data"]


def test_the_same_cell_run_again_shows_the_area_again() -> None:
    """A cell that runs again loses its outputs."""
    stage = Stage()
    for count in (1, 2):
        stage.begin(count, cell_id="the-cell")
        stage.trace()
        stage.end()
    assert stage.front.kinds() == ["display_data", "display_data"]


def test_the_same_cell_run_again_without_a_trace_shows_the_area_at_its_end() -> None:
    """The area does not vanish only because nothing new was traced."""
    stage = Stage()
    stage.begin(1, cell_id="the-cell")
    stage.trace()
    stage.end()
    stage.begin(2, cell_id="the-cell")
    stage.end()
    assert stage.front.kinds() == ["display_data", "display_data"]


def test_a_reloaded_page_shows_the_area_again() -> None:
    """A new session does not follow the old one's display."""
    stage = Stage()
    for session in ("page", "reloaded"):
        stage.begin(session=session)
        stage.trace()
        stage.end()
    assert stage.front.kinds() == ["display_data", "display_data"]


def test_here_moves_the_area() -> None:
    """The area can be had in any cell; running its old one again does not bring it back there."""
    stage = Stage()
    stage.begin(1, cell_id="first")
    stage.trace()
    stage.end()
    stage.begin(2, cell_id="second")
    stage.area.show()
    stage.end()
    stage.begin(3, cell_id="first")
    stage.trace()
    stage.end()
    assert stage.front.kinds() == ["display_data", "display_data", "update_display_data"]


def test_a_paused_area_stands_still_and_forgets_nothing() -> None:
    """Lines are collected while the area can be read."""
    stage = Stage()
    stage.begin()
    stage.trace("one")
    stage.end()
    stage.area.pause()
    assert stage.last().endswith("paused (%trace resume)")
    sent = len(stage.front.sent)
    stage.trace("two")
    stage.loop.advance(10)
    assert len(stage.front.sent) == sent
    stage.area.resume()
    assert stage.last() == "[1]:1  one\n[1]:1  two\ntrace: 2 lines"


def test_a_cleared_area_is_empty_and_goes_on() -> None:
    """Clearing forgets the lines, not the place."""
    stage = Stage()
    stage.begin()
    stage.trace("old")
    stage.end()
    stage.area.clear()
    assert stage.last() == "trace: no lines yet"
    stage.trace("new")
    stage.loop.advance(1)
    assert stage.last() == "[1]:1  new\ntrace: 1 line"


def test_saving_writes_more_than_is_shown() -> None:
    """The file has everything that is kept."""
    stage = Stage()
    for number in range(10_500):
        stage.trace(str(number))
    text, lines = stage.area.saved()
    assert lines == 10_000
    assert text.startswith("[1]:1  500\n")
    assert text.endswith("[1]:1  10499\ntrace: 10,500 lines, last 10,000 shown, 500 dropped\n")


def test_a_silent_cell_is_no_place_for_the_area() -> None:
    """A request that asked for silence gets no display."""
    stage = Stage()
    asked = request(is_silent=True)
    stage.output.begin(asked)
    stage.area.begin(asked)
    stage.trace()
    stage.end()
    assert stage.front.sent == []


def test_waiting_counts_lines_that_came_before_and_after() -> None:
    """A line counts from the start of the Lua cell that caused it, and only once."""

    async def scene() -> None:
        area = Stage().area
        area.add(Traced(1, "cell[1]", 1, "", b"before the cell"))
        area.expect()
        area.add(Traced(1, "cell[1]", 1, "", b"before the wait"))
        waiting = asyncio.ensure_future(area.wait(2, 5))
        await asyncio.sleep(0)
        assert not waiting.done()
        area.add(Traced(1, "cell[1]", 1, "", b"after"))
        area.update()
        assert await waiting == 2
        assert await area.wait(1, 0.01) == 0

    asyncio.run(scene())


def test_a_line_between_cells_waits_for_the_end_of_the_next_one_if_that_began_meanwhile() -> None:
    """The area has a place in every cell: where its first line was traced, or below all that it printed."""
    stage = Stage()
    stage.begin(1)
    stage.end()
    stage.trace()
    stage.loop.advance(0.5)
    stage.begin(2)
    stage.loop.advance(5)
    assert stage.front.sent == []
    stage.end()
    assert stage.front.kinds() == ["display_data"]


def test_a_console_prints_what_is_new() -> None:
    """It ignores updates; so instead of all lines again, the new ones come as they do, as printed lines."""
    stage = Stage()
    stage.begin_console()
    stage.trace("one")
    stage.end(has_background=True)
    stage.trace("two")
    stage.loop.advance(1)
    stage.loop.advance(1)
    assert stage.front.kinds() == ["stream", "stream"]
    one, two = stage.front.text().splitlines()
    assert one.endswith("one")
    assert two.endswith("two")
    stage.begin_console(2)
    stage.area.show()
    (whole,) = stage.front.of_kind("display_data")
    assert whole["data"]["text/plain"].endswith("trace: 2 lines")


def test_a_console_is_not_flooded() -> None:
    """A burst is cut to the newest lines, and says how many there were before."""
    stage = Stage()
    stage.begin_console()
    for number in range(1000):
        stage.trace(f"line {number}")
    stage.end()
    first, *lines = stage.front.text().splitlines()
    assert first == "[800 lines of the trace are not shown; %trace save FILE has them]"
    assert len(lines) == 200
    assert lines[-1].endswith("line 999")


def test_a_page_that_was_loaded_again_follows_the_area_where_it_is() -> None:
    """It asks for the name and the cell, and gets the area as it is; its next cell does not show it anew."""
    stage = Stage()
    stage.begin(1, cell_id="a")
    stage.trace("one")
    stage.end()
    shown = stage.front.of_kind("display_data")[0]["transient"]["display_id"]
    assert stage.area.follow("reloaded", ["x", "a"]) == (shown, "a")
    assert stage.area.follow("other", ["b"]) is None
    stage.area.refresh()
    (update,) = stage.front.of_kind("update_display_data")
    assert "one" in update["data"]["text/plain"]
    for session in ("reloaded", "page", "reloaded"):  # one window may be older than the other
        stage.begin(2, session=session, cell_id="b")
        stage.end()
    assert len(stage.front.of_kind("display_data")) == 1
    stage.begin(3, session="other", cell_id="b")
    stage.end()
    assert len(stage.front.of_kind("display_data")) == 2


def test_an_area_that_is_nowhere_cannot_be_followed() -> None:
    """Neither before it appears, nor in a console, which has no cells."""
    stage = Stage()
    assert stage.area.follow("reloaded", ["x", "a"]) is None
    stage.begin_console()
    stage.trace()
    stage.end()
    assert stage.area.follow("reloaded", ["x", "a"]) is None


def test_the_number_of_pages_that_follow_is_bounded() -> None:
    """The oldest gets the area anew."""
    stage = Stage()
    stage.begin(1, cell_id="a")
    stage.trace()
    stage.end()
    for number in range(MOST_PAGES):
        stage.area.follow(f"page-{number}", ["a"])
    stage.begin(2, session="page-1", cell_id="b")
    stage.end()
    assert len(stage.front.of_kind("display_data")) == 1
    stage.begin(3, session="page", cell_id="b")
    stage.end()
    assert len(stage.front.of_kind("display_data")) == 1  # home is where it was at first
    stage.begin(4, session="new", cell_id="b")
    stage.end()
    assert len(stage.front.of_kind("display_data")) == 2


def test_the_area_moves_back_when_its_own_cell_runs_again() -> None:
    """A page without the extension shows it elsewhere after a reload; there it says that it is gone."""
    stage = Stage()
    stage.begin(1, cell_id="a")
    stage.trace("one")
    stage.end()
    stage.begin(2, session="reloaded", cell_id="b")
    stage.end()
    stage.begin(3, session="reloaded", cell_id="a")
    (left,) = stage.front.of_kind("update_display_data")
    assert left["data"]["text/plain"] == MOVED
    stage.end()
    *_, elsewhere, home = stage.front.of_kind("display_data")
    assert left["transient"] == elsewhere["transient"] != home["transient"]
    stage.trace("two")
    stage.loop.advance(1)
    assert stage.front.of_kind("update_display_data")[-1]["transient"] == home["transient"]


def test_an_area_that_was_asked_for_belongs_where_it_was_asked_for() -> None:
    """The cell where it was first runs again without it."""
    stage = Stage()
    stage.begin(1, cell_id="a")
    stage.trace("one")
    stage.end()
    stage.begin(2, cell_id="b")
    stage.area.show()
    stage.end()
    stage.begin(3, cell_id="a")
    stage.end()
    assert len(stage.front.of_kind("display_data")) == 2
