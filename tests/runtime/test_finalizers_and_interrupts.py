"""An interrupt gets out of finalizers, however many there are and whatever they do."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.lua._programs import Session, session

WITHIN_S = 5.0  # a second on an idle machine; thousands took minutes

# What a finalizer does, of which a loop makes them without end. Each traces `ready` first.
MANY = {
    "that compute": "while true do end",
    "that catch errors": "while true do pcall(function() while true do end end) end",
    "that wait": "ba.sleep(1)",
    "that wait for ever": "ba.sleep(1e9)",
    "that read": "socket:read(1)",
}


@pytest.fixture
def lua() -> Iterator[Session]:
    """A runtime with a socket that hears nothing."""
    with session() as started:
        assert started.run("socket = ba.socket.udpcon()").error is None
        yield started


@pytest.mark.parametrize("kind", MANY)
def test_an_interrupt_gets_past_thousands_of_finalizers(lua: Session, kind: str) -> None:
    """The loop that makes them is the cell's, and ends with it."""
    finish = lua.start(f"""
        local told
        while true do
          setmetatable({{}}, {{__gc = function()
            if not told then told = true trace "ready" end
            {MANY[kind]}
          end}})
        end
    """)
    lua.recorder.wait_for_trace("ready")
    since = time.monotonic()
    lua.runtime.interrupt()
    result = finish()
    assert time.monotonic() - since < WITHIN_S
    assert result.error is not None
    assert result.error.kind == "interrupt"


def test_finalizers_that_were_put_off_run_later(lua: Session) -> None:
    """Only the cycle of the collector in which an interrupt came was ended, not they."""
    finish = lua.start("""
        ran = 0
        for i = 1, 200 do
          setmetatable({}, {__gc = function()
            if i == 200 then trace "ready" end
            ran = ran + 1
            while not over do end
          end})
        end
        collectgarbage()
    """)
    lua.recorder.wait_for_trace("ready")
    lua.runtime.interrupt()
    assert finish().error is not None
    assert lua.value("ran < 200") == "true"
    assert lua.run("over = true collectgarbage() collectgarbage()").error is None
    assert lua.value("ran") == "200"


def test_memory_is_as_it_was_after_a_cycle_has_been_ended(lua: Session) -> None:
    """That was done by an allocation that found none."""
    finish = lua.start("""
        for i = 1, 200 do
          setmetatable({}, {__gc = function() if i == 200 then trace "ready" end while not over do end end})
        end
        collectgarbage()
    """)
    lua.recorder.wait_for_trace("ready")
    lua.runtime.interrupt()
    assert finish().error is not None
    assert lua.run("over = true").error is None
    assert lua.value("#('x'):rep(1 << 24)") == str(1 << 24)
