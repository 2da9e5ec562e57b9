"""An interrupt gets out of finalizers, however many there are and whatever they do."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.lua._programs import Session, session

WITHIN_S = 1.0

# What a finalizer does, of which a loop makes them without end. Each traces `ready` first.
MANY = {
    "that compute": "while true do end",
    "that catch errors": "while true do pcall(function() while true do end end) end",
    "that call themselves by pcall": "local function f() while true do pcall(f) end end f()",
    "that raise errors": "error 'x'",
    "that wait": "ba.sleep(1)",
    "that wait for ever": "ba.sleep(1e9)",
    "that read": "socket:read(1)",
}

# The same, of which one collection calls very many.
AT_ONCE = {
    "that compute": ("while true do end", 50_000),
    "that compute for a moment": ("for i = 1, 10000 do end", 50_000),
    "that catch errors": ("while true do pcall(error) end", 5_000),
    "that raise errors": ("error 'x'", 200_000),
}

# What finalizers do that go on where an error was caught, at the last call that Lua allows, or in coroutines.
STUBBORN = {
    "calls itself by pcall": "local function f() while true do pcall(f) end end f()",
    "calls itself by pcall, thrice": "local function f() while true do pcall(pcall, pcall, f) end end f()",
    "calls itself by gsub": "local function f() while true do pcall(string.gsub, 'x', '.', f) end end f()",
    "closes itself": """
        local function f()
          while true do pcall(function() local x <close> = setmetatable({}, {__close = f}) error 'x' end) end
        end
        f()
    """,
    "resumes coroutines": """
        while true do coroutine.resume(coroutine.create(function() while true do end end)) end
    """,
    "wraps coroutines": "while true do pcall(coroutine.wrap(function() while true do end end)) end",
    "wraps itself": "local function f() while true do coroutine.wrap(pcall)(f) end end f()",
}


@pytest.fixture
def lua() -> Iterator[Session]:
    """A runtime with a socket that hears nothing."""
    with session() as started:
        assert started.run("socket = ba.socket.udpcon()").error is None
        yield started


def _interrupted(lua: Session, source: str) -> None:
    """Runs a cell that traces `ready`, and checks that an interrupt ends it in time and leaves the state."""
    assert lua.run("mine = 'kept'").error is None
    finish = lua.start(source)
    lua.recorder.wait_for_trace("ready")
    since = time.monotonic()
    lua.runtime.interrupt()
    result = finish()
    assert time.monotonic() - since < WITHIN_S
    assert result.error is not None
    assert result.error.kind == "interrupt"
    assert lua.value("mine") == '"kept"'


@pytest.mark.parametrize("mode", ["incremental", "generational"])
@pytest.mark.parametrize("kind", MANY)
def test_an_interrupt_gets_past_thousands_of_finalizers(lua: Session, kind: str, mode: str) -> None:
    """The loop that makes them is the cell's, and ends with it."""
    _interrupted(
        lua,
        f"""
        collectgarbage "{mode}"
        local told
        while true do
          setmetatable({{}}, {{__gc = function()
            if not told then told = true trace "ready" end
            {MANY[kind]}
          end}})
        end
        """,
    )


@pytest.mark.parametrize("mode", ["incremental", "generational"])
@pytest.mark.parametrize("kind", AT_ONCE)
def test_an_interrupt_gets_past_the_finalizers_of_one_collection(lua: Session, kind: str, mode: str) -> None:
    """However many wait for their turn."""
    body, count = AT_ONCE[kind]
    _interrupted(
        lua,
        f"""
        collectgarbage "{mode}"
        local told, t = nil, {{}}
        for i = 1, {count} do
          t[i] = setmetatable({{}}, {{__gc = function()
            if not told then told = true trace "ready" end
            {body}
          end}})
        end
        t = nil
        collectgarbage()
        while true do end
        """,
    )


@pytest.mark.parametrize("kind", STUBBORN)
def test_an_interrupt_ends_a_finalizer_that_catches_what_it_can(lua: Session, kind: str) -> None:
    """And what the cell does after it."""
    _interrupted(
        lua,
        f"""
        setmetatable({{}}, {{__gc = function() trace "ready" {STUBBORN[kind]} end}})
        collectgarbage()
        while true do end
        """,
    )


@pytest.mark.parametrize("mode", ["incremental", "generational"])
def test_finalizers_that_were_put_off_run_later(lua: Session, mode: str) -> None:
    """Each once: they were only left to the next cycle."""
    finish = lua.start(f"""
        collectgarbage "{mode}"
        ran, twice, over = 0, 0, false
        local t = {{}}
        for i = 1, 2000 do
          local has_run
          t[i] = setmetatable({{}}, {{__gc = function()
            if ran == 0 then trace "ready" end
            if has_run then twice = twice + 1 end
            has_run, ran = true, ran + 1
            while not over do end
          end}})
        end
        t = nil
        collectgarbage()
        while true do local _ = {{}} end
    """)
    lua.recorder.wait_for_trace("ready")
    lua.runtime.interrupt()
    assert finish().error is not None
    assert lua.value("ran < 2000") == "true"
    assert lua.run("over = true collectgarbage 'incremental' collectgarbage() collectgarbage()").error is None
    assert lua.value("ran, twice") == "2000\t0"


@pytest.mark.parametrize("mode", ["incremental", "generational"])
def test_finalizers_whose_waits_an_interrupt_ends_are_not_put_off(lua: Session, mode: str) -> None:
    """They would wait again, one after the other, in every cell to come."""
    finish = lua.start(f"""
        collectgarbage "{mode}"
        ran = 0
        local t = {{}}
        for i = 1, 300 do
          t[i] = setmetatable({{}}, {{__gc = function()
            ran = ran + 1
            if ran == 1 then trace "ready" end
            socket:read(60000)
          end}})
        end
        t = nil
        collectgarbage()
        while true do local _ = {{}} end
    """)
    lua.recorder.wait_for_trace("ready")
    lua.runtime.interrupt()
    assert finish().error is not None
    assert lua.value("ran") == "300"


def test_what_is_put_off_may_be_used_and_dropped_again(lua: Session) -> None:
    """Objects that refer to each other, in both modes in turn, while interrupts come."""
    for turn in range(20):
        mode = ("incremental", "generational")[turn % 2]
        finish = lua.start(f"""
            collectgarbage "{mode}"
            ran, made = ran or 0, made or 0
            local before
            for i = 1, 3000 do
              before = setmetatable({{before, ("x"):rep(i % 50)}}, {{__gc = function(self)
                assert(#self[#self] < 50)
                ran = ran + 1
                if i == 2000 then trace "ready {turn}" end
                for _ = 1, 300 do end
              end}})
              made = made + 1
              if i % 100 == 0 then before = nil end
            end
            before = nil
            collectgarbage()
            trace "ready {turn}"
            while true do local _ = {{{{}}}} end
        """)
        lua.recorder.wait_for_trace(f"ready {turn}")
        lua.runtime.interrupt()
        assert finish().error is not None
    assert lua.run("collectgarbage 'incremental' collectgarbage() collectgarbage()").error is None
    ran, made = map(int, lua.value("ran, made").split())
    assert made <= ran <= made + 20  # an interrupt may come just before one is counted
    assert not [note for note in lua.recorder.notes if "assertion" in note]


def test_where_lua_keeps_pending_finalizers_is_known_in_every_runtime() -> None:
    """Else they could not be put off."""
    for _ in range(20):
        with session() as one:
            assert one.runtime._thread._interrupter._pending.is_known
