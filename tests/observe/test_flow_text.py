"""What a picture says, in its text form."""

from __future__ import annotations

import pytest

from ba_runtime.observe import (
    Address,
    Closed,
    Connected,
    Connecting,
    Event,
    Failed,
    Misbehaved,
    Moved,
    Opened,
    Resolved,
    Secured,
    Waits,
    WentOn,
)
from ba_runtime.observe.diagram import Arrow, Mark
from ba_runtime.observe.draw import draw
from ba_runtime.observe.events import Closer
from ba_runtime.observe.facts import Names
from ba_runtime.observe.text import to_text
from tests.observe._recordings import HERE, echo, mishaps, secure

UNTIMED = Names({3: "conn"}, {Address("127.9.9.8", 53): ("dns.lab.test", 53)}, is_timed=False)

ECHO = """\
 listener :8181         cell [2]             cosocket [1] conn
        • listen            │                        │
        ╏ accept            ┃ connect                │
        ╏◄─── connect ──────┃                        │
        ╏╌╌ accept ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►│
        │                   │                        ╏ read
        │                   │── “hello”  7 bytes ───►╏
        │                   ┃ read 200 ms            │
        │                   ┃◄─── “hello”  7 bytes ──│
        │                   ┃ read 200 ms            ╏ read
        │                   ! read: timeout          ╏
        │                   ╳╌╌ close ╌╌╌╌╌╌╌╌╌╌╌╌╌╌►╏
        │                   │                        │"""  # noqa: RUF001 - box-drawing characters

SECURE = """\
            cell [2]                        www.google.com:443 (lab)
+0.0 ms         ┃ connect                               │
+0.0 ms         • look up www.google.com                │
+1.0 ms         ┃── connect ───────────────────────────►│
+4.0 ms         ┃◄═ TLS 1.3 www.google.com, trusted ═══►│
+5.0 ms         │── “GET / HTTP/1.1…”  40 bytes ───────►│
+5.0 ms         ┃ read 5 s                              │
+6.0 ms         ┃◄─── “HTTP/1.1 200 OK…”  850 bytes ────│
+8.0 ms         ╳╌╌ close ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►│
                │                                       │"""  # noqa: RUF001 - box-drawing characters


def text(events: list[Event], names: Names = UNTIMED) -> str:
    """The text form of a recording."""
    return to_text(draw(events, names))


def test_both_ends_of_a_connection_are_one_conversation() -> None:
    """What one end sends and the other receives is one arrow between those who use the two sockets."""
    assert text(echo()) == ECHO


def test_a_tls_connection_shows_what_was_said_in_it() -> None:
    """The handshake is one arrow, the bytes on the wire are left out, and pieces of an answer are one."""
    assert text(secure(), Names()) == SECURE


@pytest.mark.parametrize(
    "said",
    [
        "! “two!”  4 bytes,",
        "! connect  connectionrefused",
        "! reset: socketreadfailed",
        "error: attempt to",
        "dns.lab.test:53 (lab)",
    ],
)
def test_what_went_wrong_is_in_the_picture(said: str) -> None:
    """Losses, refusals, resets and errors say what they are, and names take the place of addresses."""
    assert said in text(mishaps())


def test_a_lost_datagram_is_the_same_told_before_or_after_it_was_sent() -> None:
    """Whichever of the two events is recorded first, there is one arrow, and it does not arrive."""
    sent = Moved(0.0, 5, True, "wire", 4, b"two!", peer=Address("127.9.9.8", 53))
    lost = Misbehaved(0.0, 5, "lost", "dns.lab.test", True, 4)
    orders: list[list[Event]] = [[sent, lost], [lost, sent]]
    for events in orders:
        opened = Opened(0.0, 5, "datagram", 3, peer=Address("127.9.9.8", 53))
        picture = draw([opened, *events], UNTIMED)
        assert [getattr(row, "is_lost", False) for row in picture.rows] == [True]


