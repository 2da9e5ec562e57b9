"""The live socket table: when it is sent, and what ends it."""

from __future__ import annotations

from dataclasses import replace

from ba_kernel._engine import Engine
from ba_kernel._frontend import Message
from ba_kernel._live_sockets import UPDATE_S, LiveSockets
from ba_runtime.events import SocketInfo

from ._fakes import Desk, FakeLoop, FakeRuntime, RecordingFrontEnd, play, request

ROW = SocketInfo(1, "listener", "accept", "127.0.0.1:80", "", 0, 0, 1.0, 1, doing="waiting for a client")


class Stage:
    """A live table with a clock that a test moves, and the runtime that it asks."""

    def __init__(self, *rows: SocketInfo) -> None:
        """Displays these rows in cell 1, which then ends."""
        self.loop = FakeLoop()
        self.front = RecordingFrontEnd()
        self.runtime = FakeRuntime(lambda event: None)
        self.runtime.open += rows
        self.engine = Engine(lambda event: None, lambda sink: self.runtime)
        self.engine.warm_up()
        self.live = LiveSockets(self.front, self.loop, self.engine)
        self.live.begin(request(1))
        self.live.show(request(1), rows)
        self.live.end()

    def pass_seconds(self, seconds: float) -> None:
        """Lets time pass."""
        self.loop.advance(seconds)

    @property
    def updates(self) -> list[Message]:
        """What was sent after the display."""
        return self.front.of_kind("update_display_data")

    @property
    def last_text(self) -> str:
        """The table as it is now."""
        return str(self.front.sent[-1].content["data"]["text/plain"])


def test_a_change_is_sent_to_the_same_output() -> None:
    """Under its display id."""
    stage = Stage(ROW)
    stage.runtime.open = [replace(ROW, bytes_in=77)]
    stage.pass_seconds(UPDATE_S)
    (update,) = stage.updates
    (display,) = stage.front.of_kind("display_data")
    assert update["transient"] == display["transient"]
    assert " 77 " in stage.last_text


def test_nothing_is_sent_while_nothing_changes() -> None:
    """Also an age does not count, except for its minutes."""
    stage = Stage(ROW)
    stage.runtime.open = [replace(ROW, age_s=50.0)]
    stage.pass_seconds(50 * UPDATE_S)
    assert stage.updates == []
    stage.runtime.open = [replace(ROW, age_s=61.0)]
    stage.pass_seconds(UPDATE_S)
    assert len(stage.updates) == 1


def test_there_is_one_update_a_second_at_most() -> None:
    """However fast things change."""
    stage = Stage(ROW)
    for tick in range(80):
        stage.runtime.open = [replace(ROW, bytes_in=tick + 1)]
        stage.pass_seconds(UPDATE_S / 8)  # which a float holds exactly
    assert len(stage.updates) == 10


def test_it_ends_when_no_sockets_remain() -> None:
    """The last thing it shows is that."""
    stage = Stage(ROW)
    stage.runtime.open = []
    stage.pass_seconds(UPDATE_S)
    assert stage.last_text == "There are no sockets."
    assert not stage.live.is_on
    stage.runtime.open = [ROW]
    stage.pass_seconds(10 * UPDATE_S)
    assert len(stage.updates) == 1


def test_a_cell_that_is_still_running_may_open_its_first_socket() -> None:
    """So the table does not end meanwhile."""
    stage = Stage()
    stage.live.begin(request(2))
    stage.pass_seconds(3 * UPDATE_S)
    assert stage.live.is_on
    stage.runtime.open = [ROW]
    stage.pass_seconds(UPDATE_S)
    assert "127.0.0.1:80" in stage.last_text


def test_off_leaves_the_last_state_and_says_no_more_that_it_is_live() -> None:
    """Nothing comes afterwards."""
    stage = Stage(ROW)
    assert "live" in stage.last_text
    assert stage.live.off()
    assert "live" not in stage.last_text
    assert "127.0.0.1:80" in stage.last_text
    assert not stage.live.off()
    stage.runtime.open = [replace(ROW, bytes_in=77)]
    stage.pass_seconds(10 * UPDATE_S)
    assert len(stage.updates) == 1


def test_a_second_table_ends_the_first() -> None:
    """One table is live, and one question is asked each second."""
    stage = Stage(ROW)
    stage.live.show(request(2), (ROW,))
    first, second = stage.front.of_kind("display_data")
    assert first["transient"] != second["transient"]
    stage.runtime.open = [replace(ROW, bytes_in=77)]
    stage.pass_seconds(10 * UPDATE_S)
    assert [update["transient"] == second["transient"] for update in stage.updates] == [False, True]


def test_it_ends_with_its_output() -> None:
    """The cell runs again, or was deleted, or the page was reloaded; another cell changes nothing."""
    for later, goes_on in (
        (request(2), True),
        (request(2, cell_id="cell-1"), False),
        (request(2, session="reloaded"), False),
    ):
        stage = Stage(ROW)
        stage.live.begin(later)
        assert stage.live.is_on is goes_on
    stage = Stage(ROW)
    deleting = request(2)
    deleting.parent["metadata"] = {"deletedCells": ["cell-1"]}
    stage.live.begin(deleting)
    assert not stage.live.is_on


def test_an_update_answers_the_latest_request() -> None:
    """VS Code drops it otherwise."""
    stage = Stage(ROW)
    later = request(2)
    stage.live.begin(later)
    stage.runtime.open = [replace(ROW, bytes_in=77)]
    stage.pass_seconds(UPDATE_S)
    assert stage.front.sent[-1].parent is later.parent


def test_a_busy_lua_is_asked_once() -> None:
    """Questions do not pile up."""
    stage = Stage(ROW)
    stage.runtime.is_busy = True
    stage.pass_seconds(100 * UPDATE_S)
    assert stage.runtime.asked == 1


def test_a_reset_leaves_no_sockets_and_starts_no_lua() -> None:
    """The state is gone; the table says so and ends."""
    stage = Stage(ROW)
    stage.engine.reset()
    stage.pass_seconds(2 * UPDATE_S)
    assert stage.last_text == "There are no sockets."
    assert stage.engine.running is None
    assert not stage.live.is_on


def test_live_shows_at_the_end_of_its_cell_what_that_has_opened() -> None:
    """Whoever executes a whole notebook listens until then."""

    async def scene(desk: Desk) -> None:
        await desk.run("%sockets live\nlisten on")
        shown = [one for one in desk.front.sent if "display_data" in one.kind]
        display, update = (
            one for one in shown if one.content["transient"]["display_id"].startswith("sockets-")
        )
        assert display.content["data"]["text/plain"] == "There are no sockets."
        assert "127.0.0.1:80" in update.content["data"]["text/plain"]
        await desk.run("%sockets off")
        assert not desk.bench.live.is_on
        await desk.run("%sockets off")
        assert desk.front.text() == "No table is live; %sockets live displays one.\n"

    play(scene)
