"""Lua cannot reach Python, nor the runtime's own tables: not through globals, metatables, debug or errors.

Each attempt below hands everything it can find to `look` (_look.lua), which walks tables, metatables,
upvalues and stacks from there. It must never meet a Python object or one of the runtime's own tables.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lua._programs import Session, run, run_well, session, traced

from ba_runtime import _lua
from ba_runtime._lua import LuaError, LuaState

LOOK = (Path(__file__).parent / "_look.lua").read_bytes()


def _found(source: str) -> list[str]:
    """Runs an attempt; returns what it found that it should not."""
    with session() as lua:
        assert lua.run(LOOK).error is None
        result = lua.run(source)
        assert result.error is None, result.error
        assert lua.run("report()").error is None
        return [text.split("\t")[0] for text in lua.recorder.traced]


EVERYTHING = """
    local things = {
      pair(), ba.socket.bind(0), ba.socket.udpcon(), ba.timer(print), ba.thread.create(),
      ba.bytearray.create(3), ba.openio "disk", io.stdout, io.stdin, io.tmpfile(), coroutine.running(),
      ba.openio("disk"):open("/dev/null"),
    }
    ba.thread.run(function() things.job = coroutine.running() ba.sleep(20) end)
    ba.socket.event(function(s)
      things.cosocket = coroutine.running()
      things.getsock = ba.socket.getsock()
      s:read(20)
    end)
    ba.sleep(5)
    things.dbg = ba.thread.dbg()
