"""What conditions do to datagrams in one direction, in memory and on a clock that is held."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.lab._held_clock import run_held

from ba_runtime.lab import Conditions, Direction, Incident
from ba_runtime.lab._link import Link
from ba_runtime.lab._post import Datagram, Post
from ba_runtime.lab._service import Host

HOST = Host("host.test", 7, "udp", "a host")
PEER = ("127.0.0.1", 50_000)


class Line:
    """A queue, its link, what arrived when, and what was told about it."""

    def __init__(self, conditions: Conditions, *, seed: int = 0) -> None:
        self.arrivals: list[tuple[float, bytes]] = []
        self.incidents: list[Incident] = []
        self.link = Link(HOST.name, seed, self.incidents.append)
        self.link.set(conditions)
        self.post = Post(self.link, self.link.to_host, HOST, self._arrived)
        self._now = asyncio.get_running_loop().time

    def _arrived(self, datagram: Datagram) -> None:
        assert datagram.peer == PEER
        self.arrivals.append((round(self._now(), 9), datagram.data))

    def send(self, *texts: bytes, is_answer: bool = False) -> None:
        for text in texts:
            self.post.send(Datagram(text, PEER), is_answer=is_answer)

    @property
    def arrived(self) -> list[bytes]:
        return [data for _, data in self.arrivals]

    @property
    def told(self) -> list[str]:
        return [incident.what for incident in self.incidents]


def arrived(
    conditions: Conditions, *, seed: int = 0, is_answer: bool = False, pause_s: float = 0
) -> list[int]:
    """Which of a thousand datagrams arrive, in their order."""

    async def scene() -> list[int]:
        line = Line(conditions, seed=seed)
        for number in range(1000):
            line.send(b"%d" % number, is_answer=is_answer)
            if pause_s:
                await asyncio.sleep(pause_s)
        await asyncio.sleep(60)
        assert line.told.count("lost") == 1000 - len(set(line.arrived))
        return list(map(int, line.arrived))

    return run_held(scene())


def test_datagrams_pass_at_once_on_an_undisturbed_link() -> None:
    """Without waiting for the loop, empty ones too."""

    async def scene() -> None:
        line = Line(Conditions())
        line.send(b"a", b"", b"b")
        assert line.arrived == [b"a", b"", b"b"]

    run_held(scene())


def test_a_loss_of_ten_percent_loses_the_same_tenth_on_every_run() -> None:
    """Whatever the delay and the pace of the sender, because each has a sequence of its own."""
    kept = arrived(Conditions(loss=0.1))
    assert 870 <= len(kept) <= 930
    assert arrived(Conditions(loss=0.1)) == kept
    assert arrived(Conditions(loss=0.1, delay_s=0.2, jitter_s=0.1)) == kept
    assert arrived(Conditions(loss=0.1), pause_s=0.01) == kept
    assert sorted(set(arrived(Conditions(loss=0.1, duplicate=0.3)))) == kept
    assert arrived(Conditions(loss=0.1), seed=1) != kept


def test_an_answer_is_not_drawn_for() -> None:
    """One chance for each exchange."""
    assert arrived(Conditions(loss=1, duplicate=1, reorder=1), is_answer=True) == list(range(1000))


def test_a_duplicate_arrives_twice() -> None:
    """About as many of them as was said; and it is told which."""

    async def scene() -> None:
        line = Line(Conditions(duplicate=0.5))
        line.send(*(b"%d" % number for number in range(100)))
        doubled = [data for data in set(line.arrived) if line.arrived.count(data) == 2]
        assert len(line.arrived) == 100 + len(doubled)
        assert 35 <= len(doubled) <= 65
        assert line.told == ["duplicated"] * len(doubled)

    run_held(scene())


def test_a_reordered_datagram_is_overtaken_by_the_next() -> None:
    """And by no more than that."""
    order = arrived(Conditions(reorder=0.1))
    assert sorted(order) == list(range(1000))
    moved = [number for place, number in enumerate(order) if place != number]
    assert 120 <= len(moved) <= 240  # two places for each
    assert all(abs(place - number) <= 1 for place, number in enumerate(order))
    assert arrived(Conditions(reorder=0.1)) == order


def test_a_reordered_datagram_that_nothing_follows_is_late() -> None:
    """By 100 ms, and the delay that all have."""

    async def scene() -> None:
        line = Line(Conditions(reorder=1, delay_s=0.2))
        line.send(b"alone")
        await asyncio.sleep(1)
        assert line.arrivals == [(0.3, b"alone")]

    run_held(scene())


def test_a_delay_keeps_datagrams_in_their_order() -> None:
    """Varying it does not reorder: only `reorder` does."""

    async def scene() -> None:
        line = Line(Conditions(delay_s=0.2, jitter_s=0.2))
        line.send(*(b"%03d" % number for number in range(100)))
        await asyncio.sleep(1)
        moments = [moment for moment, _ in line.arrivals]
        assert line.arrived == sorted(line.arrived)
        assert len(moments) == 100
        assert max(moments) <= 0.4

    run_held(scene())


def test_datagrams_share_the_rate() -> None:
    """Each arrives when its last bit does."""

    async def scene() -> None:
        line = Line(Conditions(rate_bps=56_000))
        line.send(*[bytes(700)] * 3)
        await asyncio.sleep(1)
        assert [moment for moment, _ in line.arrivals] == [0.1, 0.2, 0.3]

    run_held(scene())


def test_a_queue_that_is_full_loses_what_comes() -> None:
    """Nothing grows without bound, in number or in bytes, and it is told."""

    async def scene() -> None:
        line = Line(Conditions(delay_s=1))
        line.send(*[b"x"] * 1005)
        assert line.told == ["lost"] * 5
        await asyncio.sleep(2)
        assert len(line.arrived) == 1000
        line.incidents.clear()
        line.send(*[bytes(60_000)] * 100)
        assert line.told == ["lost"] * (100 - 4 * 1024 * 1024 // 60_000)
        await asyncio.sleep(2)
        line.send(b"room again")
        await asyncio.sleep(2)
        assert line.arrived[-1] == b"room again"

    run_held(scene())


def test_a_cut_loses_what_comes_and_what_is_on_its_way() -> None:
    """A datagram has nobody who sends it again."""

    async def scene() -> None:
        line = Line(Conditions(delay_s=1, reorder=1))
        line.send(b"held back")
        line.link.set(replace(line.link.conditions, reorder=0.0))
        line.send(b"on its way")
        line.incidents.clear()
        line.link.set(Conditions(is_cut=True))
        line.send(b"new", is_answer=True)
        line.link.set(Conditions())
        await asyncio.sleep(10)
        assert line.arrived == []
        assert [(one.what, one.size, one.direction) for one in line.incidents] == [
            ("lost", len(text), Direction.TO_HOST) for text in (b"held back", b"on its way", b"new")
        ]

    run_held(scene())


def test_datagrams_on_their_way_meet_the_new_conditions() -> None:
    """A cleared delay ends for them too."""

    async def scene() -> None:
        line = Line(Conditions(delay_s=60))
        line.send(b"a", b"b")
        await asyncio.sleep(1)
        line.link.set(Conditions())
        assert line.arrivals == [(1, b"a"), (1, b"b")]
        line.link.set(Conditions(reorder=1))
        line.send(b"c")
        line.link.set(Conditions())
        assert line.arrived == [b"a", b"b", b"c"]

    run_held(scene())


def test_a_closed_queue_delivers_nothing() -> None:
    """Nor does it hear of conditions any more."""

    async def scene() -> None:
        line = Line(Conditions(delay_s=1, reorder=0.5))
        line.send(*[b"x"] * 20)
        line.post.close()
        line.link.set(Conditions())
        await asyncio.sleep(5)
        assert line.arrived == []

    run_held(scene())