def test_the_numbers_of_sockets_and_chosen_ports_change_nothing() -> None:
    """The same conversation over other sockets and another port is the same picture."""

    def other(event: Event) -> Event:
        from dataclasses import fields, replace

        changed: dict[str, object] = {"socket": event.socket + 100 if event.socket else 0}
        for field in fields(event):
            value = getattr(event, field.name)
            if value == HERE:
                changed[field.name] = Address(HERE.host, 55_555)
        if isinstance(event, Opened) and event.parent:
            changed["parent"] = event.parent + 100
        return replace(event, **changed)  # type: ignore[arg-type]

    assert text([other(event) for event in echo()], Names(is_timed=False)) == text(
        echo(), Names(is_timed=False)
    )


def test_how_a_stream_was_cut_changes_nothing() -> None:
    """An answer in three pieces, each waited for, is drawn as an answer in one."""

    def answer(*pieces: bytes) -> list[Event]:
        peer = Address("127.9.9.9", 80)
        events: list[Event] = [
            Opened(0.0, 1, "client", 1),
            Connecting(0.0, 1, "lab.test", peer),
            Connected(0.0, 1, HERE, peer),
        ]
        for piece in pieces:
            events += [
                Waits(0.0, 1, 9, "cell", 1, "read", 1.0),
                Moved(0.0, 1, False, "wire", len(piece), piece),
                WentOn(0.0, 1, 9),
            ]
        return [*events, Closed(0.0, 1, "us")]

    assert text(answer(b"one ", b"two ", b"three")) == text(answer(b"one two three"))


def test_a_loop_that_waits_again_and_again_has_one_bar() -> None:
    """How often a cell looked whether a cosocket was done is different on every run."""

    def polling(times: int) -> list[Event]:
        events: list[Event] = []
        for _ in range(times):
            events += [Waits(0.0, 0, 9, "cell", 4, "sleep", 0.05), WentOn(0.0, 0, 9)]
        events += [Waits(0.0, 0, 9, "cell", 4, "sleep", 0.05), *mishaps()[:4], WentOn(0.0, 0, 9)]
        return events

    assert text(polling(1)) == text(polling(7))
    assert text(polling(1)).count("sleep 50 ms") == 1


def test_a_wait_that_was_answered_and_the_next_one_are_two() -> None:
    """Also where the cosocket that answered begins to wait before the cell goes on."""
    events = echo()
    went_on = events.pop(16)
    events.insert(17, went_on)
    assert isinstance(went_on, WentOn)
    picture = draw(events, UNTIMED)
    assert [bar.is_red for bar in picture.bars if bar.is_blocking] == [False, False, True]


@pytest.mark.parametrize("waits", [True, False])
def test_the_end_of_a_connection_looks_the_same_whether_it_was_waited_for(waits: bool) -> None:
    """The reader may have found it with the answer before it; only a long wait is drawn."""

    def picture(ended_at_s: float) -> str:
        events: list[Event] = [
            Opened(0.0, 1, "client", 2),
            Waits(0.0, 1, 9, "cell", 2, "read", 5.0),
            Moved(0.001, 1, False, "wire", 2, b"ok"),
            WentOn(0.001, 1, 9),
            *([Waits(0.001, 1, 9, "cell", 2, "read", 5.0)] if waits else []),
            Opened(0.002, 7, "datagram", 3),
            Moved(0.002, 7, True, "wire", 1, b"x", peer=Address("127.9.9.8", 53)),
            Closed(ended_at_s, 1, "peer"),
            *([WentOn(ended_at_s, 1, 9, "socketreadfailed")] if waits else []),
        ]
        return text(events)

    assert picture(0.003).count("read 5 s") == 1
    assert picture(0.2).count("read 5 s") == 1 + waits


def test_a_bar_ends_with_what_came_however_late_its_task_went_on() -> None:
    """Another arrow may come first."""
    events: list[Event] = [
        Opened(0.0, 1, "client", 2),
        Waits(0.0, 1, 9, "cell", 2, "read", 5.0),
        Moved(0.001, 1, False, "wire", 2, b"ok"),
        Closed(0.002, 1, "peer"),
        WentOn(0.002, 1, 9),
    ]
    picture = draw(events, UNTIMED)
    (bar,) = picture.bars
    row = picture.rows[bar.last]
    assert isinstance(row, Arrow)
    assert row.label == "“ok”"


