"""A recording's bounds, in memory: what is kept, and that what is not shows."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from ba_runtime.observe import Connected, Moved, Waits, WentOn
from ba_runtime.observe.events import HEAD_BYTES, Address
from ba_runtime.observe.recorder import LONG, Recorder
from ba_runtime.observe.recording import Recording


def begun(most_events: int = 100, most_bytes: int = 10_000) -> tuple[Recorder, Recording]:
    """A recorder with one recording."""
    recorder = Recorder()
    recording = Recording(most_events, most_bytes)
    recorder.begin(recording)
    return recorder, recording


def send(recorder: Recorder, data: bytes, takes: int | None = None) -> None:
    """Sends `data` on socket 1, of which the system takes so much."""
    recorder.sending(1, lambda _: len(data) if takes is None else takes)(data)


def test_the_oldest_events_are_dropped_and_counted() -> None:
    """What is kept and what is not add up, whether or not a poll has come since."""
    recorder, recording = begun(most_events=3)
    for number in range(1, 6):
        recorder.arrived((number, b"x"))
    send(recorder, b"last")
    assert [event.socket for event in recording.events()] == [4, 5, 1]
    assert recording.dropped == 3
    recorder.arrived((0, 0))
    assert [event.socket for event in recording.events()] == [4, 5, 1]
    assert recording.dropped == 3


def test_the_data_that_is_held_is_bounded_too() -> None:
    """However many events that leaves."""
    recorder, recording = begun(most_bytes=250)
    for _ in range(5):
        recorder.arrived((1, b"x" * 100))
    assert len(recording.events()) == 2
    assert recording.dropped == 3


def test_a_bound_may_be_less_than_a_single_turn_holds() -> None:
    """Nothing of it is kept then, and the next one may be."""
    recorder, recording = begun(most_bytes=0)
    recorder.arrived((1, b"x"))
    send(recorder, b"y")
    assert (recording.events(), recording.dropped) == ((), 2)
    recorder.opened(1, "client", 0, None)
    recorder.arrived((0, 0))
    assert (len(recording.events()), recording.dropped) == (0, 3)
    recorder.closed(1, None)
    assert (len(recording.events()), recording.dropped) == (1, 3)


def test_an_event_holds_the_head_of_what_moved() -> None:
    """And knows how much it was: sent in part, received, or in a poll with much else."""
    recorder, recording = begun()
    send(recorder, b"s" * 1000, takes=700)
    recorder.arrived((2, b"r" * 1000, 3, b"short"))
    events = recording.events()
    assert [(one.length, len(one.head)) for one in events if isinstance(one, Moved)] == [
        (700, HEAD_BYTES),
        (1000, HEAD_BYTES),
        (5, 5),
    ]


def test_signals_and_the_end_are_no_data() -> None:
    """Nor is what a stream with TLS has decrypted something on the wire."""
    recorder, recording = begun()
    recorder.layered(5)
    recorder.arrived((-3, 2, 4, b"", 0, 0, 5, b"plain", 6, b"wire", 7, 100))
    assert [(event.socket, event.head) for event in recording.events() if isinstance(event, Moved)] == [
        (6, b"wire")
    ]


def test_a_program_that_never_waits_is_bounded() -> None:
    """It writes without end, and no poll comes in between."""
    recorder, recording = begun(most_events=10)
    for _ in range(5 * LONG):
        send(recorder, b"x")
    assert len(recording.events()) == 10
    assert recording.dropped == 5 * LONG - 10
    assert len(recorder._notes) <= LONG + 1


def test_each_recording_has_what_happened_in_its_time() -> None:
    """And the sockets that were there when it began."""
    recorder, first = begun()
    recorder.opened(1, "client", 2, None)
    second = Recording(100, 1000)
    recorder.begin(second)
    recorder.end(first)
    recorder.closed(1, None)
    recorder.end(second)
    assert [type(event).__name__ for event in first.events()] == ["Opened"]
    assert [type(event).__name__ for event in second.events()] == ["Opened", "Closed"]


def test_a_socket_is_opened_once_and_closed_once() -> None:
    """Whoever it is handed to, and however often each of them says so."""
    recorder, recording = begun()
    recorder.closed(1, b"us")
    recorder.opened(1, "page", 0, None)
    recorder.opened(1, "accepted", 0, None)
    recorder.closed(1, b"peer")
    recorder.closed(1, b"us")
    assert [type(event).__name__ for event in recording.events()] == ["Opened", "Closed"]


def test_a_bound_that_keeps_nothing_is_refused() -> None:
    """There would be nothing to see."""
    with pytest.raises(ValueError, match="at least one event"):
        Recording(0, 0)


def test_events_are_plain_values() -> None:
    """They can be compared, and kept for as long as anybody likes."""
    here, there = Address("127.0.0.1", 1), Address("127.0.0.1", 2)
    assert Connected(0.0, 1, here, there) == Connected(0.0, 1, here, there)


class Lua:
    """Lua's side of a recording: entries that are counted, and handed over when that is asked for."""

    def __init__(self, most_events: int = 100) -> None:
        """A recording has begun."""
        self.count = 0
        self._kept: list[tuple[bytes | int | float | bool, ...]] = []
        self.recorder = Recorder(lambda: self.count)
        self.recording = Recording(most_events, 10_000)
        self.recorder.begin(self.recording)
        self.recording.catch_up = Future  # never done; `hand_over` is

    def sends(self, data: bytes, at_s: float | bool = False) -> None:
        """A plain stream, socket 7, sends."""
        self._kept.append((7, data, at_s, len(data)))
        self.count += 1

    def waits(self, outcome: bytes | bool = False) -> None:
        """Task 3 begins to wait for socket 7, or has waited."""
        self._kept.append((b"3\n7\n1\ncosocket\nread\n0.200", outcome, False, 0))
        self.count += 1

    def hand_over(self, latest: int | None = None) -> None:
        """Hands over what has not been; of it, only the latest are left."""
        kept = self._kept if latest is None else self._kept[-latest:]
        self.recorder.handed(self.count - len(kept), [value for entry in kept for value in entry])
        self._kept.clear()

    def heads(self) -> list[bytes]:
        """The data of the events, in their order."""
        return [one.head for one in self.recording._read()[0] if isinstance(one, Moved)]


