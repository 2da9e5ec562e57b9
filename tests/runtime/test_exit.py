"""`os.exit` ends the cell that calls it, and nothing else."""

from __future__ import annotations

import pytest
from tests.lua._programs import session


@pytest.mark.parametrize(
    ("argument", "code"),
    [("", 0), ("true", 0), ("false", 1), ("0", 0), ("3", 3), ("'4'", 4), ("nil", 0), ("{}", 1), ("2.0", 2)],
)
def test_exit_ends_the_cell_with_its_code(argument: str, code: int) -> None:
    """The state is kept, and so are the sockets."""
    with session() as lua:
        lua.run("x = 1 c, peer = pair() c:event(function(s) s:write(s:read()) end)")
        result = lua.run(f"x = 2 os.exit({argument}) x = 3")
        assert result.error is not None
        assert (result.error.kind, result.error.exit_code) == ("exit", code)
        assert lua.value("x") == "2"
        assert lua.value("peer:write 'still here' and peer:read(5000)") == '"still here"'


@pytest.mark.parametrize(
    "call",
    [
        "pcall(os.exit, 7)",
        "xpcall(os.exit, print, 7)",
        "coroutine.wrap(os.exit)(7)",
        "table.sort({2, 1}, function() os.exit(7) end)",
        "('x'):gsub('x', function() os.exit(7) end)",
        "coroutine.wrap(function() pcall(table.sort, {2, 1}, function() os.exit(7) end) end)()",
        "local x = setmetatable({}, {__index = function() os.exit(7) end}).x",
        "while true do pcall(os.exit, 7) end",
    ],
)
def test_exit_works_from_anywhere_in_the_cell(call: str) -> None:
    """No pcall stops it, nor a place where nothing can yield."""
    with session() as lua:
        result = lua.run(f"x = 1 {call} x = 2")
        assert result.error is not None
        assert (result.error.kind, result.error.exit_code) == ("exit", 7)
        assert lua.value("x") == "1"


@pytest.mark.parametrize(
    "start", ["ba.socket.event", "ba.thread.run", "(function(f) t = ba.timer(f) t:set(0) end)"]
)
def test_exit_elsewhere_is_an_error(start: str) -> None:
    """There is no program to end: cosockets, jobs and timers belong to nobody's command line."""
    with session() as lua:
        lua.run(
            f"{start}(function() over = true os.exit(1) end) await(function() return over end) ba.sleep(1)"
        )
        assert len(lua.recorder.faults) == 1
        assert "os.exit" in lua.recorder.faults[0]
        assert lua.value("1 + 1") == "2"


def test_exit_in_a_finalizer_is_an_error() -> None:
    """It runs in whichever task the collector comes by: that would end a cell that did not call it."""
    with session() as lua:
        assert lua.value("setmetatable({}, {__gc = function() os.exit(1) end}) and collectgarbage()") == "0"
        assert "os.exit" in lua.recorder.notes[-1]
