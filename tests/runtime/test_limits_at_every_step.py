"""An instruction limit (a hook that raises) ends the program's call wherever it comes and nothing more."""

from __future__ import annotations

import pytest
from tests.lua._programs import Session, session

STEPS = 300

# What is cut short: something before, the call, and what lets its result go.
CALLS = {
    "coroutine.create": ("", "coroutine.create(print)"),
    "coroutine.wrap": ("", "coroutine.wrap(function() coroutine.yield() end)()"),
    "coroutine.resume": ("", "coroutine.resume(coroutine.create(function() coroutine.yield(1) end))"),
    "coroutine.close": ("", "coroutine.close(coroutine.create(print))"),
    "ba.sleep": ("", "ba.sleep(0)"),
    "ba.sleep in a coroutine": ("", "coroutine.wrap(function() ba.sleep(0) end)()"),
    "ba.timer": ("", "local t = ba.timer(print) t:set(60000) t:cancel()"),
    "ba.thread.run": ("", "ba.thread.run(function() end)"),
    "ba.socket.event": ("", "ba.socket.event(function(s) s:read(0) end)"),
    "ba.json": ("local t = {1, {2}, 'x'}", "ba.json.decode(ba.json.encode(t))"),
    "a hash": ("", "ba.crypto.hash 'sha256' 'x' (true, 'hex')"),
    "read": ("local c, peer = pair()", "peer:write 'x' c:read(0)"),
    "connect": (
        "local _, port = listen(function(s) s:close() end)",
        "ba.socket.connect('127.0.0.1', port):close()",
    ),
    "datagrams": ("local u, port = udp()", "u:sendto('x', '127.0.0.1', port) u:read(0)"),
    "string.gsub": ("", "; ('abc'):gsub('%w', function(c) return c end)"),
    "table.sort": ("", "table.sort({3, 1, 2}, function(a, b) return a < b end)"),
    "load and require": ("", "load 'return 1' () require 'httpc'"),
    "debug.traceback": ("", "debug.traceback() debug.getinfo(1) debug.getlocal(1, 1)"),
}


def _is_well(lua: Session) -> None:
    """Sleeps end, the network works, and a loop can be interrupted after a full collection."""
    assert lua.run("for _ = 1, 3 do collectgarbage() end ba.sleep(1)").error is None
    assert lua.run("c, peer = pair() c:event(function(s) s:write(s:read():upper()) end)").error is None
    assert lua.value("peer:write 'hello' and peer:read(5000)") == '"HELLO"'
    finish = lua.start("trace 'busy' while true do coroutine.wrap(function() end)() end")
    lua.recorder.wait_for_trace("busy")
    lua.runtime.interrupt()
    error = finish().error
    assert error is not None
    assert error.kind == "interrupt"
    assert lua.value("debug.gethook(), 6 * 7") == "nil\t42"


@pytest.mark.parametrize("call", CALLS)
def test_a_limit_ends_a_call_at_any_instruction_of_the_programs(call: str) -> None:
    """Of the runtime's own functions none is left half done."""
    before, cut = CALLS[call]
    with session() as lua:
        result = lua.run(f"""
            {before}
            local limits = 0
            for n = 1, {STEPS} do
              local ok, problem = pcall(function()
                debug.sethook(function() debug.sethook() error("limit", 0) end, "", n)
                {cut}
                debug.sethook()
              end)
              debug.sethook()
              if problem == "limit" then limits = limits + 1 else assert(ok, problem) end
            end
            ba.sleep(0)
            return limits > 0
        """)
        assert result.error is None, result.error
        assert result.values == (b"true",)
        _is_well(lua)
        assert lua.recorder.faults == []
