"""An interrupt stops the cell wherever it is; the state, the sockets and all other cosockets survive."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.lua._programs import TIMEOUT_S, Session, session

from ba_runtime import CellResult, _lua

TIMES = 20

# What a cell does when the interrupt comes. Each traces `ready` when it is about to go where it stays.
CELLS = {
    "a busy loop": "trace 'ready' while true do end",
    "a busy loop with calls": "trace 'ready' while true do local s = ('x'):rep(10):upper() end",
    "pcall in a loop": "trace 'ready' while true do pcall(function() while true do end end) end",
    "pcall around errors": "trace 'ready' while true do pcall(error, 'x') end",
    "xpcall in a loop": """
        trace 'ready'
        while true do xpcall(function() while true do end end, debug.traceback) end
    """,
    "inside a coroutine": "coroutine.wrap(function() trace 'ready' while true do end end)()",
    "pcall inside a coroutine": """
        while true do
          coroutine.resume(coroutine.create(function()
            trace 'ready'
            while true do pcall(string.rep, 'x', 100) end
          end))
        end
    """,
    "a coroutine of a coroutine": """
        coroutine.wrap(function() coroutine.wrap(function() trace 'ready' while true do end end)() end)()
    """,
    "endless coroutines": """
        trace 'ready'
        while true do coroutine.wrap(function() coroutine.yield() end)() end
    """,
    "endless recursion with pcall": "trace 'ready' local function f() pcall(f) end while true do f() end",
    "endless print": "trace 'ready' while true do print 'again' end",
    "endless trace": "trace 'ready' while true do tracep(9, 'again') end",
    "a busy metamethod": """
        local t = setmetatable({}, {__index = function() trace 'ready' while true do end end})
        return t.x
    """,
    "a busy sort": "table.sort({3, 2, 1}, function() trace 'ready' while true do end end)",
    "a busy gsub": "('x'):gsub('x', function() trace 'ready' while true do end end)",
    "a busy tostring of the result": """
        return setmetatable({}, {__tostring = function() trace 'ready' while true do end end})
    """,
    "ba.sleep": "trace 'ready' ba.sleep(1e9)",
    "ba.sleep in pcall": "trace 'ready' while true do pcall(ba.sleep, 1e9) end",
    "ba.sleep in a coroutine": "coroutine.wrap(function() trace 'ready' ba.sleep(1e9) end)()",
    "ba.sleep in a sort": "table.sort({3, 2, 1}, function() trace 'ready' ba.sleep(1e9) end)",
    "ba.sleep in a gsub": "('x'):gsub('x', function() trace 'ready' ba.sleep(1e9) end)",
    "ba.sleep in a metamethod": """
        return setmetatable({}, {__index = function() trace 'ready' ba.sleep(1e9) end}).x
    """,
    "nested waits in sorts": """
        table.sort({3, 2, 1}, function()
          table.sort({3, 2, 1}, function() trace 'ready' ba.sleep(1e9) end)
        end)
    """,
    "nested waits in pcalls and sorts": """
        while true do
          pcall(table.sort, {3, 2, 1}, function() trace 'ready' pcall(ba.sleep, 1e9) error 'x' end)
        end
    """,
    "pcall as the last thing": "trace 'ready' pcall(function() while true do end end)",
    "pcall around ba.sleep as the last thing": "trace 'ready' pcall(ba.sleep, 1e9)",
    "many short sleeps": "trace 'ready' while true do ba.sleep(0) end",
    "read": "local c, peer = pair() trace 'ready' c:read()",
    "read with a timeout": "local c, peer = pair() trace 'ready' c:read(1e9)",
    "read in pcall": "local c, peer = pair() trace 'ready' while true do pcall(c.read, c) end",
    "a datagram's read": "local u = udp() trace 'ready' u:read()",
    "a write that the peer does not read": """
        local c, peer = pair()
        trace 'ready'
        while true do c:write(('x'):rep(1e6)) end
    """,
    "waiting for a cosocket": """
        local l = listen(print)
        trace 'ready'
        while l:state() == 'accept' do ba.sleep(1) end
    """,
    "connect to a silent address": "trace 'ready' ba.socket.connect('127.0.0.1', silent)",
    "io.read": "trace 'ready' io.read()",
    "a string.rep that grows": "trace 'ready' while true do local s = ('x'):rep(1e6) end",
}  # fmt: skip

# A port of 127.0.0.1 that answers no more clients: the queue of its listener is full.
SILENT = """
    local b = ba.socket.bind(0)
    local _, port = b:sockname()
    queue = {b}
    repeat
      local problem
      local s = ba.socket.event(function(s)
        problem = select(2, ba.socket.connect("127.0.0.1", port, {timeout = 200}))
        if not problem then s:disable() end
      end)
      queue[#queue + 1] = s
      await(function() return problem or s:state() == "disabled" end)
    until problem
    silent = port
"""

# An echo that must work all the time, in a cosocket of an earlier cell.
ECHO = """
    local _, port = listen(function(s)
      s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
    end)
    echo = ba.socket.connect("127.0.0.1", port)
    count = 0
"""

SPIN = """
    c, peer = pair()
    c:event(function(s)
      s:read()
      trace 'spins'
      while true do end
    end)
    peer:write 'x'
"""


@pytest.fixture
def lua() -> Iterator[Session]:
    """A runtime with the echo."""
    with session() as started:
        assert started.run(ECHO).error is None
        yield started


def _interrupted(lua: Session, source: str, ready: int) -> CellResult:
    """Starts a cell, waits for its `ready` number so and so, and interrupts it."""
    finish = lua.start("count = count + 1 " + source)
    lua.recorder.wait_for_trace("ready", ready)
    lua.runtime.interrupt()
    return finish()


@pytest.mark.parametrize("kind", CELLS)
def test_an_interrupt_stops_a_cell(lua: Session, kind: str) -> None:
    """Twenty times in a row; the globals are kept, and a cosocket in the background still answers."""
    if "silent" in CELLS[kind]:
        assert lua.run(SILENT).error is None
    for time_ in range(TIMES):
        ready = lua.recorder.traced.count("ready")
        result = _interrupted(lua, CELLS[kind], ready + 1)
        assert result.error is not None
        assert result.error.kind == "interrupt", result.error
        assert lua.value("count") == str(time_ + 1)
    assert lua.value("echo:write 'still here' and echo:read(5000)") == '"still here"'


@pytest.mark.parametrize("kind", CELLS)
def test_an_interrupt_stops_a_cell_where_lua_is_not_exported(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Python can plant no hook there, so each coroutine has one that counts."""
    monkeypatch.setattr(_lua, "LIBRARY_FILE", "no such library")
    with session() as lua:
        assert lua.runtime.counts_instructions
        assert lua.run(ECHO).error is None
        if "silent" in CELLS[kind]:
            assert lua.run(SILENT).error is None
        for time_ in range(2):
            result = _interrupted(lua, CELLS[kind], time_ + 1)
            assert result.error is not None
            assert result.error.kind == "interrupt", result.error
        assert lua.value("echo:write 'still here' and echo:read(5000)") == '"still here"'


def test_an_interrupt_names_the_place(lua: Session) -> None:
    """The line of the user's code that was stopped."""
    ready = lua.recorder.traced.count("ready")
    result = _interrupted(lua, "\n\ntrace 'ready'\nwhile true do\nend", ready + 1)
    assert result.error is not None
    assert (result.error.source, result.error.line) in {("program", 4), ("program", 5)}
    ready = lua.recorder.traced.count("ready")
    result = _interrupted(lua, "\ntrace 'ready'\nba.sleep(1e9)", ready + 1)
    assert result.error is not None
    assert (result.error.source, result.error.line) == ("program", 3)


def test_a_socket_that_was_read_can_be_read_again(lua: Session) -> None:
    """An interrupt closes nothing."""
    lua.run("c, peer = pair()")
    ready = lua.recorder.traced.count("ready")
    assert _interrupted(lua, "trace 'ready' c:read()", ready + 1).error is not None
    assert lua.value("c:state()") == '"notcon"\ttrue'
    assert lua.value("peer:write 'data' and c:read(5000)") == '"data"'


def test_to_be_closed_values_are_closed(lua: Session) -> None:
    """Leaving their block in this way too."""
    ready = lua.recorder.traced.count("ready")
    source = (
        "closed = 0 local t <close> = setmetatable({}, {__close = function() closed = 1 end}) trace 'ready' "
    )
    assert _interrupted(lua, source + "while true do end", ready + 1).error is not None
    assert lua.value("closed") == "1"


def test_a_cosocket_that_spins_between_cells_can_be_stopped() -> None:
    """It ends with a report; the others, and the next cell, go on."""
    with session() as lua:
        lua.run(ECHO)
        for time_ in range(TIMES):
            lua.run(SPIN)
            lua.recorder.wait_for_trace("spins", time_ + 1)
            # The spinning cosocket is the user's own code, so it takes a moment to be known for a runaway.
            deadline = time.monotonic() + TIMEOUT_S
            while len(lua.recorder.faults) == time_ and time.monotonic() < deadline:
                lua.runtime.interrupt()
                lua.recorder.wait_briefly()
            assert len(lua.recorder.faults) == time_ + 1
            assert "interrupted" in lua.recorder.faults[-1]
            assert lua.value("c:state()") == '"terminated"\tfalse'
        assert lua.value("echo:write 'still here' and echo:read(5000)") == '"still here"'


def test_a_cosocket_that_spins_while_a_cell_waits_can_be_stopped() -> None:
    """The cell is stopped too: it was the one that the user saw."""
    with session() as lua:
        finish = lua.start(SPIN + "ba.sleep(1e9)")
        lua.recorder.wait_for_trace("spins")
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"
        assert lua.value("c:state()") == '"terminated"\tfalse'


def test_an_interrupt_of_nothing_does_no_harm(lua: Session) -> None:
    """Neither to what waits nor to the next cell."""
    for _ in range(TIMES):
        lua.runtime.interrupt()
        assert lua.value("1 + 1") == "2"
    assert lua.value("echo:write 'still here' and echo:read(5000)") == '"still here"'


def test_interrupts_that_come_in_bursts_stop_one_cell_after_the_other(lua: Session) -> None:
    """More of them than cells, from another thread, while cells start and end."""
    for _ in range(TIMES):
        ready = lua.recorder.traced.count("ready")
        finish = lua.start("trace 'ready' while true do end")
        lua.recorder.wait_for_trace("ready", ready + 1)
        for _ in range(5):
            lua.runtime.interrupt()
        assert finish().error is not None
    assert lua.value("echo:write 'still here' and echo:read(5000)") == '"still here"'


# What wakes forty runaways at once.
CROWDS = {
    "events": """
        peers = {}
        for i = 1, 40 do
          local woken, peer = pair()
          woken:event(function(s) s:read() run_away() end)
          peers[i] = peer
        end
        for _, peer in ipairs(peers) do peer:write 'x' end
    """,
    "timers": """
        timers = {}
        for i = 1, 40 do
          timers[i] = ba.timer(run_away)
          timers[i]:set(1)
        end
    """,
    "tasks that are ready": """
        for i = 1, 40 do ba.thread.create():run(function() ba.sleep(0) run_away() end) end
    """,
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_cell_does_not_wait_for_all_runaways_that_have_woken_at_once(lua: Session, crowd: str) -> None:
    """It comes between two of them, and is over: the interrupt ends it too, if it has not ended by itself."""
    lua.run("function run_away() trace 'runs away' while true do end end " + CROWDS[crowd])
    lua.recorder.wait_for_trace("runs away")
    finish = lua.start("return 1 + 1")
    lua.runtime.interrupt()
    finish()
    assert lua.recorder.traced.count("runs away") < 10
