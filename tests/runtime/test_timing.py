"""How long a statement takes: what is measured, and how it fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from tests.lua._programs import Recorder

from ba_runtime import Compiler, Runtime, Timing
from ba_runtime.syntax import timed_chunk

PATIENCE_S = 30
RETURNS = "the statement returns, so the loop that measures it has ended early; leave out its return"


@pytest.fixture
def recorder() -> Recorder:
    """What the runtime says."""
    return Recorder()


@pytest.fixture
def runtime(recorder: Recorder) -> Iterator[Runtime]:
    """A runtime."""
    with Runtime(recorder) as runtime:
        yield runtime


def started(runtime: Runtime, statement: str, *, setup: str = "", loops: int, runs: int) -> Future[Timing]:
    """Begins to measure a statement."""
    chunk = timed_chunk(statement, Compiler(), setup)
    return runtime.time_cell(chunk, name="cell[1]", cell=1, loops=loops, repeats=runs)


def measured(
    runtime: Runtime, statement: str, *, setup: str = "", loops: int = 3, runs: int = 2
) -> tuple[int, int, str]:
    """Returns the loops, the number of runs, and why it failed."""
    timing = started(runtime, statement, setup=setup, loops=loops, runs=runs).result(PATIENCE_S)
    assert all(seconds >= 0 for seconds in timing.runs_s)
    return timing.loops, len(timing.runs_s), timing.error.message.decode() if timing.error else ""


def value(runtime: Runtime, expression: str) -> str:
    """Returns what an expression shows."""
    return runtime.run_cell(expression.encode(), name="x", cell=2).result(PATIENCE_S).values[0].decode()


def test_a_statement_runs_as_often_as_told(runtime: Runtime) -> None:
    """The setup runs once, and its locals are the statement's."""
    assert measured(runtime, "n = n + step", setup="n = 0 local step = 2") == (3, 2, "")
    assert value(runtime, "return n") == "12"


@pytest.mark.parametrize("statement", ["1 + 1", "f()", "x = 1 -- why", "local a <const> = 1", "f", ";", ""])
def test_expressions_and_statements_are_measured(runtime: Runtime, statement: str) -> None:
    """What they return is dropped, and a comment ends where it does."""
    assert value(runtime, "function f() return 1 end return 1") == "1"
    assert measured(runtime, statement) == (3, 2, "")


def test_enough_loops_are_found(runtime: Runtime) -> None:
    """A wait of 15 ms fits twenty times into a fifth of a second, less whatever the machine adds."""
    timing = started(runtime, "ba.sleep(15)", loops=0, runs=1).result(PATIENCE_S)
    assert timing.loops in (1, 2, 5, 10, 20)
    assert timing.runs_s[0] >= 0.015 * timing.loops * 0.9


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("x = ", "cell[1]:1: unexpected symbol near <eof>"),
        ("break", "cell[1]:1: break outside "),
        ("\n\nerror 'on line 3'", "cell[1]:3: on line 3"),
        ("return 5", RETURNS),
        ("if true then return 1, 2 end", RETURNS),
        ("end while true do", "cell[1]:1: <eof> expected near 'end'"),
    ],
)
def test_what_cannot_be_measured_says_why(runtime: Runtime, statement: str, why: str) -> None:
    """In Lua's words about the user's own text, with its lines."""
    loops, runs, message = measured(runtime, statement)
    assert (loops, runs) == (0, 0)
    assert message.startswith(why)


def test_lines_stay_where_they_are_below_a_setup(runtime: Runtime) -> None:
    """The setup stands on the line of the magic."""
    assert measured(runtime, "\nerror 'on line 2'", setup="local a = 1 -- why")[2] == "cell[1]:2: on line 2"
    assert measured(runtime, "\nx = 1", setup="local a = ")[2].startswith("cell[1]:1: unexpected symbol")


def test_measuring_can_be_interrupted(runtime: Runtime, recorder: Recorder) -> None:
    """In the middle of a loop."""
    future = started(runtime, "if not told then told = true trace 'running' end", loops=10**15, runs=1)
    recorder.wait_for_trace("running")
    runtime.interrupt()
    error = future.result(PATIENCE_S).error
    assert error is not None
    assert error.kind == "interrupt"


def test_a_measured_value_is_not_remembered(runtime: Runtime) -> None:
    """Neither is the number of loops."""
    runtime.remember(1, b"%timeit 1 + 1")
    assert measured(runtime, "1 + 1") == (3, 2, "")
    assert value(runtime, "return _ == nil and Out[1] == nil") == "true"


def test_a_program_has_its_arguments(runtime: Runtime) -> None:
    """In `arg` and `...`; what it returns is not shown, and its globals stay."""
    source = b"x = {name = arg[0], first = arg[1], ...} return 5"
    result = runtime.run_program(source, name="a b.lua", cell=1, arguments=(b"one", b"\xff")).result(
        PATIENCE_S
    )
    assert (result.error, result.values) == (None, ())
    assert value(runtime, "return x") == '{"one", "\\xff", first = "one", name = "a b.lua"}'
