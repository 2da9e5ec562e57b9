"""A recording's bounds, in memory: what is kept, and that what is not shows."""

from __future__ import annotations

import pytest

from ba_runtime.observe import Connected, Moved
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
