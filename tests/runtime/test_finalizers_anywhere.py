"""A finalizer may run in the middle of anything: whatever it does there, nobody's wait is lost.

The collector is set to come at once, and every job has a hook, which is called between any two instructions.
So finalizers run at all the places where they can, hundreds of times in each program.
"""

from __future__ import annotations

import pytest
from tests.lua._programs import session

PROGRAM = """
    collectgarbage("setpause", 0) collectgarbage("setstepmul", 1000)
    local timers, count, done, is_over = {{}}, 0, 0, false
    for i = 1, 40 do timers[i] = ba.timer(function() return false end) end
    local function litter()
      setmetatable({{}}, {{__gc = function()
        count = count + 1
        timers[count % 40 + 1]:set(1 + count % 7)
        timers[(count + 7) % 40 + 1]:cancel()
        {finalizer}
        if not is_over then litter() end
      end}})
    end
    for _ = 1, 5 do litter() end
    for _ = 1, {jobs} do
      ba.thread.create():run(function()
        debug.sethook(function() end, "", 1)
        for _ = 1, 20 do {wait} end
        debug.sethook()
        done = done + 1
      end)
    end
    local start = ba.clock()
    while done < {jobs} and ba.clock() < start + 20000 do ba.sleep(1) end
    is_over = true
    return done, count > 100
"""
FINALIZERS = {
    "that sets timers": "",
    "that often waits": "if count % 3 == 0 then ba.sleep(0) end",
    "that sometimes waits": "if count % 40 == 0 then ba.sleep(0) end",
    "that makes jobs": "if count % 20 == 0 then ba.thread.run(function() end) end",
}
WAITS = {
    "of its own": ("ba.sleep(1)", 30),
    "in a coroutine": ("coroutine.wrap(function() ba.sleep(1) end)()", 30),
    "in place": ("xpcall(error, function() ba.sleep(1) end)", 5),  # these lie on top of each other
}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("finalizer", FINALIZERS)
def test_every_wait_ends_whatever_finalizers_do_in_between(finalizer: str, wait: str) -> None:
    """All jobs get to their end, and nothing is reported."""
    with session() as lua:
        source, jobs = WAITS[wait]
        result = lua.run(PROGRAM.format(finalizer=FINALIZERS[finalizer], wait=source, jobs=jobs))
        assert result.error is None, result.error
        assert result.values == (str(jobs).encode(), b"true")
        assert lua.recorder.faults == []
