"""What is hard to stop: code that runs inside Lua's own machinery, and waits on top of each other."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.lua._programs import Session, session

from ba_runtime import CellResult

WITHIN_S = 5.0  # some milliseconds on an idle machine

# Loops where Lua calls no hook, or where an error calls the loop again. Each traces `ready` first.
LOOPS = {
    "a message handler": "xpcall(error, function() trace 'ready' while true do end end, 'e')",
    "a handler of the interrupt's own error": """
        trace 'ready'
        xpcall(function() while true do end end, function() while true do end end)
    """,
    "handlers within handlers": """
        local function handler() xpcall(error, handler, 'e') trace 'ready' while true do end end
        xpcall(error, handler, 'e')
    """,
    "a finalizer": """
        setmetatable({}, {__gc = function() trace 'ready' while true do end end})
        collectgarbage()
    """,
    "a finalizer that catches errors": """
        setmetatable({}, {__gc = function() trace 'ready' while true do pcall(error, 'x') end end})
        collectgarbage()
    """,
    "a finalizer that catches errors of what takes long": """
        setmetatable({}, {__gc = function()
          trace 'ready'
          while true do pcall(function() for i = 1, 100000 do end error 'x' end) end
        end})
        collectgarbage()
    """,
    "a finalizer that catches the interrupt": """
        setmetatable({}, {__gc = function()
          trace 'ready'
          while true do pcall(function() while true do end end) end
        end})
        collectgarbage()
    """,
    "a finalizer that catches the interrupt in many places": """
        local function deep(n)
          while true do pcall(n < 50 and deep or function() while true do end end, n + 1) end
        end
        setmetatable({}, {__gc = function() trace 'ready' deep(1) end})
        collectgarbage()
    """,
    "a finalizer that handles errors without end": """
        setmetatable({}, {__gc = function()
          trace 'ready'
          while true do pcall(xpcall, error, ba.sleep, {}) end
        end})
        collectgarbage()
    """,
    "a line hook": """
        debug.sethook(function() debug.sethook() trace 'ready' while true do end end, 'l')
        local x = 1
    """,
    "a count hook of a coroutine": """
        local co = coroutine.create(function() while true do end end)
        debug.sethook(co, function() debug.sethook() trace 'ready' while true do end end, '', 100)
        coroutine.resume(co)
    """,
    "a hook that comes again": """
        debug.sethook(function() if not once then once = true trace 'ready' end while true do end end, '', 10)
        while true do end
    """,
    "an error object's tostring": """
        error(setmetatable({}, {__tostring = function() trace 'ready' while true do end end}))
    """,
    "an error object's tostring that waits": """
        error(setmetatable({}, {__tostring = function() trace 'ready' ba.sleep(1e9) end}))
    """,
    "a close variable": """
        local x <close> = setmetatable({}, {__close = function() trace 'ready' while true do end end})
    """,
    "a close variable of a coroutine that is closed": """
        local co = coroutine.create(function()
          local x <close> = setmetatable({}, {__close = function() trace 'ready' while true do end end})
          coroutine.yield()
        end)
        coroutine.resume(co)
        coroutine.close(co)
    """,
    "coroutines that fail without end": """
        trace 'ready'
        while true do coroutine.resume(coroutine.create(function() while true do end end)) end
    """,
    "coroutines that catch the error without end": """
        trace 'ready'
        while true do coroutine.wrap(function() return pcall(function() while true do end end) end)() end
    """,
    "coroutines that catch the error without end, within each other": """
        local function f() while true do coroutine.wrap(pcall)(f) end end
        trace 'ready'
        f()
    """,
    "cosockets that fail without end": """
        trace 'ready'
        while true do ba.socket.event(function() while true do end end) end
    """,
    "a range without end": "trace 'ready' table.move({}, 1, 1 << 60, 2)",
    "a reader of load": "load(function() trace 'ready' while true do end end)",
    "encoding": """
        local t = {}
        for i = 1, 100 do t[i] = {1, 2, {3}} end
        trace 'ready'
        while true do ba.json.encode(t) end
    """,
}

# Waits in places where nothing can yield, with another one below.
WAITS = {
    "a timer's handler on a cell's": """
        local t = ba.timer(function() xpcall(error, function() trace 'ready' ba.sleep(1e9) end, 'e') end)
        t:set(1, true)
        xpcall(error, function() ba.sleep(50) end, 'e')
        while true do end
    """,
    "a finalizer that reads": """
        setmetatable({}, {__gc = function() trace 'ready' ba.socket.udpcon():read() end})
        collectgarbage()
    """,
    "a cosocket's handler": """
        ba.socket.event(function()
          xpcall(error, function() trace 'ready' ba.socket.udpcon():read() end, 'e')
        end)
        while true do end
    """,
    "a cosocket's finalizer": """
        ba.socket.event(function()
          setmetatable({}, {__gc = function() trace 'ready' ba.socket.udpcon():read() end})
          collectgarbage()
        end)
        while true do end
    """,
    "a cosocket's reader of load": """
        ba.socket.event(function() load(function() trace 'ready' ba.socket.udpcon():read() end) end)
        while true do end
    """,
    "a close variable of a coroutine": """
        local co = coroutine.create(function()
          local x <close> = setmetatable({}, {__close = function() trace 'ready' ba.sleep(1e9) end})
          coroutine.yield()
        end)
        coroutine.resume(co)
        coroutine.close(co)
        while true do end
    """,
    "three on top of each other": """
        local function wait() xpcall(error, function() trace 'ready' ba.sleep(1e9) end, 'e') end
        ba.timer(wait):set(1, true)
        ba.timer(wait):set(2, true)
        xpcall(error, function() ba.sleep(1e9) end, 'e')
    """,
}


@pytest.fixture
def lua() -> Iterator[Session]:
    """A runtime with something to keep."""
    with session() as started:
        assert started.run("kept = 'kept'").error is None
        yield started


def _stopped(lua: Session, source: str, times: int = 1) -> tuple[CellResult, float]:
    """Starts a cell, interrupts it once it is ready; returns how it ended and after how long."""
    finish = lua.start(source)
    lua.recorder.wait_for_trace("ready", times)
    since = time.monotonic()
    lua.runtime.interrupt()
    return finish(), time.monotonic() - since


@pytest.mark.parametrize("place", [*LOOPS, *WAITS])
def test_an_interrupt_ends_it_soon(lua: Session, place: str) -> None:
    """The state is kept, and the next cells run at full speed: no hook is left behind."""
    result, took_s = _stopped(lua, {**LOOPS, **WAITS}[place])
    assert result.error is not None
    assert took_s < WITHIN_S
    assert lua.value("kept, debug.gethook()") == '"kept"\tnil'
    assert lua.run("coroutine.wrap(function() ba.sleep(1) end)()").error is None


def test_an_interrupt_is_for_the_cell_that_runs_when_it_comes(lua: Session) -> None:
    """However quickly the next cell follows the one that has just been stopped."""
    for _ in range(100):
        finish = lua.start("while true do end")
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"
    assert lua.value("kept") == '"kept"'


def test_background_work_outlives_the_interrupt_of_a_cell(lua: Session) -> None:
    """A cosocket that computes between its waits is no runaway."""
    lua.run("""
        sums = 0
        worker = ba.socket.event(function(s)
          while true do
            local sum = 0
            for i = 1, 2000 do sum = sum + i end
            sums = sums + 1
            s:read(1)
          end
        end)
    """)
    for times in range(1, 21):
        result, _ = _stopped(lua, "trace 'ready' while true do ba.sleep(1) end", times)
        assert result.error is not None
    assert lua.value("(worker:state())") == '"read"'
    assert lua.recorder.faults == []
