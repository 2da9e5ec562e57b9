"""When Lua's collector comes: not for every few hundred kilobytes, and as a program says if it does."""

from __future__ import annotations

from tests.lua._programs import session

# Counts cycles: what is dropped is found by the next one. `churn` makes garbage, and lets cycles be put off.
CYCLES = """
    cycles = 0
    local probe = {}
    probe.__gc = function() cycles = cycles + 1 setmetatable({}, probe) end
    setmetatable({}, probe)
    function churn(megabytes)
      for i = 1, megabytes do
        for j = 1, 64 do local piece = ("x"):rep(16384 - j) end
        ba.sleep(0)
      end
    end
    function pause()
      local found = collectgarbage("setpause", 200)
      collectgarbage("setpause", found)
      return found
    end
    collectgarbage()
    ba.sleep(1)
"""


def test_a_small_heap_is_not_collected_for_every_few_hundred_kilobytes() -> None:
    """By Lua's own measure it would be 64 times or more."""
    with session() as lua:
        lua.run(CYCLES)
        lua.run("cycles = 0 churn(64)")
        assert 3 <= int(lua.value("cycles")) <= 24


def test_a_program_that_stops_the_collector_is_obeyed() -> None:
    """Also right after a cycle."""
    with session() as lua:
        lua.run(CYCLES)
        lua.run("collectgarbage() collectgarbage 'stop' cycles = 0 before = collectgarbage 'count' churn(32)")
        assert lua.value("cycles") == "0"
        assert float(lua.value("collectgarbage 'count' - before")) > 30_000


def test_a_program_that_sets_the_pause_keeps_it() -> None:
    """By either of Lua's two ways."""
    for order in ('collectgarbage("setpause", 152)', 'collectgarbage("incremental", 152)'):
        with session() as lua:
            lua.run(CYCLES)
            lua.run(f"{order} churn(20) collectgarbage() ba.sleep(1) churn(20)")
            assert lua.value("pause()") == "152"
            assert int(lua.value("cycles")) > 20


def test_a_cell_that_never_waits_has_its_memory_back() -> None:
    """Then nobody puts cycles off."""
    with session(max_memory=32 << 20) as lua:
        result = lua.run("for i = 1, 50000 do local piece = ('x'):rep(16384) .. i end")
        assert result.error is None
