"""Programs that hash long strings in every awkward place; run as a process of its own: a crash is a failure.

    python -m tests.runtime._hashing finalizers

prints `well` when the program has ended as it should.
"""

from __future__ import annotations

import faulthandler
import hashlib
import sys
import time

from tests.lua._programs import Session, session

LONG_BYTES = 300_000  # more than what hash.lua copies
HUGE_BYTES = 200_000_000
FEW_BYTES = 64 << 20  # a small bound for Lua's memory

PRELUDE = """
long = ("x"):rep(%d)
function check(...)
  local h = ba.crypto.hash "sha256"
  assert(type(h(...)) == "function")
  local digest = h(true, "hex")
  assert(digest == "%s", digest)
  hashed = (hashed or 0) + 1
  return digest
end
"""

PROGRAMS = {
    "finalizers": """
        -- Each of them leaves another, and the collector is made to run all the time.
        collectgarbage("incremental", 10, 1000)
        local shared, finalized = ba.crypto.hash "sha1", 0
        local function leave()
          setmetatable({}, {__gc = function()
            finalized = finalized + 1
            check(long)
            shared(long)
            coroutine.wrap(check)(long)
            if finalized < 2000 then leave() end
          end})
        end
        for i = 1, 20 do leave() end
        local deadline = ba.clock() + 3000
        for i = 1, 1000 do
          check(long)
          local garbage = {}
          for j = 1, 100 do garbage[j] = {j} end
          shared(long)
          if ba.clock() > deadline then break end
        end
        assert(finalized > 100, finalized)
    """,
    "callers": """
        coroutine.wrap(check)(long)
        pcall(check, long)
        local digest = ba.crypto.hash "sha256"
        assert(type(coroutine.wrap(digest)(long)) == "function")
        assert(type(select(2, pcall(digest, long))) == "function")
        assert(type(select(2, xpcall(error, digest, long))) == "function")
        assert(setmetatable({}, {__index = function(_, key) return check(key) end})[long])
        assert(setmetatable({}, {__call = function(_, ...) return check(...) end})(long))
        local called = {__index = digest, __concat = digest, __close = digest, __len = digest}
        setmetatable(called, called)
        pcall(function() return called[long], called .. long, #called end)
        pcall(function() local x <close> = called end)
        table.sort({3, 2, 1}, function(a, b) check(long) return a < b end)
        string.gsub("x", "x", function() check(long) end)
        for _ in digest, long do break end
        load(function() check(long) return nil end)
        setmetatable({}, {__gc = digest})
        local co = coroutine.create(function()
          local _ <close> = setmetatable({}, {__close = function() check(long) end})
          coroutine.yield()
        end)
        coroutine.resume(co)
        coroutine.close(co)
        debug.sethook(function() debug.sethook() check(long) end, "l")
        local line = 1
        collectgarbage()
        for _, odd in ipairs{1, 1.5, {}, print, true, io.stdout, coroutine.create(print)} do
          pcall(digest, odd)
          pcall(digest, odd, long)
          pcall(digest, long, odd)
        end
    """,
    "coroutines in coroutines": """
        local function deeper(n)
          check(long)
          if n > 0 then
            local inner = coroutine.wrap(function() deeper(n - 1) coroutine.yield() check(long) end)
            inner()
            check(long)
            inner()
          end
        end
        for _, depth in ipairs{1, 50, 100} do deeper(depth) end
        local deepest = 0
        local function endless(n)
          deepest = n
          check(long)
          return coroutine.wrap(endless)(n + 1)
        end
        local ok, problem = pcall(endless, 1)
        assert(not ok and problem:find "overflow", problem)
        assert(deepest > 100)
    """,
    "deep recursion": """
        local function lua(n)
          if n % 2000 == 0 then check(long) end
          return 1 + lua(n + 1)
        end
        local function c(n)
          if n < 250 or n % 2000 == 0 then check(long) end
          return (("x"):gsub("x", function() return c(n + 1) end))
        end
        local function pcalls(n)
          check(long)
          return select(2, pcall(pcalls, n + 1))
        end
        for _, f in ipairs{lua, c, pcalls} do
          xpcall(f, function(problem) check(long) return problem end, 1) -- the handler has little stack
          pcall(f, 1)
          coroutine.wrap(pcall)(f, 1)
        end
        -- Each depth at which the last of the stack is just enough, or just not.
        local function fits(n)
          return pcall(function() (function(...) check(long) end)(table.unpack({}, 1, n)) end)
        end
        local good, bad = 1, 1000000
        while bad - good > 1 do
          local middle = (good + bad) // 2
          if fits(middle) then good = middle else bad = middle end
        end
        local passed = 0
        for n = good - 80, good + 20 do
          if fits(n) then passed = passed + 1 end
        end
        assert(passed > 50 and passed < 101, passed)
    """,
    "memory that runs out": """
        local kept, failures = {}, 0
        for i = 1, 400 do
          local ok, problem = pcall(function()
            local text = ("y"):rep(LONG + i)
            check(long)
            ba.crypto.hash "sha1" (text)
            kept[#kept + 1] = text
          end)
          if not ok then
            assert(problem == "not enough memory", problem)
            failures = failures + 1
            if failures % 20 == 0 then kept = {} end
          end
        end
        assert(failures > 0)
        kept = nil
        collectgarbage()
        check(long)
    """,
    "everything at once": """
        local echoes, running = 0, 0
        local listener, port = listen(function(s)
          s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
        end)
        for i = 1, 20 do
          ba.socket.event(function(s)
            assert(ba.socket.connect("127.0.0.1", port))
            for i = 1, 50 do s:write "x" assert(s:read() == "x") echoes = echoes + 1 check(long) end
          end)
        end
        for i = 1, 6 do
          running = running + 1
          ba.thread.run(function()
            for i = 1, 50 do check(long) ba.sleep(0) end
            running = running - 1
          end)
        end
        local timer = ba.timer(function() check(long) return true end)
        timer:set(1)
        for i = 1, 100 do check(long) ba.sleep(1) end
        await(function() return running == 0 and echoes == 1000 end)
        timer:cancel()
        listener:close()
    """,
}


