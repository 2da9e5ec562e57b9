"""One execute request from end to end, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from ba_runtime.events import CellResult, Sink

from ._fakes import Desk, FakeRuntime, play


async def until_running(desk: Desk, cells: int = 1) -> None:
    """Waits until the runtime has been given so many cells."""
    while not desk.runtimes or len(desk.runtime.ran) < cells:
        await asyncio.sleep(0)


def test_a_value_is_a_result() -> None:
    """The reply is complete, and the result carries the cell's number."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("value 42")
        assert reply == {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
        (result,) = desk.front.of_kind("execute_result")
        assert result == {"execution_count": 1, "data": {"text/plain": "42"}, "metadata": {}}

    play(scene)


def test_several_values_stand_in_a_row() -> None:
    """As one would write them; values of several lines each get lines of their own."""

    async def scene(desk: Desk) -> None:
        await desk.run('value nil\nvalue "timeout"')
        (result,) = desk.front.of_kind("execute_result")
        assert result["data"]["text/plain"] == 'nil, "timeout"'

    play(scene)


def test_nil_alone_is_no_result() -> None:
    """A call that returns nothing of interest shows nothing."""

    async def scene(desk: Desk) -> None:
        await desk.run("value nil")
        assert desk.front.sent == []

    play(scene)


def test_output_comes_before_the_result_and_both_before_the_reply() -> None:
    """Everything is published when the reply is made."""

    async def scene(desk: Desk) -> None:
        await desk.run("print a\nwarn b\ntrace c\nvalue d")
        kinds = desk.front.kinds()
        assert kinds == ["stream", "stream", "display_data", "execute_result"]

    play(scene)


def test_an_error_is_published_and_replied() -> None:
    """The same name, message and traceback in both."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("print a\nerror boom")
        (error,) = desk.front.of_kind("error")
        assert desk.front.kinds() == ["stream", "error"]
        assert error["evalue"] == "cell[1]:2: boom"
        assert {**error, "status": "error", "execution_count": 1, "user_expressions": {}} == reply

    play(scene)


def test_an_error_in_the_function_of_an_earlier_cell_shows_that_cell() -> None:
    """Sources of cells are kept for later errors."""

    async def scene(desk: Desk) -> None:
        await desk.run("value 1")
        reply = await desk.run("error x")
        assert "cell [2], line 1" in reply["traceback"][0]
        assert "error x" in reply["traceback"][1]

    play(scene)


def test_an_empty_cell_is_not_run() -> None:
    """White space needs no Lua."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run(" \n\t")
        assert reply["status"] == "ok"
        assert desk.runtimes == []

    play(scene)


def test_a_silent_cell_runs_unseen() -> None:
    """No output, no result, no error message, no history; the reply says how it went."""

    async def scene(desk: Desk) -> None:
        assert (await desk.run("print a\nvalue 1", is_silent=True))["status"] == "ok"
        assert (await desk.run("error x", is_silent=True))["status"] == "error"
        assert desk.front.sent == []
        assert desk.bench.cells.history.tail(None, output=False) == []

    play(scene)


def test_a_fault_of_the_kernel_itself_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    """A front end never waits for ever, and the log has the details."""

    async def scene(desk: Desk) -> None:
        assert (await desk.run("nonsense that no fake knows"))["ename"] == "InternalFault"
        assert (await desk.run("value 1"))["status"] == "ok"

    play(scene)
    assert "nonsense" in caplog.text


def test_history_is_kept_only_where_it_is_wanted() -> None:
    """store_history is honoured, and results are part of it."""

    async def scene(desk: Desk) -> None:
        await desk.run("value 1")
        await desk.run("value 2", store_history=False)
        assert desk.bench.cells.history.tail(None, output=True) == [(1, 1, ("value 1", "1"))]

    play(scene)


def test_user_expressions_are_evaluated_after_the_cell() -> None:
    """Each is answered by itself, errors too."""

    async def scene(desk: Desk) -> None:
        expressions = {"good": "\nvalue 7", "bad": "\nerror x"}
        reply = await desk.run("value 1", expressions=expressions)
        good, bad = (reply["user_expressions"][name] for name in expressions)
        assert good == {"status": "ok", "data": {"text/plain": "7"}, "metadata": {}}
        assert bad["status"] == "error"

    play(scene)


def test_an_interrupt_stops_lua_and_says_so() -> None:
    """The reply names it, and the next cell runs in the same state."""

    async def scene(desk: Desk) -> None:
        running = asyncio.ensure_future(desk.run("spin on"))
        await until_running(desk)
        desk.bench.interrupt()
        assert (await running)["ename"] == "Interrupted"
        assert (await desk.run("value 1"))["status"] == "ok"
        assert len(desk.runtimes) == 1

    play(scene)


def test_an_interrupt_stops_a_magic() -> None:
    """Waiting for traces can be given up."""

    async def scene(desk: Desk) -> None:
        running = asyncio.ensure_future(desk.run("%trace wait 5 60"))
        await asyncio.sleep(0.01)
        desk.bench.interrupt()
        assert (await running)["ename"] == "Interrupted"

    play(scene)


class _Stopped(FakeRuntime):
    """Somebody presses stop as soon as a cell's Lua is over, and whenever a magic sets the level."""

    press: Callable[[], None]

    def run_cell(self, source: bytes, *, name: str, cell: int) -> Future[CellResult]:
        """Runs it and presses stop."""
        future = super().run_cell(source, name=name, cell=cell)
        future.add_done_callback(lambda _: self.press())
        return future

    def set_trace_level(self, level: int, asker: str = "") -> None:
        """Sets it and presses stop."""
        super().set_trace_level(level, asker)
        self.press()


class _StoppedDesk(Desk):
    def _make(self, sink: Sink) -> FakeRuntime:
        runtime = _Stopped(sink)
        runtime.press = self.bench.interrupt
        self.runtimes.append(runtime)
        return runtime


@pytest.mark.parametrize(
    ("code", "cells_of_lua"),
    [
        ("%trace wait 1 60\nvalue 1", 1),
        ("%trace level 6\nvalue 1", 0),
        ("%trace level 6\n%trace wait 1 60", 0),
        ("%run PROGRAM\n%trace wait 1 60", 1),
    ],
)
def test_a_stop_between_two_parts_of_a_cell_ends_it(code: str, cells_of_lua: int, tmp_path: Path) -> None:
    """There is nothing to cancel at that moment, and the next part does not begin. The next cell does."""
    (tmp_path / "p.lua").write_text("value 1")

    async def scene() -> None:
        desk = _StoppedDesk()
        desk.bench.engine.warm_up()
        reply = await desk.run(code.replace("PROGRAM", str(tmp_path / "p.lua")))
        assert reply["ename"] == "Interrupted"
        assert len(desk.runtime.ran) == cells_of_lua
        assert (await desk.run("%trace"))["status"] == "ok"
        desk.bench.close()

    asyncio.run(scene())


def test_a_stop_at_the_end_of_a_cell_changes_nothing() -> None:
    """Its Lua was over, and nothing was to follow."""

    async def scene() -> None:
        desk = _StoppedDesk()
        assert (await desk.run("value 1"))["status"] == "ok"
        desk.bench.close()

    asyncio.run(scene())


def test_input_is_asked_for_and_given() -> None:
    """The question goes out after what was printed before it, and the answer reaches the cell."""

    async def scene(desk: Desk) -> None:
        running = asyncio.ensure_future(desk.run("print hello\nread name?", allow_stdin=True))
        while not desk.questions:
            await asyncio.sleep(0)
        assert desk.questions == ["name?"]
        assert desk.front.text() == "hello\n"
        desk.bench.input.answered("Ada")
        await running
        assert "read: b'Ada\\n'" in desk.front.text()

    play(scene)


def test_input_that_cannot_be_asked_for_is_end_of_file() -> None:
    """The cell goes on, and the user is told."""

    async def scene(desk: Desk) -> None:
        await desk.run("read name?", allow_stdin=False)
        assert "read: None" in desk.front.text()
        assert "cannot ask for input" in desk.front.text("stderr")

    play(scene)


def test_an_answer_that_comes_too_late_answers_nothing() -> None:
    """A question ends with its cell."""

    async def scene(desk: Desk) -> None:
        await desk.run("value 1", allow_stdin=True)
        desk.bench.input.answered("late")
        running = asyncio.ensure_future(desk.run("read now?", allow_stdin=True))
        while not desk.questions:
            await asyncio.sleep(0)
        desk.bench.input.answered("right")
        await running
        assert "read: b'right\\n'" in desk.front.text()

    play(scene)


def test_a_cell_that_leaves_a_listener_shows_the_trace_area() -> None:
    """Later traces have a place, in the cell that began it."""

    async def scene(desk: Desk) -> None:
        await desk.run("listen on")
        assert desk.front.kinds() == ["display_data"]

    play(scene)


def test_what_is_only_printed_late_appears_in_the_trace_area() -> None:
    """Late prints, faults and notes are all traces."""

    async def scene(desk: Desk) -> None:
        await desk.run("late l\nfault f\nnote n")
        text = desk.front.of_kind("display_data")[-1]["data"]["text/plain"]
        assert text.split("\n") == [
            "[1]  l  (print after cell [1] ended)",
            "[1]  f",
            "[1]  n",
            "trace: 3 lines, 1 error in [1]",
        ]

    play(scene)


def test_a_cell_says_when_lua_cannot_be_started() -> None:
    """The process is out of descriptors; as soon as it has some again, the next cell runs."""

    async def scene(desk: Desk) -> None:
        desk.is_exhausted = True
        reply = await desk.run("print x")
        assert (reply["status"], reply["ename"]) == ("error", "OutOfDescriptors")
        desk.is_exhausted = False
        assert (await desk.run("print x"))["status"] == "ok"

    play(scene)


@pytest.mark.parametrize("word", ["exit", "quit", "exit()", " quit ( ) ; "])
def test_exit_and_quit_leave_a_console(word: str) -> None:
    """The console is asked to end, and the kernel with it; Lua does not see the word."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run(word, is_console=True)
        assert reply["payload"] == [{"source": "ask_exit", "keepkernel": False}]
        assert desk.runtime.ran == []

    play(scene)


def test_exit_leaves_while_lua_is_busy() -> None:
    """With code in the background that never waits."""

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        assert (await desk.run("exit", is_console=True))["payload"] != []

    play(scene)


def test_a_programs_own_exit_is_the_programs() -> None:
    """A global of that name comes first."""

    async def scene(desk: Desk) -> None:
        desk.runtime.values[("exit",)] = "mine"
        reply = await desk.run("exit", is_console=True)
        assert reply["payload"] == []
        assert len(desk.runtime.ran) == 1

    play(scene)