"""

ATTEMPTS = {
    "the globals": "look(_G, '_G') look(package.loaded, 'loaded')",
    "all objects": EVERYTHING + "look(things, 'things')",
    "an error of Python's": """
        for _, f in ipairs {
          function() ba.openio("disk"):open(("x"):rep(100000)) end,
          function() ba.socket.udpcon():setoption("keepalive", true, 1 << 40) end,
        } do look({pcall(f)}, "error") end
    """,
    "a finalizer of a metatable": """
        local things = {pair(), ba.timer(print), ba.thread.create(), ba.bytearray.create(1), io.stdout}
        for _, thing in ipairs(things) do
          local meta = getmetatable(thing)
          if type(meta) == "table" and meta.__gc then pcall(meta.__gc, thing) end
          look(thing, "finalized")
        end
    """,
    "a socket found by a later finalizer": """
        for i = 1, 3 do
          local t = setmetatable({}, {__gc = function(t) look(t, "resurrected") end})
          t.socket, t.timer, t.bytes = ba.socket.udpcon(), ba.timer(print), ba.bytearray.create(1)
          t = nil
          collectgarbage() collectgarbage()
        end
    """,
    "the main coroutine in a finalizer": """
        setmetatable({}, {__gc = function()
          look(coroutine.running(), "main")
          for level = 0, 30 do
            local info = debug.getinfo(level)
            if not info then break end
            look(info, "level " .. level)
          end
        end})
        for i = 1, 20 do ba.sleep(1) collectgarbage() end
    """,
    "the levels of the stack": """
        local function levels(way)
          for level = 0, 30 do
            local info = debug.getinfo(level, "fnSlutr")
            if not info then break end
            look(info, way .. level)
            for i = -30, 250 do
              local name, value = debug.getlocal(level, i)
              if name then look(value, way .. level .. name) end
            end
          end
        end
        levels "cell "
        table.sort({2, 1}, function() levels "sort " ba.sleep(1) levels "sort " end)
        tostring(setmetatable({}, {__tostring = function() levels "tostring " return "" end}))
        ba.socket.event(function(s) levels "cosocket " s:read(1) levels "cosocket " end)
        ba.thread.run(function() levels "job " end)
        local t = ba.timer(function() levels "timer " end)
        t:set(0)
        ba.seterrh(function() levels "handler " end)
        ba.socket.event(error)
        ba.sleep(20)
    """,
    "a hook on every event": """
        local c, peer = pair()
        local busy
        local function hook(event)
          if busy then return end
          busy = true
          for level = 1, 6 do
            local info = debug.getinfo(level, "fnS")
            if not info then break end
            look(info, event .. level)
            for i = -10, 250 do
              local name, value = debug.getlocal(level, i)
              if not name and i > 0 then break end
              if name then look(value, event .. level .. name) end
            end
          end
          busy = nil
        end
        debug.sethook(hook, "crl", 1)
        peer:write "x" c:read(100) ba.sleep(1) c:close()
        ba.timer(print):set(1) ba.socket.udpcon():sendto("x", "127.0.0.1", 9) ba.socket.toip "localhost"
        coroutine.wrap(function() debug.sethook(hook, "crl", 1) ba.sleep(1) end)()
        debug.getupvalue(hook, 1) debug.getlocal(1, 1) debug.getmetatable(c) debug.traceback()
        pcall(debug.setmetatable, c, {}) debug.sethook()
    """,
    "registers that hold what others left": """
        local names = {}
        for i = 1, 180 do names[i] = "x" .. i end
        local source = "local busy = ... debug.sethook(function() if not busy.on then busy.on = true "
          .. "for i = 1, 250 do local n, v = debug.getlocal(2, i) "
          .. "if n then look(v, 'register ' .. n) end end "
          .. "busy.on = false end end, 'l', 0) local " .. table.concat(names, ", ")
          .. "\\nlocal y = 1\\n debug.sethook()"
        local f = load(source)
        local c, peer = pair()
        for i = 1, 5 do
          peer:write "x" c:read(100) ba.sleep(1) ba.socket.stat() print(c)
          f({})
        end
    """,
    "native functions while they are called": """
        local natives = {}
        debug.sethook(function()
          local info = debug.getinfo(2, "f")
          if info and info.func then natives[info.func] = true end
        end, "c")
        debug.getupvalue(print, 1) debug.getlocal(1, 1) debug.getinfo(1) debug.getmetatable("")
        debug.setupvalue(print, 1, 1) coroutine.resume(coroutine.create(print)) ba.sleep(1)
        debug.sethook()
        for f in next, natives do
          look(f, "native")
          for _, target in ipairs {ba.sleep, print, ba.socket.bind, coroutine.wrap, debug.getinfo} do
            for i = 1, 20 do
              local co = coroutine.create(function() return pcall(f, target, i) end)
              look({coroutine.resume(co)}, "native call")
            end
          end
        end
    """,
    "coroutines of tasks": EVERYTHING
    + """
        for _, co in ipairs {things.job, things.cosocket} do
          look({coroutine.resume(co)}, "resumed") look({pcall(coroutine.close, co)}, "closed")
          look({coroutine.wrap(function() return coroutine.resume(co) end)()}, "wrapped")
        end
    """,
    "what coroutines yield": """
        local co = coroutine.create(function() ba.sleep(1) pair() os.exit = nil end)
        look({coroutine.resume(co)}, "yielded") look(co, "co")
        local co2 = coroutine.create(function() return pcall(ba.sleep, 1) end)
        look({coroutine.resume(co2)}, "yielded")
    """,
    "searchers and loaders": """
        look(package, "package")
        look({pcall(require, "python")}, "python") look({pcall(require, "lupa")}, "lupa")
        look({pcall(package.searchers[1], "python")}, "preload")
        look({pcall(load, "return python")}, "load") look({python, eval, builtins}, "names")
    """,
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_of_pythons_can_be_found(attempt: str) -> None:
    """Nor of the runtime's own tables."""
    assert _found(ATTEMPTS[attempt]) == []


def test_the_globals_are_lua_and_the_documented_ones() -> None:
    """No more, no less."""
    assert traced("""
        local names = {}
        for name in pairs(_G) do names[#names + 1] = name end
        table.sort(names)
        local ours = {"await", "listen", "pair", "refused_port", "shared_udp_port", "shown", "udp"}
        for _, name in ipairs(ours) do
          for i = #names, 1, -1 do if names[i] == name then table.remove(names, i) end end
        end
        trace(table.concat(names, " "))
    """) == [
        "_G _VERSION assert ba clear_output collectgarbage coroutine debug display dofile error getmetatable "
        "io ipairs load loadfile mako math next os package pairs pcall print rawequal rawget rawlen rawset "
        "require select setmetatable string table tonumber tostring trace tracep type utf8 warn xpcall"
    ]


