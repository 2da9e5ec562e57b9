"""How connecting takes time: what a handshake costs, and that it is let go exactly once."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest
from tests.lab._held_clock import run_held

from ba_runtime._resolver import Answer, Resolver
from ba_runtime.lab import Conditions, Lab, LabError
from ba_runtime.lab._hold import Holds
from ba_runtime.lab._link import NEVER, Link

PATIENCE_S = 20


def handshakes(conditions: Conditions, count: int = 200) -> list[float]:
    """How long each of some handshakes takes."""
    link = Link("host.test")
    link.set(conditions)
    return [link.handshake_s() for _ in range(count)]


def test_a_handshake_takes_a_round_trip() -> None:
    """Both directions of the delay; each varies for itself."""
    assert set(handshakes(Conditions(delay_s=0.2))) == {0.4}
    varied = handshakes(Conditions(delay_s=0.2, jitter_s=0.1))
    assert 0.2 <= min(varied) < 0.25
    assert 0.55 < max(varied) <= 0.6


def test_a_lost_handshake_is_tried_again_after_one_second() -> None:
    """Then after two more, and so on; in the end nobody tries any more."""
    times = handshakes(Conditions(loss=0.5, delay_s=0.1), 2000)
    assert {round(time - 0.2, 6) for time in times} <= {0, 1, 3, 7, 15, 31, 63, NEVER}
    assert max(time for time in times if time != NEVER) > 15
    assert 0.2 < times.count(0.2) / 2000 < 0.3  # a quarter, as it goes both ways
    assert set(handshakes(Conditions(loss=1))) == {NEVER}


def test_setting_conditions_again_brings_the_same_handshakes() -> None:
    """And the same numbers of connections, on which their luck depends."""
    link = Link("host.test")
    runs = []
    for _ in range(2):
        link.set(Conditions(loss=0.5))
        assert [link.next_connection(port) for port in (7, 7, 80)] == [1, 2, 1]
        runs.append([link.handshake_s() for _ in range(50)])
    assert runs[0] == runs[1]


def test_a_handshake_without_delay_or_loss_is_not_held() -> None:
    """Nothing else changes how long it takes."""

    async def scene() -> None:
        link = Link("host.test")
        link.set(Conditions(rate_bps=1, duplicate=1, reorder=1, reset_after=0, is_refusing=True))
        assert not Holds(asyncio.get_running_loop()).hold(link, lambda: pytest.fail("never called"))

    run_held(scene())


def test_a_held_handshake_meets_the_new_conditions() -> None:
    """It starts again, when the loss of everything is over or a delay is set."""

    async def scene() -> list[float]:
        loop = asyncio.get_running_loop()
        link = Link("host.test")
        link.set(Conditions(loss=1))
        holds = Holds(loop)
        ready: list[float] = []
        assert holds.hold(link, lambda: ready.append(loop.time()))
        await asyncio.sleep(100)
        assert not ready
        link.set(Conditions(delay_s=0.5))
        await asyncio.sleep(100)
        link.set(Conditions(delay_s=0.1))
        holds.close()
        return ready

    assert run_held(scene()) == [101]


def test_what_is_held_at_the_end_is_let_go() -> None:
    """Exactly once each, also what has not begun to wait, and nothing is held afterwards."""

    async def scene() -> None:
        link = Link("host.test")
        link.set(Conditions(delay_s=60))
        holds = Holds(asyncio.get_running_loop())
        ready: list[int] = []
        for number in range(2):
            assert holds.hold(link, partial(ready.append, number))
            await asyncio.sleep(number)
        holds.close()
        assert sorted(ready) == [0, 1]
        assert not holds.hold(link, lambda: ready.append(2))
        await asyncio.sleep(100)
        link.set(Conditions())
        assert sorted(ready) == [0, 1]

    run_held(scene())


def test_what_is_held_is_bounded() -> None:
    """The oldest is let go, which is the most likely to have given up."""

    async def scene() -> None:
        link = Link("host.test")
        link.set(Conditions(loss=1))
        holds = Holds(asyncio.get_running_loop())
        ready: list[int] = []
        for number in range(1003):
            assert holds.hold(link, partial(ready.append, number))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ready == [0, 1, 2]
        holds.close()
        assert ready == list(range(1003))

    run_held(scene())


def test_the_resolver_waits_for_the_lab_when_it_is_asked_for_a_connection() -> None:
    """Not for an address alone, nor for datagrams, nor for another host, nor when there is no address."""
    lab = Lab()
    lab.start()
    resolver = Resolver()
    try:
        resolver.set_routes(lab.routes, lab)
        lab.set_conditions("echo.lab.test", Conditions(loss=1))
        answers: list[Answer] = []
        resolver.lookup("echo.lab.test", 0, "tcp", False, answers.append)
        resolver.lookup("echo.lab.test", 7, "udp", False, answers.append)
        resolver.lookup("echo.lab.test", 7, "tcp", True, answers.append)
        resolver.lookup("example.com", 80, "tcp", False, answers.append)
        assert len(answers) == 4
        held = threading.Event()
        resolver.lookup("Echo.lab.test.", 7, "tcp", False, lambda answer: held.set())
        resolver.lookup("echo.lab.test", 8, "tcp", False, answers.append)
        assert not held.is_set()
        lab.clear("echo.lab.test")
        assert held.wait(PATIENCE_S)
    finally:
        lab.stop()
        resolver.close()
    assert len(answers) == 5


def test_a_lab_that_is_off_holds_nothing_and_has_no_conditions() -> None:
    """It says so."""
    lab = Lab()
    assert not lab.hold("echo.lab.test", lambda: pytest.fail("never called"))
    for use in (
        lambda: lab.conditions("echo.lab.test"),
        lambda: lab.set_conditions("echo.lab.test", Conditions()),
        lambda: lab.clear(),
        lambda: lab.add_host("device.lab.test", 8080),
    ):
        with pytest.raises(LabError, match=r"^the lab network is off$"):
            use()
