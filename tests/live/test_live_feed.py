"""What viewers are sent, without a network: `Feed` over a runtime that answers when a test says so."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from ba_runtime.errors import RuntimeClosed
from ba_runtime.events import Fault, Note, SocketInfo, Traced
from ba_runtime.lab import Lab
from ba_runtime.live import Feed, Viewer
from ba_runtime.live._source import Recording
from ba_runtime.live.messages import Message, from_json, to_json, wish
from ba_runtime.trace import Ring
from ba_runtime.web import HttpTrace

ROW = SocketInfo(7, "client", "terminated", "127.0.0.1:1", "127.0.0.1:2", 3, 4, 5.04, 2, holder="s")


@dataclass
class FakeLua:
    """A runtime without Lua: it remembers what it was told, and answers when the test does."""

    http: list[HttpTrace] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    asked: list[Future[tuple[SocketInfo, ...]]] = field(default_factory=list)
    closing: list[int | None] = field(default_factory=list)

    def sockets(self) -> Future[tuple[SocketInfo, ...]]:
        """Is asked, and does not answer yet."""
        self.asked.append(Future())
        return self.asked[-1]

    def close_sockets(
        self, *, socket: int | None = None, cell: int | None = None
    ) -> Future[tuple[SocketInfo, ...]]:
        """Has closed it if it is number 7."""
        self.closing.append(socket)
        closed: Future[tuple[SocketInfo, ...]] = Future()
        closed.set_result((ROW,) if socket == 7 else ())
        return closed

    def record(self) -> Recording:
        """Is not recorded in these tests."""
        raise AssertionError

    def trace_http(self, wanted: HttpTrace) -> None:
        """Remembers."""
        self.http.append(wanted)

    def set_trace_level(self, level: int, asker: str = "") -> None:
        """Remembers."""
        self.levels.append(level)


class Desk:
    """A feed whose clock the test moves, and one viewer of it."""

    def __init__(self, kept: int = 100) -> None:
        """Nothing has come."""
        self.now = 0.0
        self.running: FakeLua | None = FakeLua()
        self.lab: Lab | None = None
        self.ring = Ring(kept, clock=lambda: 1.5)
        self.feed = Feed(self.ring, self, "title", clock=lambda: self.now)
        self.viewer = self.feed.viewer()

    @property
    def lua(self) -> FakeLua:
        """The runtime that there is."""
        assert self.running is not None
        return self.running

    def start(self, session: str = "", after: int = 0) -> None:
        """Lets the viewer begin."""
        self.viewer.receive({"type": "start", "session": session, "after": after})

    def note(self, *texts: str) -> None:
        """Adds lines."""
        for text in texts:
            self.ring.add(Note(0, text))


def texts(messages: list[Message]) -> list[str]:
    """Returns the texts of the lines in messages."""
    return [line[7] for message in messages if message["type"] == "lines" for line in message["lines"]]


def of_type(messages: list[Message], kind: str) -> list[Message]:
    """Returns the messages of one type."""
    return [message for message in messages if message["type"] == kind]


def test_nothing_is_sent_before_the_page_begins() -> None:
    """It may not be ready for it."""
    desk = Desk()
    desk.note("one")
    assert desk.viewer.due() == []


def test_the_lines_from_before_come_first() -> None:
    """After a greeting; and then what holds for all."""
    desk = Desk()
    desk.note("one", "two")
    desk.start()
    due = desk.viewer.due()
    assert [message["type"] for message in due] == ["hello", "lines", "state"]
    assert (due[0]["title"], due[0]["session"], due[0]["kept"]) == ("title", desk.feed.session, 10_000)
    assert (due[1]["first"], due[1]["came"], texts(due)) == (0, 2, ["one", "two"])


def test_a_line_says_where_it_comes_from() -> None:
    """Its kind, its time, its cell, its socket and its level, besides what the trace area shows."""
    desk = Desk()
    desk.ring.add(Traced(3, "cell[3]", 12, "f", b"got", priority=2, socket=9))
    desk.start()
    (lines,) = of_type(desk.viewer.due(), "lines")
    assert lines["lines"] == [["trace", 1500, 3, 9, 2, "[3]:12", "f", "got", ""]]


def test_what_tells_of_an_error_is_marked_as_one() -> None:
    """Also a remark of the runtime's that something has ended."""
    desk = Desk()
    desk.ring.add(Fault(4, b"Lua error: boom"))
    desk.ring.add(Note(4, "it was dropped", is_end=True))
    desk.ring.add(Note(4, "by the way"))
    desk.start()
    (lines,) = of_type(desk.viewer.due(), "lines")
    assert [line[0] for line in lines["lines"]] == ["fault", "fault", "note"]