def test_what_lua_notes_and_what_python_notes_are_in_one_order() -> None:
    """Whether it is before a poll, in the middle of a turn, or between two things that Lua notes."""
    lua = Lua()
    lua.sends(b"1")
    send(lua.recorder, b"2")
    lua.sends(b"3")
    lua.sends(b"4")
    lua.recorder.arrived((7, b"5"))
    send(lua.recorder, b"6")
    lua.sends(b"7")
    lua.hand_over()
    assert lua.heads() == [b"1", b"2", b"3", b"4", b"5", b"6", b"7"]
    times = [event.at_s for event in lua.recording._read()[0]]
    assert times == sorted(times)


def test_a_wait_that_lua_notes_is_an_event_when_it_is_read() -> None:
    """Its beginning, and its end with what came of it."""
    lua = Lua()
    lua.waits()
    lua.waits(b"timeout")
    lua.hand_over()
    begins, ends = lua.recording._read()[0]
    assert begins == Waits(begins.at_s, 7, 3, "cosocket", 1, "read", 0.2)
    assert ends == WentOn(ends.at_s, 7, 3, "timeout")


def test_what_lua_has_not_handed_over_yet_ends_what_is_read() -> None:
    """What came later is not shown without it: neither what was received, nor what Python sent."""
    lua = Lua()
    lua.sends(b"1")
    lua.hand_over()
    lua.sends(b"2")
    send(lua.recorder, b"3")
    lua.recorder.arrived((7, b"4"))
    assert lua.heads() == [b"1"]
    lua.hand_over()
    assert lua.heads() == [b"1", b"2", b"3", b"4"]
    assert lua.recording._read()[1] == 0


def test_what_lua_has_lost_is_counted_with_all_that_was_before_it() -> None:
    """A gap in what is shown would look like silence."""
    lua = Lua()
    lua.sends(b"1")
    lua.hand_over()
    lua.recorder.arrived((7, b"2"))
    for _ in range(20):
        lua.sends(b"lost")
    send(lua.recorder, b"old")
    lua.sends(b"3")
    lua.hand_over(latest=1)
    lua.recorder.arrived((7, b"4"))
    assert lua.heads() == [b"old", b"3", b"4"]
    assert lua.recording._read()[1] == 22


def test_the_bound_holds_for_what_lua_notes() -> None:
    """In one turn that is longer than it, and over many."""
    lua = Lua(most_events=3)
    for number in range(5):
        lua.sends(b"%d" % number)
    lua.hand_over()
    assert lua.heads() == [b"2", b"3", b"4"]
    for number in range(5, 9):
        lua.sends(b"%d" % number)
        lua.recorder.arrived(())
    lua.hand_over()
    assert lua.heads() == [b"6", b"7", b"8"]
    assert lua.recording._read()[1] == 6
    lua.recorder.end(lua.recording)
    assert lua.heads() == [b"6", b"7", b"8"]
