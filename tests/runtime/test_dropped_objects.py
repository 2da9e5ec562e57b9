"""Objects that are made and dropped without end: Lua's collector keeps up, and memory stays small."""

from __future__ import annotations

import pytest
from tests.lua._programs import session

BOUND_KB = 16_000  # a small heap may grow fourfold before it is collected, see lua/collector.lua

PROGRAMS = {
    "timers": "for _ = 1, 100000 do ba.timer(print) note() end",
    "coroutines": "for _ = 1, 200000 do coroutine.wrap(function() end)() note() end",
    "sockets": "for _ = 1, 100000 do ba.socket.event(function() end) note() end",
    "datagrams": "for _ = 1, 10000 do ba.socket.udpcon() note() end",
    "connections": """
        local listener, port = listen(function(s) s:event(function(s) s:read() end) end)
        for _ = 1, 5000 do ba.socket.connect("127.0.0.1", port):close() note() end
        listener:close()
    """,
    "jobs": "for _ = 1, 20000 do ba.thread.run(function() end) ba.sleep(0) note() end",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_what_is_made_and_dropped_does_not_pile_up(kind: str) -> None:
    """Nobody collects by hand; the most that Lua ever holds is a few megabytes."""
    with session() as lua:
        result = lua.run(f"""
            local most, count = 0, 0
            function note()
              count = count + 1
              if count % 100 == 0 then most = math.max(most, collectgarbage "count") end
            end
            {PROGRAMS[kind]}
            return most // 1 | 0
        """)
        assert result.error is None, result.error
        assert int(result.values[0]) < BOUND_KB


def test_a_collector_that_was_stopped_stays_stopped() -> None:
    """What a program asks of Lua's collector is its own affair."""
    with session() as lua:
        assert lua.value("collectgarbage 'stop'") == "0"
        lua.run("for _ = 1, 1000 do ba.timer(print) coroutine.wrap(print) end")
        assert lua.value("collectgarbage 'isrunning'") == "false"
        assert lua.run("dropped = setmetatable({}, {__mode = 'k'}) dropped[{}] = true").error is None
        lua.run("for _ = 1, 1000 do ba.timer(print) end")
        assert lua.value("next(dropped) ~= nil") == "true"