@pytest.mark.parametrize("name", ["dump", "precompiled"])
def test_binary_chunks_are_not_loaded(name: str) -> None:
    """Lua does not verify them, so a broken one could crash the process."""
    source = {
        "dump": "local code = string.dump(function() return 1 end)",
        "precompiled": "local code = '\\27Lua' .. ('\\0'):rep(100)",
    }[name]
    assert traced(
        source
        + """
        trace((load(code)))
        trace((load(code, "x", "b")))
        trace((load(code, "x", "bt")))
        trace((load(function() local piece = code code = nil return piece end, "x", "b")))
        local file = os.tmpname()
        local f = io.open(file, "wb")
        f:write(string.dump(function() end)) f:close()
        trace((loadfile(file)))
        trace((loadfile(file, "b")))
        trace((pcall(dofile, file)))
        os.remove(file)
    """
    ) == ["nil"] * 6 + ["false"]


@pytest.mark.parametrize(
    "call",
    ["io.popen('true')", "os.execute('true')", "os.execute()", "package.loadlib('x', 'y')",
     "debug.getregistry()", "debug.setmetatable(ba.socket.bind(0), {})", "debug.debug()",
     "setmetatable(ba.socket.bind(0), {})"],
)  # fmt: skip
def test_what_leads_outside_is_not_there(call: str) -> None:
    """Programs, C libraries, the registry."""
    assert run(call).result.error is not None


def test_a_metatable_shows_what_is_documented_and_changes_nothing_that_matters() -> None:
    """Methods can be added and read; taking its finalizer away does not keep the socket open."""
    assert traced("""
        local c, peer = pair()
        local meta = getmetatable(c)
        trace(meta == debug.getmetatable(c), meta.__index == meta, meta.__name)
        function meta.twice(s, text) return s:write(text .. text) end
        c:twice "ab"
        trace(peer:read(2000))
        meta.__gc, meta.__tostring, meta.__index = nil, nil, nil
        c = nil
        ba.sleep(1)
        collectgarbage() collectgarbage()
        trace(peer:read(2000))
    """) == ["true\ttrue\t_BASOCK", "abab", "nil\tsocketreadfailed"]


def test_programs_may_take_every_global_away() -> None:
    """The API keeps its own: sockets, timers, threads, errors and traces work without a single one."""
    recorder = run_well("""
        local ba, trace = ba, trace
        local c, peer = pair()
        local u, port = udp()
        local listener, tcp = listen(function(s) s:write "hi" s:close() end)
        getmetatable("").__index = nil
        local next, libraries = next, {string, table, math, coroutine, debug, os, io, utf8}
        for _, library in next, libraries do
          for name in next, library do library[name] = nil end
        end
        local G = _G
        for name in next, G do G[name] = nil end
        c:event(function(s) trace(s:read(2000)) s:write(1) end, "s")
        peer:write "x"
        trace(peer:read(2000))
        u:sendto("dgram", "127.0.0.1", port)
        trace(u:read(2000))
        local s = ba.socket.connect("127.0.0.1", tcp, {timeout = 1000})
        trace(s:read(2000))
        trace(ba.socket.toip "127.0.0.1")
        local t = ba.timer(function() trace "timer" end)
        t:set(1)
        ba.thread.run(function() trace "job" end)
        ba.sleep(20)
        ba.socket.event(function() local x = nil + 1 end)
        ba.socket.event(function(s) s:queuelen({}) end)
        c:close()
        listener:close()
    """)
    assert set(recorder.traced) == {"x", "1", "dgram", "hi", "127.0.0.1", "timer", "job"}
    assert len(recorder.faults) == 2
    assert not [text for text in recorder.faults if "ba:" in text]


