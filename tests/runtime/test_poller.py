"""The reactor's pollers: epoll's own object where there is one, and the selector that stands in elsewhere."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.lua._programs import session

from ba_runtime import _reactor
from ba_runtime._reactor import READ, WRITE, Poller, SelectorPoller, best_poller

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[best_poller, SelectorPoller], ids=["best", "selector"])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    """Each kind."""
    make: Callable[[], Poller] = request.param
    made = make()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection."""
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        yield one, other


def test_nothing_is_ready_and_then_something_is(poller: Poller, pair: Pair) -> None:
    one, other = pair
    poller.register(one.fileno(), READ)
    assert poller.poll(0, 10) == []
    assert poller.poll(0.01, 10) == []
    other.send(b"x")
    assert poller.poll(5, 10) == [(one.fileno(), READ)]
    assert poller.poll(None, 10) == [(one.fileno(), READ)], "level-triggered"


def test_interest_can_change_and_end(poller: Poller, pair: Pair) -> None:
    one, other = pair
    fd = one.fileno()
    poller.register(fd, WRITE)
    assert poller.poll(5, 10) == [(fd, WRITE)]
    other.send(b"x")
    poller.modify(fd, READ | WRITE)
    assert poller.poll(5, 10) == [(fd, READ | WRITE)]
    poller.modify(fd, READ)
    assert poller.poll(5, 10) == [(fd, READ)]
    poller.unregister(fd)
    assert poller.poll(0, 10) == []


def test_an_end_is_readable(poller: Poller, pair: Pair) -> None:
    one, other = pair
    poller.register(one.fileno(), READ)
    other.close()
    [(fd, mask)] = poller.poll(5, 10)
    assert (fd, mask & READ) == (one.fileno(), READ)


def test_every_descriptor_has_its_turn_when_more_are_ready_than_are_asked_for(poller: Poller) -> None:
    pairs = [socket.socketpair() for _ in range(25)]
    try:
        for one, other in pairs:
            poller.register(one.fileno(), READ)
            other.send(b"x")
        seen: set[int] = set()
        for _ in range(5):
            ready = poller.poll(5, 10)
            assert len(ready) == 10
            seen |= {fd for fd, _ in ready}
        assert seen == {one.fileno() for one, _ in pairs}
    finally:
        for one, other in pairs:
            one.close()
            other.close()


SCRIPTS = Path(__file__).parent.parent / "conformance" / "scripts"
PROGRAMS = (
    "006-echo-server-cosocket",
    "020-blocking-write-large",
    "032-close-other-in-connect",
    "084-many-clients",
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_run_on_the_selector(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As recorded on the server."""
    monkeypatch.setattr(_reactor, "best_poller", SelectorPoller)
    with session() as lua:
        assert lua.run((SCRIPTS / f"{name}.lua").read_text(encoding="utf-8")).error is None
        lua.recorder.wait_for_trace("DONE")
        expected = (SCRIPTS / f"{name}.expected").read_text(encoding="latin-1").splitlines()
        assert lua.recorder.traced == expected