def test_the_next_batch_waits_until_the_page_has_got_the_last() -> None:
    """So a slow page holds nothing up, and nothing is queued for it."""
    desk = Desk()
    desk.start()
    desk.note("one")
    assert texts(desk.viewer.due()) == ["one"]
    desk.note("two")
    assert texts(desk.viewer.due()) == []
    desk.viewer.receive({"type": "got", "upto": 1})
    assert texts(desk.viewer.due()) == ["two"]


def test_a_page_that_was_too_slow_misses_the_oldest_lines() -> None:
    """And sees by the numbers how many."""
    desk = Desk(kept=3)
    desk.start()
    desk.note("0")
    desk.viewer.due()
    desk.note("1", "2", "3", "4", "5")
    desk.viewer.receive({"type": "got", "upto": 1})
    (lines,) = of_type(desk.viewer.due(), "lines")
    assert (lines["first"], texts([lines])) == (3, ["3", "4", "5"])


def test_a_batch_has_an_end() -> None:
    """However many lines there are, and they come in order."""
    desk = Desk(kept=5000)
    desk.note(*map(str, range(4500)))
    desk.start()
    came: list[str] = []
    sizes = []
    while batch := of_type(desk.viewer.due(), "lines"):
        came += texts(batch)
        sizes.append(len(batch[0]["lines"]))
        desk.viewer.receive({"type": "got", "upto": len(came)})
    assert sizes == [2000, 2000, 500]
    assert came == list(map(str, range(4500)))


def test_a_page_that_comes_back_goes_on_where_it_was() -> None:
    """If the lines are still those that it knows; of another kernel it wants all."""
    desk = Desk()
    desk.note("one", "two")
    desk.start(desk.feed.session, 1)
    assert texts(desk.viewer.due()) == ["two"]
    desk.start("another", 1)
    assert texts(desk.viewer.due()) == ["one", "two"]


def test_a_page_that_stops_gets_nothing() -> None:
    """Until it begins again; meanwhile the lines stay where they are."""
    desk = Desk()
    desk.start()
    desk.viewer.due()
    desk.viewer.receive({"type": "stop"})
    desk.note("meanwhile")
    assert desk.viewer.due() == []
    desk.start(desk.feed.session, 0)
    assert texts(desk.viewer.due()) == ["meanwhile"]


def test_clearing_is_told_before_what_comes_after_it() -> None:
    """`%trace clear` empties the windows too."""
    desk = Desk()
    desk.start()
    desk.note("old")
    desk.viewer.due()
    desk.ring.clear()
    desk.note("new")
    desk.viewer.receive({"type": "got", "upto": 1})
    due = desk.viewer.due()
    assert due[0] == {"type": "cleared", "upto": 1}
    assert (due[1]["first"], texts(due)) == (1, ["new"])


def test_errors_are_counted_in_the_state() -> None:
    """Which is sent when it has changed, and not otherwise."""
    desk = Desk()
    desk.start()
    (state,) = of_type(desk.viewer.due(), "state")
    assert (state["faults"], state["level"], state["is_running"]) == (0, 5, True)
    assert desk.viewer.due() == []
    desk.ring.add(Fault(4, b"Lua error: boom"))
    (state,) = of_type(desk.viewer.due(), "state")
    assert (state["faults"], state["last_fault"]) == (1, "[4]")