def test_a_chunk_named_like_our_own_code_is_still_the_users() -> None:
    """It can be interrupted, and reads as it is named."""
    with session() as lua:
        finish = lua.start("load('trace [[ready]] while true do end', '=ba:sched')()")
        lua.recorder.wait_for_trace("ready")
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"
        finish = lua.start("trace 'ready' while true do end", name="ba:sched")
        lua.recorder.wait_for_trace("ready", 2)
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"


def test_a_task_cannot_be_resumed_or_closed_by_others() -> None:
    """Its coroutine belongs to the scheduler."""
    assert traced("""
        local c, peer = pair()
        local co
        c:event(function(s) co = coroutine.running() trace(s:read()) end)
        trace(coroutine.resume(co, "forged"))
        trace(pcall(coroutine.close, co))
        trace(c:state())
        peer:write "real"
        await(function() return c:state() == "terminated" end)
    """) == [
        "false\tcannot resume non-suspended coroutine",
        "false\tcannot close a normal coroutine",
        "read\ttrue",
        "real",
    ]


def test_a_hook_of_the_users_runs_and_can_be_interrupted() -> None:
    """In the middle of a busy loop."""
    with session() as lua:
        finish = lua.start(
            "n = 0 debug.sethook(function() n = n + 1 end, '', 1000) trace 'ready' while true do end"
        )
        lua.recorder.wait_for_trace("ready")
        lua.runtime.interrupt()
        result = finish()
        assert result.error is not None
        assert result.error.kind == "interrupt"
        assert lua.value("n >= 0") == "true"


def _is_alive(lua: Session) -> bool:
    return lua.value("1 + 1") == "2"


@pytest.mark.parametrize(
    "source",
    [
        "debug.sethook(coroutine.running(), error, '', 1) local x = 1 local y = 2",
        "setmetatable({}, {__gc = function() debug.sethook(coroutine.running(), error, '', 1) end})"
        " collectgarbage()",
        "debug.setmetatable(nil, {__index = error, __call = error}) debug.setmetatable(1, {__index = error})",
        "debug.setmetatable(print, {__index = error, __newindex = error, __call = error})",
        "debug.setmetatable(true, {__index = error}) debug.setmetatable('', {__index = error})",
        "setmetatable(_G, {__index = error, __newindex = error})",
        "collectgarbage 'stop'",
        "package.loaded = nil package.searchers = nil package = nil",
        "for k in pairs(package.loaded) do package.loaded[k] = nil end",
        "debug.setupvalue(pair, 1, {})",
        "for i = 1, 300 do setmetatable({}, {__gc = error}) end collectgarbage()",
        "for i = 1, 10 do setmetatable({}, {__gc = function() coroutine.yield() end}) end collectgarbage()",
        "local function f() return f() + 1 end pcall(f)",
        "local t = {} for i = 1, 300 do t = setmetatable({}, {__index = t}) end local x = t.x",
        "local s = ('('):rep(1000) .. (')'):rep(1000) load('return ' .. s)",
        "string.rep('x', -1) string.format('%s', setmetatable({}, {__tostring = function() return 'x' end}))",
        "local co co = coroutine.wrap(function() co() end) pcall(co)",
        "local function f() coroutine.wrap(f)() end pcall(f)",
        "local function f() table.sort({2, 1}, f) end pcall(f)",
        "local function f() ba.socket.event(f) end pcall(f)",
        "local function f() ba.thread.run(f) end f()",
        "utf8.char(-1)",
        "getmetatable('').__gc = error",
    ],
)
def test_nothing_strange_ends_the_runtime(source: str) -> None:
    """The next cell works, whatever the last one did to its surroundings."""
    with session() as lua:
        lua.run(source)
        assert _is_alive(lua)
        lua.run("trace 'after'")


def test_what_loads_our_modules_is_known_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its chunk's name: else an interrupt, or a hook, could raise in the middle of it."""
    monkeypatch.setattr(_lua, "module_source", lambda name: b"error('here', 2)")
    with pytest.raises(LuaError, match=r"^ba:start:\d+: here"):
        LuaState(16 << 20).boot({}, (), (), ())
