"""Waiting works everywhere: in callbacks, metamethods, finalizers, and modules that are being loaded.

Where Lua cannot yield, the call runs the loop in place (rule 3 of the scheduler). It must neither raise nor
deadlock, whoever else waits at the same time, and in the same way.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lua._programs import session, traced

# Where code `WAIT` runs; what it returns reaches `result`.
PLACES = {
    "the cell itself": "result = WAIT()",
    "table.sort": "table.sort({2, 1}, function(a, b) result = WAIT() return a < b end)",
    "string.gsub": "('x'):gsub('x', function() result = WAIT() end)",
    "a sort in a gsub": """
        ('x'):gsub('x', function() table.sort({2, 1}, function(a, b) result = WAIT() return a < b end) end)
    """,
    "__index": "local x = setmetatable({}, {__index = function() result = WAIT() end}).x",
    "__newindex": "setmetatable({}, {__newindex = function() result = WAIT() end}).x = 1",
    "__add": "local x = setmetatable({}, {__add = function() result = WAIT() return 1 end}) + 1",
    "__eq": """
        local m = {__eq = function() result = WAIT() end}
        local x = setmetatable({}, m) == setmetatable({}, m)
    """,
    "__concat": "local x = setmetatable({}, {__concat = function() result = WAIT() return '' end}) .. ''",
    "__call": "setmetatable({}, {__call = function() result = WAIT() end})()",
    "__len": "local x = #setmetatable({}, {__len = function() result = WAIT() return 1 end})",
    "__tostring": "tostring(setmetatable({}, {__tostring = function() result = WAIT() return '' end}))",
    "__tostring in string.format": """
        string.format("%s", setmetatable({}, {__tostring = function() result = WAIT() return '' end}))
    """,
    "__pairs": """
        for k in pairs(setmetatable({}, {__pairs = function() result = WAIT() return next, {} end})) do end
    """,
    "__close": "do local x <close> = setmetatable({}, {__close = function() result = WAIT() end}) end",
    "__close after an error": """
        pcall(function()
          local x <close> = setmetatable({}, {__close = function() result = WAIT() end})
          error "x"
        end)
    """,
    "__gc": "setmetatable({}, {__gc = function() result = WAIT() end}) collectgarbage()",
    "__index in table.concat": """
        table.concat(setmetatable({}, {__index = function() result = WAIT() return '' end}), '', 1, 1)
    """,
    "an iterator": "for _ in function() if not result then result = WAIT() return 1 end end do end",
    "pcall": "pcall(function() result = WAIT() end)",
    "xpcall": "xpcall(function() result = WAIT() end, print)",
    "an error handler": "xpcall(error, function() result = WAIT() end)",
    "a coroutine": "coroutine.wrap(function() result = WAIT() end)()",
    "a coroutine in a coroutine": """
        coroutine.wrap(function() coroutine.wrap(function() result = WAIT() end)() end)()
    """,
    "a sort in a coroutine": """
        coroutine.wrap(function() table.sort({2, 1}, function(a, b) result = WAIT() return a < b end) end)()
    """,
    "a coroutine in a sort": """
        table.sort({2, 1}, function(a, b) coroutine.wrap(function() result = WAIT() end)() return a < b end)
    """,
    "coroutine.close": """
        local co = coroutine.create(function()
          local x <close> = setmetatable({}, {__close = function() result = WAIT() end})
          coroutine.yield()
        end)
        coroutine.resume(co)
        coroutine.close(co)
    """,
    "a load reader": "load(function() if not result then result = WAIT() return 'return 1' end end)",
    "a preloaded module": "package.preload.waiting = function() result = WAIT() end require 'waiting'",
}  # fmt: skip

# What is waited for, and what comes of it.
WAITS = {
    "ba.sleep": ("ba.sleep(2) return 'slept'", "slept"),
    "read": ("local c, peer = pair() peer:write 'data' return c:read()", "data"),
    "read with a timeout": ("local c = pair() return select(2, c:read(2))", "timeout"),
    "connect": (
        "local _, port = listen(print) return type(ba.socket.connect('127.0.0.1', port))",
        "userdata",
    ),
    "a datagram": (
        "local u, p = udp() ba.socket.udpcon():sendto('d', '127.0.0.1', p) return u:read()",
        "d",
    ),
    "a cosocket that sleeps": (
        "ba.socket.event(function() ba.sleep(2) woken = 'yes' end) return woken",
        "yes",
    ),
    "a timer that sleeps": (
        "ba.timer(function() ba.sleep(2) woken = 'yes' end):set(0, true, true) return woken",
        "yes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wait", WAITS)
def test_a_cell_may_wait_anywhere(place: str, wait: str) -> None:
    """For anything."""
    body, result = WAITS[wait]
    assert traced(f"local result local function WAIT() {body} end {PLACES[place]} trace(result)") == [result]


# A module is loaded once, and while a finalizer runs Lua collects nothing: these two are for one task alone.
SHARED = [place for place in PLACES if place not in ("a preloaded module", "__gc")]


@pytest.mark.parametrize("place", SHARED)
@pytest.mark.parametrize("start", ["ba.socket.event", "ba.thread.run"])
def test_cosockets_and_jobs_may_wait_anywhere(place: str, start: str) -> None:
    """While a cell waits in the same manner."""
    waiting = (
        f"local result local function WAIT() ba.sleep(3) return 'slept' end {PLACES[place]} trace(result)"
    )
    assert traced(f"""
        local over
        {start}(function() {waiting} over = true end)
        do {waiting} end
        await(function() return over end)
    """) == ["slept", "slept"]


@pytest.mark.parametrize("place", [place for place in PLACES if "coroutine" not in place])
def test_a_cosocket_may_read_its_socket_anywhere(place: str) -> None:
    """But in an inner coroutine, which does not own it."""
    assert traced(f"""
        local c, peer = pair()
        local t = ba.timer(function() peer:write "data" end)
        t:set(2)
        c:event(function(s)
          local result
          local function WAIT() return s:read() end
          {PLACES[place]}
          trace(result)
        end)
        await(function() return c:state() == "terminated" end)
    """) == ["data"]


def test_many_tasks_wait_in_place_at_once() -> None:
    """Each ends when its time has come, or when those that it has called in the meantime have."""
    assert traced("""
        local n = 0
        for i = 1, 20 do
          ba.socket.event(function(s)
            local words = setmetatable({}, {__index = function() s:read(20 - i) n = n + 1 return "" end})
            table.concat(words, "", 1, 1)
          end)
          ba.thread.run(function()
            load(function() ba.sleep(i % 5) n = n + 1 end)
          end)
        end
        await(function() return n == 40 end)
        trace(n)
    """) == ["40"]


def test_tasks_that_start_tasks_in_place_nest_deeply() -> None:
    """Each waits within a callback for the one it has started there; at some depth Lua says so, not C."""
    assert traced("""
        local deepest = 0
        local function down(n)
          deepest = math.max(deepest, n)
          if n < 60 then
            ba.socket.event(function(s)
              pcall(load, function() down(n + 1) ba.sleep(0) end)
            end)
          end
        end
        down(1)
        ba.sleep(20)
        trace(deepest >= 30)
    """) == ["true"]


def test_waiting_in_a_module_that_is_required(tmp_path: Path) -> None:
    """Its main chunk may wait, as a cell's may."""
    (tmp_path / "slow.lua").write_text("ba.sleep(2) return {name = ...}", encoding="utf-8")
    (tmp_path / "slower.lua").write_text(
        "local slow = require 'slow' ba.sleep(2) return slow", encoding="utf-8"
    )
    with session() as lua:
        lua.run(f"package.path = '{tmp_path}/?.lua'")
        assert lua.value("require('slower').name") == '"slow"'
        assert lua.value(f"dofile('{tmp_path}/slow.lua').name") == "nil"


