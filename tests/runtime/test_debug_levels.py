"""`debug` at any level, asked from anywhere, shows the program's own frames and nothing of the runtime's."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lua._chunks import Chunks
from tests.lua._programs import session, traced

LOOK = (Path(__file__).parent / "_look.lua").read_bytes()

# Asks for all there is, of the running coroutine with and without naming it and of the one below it, at
# possible and impossible levels.
ASK = """
    local busy
    function ask(...)
      if busy then return ... end
      busy = true
      local co = coroutine.running()
      main = main or co
      for _, of in ipairs {false, co, main} do
        for _, level in ipairs {-1 << 63, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 201, 1 << 31, ~0 >> 1} do
          local function call(f, ...)
            if of then return pcall(f, of, level, ...) end
            return pcall(f, level, ...)
          end
          local ok, info = call(debug.getinfo, "SlnrutLf")
          if ok and info then
            look(info, "level " .. level)
            assert(not info.source:find("=ba:", 1, true) and not info.short_src:find "^ba:", info.short_src)
          end
          for _, i in ipairs {-20, -2, -1, 0, 1, 2, 3, 4, 5, 8, 13, 21, 100, 250} do
            local found, name, value = call(debug.getlocal, i)
            if found and name then
              look(value, "local " .. name .. " of " .. level)
              if not ours[name] then foreign[#foreign + 1] = level .. " " .. name end
            end
          end
        end
      end
      local text = debug.traceback("")
      assert(not text:find "ba:[%w_/]+:%d", text)
      busy = false
      return ...
    end
    foreign, ours = {}, {}
    for name in ("busy co of level call f ok info i _ found name value text (vararg) x s a b"):gmatch "%S+" do
      ours[name] = true
    end
"""

FROM = {
    "a call hook": "debug.sethook(ask, 'c') print() ba.sleep(1) coroutine.create(print) debug.sethook()",
    "a return hook": "debug.sethook(ask, 'r') print() ba.sleep(1) coroutine.create(print) debug.sethook()",
    "a line hook": "debug.sethook(ask, 'l')\n local x = 1\n ba.sleep(1)\n x = 2\n debug.sethook()",
    "a count hook": "debug.sethook(ask, '', 1) ba.json.encode({1, {2}}) ba.sleep(1) debug.sethook()",
    "a hook of another coroutine": """
        local x = coroutine.create(function() ba.sleep(1) tostring(ba.socket.udpcon()) coroutine.yield() end)
        debug.sethook(x, ask, "crl", 1)
        coroutine.resume(x)
    """,
    "a finalizer": "setmetatable({}, {__gc = ask}) collectgarbage() collectgarbage()",
    "a message handler": "xpcall(error, ask, 'x') xpcall(ba.socket.bind, ask, {}) xpcall(string.rep, ask)",
    "another coroutine": "coroutine.wrap(function() coroutine.wrap(ask)() ask() end)()",
    "table.sort": "table.sort({3, 1, 2}, function(a, b) ask() return a < b end)",
    "string.gsub": "('abc'):gsub('%w', function(x) ask() end)",
    "tostring": "tostring(setmetatable({}, {__tostring = function() ask() return '' end}))",
    "string.format": "('%s'):format(setmetatable({}, {__tostring = function() ask() return '' end}))",
    "xpcall": "xpcall(ask, print) pcall(ask)",
    "load": "load(function() ask() end)",
    "require": "package.preload.asked = ask require 'asked'",
    "__close": "do local x <close> = setmetatable({}, {__close = ask}) end",
    "__index": "local x = setmetatable({}, {__index = function() ask() end}).x",
    "ipairs": "for _ in ipairs(setmetatable({}, {__index = function() ask() end})) do end",
    "a cosocket": "ba.socket.event(function(s) ask() s:read(1) ask() end) ba.sleep(5)",
    "a timer": "ba.timer(function() ask() end):set(0, true) ba.sleep(5)",
    "a job": "ba.thread.run(function() ask() end) ba.sleep(5)",
    "the handler of errors": "ba.seterrh(ask) ba.socket.event(error) ba.sleep(5)",
    "a waiting coroutine": """
        local x
        ba.thread.run(function() x = coroutine.running() ba.sleep(20) end)
        ba.sleep(1)
        main = x
        ask()
    """,
}


@pytest.mark.parametrize("place", FROM)
def test_nothing_of_the_runtimes_is_seen_or_changed(place: str) -> None:
    """Only the program's frames have locals."""
    with session() as lua:
        assert lua.run(LOOK).error is None
        assert lua.run(ASK).error is None
        result = lua.run(FROM[place])
        assert result.error is None, result.error
        assert lua.run("for _, name in ipairs(foreign) do trace(name) end report()").error is None
        assert lua.recorder.traced == []
        assert not [text for text in lua.recorder.faults if "ba:" in text]


def test_locals_of_the_programs_own_can_be_changed() -> None:
    """By a callback and by another coroutine, as in any Lua; `table.sort` takes no level of its own."""
    assert traced("""
        local function a()
          local mine = 1
          table.sort({2, 1}, function(x, y)
            for i = 1, 20 do
              if debug.getlocal(2, i) == "mine" then debug.setlocal(2, i, 2) end
            end
            return x < y
          end)
          return mine
        end
        trace(a())
        local co = coroutine.create(function() local mine = 1 coroutine.yield() trace(mine) end)
        coroutine.resume(co)
        for level = 0, 3 do
          local info = debug.getinfo(co, level, "S")
          if info and info.what == "Lua" and debug.getlocal(co, level, 1) == "mine" then
            trace(debug.setlocal(co, level, 1, 3))
          end
        end
        coroutine.resume(co)
    """) == ["2", "mine", "3"]


def test_a_stack_that_has_no_room_to_be_looked_at_has_no_position() -> None:
    """Lua fails with "stack overflow" then: of a coroutine, say, that has used up memory by its recursion."""
    lua = Chunks()
    lua.run("""
        local getinfo = debug.getinfo
        function debug.getinfo(co, ...)
          if type(co) == "thread" then error "stack overflow" end
          return getinfo(co, ...)
        end
    """)
    looked_at = lua.run("return import('stack').position(coroutine.create(print))")
    assert looked_at == (b"", 0)
