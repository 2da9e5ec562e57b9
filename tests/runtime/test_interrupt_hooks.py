"""Hooks of the user's own beside the one that an interrupt plants: neither keeps the other from its work."""

from __future__ import annotations

import time

import pytest
from tests.lua._programs import TIMEOUT_S, Session, session, traced

# Where the code runs, with the hook in place.
PLACES = {
    "timer": "ba.timer(function() CODE end):set(0, true)",
    "job": "ba.thread.run(function() CODE end)",
    "cosocket": "c, peer = pair() c:event(function(s) s:read() CODE end) peer:write 'x'",
    "coroutine in a timer": "ba.timer(function() coroutine.wrap(function() CODE end)() end):set(0, true)",
}
HOOKS = {"count": '"", 1', "line": '"l"', "call": '"cr"'}


def _stop_the_runaway(lua: Session) -> str:
    """Interrupts until it is known for a runaway, which takes a moment; returns its report."""
    deadline = time.monotonic() + TIMEOUT_S
    while not lua.recorder.faults and time.monotonic() < deadline:
        lua.runtime.interrupt()
        lua.recorder.wait_briefly()
    assert len(lua.recorder.faults) == 1
    return lua.recorder.faults[0]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("place", PLACES)
def test_a_runaway_in_the_background_with_a_hook_can_be_stopped(place: str, hook: str) -> None:
    """And what comes after it is not."""
    code = f"""
        debug.sethook(function() n = n + 1 end, {HOOKS[hook]})
        for _ = 1, 10 do f() end
        trace 'ready'
        while true do f() end
    """
    with session() as lua:
        assert lua.run("n = 0 function f() end " + PLACES[place].replace("CODE", code)).error is None
        lua.recorder.wait_for_trace("ready")
        assert "interrupted" in _stop_the_runaway(lua)
        assert lua.value("n > 0") == "true"
        assert lua.value("(function() local s = 0 for i = 1, 1e5 do s = s + i end return s end)()") != ""


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_goes_on_after_an_interrupt_of_another(hook: str) -> None:
    """It belongs to its coroutine, which the interrupt does not end."""
    with session() as lua:
        lua.run(f"""
            n = 0
            co = coroutine.create(function()
              while true do coroutine.yield(math.abs(1)) end
            end)
            debug.sethook(co, function() n = n + 1 end, {HOOKS[hook]})
            function counted() local before = n coroutine.resume(co) return n - before end
            counted() counted()
        """)
        usual = lua.value("counted()")
        assert int(usual) > 0
        finish = lua.start("trace 'ready' while true do end")
        lua.recorder.wait_for_trace("ready")
        lua.runtime.interrupt()
        assert finish().error is not None
        assert lua.value("counted()") == usual


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("place", PLACES)
def test_a_hook_in_the_background_that_never_ends_can_be_stopped(place: str, hook: str) -> None:
    """The error is raised in the hook, and so in the code below it."""
    code = f"""
        debug.sethook(function()
          debug.sethook()
          trace 'ready'
          while true do end
        end, {HOOKS[hook]})
        for _ = 1, 10 do f() end
    """
    with session() as lua:
        assert lua.run("function f() end " + PLACES[place].replace("CODE", code)).error is None
        lua.recorder.wait_for_trace("ready")
        assert "interrupted" in _stop_the_runaway(lua)
        assert lua.value("1 + 1") == "2"


@pytest.mark.parametrize("mask", ["c", "r", "l", "crl"])
def test_a_hook_hears_of_no_call_that_the_api_makes(mask: str) -> None:
    """Not of C functions that it calls either: an error raised there would cut the API in the middle."""
    with session() as lua:
        result = lua.run(f"""
            local below = {{}}
            debug.sethook(function()
              local info = debug.getinfo(3, "S")
              if info then below[info.what] = true end
              places = (places or 0) + 1
            end, "{mask}")
            local u = ba.socket.udpcon()
            u:close()
            ba.json.encode({{1, 2}})
            debug.sethook()
            return places or 0
        """)
        assert result.error is None
        assert int(result.values[0]) < 12


def test_a_hook_that_raises_leaves_the_api_whole() -> None:
    """Wherever it is called: every call either did not begin or went to its end."""
    with session() as lua:
        result = lua.run("""
            local opened = 0
            for n = 1, 60 do
              local count = 0
              pcall(function()
                debug.sethook(function()
                  count = count + 1
                  if count == n then debug.sethook() error "limit" end
                end, "crl")
                local u = ba.socket.udpcon()
                debug.sethook()
                opened = opened + 1
                u:close()
              end)
              debug.sethook()
            end
            collectgarbage() collectgarbage()
            return opened, (select(2, ba.socket.stat()))
        """)
        assert result.error is None
        opened, active = map(int, result.values)
        assert opened > 45
        assert active == 0


def test_a_hook_blames_the_line_at_which_it_is_called() -> None:
    """As in Lua: one level above the hook is the function that it interrupts."""
    program = """
        local function limit() debug.sethook() error("limit", 2) end
        debug.sethook(limit, "", 100)
        local _, problem = pcall(function()
          while true do end
        end)
        trace(problem)
    """
    assert traced(program) == ["program:5: limit"]