def test_an_error_after_a_wait_in_place_is_the_callbacks() -> None:
    """It passes through the C function to whoever called that."""
    assert (
        traced("""
        trace(pcall(table.sort, {2, 1}, function() ba.sleep(1) error("after", 0) end))
        trace(pcall(string.gsub, "x", "x", function() ba.sleep(1) error({}, 0) end))
    """)[0]
        == "false\tafter"
    )


def test_the_clock_goes_on_for_the_others_while_one_waits_in_place() -> None:
    """A timer fires, a cosocket answers, a job runs: in the time that a callback sleeps."""
    assert traced("""
        local log = {}
        local c, peer = pair()
        c:event(function(s) s:write(s:read()) log[#log + 1] = "cosocket" end)
        local t = ba.timer(function() log[#log + 1] = "timer" end)
        t:set(1)
        ba.thread.run(function() log[#log + 1] = "job" end)
        peer:write "x"
        table.sort({2, 1}, function(a, b)
          await(function() return #log == 3 end)
          return a < b
        end)
        table.sort(log)
        trace(table.concat(log, " "))
    """) == ["cosocket job timer"]


TURNS = 8  # finalizers tried, in several places of the loop


def _handed_over(waiting: str, turn: int) -> str:
    """Returns a program that runs `waiting` in a finalizer, the `turn`th of those that run between its code.

    A message goes back and forth, counted, and takes the memory for which Lua collects; so most of them run
    while an event is handed to Lua: in `poll` itself or where its results are put away.
    """
    return f"""
        local count, turn = 0, 0
        local probe = {{}}
        function probe.__gc()
          local _, is_main = coroutine.running()
          turn = is_main and turn + 1 or turn
          if is_main and turn == {turn} then
            {waiting}
          else
            setmetatable({{}}, probe)
          end
        end
        local _, port = listen(function(s)
          s:event(function(s) while true do s:write(s:read()) end end)
        end)
        ba.socket.event(function(s)
          ba.socket.connect("127.0.0.1", port)
          s:write(("x"):rep(8000))
          while true do
            s:write(s:read())
            count = count + 1
          end
        end)
        collectgarbage("incremental", 100, 400, 0)
        setmetatable({{}}, probe)
        await(function() return reached end)
    """


def test_a_finalizer_may_wait_for_what_arrives_together_with_it() -> None:
    """The only message under way is the one that was being handed over.

    Where the loop has taken it in hand already, a moment later, the wait comes to nothing; that is rare.
    """
    outcomes = []
    for turn in range(1, TURNS + 1):
        program = _handed_over(
            """
            local goal, deadline = count + 3, ba.clock() + 500
            while count < goal and ba.clock() < deadline do ba.sleep(1) end
            reached = count
            trace(count >= goal)
            """,
            turn,
        )
        outcomes += traced(program)
    assert outcomes.count("true") > TURNS // 2


def test_a_runtime_closes_while_a_finalizer_waits_there() -> None:
    """It hears of the end though it ran before Lua had been told."""
    for turn in range(1, TURNS + 1):
        with session() as lua:
            assert lua.run(_handed_over("reached = true ba.sleep(1e9)", turn)).error is None
            thread = lua.runtime._thread
            lua.runtime.close(timeout_s=5)
            assert not thread.is_alive()
