"""What conditions do to one direction of a TCP connection, in memory and on a clock that is held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from tests.lab._held_clock import run_held

from ba_runtime.lab import Conditions, Incident
from ba_runtime.lab._link import NEVER, Link
from ba_runtime.lab._pipe import Mark, Pipe
from ba_runtime.lab._service import Host

HOST = Host("host.test", 7, "tcp", "a host")
PEER = ("127.0.0.1", 50_000)
WINDOW = 256 * 1024
SEGMENT = 1460


@dataclass
class Line:
    """A pipe, its link, and what was told about it."""

    link: Link
    pipe: Pipe
    incidents: list[Incident] = field(default_factory=list)

    async def arrivals(self, count: int) -> list[tuple[float, bytes | Mark]]:
        """Gets so many items, with the moment of each."""
        now = asyncio.get_running_loop().time
        return [(round(now(), 9), item) async for item in self._items(count)]

    async def _items(self, count: int) -> AsyncIterator[bytes | Mark]:
        for _ in range(count):
            yield await self.pipe.get()


def line(conditions: Conditions, *, seed: int = 0, number: int = 1) -> Line:
    """Makes a pipe to the host under conditions."""
    incidents: list[Incident] = []
    link = Link(HOST.name, seed, incidents.append)
    link.set(conditions)
    return Line(link, Pipe(link, link.to_host, HOST, number, PEER, lambda: None), incidents)


def test_nothing_happens_on_an_undisturbed_link() -> None:
    """What goes in comes out, at once and in order, and an empty piece is nothing."""

    async def scene() -> None:
        one = line(Conditions())
        for item in (Mark.OPENED, b"hello", b"", Mark.ENDED):
            await one.pipe.put(item)
        assert await one.arrivals(3) == [(0, Mark.OPENED), (0, b"hello"), (0, Mark.ENDED)]
        assert not one.incidents

    run_held(scene())


def test_a_delay_holds_everything_back() -> None:
    """Bytes as well as the opening and the end of a connection; what follows later arrives later."""

    async def scene() -> None:
        one = line(Conditions(delay_s=0.2))
        await one.pipe.put(Mark.OPENED)
        await one.pipe.put(b"hello")
        await asyncio.sleep(0.05)
        await one.pipe.put(Mark.ENDED)
        assert one.pipe.held_until == 0.2
        assert await one.arrivals(3) == [(0.2, Mark.OPENED), (0.2, b"hello"), (0.25, Mark.ENDED)]
        assert one.pipe.held_until == 0

    run_held(scene())


def test_a_delay_that_varies_keeps_the_order() -> None:
    """Each piece takes its own time between the limits, but none overtakes another, as TCP has it."""

    async def scene() -> None:
        one = line(Conditions(delay_s=0.2, jitter_s=0.1))
        for number in range(100):
            await one.pipe.put(b"%d" % number)
        arrivals = await one.arrivals(100)
        assert [item for _, item in arrivals] == [b"%d" % number for number in range(100)]
        moments = [moment for moment, _ in arrivals]
        assert moments == sorted(moments)
        assert 0.1 <= moments[0] < moments[-1] <= 0.3

    run_held(scene())


def test_a_rate_is_kept_to() -> None:
    """7,000 bytes are 56,000 bits: the last is there after one second, each segment when it is due."""

    async def scene() -> None:
        one = line(Conditions(rate_bps=56_000))
        asyncio.get_running_loop().create_task(one.pipe.put(bytes(7000)))
        arrivals = await one.arrivals(5)
        assert [moment for moment, _ in arrivals] == pytest.approx(
            [SEGMENT * 8 * number / 56_000 for number in (1, 2, 3, 4)] + [1.0]
        )

    run_held(scene())


def test_connections_share_the_rate_of_their_host() -> None:
    """Two at a time get half each."""

    async def scene() -> None:
        one = line(Conditions(rate_bps=80_000))
        other = Pipe(one.link, one.link.to_host, HOST, 2, PEER, lambda: None)
        back = Pipe(one.link, one.link.from_host, HOST, 1, PEER, lambda: None)
        for pipe in (one.pipe, other, back):
            await pipe.put(bytes(1000))
        await asyncio.gather(one.pipe.get(), other.get())
        assert asyncio.get_running_loop().time() == pytest.approx(0.2)
        assert back.held_until <= 0.2  # the other direction has the same rate to itself

    run_held(scene())


@pytest.mark.parametrize(
    ("conditions", "room"),
    [
        (Conditions(), WINDOW),
        (Conditions(delay_s=1), WINDOW),
        (Conditions(rate_bps=800_000, delay_s=0.25), 50_000),
        (Conditions(rate_bps=1), 2 * SEGMENT),
    ],
)
def test_what_is_on_its_way_is_bounded(conditions: Conditions, room: int) -> None:
    """Whoever sends more waits, and goes on when something has arrived."""

    async def scene() -> None:
        one = line(conditions)
        sending = asyncio.get_running_loop().create_task(one.pipe.put(bytes(WINDOW + 100_000)))
        await asyncio.sleep(0)
        assert room <= one.pipe._size < room + 16 * 1024
        before = one.pipe._size
        item = await one.pipe.get()
        await asyncio.sleep(0)
        assert isinstance(item, bytes)
        assert before - len(item) < one.pipe._size < room + 16 * 1024
        sending.cancel()

    run_held(scene())


def test_a_lost_segment_arrives_late_and_holds_up_the_next() -> None:
    """After 200 ms and a round trip for the first loss, twice as long for the second; no byte is missing."""

    async def scene() -> None:
        one = line(Conditions(loss=0.5, delay_s=0.1))
        for number in range(50):
            await one.pipe.put(b"%d" % number)
        arrivals = await one.arrivals(50)
        assert [item for _, item in arrivals] == [b"%d" % number for number in range(50)]
        stalls = {0.1 + 0.4 * (2**lost - 1) for lost in range(16)}
        assert all(any(moment == pytest.approx(stall) for stall in stalls) for moment, _ in arrivals)
        assert arrivals[-1][0] > 0.5
        assert {(one.what, one.kind, one.size) for one in one.incidents} == {
            ("lost", "tcp", 1),
            ("lost", "tcp", 2),
        }
        assert all(incident.peer == PEER for incident in one.incidents)

    run_held(scene())


def luck(make: Callable[[], Line]) -> list[float]:
    """When each of a hundred segments arrives that are sent one by one."""

    async def scene() -> list[float]:
        one = make()
        moments = []
        for _ in range(100):
            await one.pipe.put(b"x")
            moments += [moment for moment, _ in await one.arrivals(1)]
        return moments

    return run_held(scene())


def test_the_same_segments_are_lost_on_every_run() -> None:
    """Another connection, another seed and the other direction have luck of their own."""
    conditions = Conditions(loss=0.3)
    first = luck(lambda: line(conditions))
    assert luck(lambda: line(conditions)) == first
    assert luck(lambda: line(conditions, number=2)) != first
    assert luck(lambda: line(conditions, seed=1)) != first


def test_setting_conditions_again_brings_the_same_luck() -> None:
    """So that a cell that is run again shows what it showed before."""

    async def scene() -> None:
        one = line(Conditions(loss=0.3))
        runs = []
        for _ in range(2):
            for _ in range(30):
                await one.pipe.put(b"x")
                await one.pipe.get()
            runs.append([incident.at_s for incident in one.incidents])
            one.incidents.clear()
            one.link.set(Conditions(loss=0.3))
        assert len(runs[0]) == len(runs[1]) > 3

    run_held(scene())


def test_all_lost_means_that_nothing_arrives() -> None:
    """Until the conditions are cleared; then it arrives at once."""

    async def scene() -> None:
        one = line(Conditions(loss=1))
        await one.pipe.put(b"hello")
        assert one.pipe._pieces[0].due == NEVER
        getting = asyncio.get_running_loop().create_task(one.pipe.get())
        await asyncio.sleep(3600)
        assert not getting.done()
        one.link.set(Conditions())
        assert await getting == b"hello"

    run_held(scene())


def test_a_cut_line_is_silent_and_goes_on_where_it_was() -> None:
    """Nothing arrives, and nothing is lost of a connection."""

    async def scene() -> None:
        one = line(Conditions())
        await one.pipe.put(b"before ")
        one.link.set(Conditions(is_cut=True))
        await one.pipe.put(b"meanwhile")
        getting = asyncio.get_running_loop().create_task(one.pipe.get())
        await asyncio.sleep(3600)
        assert not getting.done()
        assert one.pipe.held_until == NEVER
        one.link.set(Conditions())
        assert await getting == b"before "
        assert await one.pipe.get() == b"meanwhile"
        assert asyncio.get_running_loop().time() == 3600

    run_held(scene())


def test_what_is_on_its_way_meets_the_new_conditions() -> None:
    """It starts again when they are set: a cleared delay ends, a longer one is waited for."""

    async def scene() -> None:
        one = line(Conditions(delay_s=60))
        await one.pipe.put(b"hello")
        await asyncio.sleep(1)
        one.link.set(Conditions(delay_s=2))
        assert await one.arrivals(1) == [(3, b"hello")]
        await one.pipe.put(b"bye")
        one.link.set(Conditions())
        assert await one.arrivals(1) == [(3, b"bye")]
        one.link.set(Conditions(rate_bps=8))
        await one.pipe.put(b"a minute" * 8)
        one.link.set(Conditions(rate_bps=80))
        assert await one.arrivals(1) == [(3 + 6.4, b"a minute" * 8)]

    run_held(scene())


@pytest.mark.parametrize("pieces", [[b"x" * 3000], [b"x" * 400] * 5, [b"x" * 1000, b"y"]])
def test_a_connection_is_reset_after_exactly_so_many_bytes(pieces: list[bytes]) -> None:
    """However they are cut; and it is told once."""

    async def scene() -> None:
        one = line(Conditions(reset_after=1000))
        for piece in pieces:
            await one.pipe.put(piece)
        got = b""
        while isinstance(item := await one.pipe.get(), bytes):
            got += item
        assert item is Mark.RESET
        assert got == b"x" * 1000
        assert [incident.what for incident in one.incidents] == ["reset"]

    run_held(scene())


def test_the_bytes_before_a_reset_are_counted_from_when_it_was_set() -> None:
    """Those that came before do not count."""

    async def scene() -> None:
        one = line(Conditions(reset_after=1000))
        await one.pipe.put(bytes(900))
        assert await one.pipe.get() == bytes(900)
        one.link.set(Conditions(reset_after=1000))
        await one.pipe.put(bytes(1001))
        assert [item for _, item in await one.arrivals(2)] == [bytes(1000), Mark.RESET]

    run_held(scene())


def test_a_connection_with_fewer_bytes_is_not_reset() -> None:
    """Neither by the last byte that may pass, nor by its end."""

    async def scene() -> None:
        one = line(Conditions(reset_after=5))
        await one.pipe.put(b"hello")
        await one.pipe.put(Mark.ENDED)
        assert [item for _, item in await one.arrivals(2)] == [b"hello", Mark.ENDED]

    run_held(scene())
