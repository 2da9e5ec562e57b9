"""Hooks of the user's own beside the one that an interrupt plants: neither keeps the other from its work."""

from __future__ import annotations

import time

import pytest
from tests.lua._programs import TIMEOUT_S, Session, session

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
