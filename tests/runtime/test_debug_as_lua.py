"""`debug` on the program's own functions says what it says in `lua5.4`: the same programs run in both.

Two things differ on purpose, and are taken out before the texts are compared: a chunk is named after its cell
and not after a file, and below the main chunk there is nothing that a program may know of.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.lua._programs import run, traced

TRACEBACKS = {
    "a local function": "local function f() local s = debug.traceback('m') return s end print((f()))",
    "a global function": "function g() return (debug.traceback('m')) end print((g()))",
    "a method": "local t = {} function t:m() return (debug.traceback('m')) end print((t:m()))",
    "a field": "t = {} function t.m() return (debug.traceback('m')) end print((t.m()))",
    "a tail call": """
        local function f() local s = debug.traceback('m') return s end
        local function g() return f() end
        print((g()))
    """,
    "every level": """
        local function f()
          for level = 0, 4 do print((debug.traceback('m', level))) end
        end
        f()
    """,
    "no message": "print((debug.traceback())) print((debug.traceback(nil, 1)))",
    "odd messages": "print(type(debug.traceback({})), (debug.traceback(12)), debug.traceback(true))",
    "a coroutine": """
        local co = coroutine.create(function(a)
          local function inner() coroutine.yield() end
          inner()
        end)
        print(debug.traceback(co))
        coroutine.resume(co)
        print(debug.traceback(co))
        print(debug.traceback(co, 'm', 1))
        print(debug.traceback(co, nil, 2))
    """,
    "a coroutine that has failed": """
        local co = coroutine.create(function() local x = nil + 1 end)
        print(coroutine.resume(co))
        print(debug.traceback(co))
    """,
    "inside a coroutine": "print(coroutine.wrap(function() return (debug.traceback('m')) end)())",
    "pcall": "print(select(2, pcall(function() return (debug.traceback('m')) end)))",
    "a message handler": "print(select(2, xpcall(function() local x = nil + 1 end, debug.traceback)))",
    "a message handler that leaves itself out": """
        print(select(2, xpcall(function()
          local x = nil + 1
        end, function(m) return debug.traceback(m, 2) end)))
    """,
    "a message handler of error": """
        print(select(2, xpcall(function() error('boom') end, function(m) return debug.traceback(m, 2) end)))
    """,
    "metamethods": """
        local meta = {}
        for _, name in ipairs {'__index', '__add', '__call', '__len', '__eq', '__concat', '__lt'} do
          meta[name] = function() print((debug.traceback(name))) return 1 end
        end
        local a, b = setmetatable({}, meta), setmetatable({}, meta)
        local _ = a.x, a + 1, #a, a == b, a .. 'x', a < b
        a()
    """,
    "an iterator": """
        for _ in function(_, c) if not c then print((debug.traceback('m'))) return 1 end end do end
    """,
    "a variable that is closed": """
        do local x <close> = setmetatable({}, {__close = function() print((debug.traceback('m'))) end}) end
    """,
    "a loaded chunk": "print((load('local s = debug.traceback(\"m\") return s', '=loaded')()))",
    "deep recursion": """
        local function d(n) if n == 0 then print((debug.traceback('m'))) else d(n - 1) end return 1 end
        d(60)
    """,
}

LOOKS = {
    "a function's frame": """
        local function f(a, b, ...) show(debug.getinfo(1)) show(debug.getinfo(2, 'Sl')) end
        f()
    """,
    "functions": """
        local function f(a, ...) local b = a return b end
        show(debug.getinfo(f)) show(debug.getinfo(print)) show(debug.getinfo(f, 'u'))
        show(debug.getinfo(f, 'S'))
        print(debug.getinfo(f, 'f').func == f, debug.getinfo(99))
    """,
    "active lines": """
        local function f()
          local a = 1

          return a
        end
        local lines = {}
        for line in pairs(debug.getinfo(f, 'L').activelines) do lines[#lines + 1] = line end
        table.sort(lines)
        print(table.concat(lines, ' '))
    """,
    "names": """
        local function f() return (debug.getinfo(1, 'n').name) end
        t = {k = f} function t:m() return (debug.getinfo(1, 'n').namewhat) end
        print((f()), (t.k()), (t:m()), debug.getinfo(0, 'n').name, debug.getinfo(0, 'S').what)
    """,
    "whoever called, in a tail call": """
        local function where() return debug.getinfo(2, 'Sl') end
        local info = where()
        print(info.currentline, info.what)
    """,
    "tail calls": """
        local function f() local is = debug.getinfo(1, 't').istailcall return is end
        local function g() return f() end
        print((f()), (g()))
    """,
    "another coroutine's frames": """
        local co = coroutine.create(function() local x = 1 coroutine.yield() end)
        coroutine.resume(co)
        show(debug.getinfo(co, 0, 'Sn')) show(debug.getinfo(co, 1, 'Slnt')) print(debug.getinfo(co, 2))
    """,
    "wrong arguments": """
        print(pcall(debug.getinfo, 1, '>')) print(pcall(debug.getinfo, 1, 'X')) print(pcall(debug.getinfo))
        print(pcall(debug.getinfo, 'x')) print(debug.getinfo(-1)) print(pcall(debug.traceback, 'm', 'x'))
    """,
    "locals": """
        local function f(a, ...)
          local b = 2
          print(debug.getlocal(1, 1)) print(debug.getlocal(1, 2)) print(debug.getlocal(1, -1))
          print(debug.getlocal(1, -2)) print(debug.setlocal(1, 1, 'new'), a) print(debug.setlocal(1, 99, 1))
          print(pcall(debug.setlocal, 1, 1)) print(pcall(debug.getlocal, 1))
        end
        f('x', 'more')
        print(debug.getlocal(f, 1)) print(debug.getlocal(f, 2))
        print(pcall(debug.getlocal, 99, 1)) print(pcall(debug.setlocal, 99, 1, 1))
    """,
    "a caller's locals, in a tail call": """
        local function peek() return debug.getlocal(2, 1) end
        local function poke() return debug.setlocal(2, 1, 'new') end
        local function f() local mine = 5 print(peek()) print((poke())) print(mine) end
        f()
    """,
    "upvalues": """
        local a, b = 1, 2
        local function f() return a + b end
        local function g() return a end
        print(debug.getupvalue(f, 1)) print(debug.getupvalue(f, 2)) print(debug.getupvalue(f, 3))
        print(debug.setupvalue(f, 2, 40)) print(f(), b) print(debug.setupvalue(f, 3, 1))
        print(debug.upvalueid(f, 1) == debug.upvalueid(g, 1), debug.upvalueid(f, 2) == debug.upvalueid(g, 1))
        print(debug.upvalueid(f, 9))
        debug.upvaluejoin(g, 1, f, 2) print(g())
    """,
    "wrong arguments of upvalues": """
        local a = 1
        local function f() return a end
        print(pcall(debug.getupvalue, f)) print(pcall(debug.getupvalue, 1, 1)) print(pcall(debug.getupvalue))
        print(pcall(debug.setupvalue, f, 1)) print(pcall(debug.setupvalue, 1, 1, 1))
        print(pcall(debug.upvalueid, f)) print(pcall(debug.upvalueid, 'f', 1))
        print(pcall(debug.upvaluejoin)) print(pcall(debug.upvaluejoin, f, 9, f, 1))
        print(pcall(debug.upvaluejoin, f, 1, f, 9)) print(pcall(debug.upvaluejoin, f, 1, 2, 1))
        print(pcall(debug.upvaluejoin, 1, 1, f, 1)) print(pcall(debug.upvaluejoin, f, 1, f))
    """,
    "hooks": """
        local e = {}
        debug.sethook(function(event, line) e[#e + 1] = event .. (line and ':' .. line or '') end, 'l', 1000)
        local x = 1
        x = 2
        local hook, mask, count = debug.gethook()
        debug.sethook()
        print(table.concat(e, ' '), type(hook), mask, count, debug.gethook())
    """,
    "metatables": """
        local t = setmetatable({}, {__metatable = 'hidden'})
        print(getmetatable(t), type(debug.getmetatable(t)), debug.getmetatable('').__index == string)
        print(debug.setmetatable(10, {__call = function() return 'called' end}), (10)())
        debug.setmetatable(10, nil)
    """,
}

SHOW = """local function show(info)
  local words = {}
  for name, value in pairs(info) do
    local kind = type(value)
    if kind ~= "function" and kind ~= "table" then words[#words + 1] = name .. "=" .. tostring(value) end
  end
  table.sort(words)
  print(table.concat(words, " "))
end
"""


def _comparable(text: str) -> str:
    return text.replace("\n\t[C]: in ?", "").replace("@program", "=program")


@pytest.mark.skipif(shutil.which("lua5.4") is None, reason="needs lua5.4 to compare with")
@pytest.mark.parametrize("kind", [*TRACEBACKS, *LOOKS])
def test_debug_says_what_it_says_in_lua(kind: str, tmp_path: Path) -> None:
    """Line by line, errors included."""
    program = SHOW + (TRACEBACKS.get(kind) or LOOKS[kind])
    (tmp_path / "program").write_text(program, encoding="utf-8")
    lua = subprocess.run(
        ["lua5.4", "program"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    outcome = run(program)
    assert outcome.result.error is None, outcome.result.error
    assert _comparable(outcome.recorder.printed.decode()) == _comparable(lua.stdout)


def test_a_tail_call_says_that_its_caller_is_lost() -> None:
    """The functions of `debug` are Lua here, so the caller's frame is gone; the others are as they were."""
    assert traced("""
        local function f() return debug.traceback("m") end
        trace((f()))
        local function g() return debug.getinfo(1, "Sl") end
        local info = g()
        trace(info.what, info.short_src, info.currentline)
        local function h() local mine = 1 return debug.getlocal(1, 1) end
        trace((h()))
    """) == [
        "m\nstack traceback:\n\t(...tail calls...)\n\tprogram:3: in main chunk",
        "tail\t(tail call)\t-1",
        "nil",
    ]


def test_the_api_s_functions_look_as_if_written_in_c() -> None:
    """They have no upvalues, no locals and no source."""
    for name in ("ba.socket.connect", "print", "debug.getinfo", "require 'httpc'.create", "table.sort"):
        assert traced(f"""
            local f = {name}
            local info = debug.getinfo(f)
            trace(info.what, info.short_src, info.nups, info.currentline)
            trace(debug.getupvalue(f, 1), (debug.setupvalue(f, 1, 1)))
            trace(debug.getlocal(f, 1), debug.upvalueid(f, 1))
            trace(pcall(debug.upvaluejoin, f, 1, function() return f end, 1))
        """) == [
            "C\t[C]\t0\t-1",
            "nil\tnil",
            "nil\tnil",
            "false\tthe upvalues of the API's own functions cannot be joined",
        ]
