"""The hook is planted from another thread while Lua runs, makes coroutines and frees them."""

from __future__ import annotations

import threading

import pytest
from tests.lua._programs import Session, session

PLANTINGS = 20_000

CHURNS = {
    "coroutines that end": "coroutine.wrap(function() end)()",
    "coroutines that are dropped": "coroutine.resume(coroutine.create(coroutine.yield))",
    "coroutines within each other": """
        coroutine.wrap(function() coroutine.wrap(function() coroutine.wrap(function() end)() end)() end)()
    """,
    "coroutines that fail": "coroutine.resume(coroutine.create(error))",
    "coroutines that are closed": """
        local co = coroutine.create(function() local x <close> = closer coroutine.yield() end)
        coroutine.resume(co)
        coroutine.close(co)
    """,
    "cosockets": "ba.socket.event(function() end)",
    "deep stacks": "local function deep(n) if n > 0 then return 1 + deep(n - 1) end return 0 end deep(5000)",
    "finalizers": "setmetatable({}, finalizer)",
}


def _plant(lua: Session, insist_s: float) -> None:
    """Plants as often as it can, as a watchdog would in a thousand interrupts."""
    interrupter = lua.runtime._thread._interrupter
    for _ in range(PLANTINGS):
        interrupter.plant(insist_s=insist_s)


@pytest.mark.parametrize("insist_s", [0, 1e-9])
@pytest.mark.parametrize("churn", CHURNS)
def test_planting_touches_nothing_that_has_been_freed(churn: str, insist_s: float) -> None:
    """The collector runs all the time; a write to a coroutine that is gone would break it sooner or later."""
    with session() as lua:
        lua.run("""
            closer = setmetatable({}, {__close = function() end})
            finalizer = {__gc = function() end}
            collectgarbage("setpause", 0)
        """)
        finish = lua.start(f"""
            while not over do
              for _ = 1, 50 do {CHURNS[churn]} end
              ba.sleep(0)
            end
            return "well"
        """)
        planting = threading.Thread(target=_plant, args=(lua, insist_s))
        planting.start()
        planting.join()
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"
        assert lua.value("collectgarbage() and 6 * 7") == "42"


def test_where_lua_keeps_its_hooks_is_known_in_every_runtime() -> None:
    """It was looked for among bytes that happen to differ, and was not found in one of some hundreds."""
    for _ in range(20):
        with session() as lua:
            assert lua.runtime._thread._interrupter._knows_allowhook


def test_a_planted_hook_that_finds_no_interrupt_goes_away() -> None:
    """And the user's own comes back as it was."""
    with session() as lua:
        finish = lua.start("""
            hook = function() end
            debug.sethook(hook, "l", 7)
            trace "ready"
            for i = 1, 200 do
              for _ = 1, 1000 do end
              ba.sleep(0)
            end
            local found, mask, count = debug.gethook()
            return found == hook, mask, count
        """)
        lua.recorder.wait_for_trace("ready")
        for _ in range(100):
            lua.runtime._thread._interrupter.plant()
        assert finish().values == (b"true", b'"l"', b"7")
