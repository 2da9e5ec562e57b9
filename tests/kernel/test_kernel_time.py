"""`%time` and `%timeit`: what they say, and what they refuse."""

from __future__ import annotations

import pytest

from ba_kernel import _magic_time
from ba_kernel._durations import duration

from ._fakes import Desk, play


class Stopwatch:
    """A time module that shows these seconds, one after the other."""

    def __init__(self, *seconds: float) -> None:
        self._seconds = iter(seconds)

    def perf_counter(self) -> float:
        """Returns the next."""
        return next(self._seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (7200, "7200 s"),
        (2.5, "2.5 s"),
        (1.0, "1 s"),
        (0.9999, "1 s"),
        (0.25, "250 ms"),
        (0.001, "1 ms"),
        (0.000999, "999 µs"),
        (1.234e-6, "1.23 µs"),
        (45e-9, "45 ns"),
        (2e-10, "0.2 ns"),
        (0.0, "0 ns"),
    ],
)
def test_a_time_has_three_digits_and_the_unit_that_suits_it(seconds: float, text: str) -> None:
    """From nanoseconds to hours."""
    assert duration(seconds) == text


@pytest.mark.parametrize("magic", ["%time", "%%time"])
def test_time_is_said_after_the_cell(monkeypatch: pytest.MonkeyPatch, magic: str) -> None:
    """How long it took, and how much of that Lua was computing: the rest it waited."""
    monkeypatch.setattr(_magic_time, "time", Stopwatch(0.0, 0.5))

    async def scene(desk: Desk) -> None:
        desk.runtime.computed_s = [1.0, 1.02]
        await desk.run(f"{magic}\nprint x")
        assert desk.front.text() == "x\nTime: 500 ms, 20 ms of it computing\n"

    play(scene)


def test_a_busy_background_leaves_the_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it to answer."""
    monkeypatch.setattr(_magic_time, "ANSWER_S", 0.0)

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        await desk.run("%time\nprint x")
        text = desk.front.text()
        assert text.startswith("x\nTime: ")
        assert "computing" not in text

    play(scene)


def test_a_reset_below_the_magic_leaves_the_time_alone() -> None:
    """Another Lua state has computed something else."""

    async def scene(desk: Desk) -> None:
        desk.runtime.computed_s = [5.0]
        await desk.run("%time\n%reset\nprint x")
        assert "computing" not in desk.front.text()

    play(scene)


def test_a_statement_is_measured() -> None:
    """In seven runs unless the line says otherwise."""

    async def scene(desk: Desk) -> None:
        await desk.run("%timeit f(x)")
        assert desk.front.text() == (
            "1.14 µs ± 350 ns per loop (mean ± standard deviation of 7 runs, 1,000 loops each; best: 1 µs)\n"
        )
        source, name, cell = desk.runtime.ran[-1]
        assert source == b"return function(...) for _timed_ = 1, (...) do f(x)\nend return ... end"
        assert (name, cell) == ("cell[1]", 1)

    play(scene)


def test_a_measurement_of_one_is_worded_so() -> None:
    """And options may stand close."""

    async def scene(desk: Desk) -> None:
        await desk.run("%timeit -n1 -r 1 f(x)")
        assert desk.front.text() == (
            "2 µs ± 0 ns per loop (mean ± standard deviation of 1 run, 1 loop each; best: 2 µs)\n"
        )

    play(scene)


def test_the_rest_of_a_cell_is_measured_at_its_lines() -> None:
    """With the setup in the magic's line; and it does not run as a cell."""

    async def scene(desk: Desk) -> None:
        await desk.run("-- why\n%%timeit -n 10 local a = 1\nf(a)\ng(a)")
        assert [source for source, _, _ in desk.runtime.ran] == [
            b"\nlocal a = 1\nreturn function(...) for _timed_ = 1, (...) do f(a)\ng(a)\nend return ... end"
        ]

    play(scene)


def test_a_statement_that_fails_is_the_cells_error() -> None:
    """With the line of the magic, and what stands below it does not run."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%timeit error()\nprint x")
        assert (reply["ename"], reply["evalue"]) == ("LuaError", "no")
        assert "%timeit error()" in "".join(reply["traceback"])
        assert desk.front.text() == ""

    play(scene)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%timeit", _magic_time.TIMEIT),
        ("%timeit -n 5", _magic_time.TIMEIT),
        ("%timeit -x 5 f()", _magic_time.TIMEIT),
        ("%timeit -n 0 f()", "%timeit: -n must be from 1 to 1,000,000,000"),
        ("%timeit -r 5000 f()", "%timeit: -r must be from 1 to 1,000"),
        ("%%timeit local a = 1", _magic_time.TIMEIT_CELL),
        ("%%timeit\n \n", _magic_time.TIMEIT_CELL),
        ("%time f()", "%time takes no arguments; write Lua on the lines below it"),
    ],
)
def test_what_cannot_be_meant_is_explained(line: str, message: str) -> None:
    """And nothing runs."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run(line)
        assert (reply["ename"], reply["evalue"]) == ("MagicError", message)
        assert not desk.runtimes or not desk.runtime.ran

    play(scene)
