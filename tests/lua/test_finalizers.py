"""An error in a finalizer is reported in the trace, in Lua's words, and disturbs nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ba_runtime import Event, Note, Runtime, _lua

from ._programs import Recorder, run_well, session

FINALIZE = "setmetatable({}, {__gc = %s}) collectgarbage()"

FINALIZERS = {
    "a message": "function() error('boom') end",
    "no string": "function() error({}) end",
    "nil": "function() error() end",
    "two lines": "function() error('two\\nlines') end",
    "no function": "true",
    "a call of nil": "function() nowhere() end",
    "a message without a position": "function() error('boom', 0) end",
    "a mistake in a call of Lua's own": "function() ('x'):rep() end",
}


def _warnings(recorder: Recorder) -> list[str]:
    return [text for text in recorder.notes if text.startswith("Lua warning: ")]


@pytest.mark.parametrize("kind", FINALIZERS)
@pytest.mark.skipif(shutil.which("lua5.4") is None, reason="needs lua5.4 to compare with")
def test_a_report_reads_as_that_of_lua(kind: str, tmp_path: Path) -> None:
    """The program is called what its file is called."""
    code = FINALIZE % FINALIZERS[kind]
    (tmp_path / "program").write_text(code, encoding="utf-8")
    lua = subprocess.run(
        ["lua5.4", "-W", "program"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert _warnings(run_well(code)) == [lua.stderr.removesuffix("\n")]


def test_a_report_names_the_cell_that_runs_if_the_finalizer_is_its_own() -> None:
    """Otherwise the text names the chunk, and the report belongs to no cell."""
    with session() as lua:
        lua.run(FINALIZE % "function() error('own') end", name="first")
        lua.run("kept = setmetatable({}, {__gc = function() error('late') end})", name="second")
        lua.run("kept = nil collectgarbage()", name="third")
        notes = [event for event in lua.recorder.events if isinstance(event, Note)]
    assert notes == [
        Note(1, "Lua warning: error in __gc (first:1: own)"),
        Note(0, "Lua warning: error in __gc (second:1: late)"),
    ]


def test_a_mistake_in_a_call_of_the_api_names_the_programs_line() -> None:
    """Never one of the runtime's own."""
    recorder = run_well(FINALIZE % "function() ba.socket.bind({}) end")
    assert _warnings(recorder) == [
        "Lua warning: error in __gc (program:1: bad argument #1 to 'bind' (number expected, got table))"
    ]


def test_the_number_of_reports_is_bounded() -> None:
    """A loop may make any number of faulty objects; those left out are counted."""
    with session() as lua:
        lua.run("for i = 1, 1000 do setmetatable({}, {__gc = error}) end collectgarbage()")
        lua.recorder.wait(lambda: any("are not shown" in note for note in lua.recorder.notes))
        assert len(_warnings(lua.recorder)) == 10
        assert lua.recorder.notes[-1] == "990 more errors in finalizers (__gc) are not shown"
        lua.run(FINALIZE % "error")
        assert len(_warnings(lua.recorder)) == 11


def test_a_long_message_is_cut() -> None:
    """And says so with dots; its size is whatever memory allows."""
    (text,) = _warnings(run_well(FINALIZE % "function() error(('x'):rep(5e7)) end"))
    assert text.endswith("xxx...)")
    assert len(text) < 2100


def test_a_program_turns_the_reports_off_and_on() -> None:
    """With the control messages of `warn`; no other silences a fault."""
    off, on = (FINALIZE % f"function() error('{word}', 0) end" for word in ("off", "on"))
    code = f"warn '@off' {off} warn '@on' {on}"
    assert _warnings(run_well(code)) == ["Lua warning: error in __gc (on)"]


@pytest.mark.parametrize(
    "work",
    [
        "local t = {} for i = 1, 200 do t[i] = {i} end",
        "('x'):rep(100):gsub('x', '%0%0')",
        "coroutine.wrap(function() coroutine.yield(1) end)()",
        "ba.json.decode(ba.json.encode({1, {2}, 'x'}))",
        "ba.crypto.sha1('x')",
        "local u = ba.socket.udpcon() u:close()",
        "peer:write('hello') assert(c:read(5000) == 'hello')",
    ],
)
def test_faulty_finalizers_disturb_nothing(work: str) -> None:
    """Whatever runs when they are collected: every call gives what it gives without them."""
    with session() as lua:
        result = lua.run(f"""
            c, peer = pair()
            collectgarbage("setpause", 100)
            for i = 1, 300 do
              for _ = 1, 5 do setmetatable({{}}, {{__gc = function() error('faulty') end}}) end
              {work}
            end
            collectgarbage()
            return collectgarbage "count" < 8000
        """)
        assert result.error is None, result.error
        assert result.values == (b"true",)
        assert lua.recorder.faults == []
        assert "Lua warning: error in __gc (program:5: faulty)" in _warnings(lua.recorder)


def test_what_runs_when_the_runtime_closes_finds_the_standard_globals() -> None:
    """As it does when Lua closes; the program's own globals are gone by then."""
    with session() as lua:
        lua.run(
            "own = 1 kept = setmetatable({}, {__gc = function() trace(math.type(1), own, ba ~= nil) end})"
        )
        lua.run("faulty = setmetatable({}, {__gc = function() error('at the end') end})")
    assert lua.recorder.traced == ["integer\tnil\ttrue"]
    assert _warnings(lua.recorder) == ["Lua warning: error in __gc (program:1: at the end)"]


def test_without_luas_own_functions_errors_stay_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some platforms' libraries do not export them; everything else works."""
    monkeypatch.setattr(_lua, "LIBRARY_FILE", "no such library")
    with session() as lua:
        assert lua.run("warn '@on' " + FINALIZE % "error").error is None
        assert lua.recorder.notes == []


def test_a_report_that_cannot_be_shown_disturbs_nothing() -> None:
    """An exception of whoever takes the events stays in Python."""

    def sink(event: Event) -> None:
        raise ValueError(event)

    with Runtime(sink) as runtime:
        code = (FINALIZE % "error") + " return 'fine'"
        assert runtime.run_cell(code.encode(), name="program", cell=1).result(30).values == (b'"fine"',)