def test_a_bar_ends_above_the_next_one_of_its_lifeline() -> None:
    """Also where another lifeline began to wait before the first wait had ended."""
    events: list[Event] = [
        Opened(0.0, 1, "client", 2),
        Opened(0.0, 2, "client", 2),
        Waits(0.0, 1, 9, "cell", 2, "read", 5.0),
        Moved(0.0, 2, True, "wire", 2, b"ab"),
        Waits(0.0, 2, 8, "cosocket", 3, "read", 1.0),
        WentOn(0.0, 1, 9),
        Waits(0.0, 1, 9, "cell", 2, "accept"),
    ]
    picture = draw(events, UNTIMED)
    ends = {bar.last for bar in picture.bars if bar.is_blocking and not bar.is_open}
    starts = {bar.first for bar in picture.bars if bar.is_blocking}
    assert not ends & starts


def test_a_peer_that_is_not_trusted_is_red() -> None:
    """With the reason that `trusted` gives."""
    events: list[Event] = [
        Opened(0.0, 1, "client", 1),
        Connecting(0.0, 1, "lab.test", Address("127.9.9.9", 443), is_in_lab=True),
        Secured(0.0, 1, "TLS_1_2", "", "lab.test", trust="cn"),
    ]
    row = draw(events, UNTIMED).rows[-1]
    assert isinstance(row, Arrow)
    assert (row.label, row.is_red) == ("TLS 1.2 lab.test, not trusted (cn)", True)


@pytest.mark.parametrize(
    ("by", "label", "is_red"),
    [
        ("us", "close", False),
        ("peer", "close", False),
        ("reset", "reset", True),
        ("collector", "closed: no longer used", False),
        ("error", "closed by an error", True),
        ("interrupt", "closed by the interrupt", True),
        ("end", "closed at the end", False),
    ],
)
def test_who_has_closed_is_drawn(by: Closer, label: str, is_red: bool) -> None:
    """As an arrow from whoever did it to the other end, or as a cross where it is neither's doing."""
    events: list[Event] = [
        Opened(0.0, 1, "client", 1),
        Connecting(0.0, 1, "lab.test", Address("127.9.9.9", 443)),
        Closed(0.0, 1, by),
    ]
    picture = draw(events, UNTIMED)
    row = picture.rows[-1]
    assert isinstance(row, (Arrow, Mark))
    assert (row.label, row.is_red) == (label, is_red)
    if isinstance(row, Arrow):
        ends = [picture.lifelines[row.source].name, picture.lifelines[row.target].name]
        assert ends == (["cell [1]", "lab.test:443"] if by == "us" else ["lab.test:443", "cell [1]"])
    else:
        assert (picture.lifelines[row.lifeline].name, row.is_cross) == ("cell [1]", True)


def test_a_cell_that_talks_to_itself_has_two_lifelines() -> None:
    """A cell that owns both ends of a connection shows the accepted one beside itself."""
    events: list[Event] = [
        Opened(0.0, 1, "listener", 1, local=Address("127.0.0.1", 8181)),
        Opened(0.0, 2, "client", 1),
        Waits(0.0, 2, 9, "cell", 1, "connect"),
        Connected(0.0, 2, HERE, Address("127.0.0.1", 8181)),
        WentOn(0.0, 2, 9),
        Opened(0.0, 3, "accepted", 1, parent=1, local=Address("127.0.0.1", 8181), peer=HERE),
        Moved(0.0, 2, True, "wire", 2, b"hi"),
        Waits(0.0, 3, 9, "cell", 1, "read"),
        Moved(0.0, 3, False, "wire", 2, b"hi"),
        WentOn(0.0, 3, 9),
    ]
    names = [line.name for line in draw(events, UNTIMED).lifelines]
    assert names == ["listener :8181", "cell [1]", "accepted [1] conn"]


def test_the_last_rows_are_shown_and_the_others_counted() -> None:
    """Ten thousand events make a picture of sixty rows that says what is missing."""
    peer = Address("127.0.0.9", 9)
    sent = (Moved(0.0, 1, True, "wire", 4, b"%04d" % number, peer) for number in range(10_000))
    events: list[Event] = [Opened(0.0, 1, "datagram", 1), *sent]
    picture = draw(events, UNTIMED)
    assert (len(picture.rows), picture.hidden) == (60, 9_940)
    said = to_text(picture)
    assert "9,940 earlier events are not shown" in said
    assert "“9999”" in said


