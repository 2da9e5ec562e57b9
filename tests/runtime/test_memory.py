"""A program that wants more memory than it may have fails with Lua's own words, and the runtime goes on."""

from __future__ import annotations

import pytest
from tests.lua._programs import Session, session

from ba_runtime._lua import LuaState

MIB = 1 << 20
BOUND = 32 * MIB

GREEDY = {
    "one string": "return #('x'):rep(2 << 30)",
    "strings that double": "local s = 'x' while true do s = s .. s end",
    "many strings": "local t = {} for i = 1, 1 << 40 do t[i] = ('x'):rep(100000) .. i end",
    "many small tables": "local t = {} for i = 1, 1 << 40 do t[i] = {} end",
    "one large table": "local t = {} for i = 1, 1 << 40 do t[i] = i end",
    "a table of keys": "local t = {} for i = 1, 1 << 40 do t['key' .. i] = i end",
    "concatenation": "local t = {} for i = 1, 1 << 16 do t[i] = ('x'):rep(1 << 16) end",
    "many coroutines": "local t = {} for i = 1, 1 << 40 do t[i] = coroutine.create(print) end",
    "many closures": "local t = {} for i = 1, 1 << 40 do t[i] = function() return i end end",
    "many results": "return table.unpack({}, 1, 1e7)",
    "string.format": "return ('%99s'):rep(1e7):format()",
    "in pcall": """
        local t = {}
        while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = ('x'):rep(1e6) .. i end end) end
    """,
    "in a coroutine": """
        coroutine.wrap(function() local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end end)()
    """,
    "a bytearray": "local t = {} for i = 1, 1e6 do t[i] = ba.bytearray.create(1 << 20) end",
}  # fmt: skip


def _is_well(lua: Session) -> None:
    """The runtime computes, keeps its globals, and its network works."""
    assert lua.value("kept, 6 * 7") == '"kept"\t42'
    assert lua.run("c, peer = pair() c:event(function(s) s:write(s:read():upper()) end)").error is None
    assert lua.value("peer:write 'hello' and peer:read(5000)") == '"HELLO"'
    assert not [text for text in lua.recorder.faults if "loop failed" in text]


@pytest.mark.parametrize("kind", [kind for kind in GREEDY if kind != "in pcall"])
def test_a_greedy_cell_fails_and_the_next_ones_work(kind: str) -> None:
    """And when it is run again."""
    with session(max_memory=BOUND) as lua:
        lua.run("kept = 'kept'")
        for _ in range(2):
            result = lua.run(GREEDY[kind])
            assert result.error is not None
            assert result.error.kind in ("memory", "runtime"), result.error
            assert b"memory" in result.error.message or b"too" in result.error.message
            _is_well(lua)


@pytest.mark.parametrize("held", range(0, 400, 40))
def test_a_cell_that_has_waited_and_takes_the_last_byte_is_told(held: int) -> None:
    """Its end is then looked at where the loop is not deep in calls, and has no room to get deeper."""
    with session(max_memory=BOUND) as lua:
        lua.run("kept = 'kept'")
        result = lua.run(f"""
            local s = ('x'):rep({held})
            ba.socket.udpcon():read(0)
            local t = {{}}
            while true do t[#t + 1] = {{}} end
        """)
        assert result.error is not None
        assert (result.error.kind, lua.recorder.faults) == ("memory", [])
        _is_well(lua)


def test_a_cell_that_ends_while_the_loop_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells that wait behind it run then, and the loop's failure is reported."""
    with session(max_memory=BOUND) as lua:
        thread, makes_room = lua.runtime._thread, LuaState.open_last_reserve
        failing = iter([True])

        def fail(state: LuaState) -> None:
            makes_room(state)
            if next(failing, False):
                raise ValueError("the test's own")

        monkeypatch.setattr(LuaState, "open_last_reserve", fail)
        result = lua.run("local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end")
        assert result.error is not None
        assert (result.error.kind, result.error.message) == ("memory", b"not enough memory")
        assert thread.is_alive()
        assert lua.value("6 * 7") == "42"
        assert len([text for text in lua.recorder.faults if "loop failed" in text]) == 1


def test_two_gibibytes_of_strings_are_too_much_for_the_usual_bound() -> None:
    """Of 1 GiB."""
    with session() as lua:
        lua.run("kept = 'kept'")
        result = lua.run("local t = {} for i = 1, 2048 do t[i] = ('x'):rep(1 << 20) .. i end")
        assert result.error is not None
        assert (result.error.kind, result.error.message) == ("memory", b"not enough memory")
        _is_well(lua)


