"""Finalizers run wherever Lua makes something: also in the middle of what the scheduler and the timers do."""

from __future__ import annotations

import pytest
from tests.lua._programs import session

# What a finalizer does each time that one runs; the next is ready at once.
DEEDS = {
    "waits": "ba.sleep(0)",
    "starts a job": "ba.thread.run(function() count 'jobs' end)",
    "sets timers": "for ms = 1, 3 do ba.timer(function() count 'timers' end):set(ms, true) end",
    "sets and cancels timers": """
        local t = {} for i = 1, 9 do t[i] = ba.timer(print) t[i]:set(1e6 - i) end
        for i = 1, 9 do t[i]:cancel() end
    """,
    "sets the same timer": "shared:set(5, true)",
    "raises": "error 'x'",
}

PREPARED = """
    counts, finalized = {}, 0
    function count(name) counts[name] = (counts[name] or 0) + 1 end
    shared = ba.timer(function() count 'shared' end)
    local probe, busy = {}, false
    function probe.__gc()
      finalized = finalized + 1
      if goes then setmetatable({}, probe) end
      if not busy and finalized < 600 then -- what it starts makes something too, and so on
        busy = true
        pcall(DEED)
        busy = false
      end
    end
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 1000)
    goes = true
    for _ = 1, 9 do setmetatable({}, probe) end
    collectgarbage() -- after which there is no pause; until then there is the one of before
"""

WORK = """
    local c, peer = pair()
    peer:event(function(s)
      while true do
        local data, problem = s:read(1)
        if data then s:write(data) elseif problem ~= 'timeout' then break end
      end
    end)
    for i = 1, 500 do
      ba.thread.run(function() count 'mine' end)
      local t = ba.timer(function() count 'ticks' end)
      t:set(1e6) t:set(1, true)
      ba.timer(print):set(1e6)
      if i % 10 == 0 then c:write 'x' assert(c:read(5000) == 'x') end
    end
    shared:set(1e6, true) shared:set(2, true)
    for _ = 1, 5000 do
      if counts.mine == 500 and counts.ticks == 500 and counts.shared and finalized >= 90 then break end
      local litter = ("x"):rep(50000) -- so that the collector goes on
      ba.sleep(1)
    end
    goes = false
    return counts.mine, counts.ticks, counts.shared > 0, finalized >= 90
"""


@pytest.mark.parametrize("deed", DEEDS)
def test_whatever_a_finalizer_does_in_between_nothing_is_lost(deed: str) -> None:
    """Neither a job nor a tick, nor what a socket brings."""
    with session() as lua:
        assert lua.run(PREPARED.replace("DEED", f"function() {DEEDS[deed]} end")).error is None
        result = lua.run(WORK)
        assert result.error is None, result.error
        assert result.values == (b"500", b"500", b"true", b"true")
        assert not [text for text in lua.recorder.faults if "loop failed" in text or "ba:" in text]
