"""`%time` and `%timeit`: how long a cell or a statement takes."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from ba_runtime.events import Timing
from ba_runtime.syntax import timed_chunk

from ._durations import duration
from ._engine import within
from ._magic_cell import expect_nothing
from ._magics import After, Body, LuaFailed, Magic, MagicError, Tools, always

if TYPE_CHECKING:
    from ._engine import LuaRuntime

# A Lua thread that computes for longer than this in the background is not waited for.
ANSWER_S = 0.5

REPEATS, MOST_REPEATS, MOST_LOOPS = 7, 1_000, 10**9
TIMEIT = 'usage: %timeit [-n LOOPS] [-r RUNS] STATEMENT, such as %timeit -r 3 string.rep("a", 1000)'
TIMEIT_CELL = (
    "usage: %%timeit [-n LOOPS] [-r RUNS] [SETUP], with the statements to measure on the lines below it"
)
_OPTION = re.compile(r"-([nr])\s*(\d{1,12})(?:\s+|$)")


async def measure(tools: Tools, rest: str) -> After | None:
    """Says how long the rest of the cell took, and how much of that Lua was computing."""
    expect_nothing("%time", rest)
    runtime = tools.engine.runtime
    computed = await _computed(runtime)
    start = time.perf_counter()

    async def report() -> None:
        wall = time.perf_counter() - start
        now = await _computed(runtime) if runtime is tools.engine.running else None
        if computed is None or now is None:
            tools.say(f"Time: {duration(wall)}")
        else:
            tools.say(f"Time: {duration(wall)}, {duration(min(now - computed, wall))} of it computing")

    return report


async def _computed(runtime: LuaRuntime) -> float | None:
    try:
        return await within(runtime.processor_time(), ANSWER_S)
    except asyncio.TimeoutError:
        return None


async def timeit(tools: Tools, rest: str) -> After | None:
    """Measures the statement that follows in its line."""
    loops, repeats, statement = _options(rest, TIMEIT)
    if not statement:
        raise MagicError(TIMEIT)
    await _time(tools, tools.in_its_line(statement), "", loops, repeats)
    return None


async def timeit_cell(tools: Tools, rest: str) -> After | None:
    """Measures the rest of the cell; what follows in the magic's line is run once before it."""
    loops, repeats, setup = _options(rest, TIMEIT_CELL)
    if not tools.below.strip():
        raise MagicError(TIMEIT_CELL)
    above = setup and tools.in_its_line(setup)
    await _time(tools, tools.in_its_line(f"\n{tools.below}"), above, loops, repeats)
    return None


async def _time(tools: Tools, statement: str, setup: str, loops: int, repeats: int) -> None:
    engine, request = tools.engine, tools.request
    tools.sources.keep(request.chunk_name, tools.code)
    chunk = timed_chunk(statement, engine.compiler, setup)
    timing = await tools.told(
        engine.runtime.time_cell(
            chunk, name=request.chunk_name, cell=request.origin, loops=loops, repeats=repeats
        )
    )
    if timing.error:
        raise LuaFailed(timing.error)
    tools.say(described(timing))


def described(timing: Timing) -> str:
    """Returns what a measurement found, in the words that IPython uses."""
    import statistics  # a millisecond that only a measurement should cost

    each = [seconds / timing.loops for seconds in timing.runs_s]
    spread = duration(statistics.pstdev(each))
    runs = f"{len(each):,} run{'s' if len(each) > 1 else ''}"
    loops = f"{timing.loops:,} loop{'s' if timing.loops > 1 else ''} each"
    return (
        f"{duration(statistics.fmean(each))} ± {spread} per loop "
        f"(mean ± standard deviation of {runs}, {loops}; best: {duration(min(each))})"
    )


def _options(rest: str, usage: str) -> tuple[int, int, str]:
    numbers = {"n": 0, "r": REPEATS}
    while option := _OPTION.match(rest):
        most = MOST_LOOPS if option[1] == "n" else MOST_REPEATS
        numbers[option[1]] = number = int(option[2])
        if not 0 < number <= most:
            raise MagicError(f"%timeit: -{option[1]} must be from 1 to {most:,}")
        rest = rest[option.end() :]
    if re.match(r"-[a-z]\b", rest) and not rest.startswith("--"):
        raise MagicError(usage)
    return numbers["n"], numbers["r"], rest


def _is_bare(rest: str) -> bool:
    return not rest


MAGICS = (
    Magic("%time", (("%time", "show how long the rest of the cell takes"),), measure, is_about=_is_bare),
    Magic("%%time", (("%%time", "the same"),), measure, is_about=_is_bare),
    Magic(
        "%timeit",
        (
            (
                "%timeit STATEMENT",
                "measure how long a statement takes (-n LOOPS, -r RUNS)",
            ),
        ),
        timeit,
    ),
    Magic(
        "%%timeit",
        (("%%timeit [SETUP]", "the same for the rest of the cell; SETUP is run once, and not measured"),),
        timeit_cell,
        is_about=always,
        body=Body.TEXT,
    ),
)