def _interrupts(lua: Session) -> None:
    """Interrupts cells that hash one huge string after the other; each hash before the last is whole."""
    lua.run(f"huge = ('x'):rep({HUGE_BYTES}) h = ba.crypto.hash 'sha256'")
    for time_ in range(6):
        end = lua.start("trace 'ready' while true do pcall(h, huge) end")
        lua.recorder.wait_for_trace("ready", time_ + 1)
        time.sleep(0.03 * time_)  # so that each falls elsewhere
        lua.runtime.interrupt()
        result = end()
        assert result.error is not None
        assert result.error.kind == "interrupt", result.error
    lua.run("h(true)")
    expected = hashlib.sha256(b"x" * HUGE_BYTES).hexdigest()
    assert lua.value("h(huge)(true, 'hex')") == f'"{expected}"'


def main(program: str) -> None:
    """Runs one of them."""
    faulthandler.enable()
    digest = hashlib.sha256(b"x" * LONG_BYTES).hexdigest()
    bound = {"max_memory": FEW_BYTES} if program == "memory that runs out" else {}
    with session(**bound) as lua:
        lua.run(PRELUDE % (LONG_BYTES, digest))
        if program == "interrupts":
            _interrupts(lua)
        else:
            result = lua.run(PROGRAMS[program].replace("LONG", str(LONG_BYTES)))
            assert result.error is None, result.error
        lua.settle()
        assert lua.value("check(long)") == f'"{digest}"'
        assert lua.recorder.faults == [], lua.recorder.faults[:3]
    print("well")


if __name__ == "__main__":
    main(sys.argv[1])