def test_two_viewers_see_the_same() -> None:
    """And neither waits for the other."""
    desk = Desk()
    desk.start()
    other = desk.feed.viewer()
    desk.note("one")
    desk.viewer.due()
    other.receive({"type": "start", "session": "", "after": 0})
    assert texts(other.due()) == ["one"]


# ---------------------------------------------------------------- settings


def test_http_is_traced_while_somebody_wants_it() -> None:
    """All windows have one setting, as the server has."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "http", "part": "request_line", "on": True})
    assert desk.lua.http == [HttpTrace(request_line=True)]
    (state,) = of_type(desk.viewer.due(), "state")
    assert state["http"]["request_line"]
    desk.viewer.receive({"type": "http", "part": "request_line", "on": False})
    assert desk.lua.http[-1] == HttpTrace()


def test_the_lowest_priority_that_somebody_wants_is_traced() -> None:
    """Never less than is shown by default, as others look too; and only while the viewer is there."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "level", "level": 9})
    other = desk.feed.viewer()
    other.receive({"type": "start"})
    other.receive({"type": "level", "level": 1})
    assert desk.lua.levels == [9]
    desk.viewer.close()
    assert desk.lua.levels == [9, 5]


def test_a_fresh_lua_state_gets_the_settings() -> None:
    """After `%reset` it knows none of them."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "level", "level": 9})
    desk.viewer.receive({"type": "http", "part": "response_body", "on": True})
    desk.running = None
    (state,) = of_type(desk.viewer.due(), "state")
    assert state["is_running"] is False
    desk.running = FakeLua()
    desk.viewer.due()
    assert desk.lua.levels == [9]
    assert desk.lua.http == [HttpTrace(response_body=True)]


def test_closing_takes_back_what_was_set() -> None:
    """Nobody looks any more, so nothing is to cost anything."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "level", "level": 9})
    desk.viewer.receive({"type": "http", "part": "response_body", "on": True})
    desk.feed.close()
    assert (desk.lua.levels[-1], desk.lua.http[-1]) == (5, HttpTrace())


def test_a_viewer_of_a_closed_feed_gets_nothing() -> None:
    """Whoever carries its messages may not know yet."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "view", "name": "flow"})
    desk.feed.close()
    assert desk.viewer.due() == []
    desk.viewer.receive({"type": "lab", "words": "clear all"})
    desk.start()
    assert desk.viewer.due() == []
    desk.viewer.close()


# ---------------------------------------------------------------- sockets


def sockets_of(viewer: Viewer) -> list[Message]:
    """Returns what the table of sockets is told now."""
    return of_type(viewer.due(), "sockets")


def test_sockets_are_asked_for_while_somebody_looks_at_them() -> None:
    """Once a second at most, and not for a page that shows the trace."""
    desk = Desk()
    desk.start()
    desk.viewer.due()
    assert desk.lua.asked == []
    desk.viewer.receive({"type": "view", "name": "sockets"})
    assert sockets_of(desk.viewer) == []
    desk.lua.asked[0].set_result((ROW,))
    (table,) = sockets_of(desk.viewer)
    assert table["rows"][0]["variable"] == "s"
    assert (table["rows"][0]["age_s"], table["more"], table["is_late"]) == (5.0, 0, False)
    desk.now = 0.9
    desk.viewer.due()
    assert len(desk.lua.asked) == 1
    desk.now = 1.0
    desk.viewer.due()
    assert len(desk.lua.asked) == 2


def test_a_busy_lua_is_not_asked_again_and_the_table_says_so() -> None:
    """The rows that are known stay."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "view", "name": "sockets"})
    desk.viewer.due()
    desk.lua.asked[0].set_result((ROW,))
    desk.viewer.due()
    desk.now = 2.0
    desk.viewer.due()
    desk.now = 5.0
    (table,) = sockets_of(desk.viewer)
    assert (table["is_late"], len(table["rows"]), len(desk.lua.asked)) == (True, 1, 2)