def test_a_cell_that_catches_the_error_may_go_on() -> None:
    """After it has let go of what it had."""
    with session(max_memory=BOUND) as lua:
        source = (
            "local t = {} return pcall(function() for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end end)"
        )
        result = lua.run(source)
        assert result.error is None
        assert result.values == (b"false", b'"not enough memory"')
        lua.run("kept = 'kept'")
        _is_well(lua)


def test_a_global_table_that_fills_the_memory_leaves_room_for_the_next_cells() -> None:
    """Until it is taken away: cells run, if small ones, and a note tells that memory is short."""
    with session(max_memory=BOUND) as lua:
        lua.run("kept = 'kept' hoard = {}")
        result = lua.run("for i = 1, 1e9 do hoard[#hoard + 1] = ('x'):rep(1000) .. i end")
        assert result.error is not None
        assert result.error.kind == "memory"
        for i in range(20):
            assert lua.value(f"kept, {i} + 1") == f'"kept"\t{i + 1}'
        assert lua.value("#hoard > 1000") == "true"
        assert lua.run("hoard = nil collectgarbage()").error is None
        _is_well(lua)


def test_a_table_filled_by_many_cells_ends_in_an_error() -> None:
    """The cell that goes too far fails, those before it do not."""
    with session(max_memory=BOUND) as lua:
        lua.run("kept = 'kept' hoard = {}")
        for _ in range(200):
            result = lua.run("for i = 1, 20 do hoard[#hoard + 1] = ('x'):rep(100000) .. #hoard end")
            if result.error is not None:
                break
        assert result.error is not None
        assert result.error.kind == "memory"
        assert lua.value("kept") == '"kept"'
        assert lua.run("hoard = nil collectgarbage()").error is None
        _is_well(lua)


def test_a_greedy_cosocket_ends_alone() -> None:
    """With a report, while the cell that waits for it goes on."""
    with session(max_memory=BOUND) as lua:
        lua.run("kept = 'kept'")
        for _ in range(3):
            lua.run("""
                local s = ba.socket.event(function(s)
                  s:disable()
                  local t = {}
                  for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end
                end)
                s:enable()
            """)
            _is_well(lua)
        assert len([text for text in lua.recorder.faults if "not enough memory" in text]) == 3


def test_a_greedy_job_and_timer_end_alone() -> None:
    """As a cosocket does."""
    with session(max_memory=BOUND) as lua:
        lua.run("""
            kept = 'kept'
            function hoard()
              started = (started or 0) + 1
              local t = {}
              for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end
            end
            ba.thread.run(hoard)
            timer = ba.timer(hoard)
            timer:set(1)
            await(function() return started == 2 end)
        """)
        _is_well(lua)
        assert len([text for text in lua.recorder.faults if "not enough memory" in text]) == 2


def test_an_endless_hoard_in_pcall_can_be_interrupted() -> None:
    """However often it fails."""
    with session(max_memory=BOUND) as lua:
        lua.run("kept = 'kept'")
        finish = lua.start("trace 'ready' " + GREEDY["in pcall"])
        lua.recorder.wait_for_trace("ready")
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"
        _is_well(lua)


def test_a_peer_that_sends_without_end_fills_no_memory() -> None:
    """What nobody reads stays with the operating system."""
    with session(max_memory=BOUND) as lua:
        lua.run("c, peer = pair() c:event(function(s) s:disable() end)")
        lua.run("peer:event(function(s) while s:write(('x'):rep(100000)) do end end)")
        assert lua.value("(peer:state())") == '"write"'
        lua.run("collectgarbage() before = collectgarbage 'count' for i = 1, 20 do ba.sleep(1) end")
        lua.run("collectgarbage()")
        assert lua.value("collectgarbage 'count' - before < 100") == "true"


def test_a_cell_that_leaves_no_byte_gets_its_reply() -> None:
    """Small objects with finalizers fill memory to the last bytes, and what is told of the end needs some."""
    greedy = """
        local t = {}
        while true do
          t[#t + 1] = setmetatable({}, {__gc = function() error(('z'):rep(100) .. tostring(t)) end})
        end
    """
    with session(max_memory=16 * MIB) as lua:
        lua.run("kept = 'kept'")
        for _ in range(3):
            result = lua.run(greedy)
            assert result.error is not None
            assert result.error.kind == "memory", result.error
        _is_well(lua)
