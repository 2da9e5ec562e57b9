"""A thousand cosockets come and go and leave nothing behind: no socket, no task, no Python object."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from tests.lua._programs import Session, session

from ba_runtime import SocketClosed, SocketOpened

COUNT = 1000

# Every program opens and ends `N` cosockets; when it is over, nothing of them may be left.
PROGRAMS = {
    "idle": "for i = 1, N do ba.socket.event(function(s) s:read(1) end) end",
    "ended at once": "for i = 1, N do ba.socket.event(function() end) end",
    "failed": "for i = 1, N do ba.socket.event(function() error 'x' end) end",
    "yielding wrongly": "for i = 1, N do ba.socket.event(function() coroutine.yield() end) end",
    "closed while they wait": """
        local all = {}
        for i = 1, N do all[i] = ba.socket.event(function(s) s:read(1e9) end) end
        for i = 1, N do all[i]:close() end
    """,
    "disabled and dropped": """
        for i = 1, N do ba.socket.event(function(s) s:disable() end) end
        for i = 1, 4 do collectgarbage() end
    """,
    "connections": """
        local served = 0
        local listener, port = listen(function(s)
          s:event(function(s) s:write(s:read()) s:read() served = served + 1 end)
        end)
        local done = 0
        for i = 1, N / 50 do
          for j = 1, 50 do
            ba.socket.event(function(s)
              ba.socket.connect("127.0.0.1", port, {timeout = 5000})
              s:write "hello"
              assert(s:read() == "hello")
              done = done + 1
            end)
          end
          await(function() return done == 50 * i and served == done end)
        end
        listener:close()
    """,
    "abandoned": """
        for i = 1, N do
          local l = ba.socket.bind(0)
          l:event(function(l) while true do l:accept() end end)
          l:close()
        end
    """,
    "moved": """
        for i = 1, N / 10 do
          local c, peer = pair()
          c:event(function(s) s:event(function(n) n:read() end) end)
          peer:close()
        end
    """,
    "datagrams": "for i = 1, N do ba.socket.event(function(s) ba.socket.udpcon() s:read(0) end) end",
    "blocking connections": "for i = 1, N / 10 do local a, b = pair() a:write 'x' b:read() end",
    "refused": """
        local held, peer = pair() -- nobody can listen on the port of its end, and it goes with this program
        local _, port = held:sockname()
        local done = 0
        for i = 1, N do
          ba.socket.event(function() ba.socket.connect("127.0.0.1", port) done = done + 1 end)
        end
        await(function() return done == N end)
    """,
    "jobs": """
        local n = 0
        for i = 1, N do ba.thread.run(function() n = n + 1 end) end
        await(function() return n == N end)
    """,
    "timers": """
        local n = 0
        for i = 1, N do ba.timer(function() n = n + 1 end):set(0, true) end
        await(function() return n == N end)
    """,
    "coroutines": "for i = 1, N do coroutine.wrap(function() ba.sleep(0) end)() end",
}  # fmt: skip


def _kilobytes(lua: Session) -> float:
    """Returns what Lua has allocated."""
    return float(lua.value("collectgarbage 'count'"))


def _left(lua: Session) -> dict[str, int]:
    """Returns how much there is of everything."""
    lua.settle()
    lua.run("for i = 1, 4 do collectgarbage() end")
    thread = lua.runtime._thread  # behind the face: leaks have no public name
    opened = Counter(type(event) for event in lua.recorder.events)
    return {
        "socket objects": int(lua.value("(ba.socket.stat())")),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "endpoints": len(thread._network._endpoints),
        "descriptors watched": len(thread._reactor._on_ready) + len(thread._reactor._receivers),
        "open sockets": opened[SocketOpened] - opened[SocketClosed],
    }


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_thousand_leave_nothing_behind(kind: str) -> None:
    """The second thousand leaves what the first did."""
    source = f"local N = {COUNT} {PROGRAMS[kind]}"
    with session() as lua:
        assert lua.run(source).error is None
        before, kilobytes = _left(lua), _kilobytes(lua)
        assert lua.run(source).error is None
        after = _left(lua)
        assert after == before
        assert _kilobytes(lua) < kilobytes + COUNT / 10  # a tenth of a kilobyte each would be one table
        assert after["socket objects"] <= 1
        assert after["open sockets"] == 0