def test_a_lua_state_that_is_gone_has_no_sockets() -> None:
    """Neither one that has just closed, nor none at all."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "view", "name": "sockets"})
    desk.viewer.due()
    desk.lua.asked[0].set_exception(RuntimeClosed("closed"))
    assert sockets_of(desk.viewer)[0]["rows"] == []
    desk.running = None
    assert sockets_of(desk.viewer) == []


def test_a_socket_is_closed_on_request() -> None:
    """And the page hears of it, also when there was none."""
    desk = Desk()
    desk.start()
    for number, text in ((7, "Closed socket 7."), (8, "There is no socket 8 any more.")):
        desk.viewer.receive({"type": "close", "socket": number})
        (said,) = of_type(desk.viewer.due(), "said")
        assert (said["text"], said["is_error"]) == (text, number == 8)
    assert desk.lua.closing == [7, 8]


def test_closing_without_a_number_closes_nothing() -> None:
    """Above all not every socket."""
    desk = Desk()
    desk.start()
    for socket in (0, None, "7", -1, 7.0, True, [7]):
        desk.viewer.receive({"type": "close", "socket": socket})
    assert desk.lua.closing == []


def test_an_order_to_the_lab_while_it_is_off_is_answered() -> None:
    """With what turns it on."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "lab", "words": "cut www.google.com"})
    desk.feed._workers.shutdown(wait=True)
    (said,) = of_type(desk.viewer.due(), "said")
    assert (said["is_error"], said["text"]) == (True, "The lab network is off; %lab on turns it on.")


# ---------------------------------------------------------------- a page that cannot be trusted


@pytest.mark.parametrize(
    "message",
    [
        *(None, 1, "start", [], {}, {"type": None}, {"type": []}, {"type": "unknown"}),
        {"type": "view", "name": "../x"},
        {"type": "view", "name": []},
        {"type": "http", "part": "__class__", "on": True},
        {"type": "http", "part": {}, "on": True},
        {"type": "lab", "words": 5},
        {"type": "lab"},
    ],
)
def test_a_message_that_makes_no_sense_is_ignored(message: object) -> None:
    """It neither fails nor changes anything."""
    assert wish(message) is None
    desk = Desk()
    desk.start()
    desk.viewer.receive(message)
    assert [one["type"] for one in desk.viewer.due()] == ["hello", "state"]


@pytest.mark.parametrize("number", [-1, 1 << 60, 1.5, "1", None, True, float("inf")])
def test_a_number_that_is_none_is_0(number: object) -> None:
    """Whatever JSON can hold."""
    checked = wish({"type": "start", "session": "x", "after": number})
    assert checked is not None
    assert checked.number == 0


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"1e999"])
def test_what_is_no_json_is_nothing(data: bytes) -> None:
    """Also when it is nested without end."""
    assert wish(from_json(data)) is None


def test_any_text_can_be_sent() -> None:
    """Half an emoji too, which UTF-8 cannot hold; and JSON keeps what looks like HTML as it is."""
    data = to_json({"text": "</script>\ud800\u2028é"})
    assert json.loads(data.replace(b"\\ud800", b"\\\\ud800"))["text"] == "</script>\\ud800\u2028é"


def test_names_that_a_program_chose_are_written_out() -> None:
    """No control character, no second line, no end."""
    desk = Desk()
    desk.start()
    desk.viewer.receive({"type": "view", "name": "sockets"})
    desk.viewer.due()
    desk.lua.asked[0].set_result(
        (SocketInfo(1, "client", "x", "", "", 0, 0, 0.0, 0, holder="a\x1b\n\udc80" + "x" * 500),)
    )
    variable = sockets_of(desk.viewer)[0]["rows"][0]["variable"]
    assert variable.startswith("a\\x1b\\n\\x80xxx")
    assert variable.endswith("…")
    assert len(variable) == 121