def test_many_take_part_in_eight_columns() -> None:
    """The busiest have a lifeline of their own, and the rest share one that says how many they are."""
    events: list[Event] = []
    for number in range(1, 31):
        events.append(Opened(0.0, number, "datagram", number))
        events.append(Moved(0.0, number, True, "wire", 1, b"x", peer=Address("127.0.0.9", 9)))
    names = [line.name for line in draw(events, UNTIMED).lifelines]
    assert len(names) == 8
    assert names[-1] == "24 others"


def test_a_long_silence_is_folded_where_times_are_shown() -> None:
    """It says how long it was; without times it would not be the same on every run."""
    assert "⋮ 2.48 s of silence" in text(mishaps(), Names())
    assert "silence" not in text(mishaps())


def test_datagrams_between_own_sockets_are_one_arrow() -> None:
    """Of a connected socket too, whose events do not say where they go."""
    here, there = Address("127.0.0.1", 40_001), Address("127.0.0.1", 5454)
    events: list[Event] = [
        Opened(0.0, 1, "datagram", 1, local=Address("0.0.0.0", 5454)),
        Opened(0.0, 2, "datagram", 2, local=here, peer=there),
        Moved(0.0, 2, True, "wire", 4, b"ping"),
        Moved(0.0, 1, False, "wire", 4, b"ping", here),
        Moved(0.0, 1, True, "wire", 4, b"pong", here),
        Moved(0.0, 2, False, "wire", 4, b"pong"),
    ]
    picture = draw(events, UNTIMED)
    assert [line.name for line in picture.lifelines] == ["cell [2]", "cell [1]"]
    assert len(picture.rows) == 2


def test_a_name_that_is_not_found_is_told_once() -> None:
    """In the documented word, since the resolver's own differ from system to system."""
    events: list[Event] = [
        Opened(0.0, 1, "client", 1),
        Resolved(0.0, 1, "nobody.invalid", (), "Name or service not known"),
        Failed(0.0, 1, "cannotresolve", "Name or service not known"),
        Closed(0.0, 1, "error", "cannotresolve"),
    ]
    picture = draw(events, UNTIMED)
    assert [getattr(row, "label", "") for row in picture.rows] == ["look up nobody.invalid: cannotresolve"]


def test_bytes_that_are_no_text_are_escaped_as_bytes() -> None:
    """And the number of bytes is there however long the head is."""
    events: list[Event] = [
        Opened(0.0, 1, "datagram", 1),
        Moved(0.0, 1, True, "wire", 48, b"\x1b" + bytes(47), Address("192.0.2.1", 123)),
    ]
    assert "“\\x1b\\0\\0" in text(events)
    assert "48 bytes" in text(events)


def test_what_was_there_before_is_not_seen_to_open() -> None:
    """A recording begins with all sockets; those are not news."""
    events: list[Event] = [Opened(0.0, 1, "listener", 1, local=Address("127.0.0.1", 8181))]
    assert "listen" in text(events)
    assert draw(events, Names(known=frozenset({1}))).rows == ()


def test_nothing_is_a_sentence() -> None:
    """A recording without events says that nothing happened."""
    assert text([]) == "No socket did anything."


def test_the_page_server_is_one_party() -> None:
    """Its listener and its connections, which belong to no cell."""
    server = Address("127.0.0.1", 40_000)
    events: list[Event] = [
        Opened(0.0, 1, "listener", 0, local=server),
        Opened(1.0, 2, "client", 3),
        Connecting(1.0, 2, "127.0.0.1", server),
        Opened(1.1, 4, "page", 0, parent=1, local=server, peer=HERE),
        Connected(1.1, 2, HERE, server),
        Moved(1.2, 2, True, "wire", 3, b"GET"),
        Moved(1.3, 4, True, "wire", 2, b"ok"),
    ]
    picture = draw(events, Names(known=frozenset({1}), is_timed=False))
    assert [line.name for line in picture.lifelines] == ["cell [3]", "page server"]
