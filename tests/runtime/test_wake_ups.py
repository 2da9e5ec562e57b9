"""Who is woken, and when: only those who still wait for it, also where they cannot yield."""

from __future__ import annotations

from tests.lua._programs import session, traced

# A coroutine that waits, called where its caller cannot yield.
IN_A_COROUTINE = {
    "an index that unpack asks for": """
        local t = setmetatable({}, {__index = function() return coroutine.wrap(wait)() end})
        return table.unpack(t, 1, 1)
    """,
    "a close variable of a coroutine that is closed": """
        local result
        local co = coroutine.create(function()
          local x <close> = setmetatable({}, {__close = function() result = coroutine.wrap(wait)() end})
          coroutine.yield()
        end)
        coroutine.resume(co)
        assert(coroutine.close(co))
        return result
    """,
    "a message handler": """
        return select(2, xpcall(error, function() return coroutine.wrap(wait)() end, 'e'))
    """,
    "a reader of load": """
        local result
        load(function() result = coroutine.wrap(wait)() end)
        return result
    """,
}


def test_a_coroutine_waits_wherever_its_task_cannot_yield() -> None:
    """Its wait ends as any other does, and the cell goes on."""
    with session() as lua:
        lua.run("function wait() local s = ba.socket.udpcon() s:read(1) ba.sleep(1) return 'waited' end")
        for place, source in IN_A_COROUTINE.items():
            assert lua.run(source).values == (b'"waited"',), place


def test_nobody_is_woken_by_the_end_of_what_an_interrupt_has_ended_its_wait_for() -> None:
    """The handler waits for the callback, which goes on after the cell is over."""
    with session() as lua:
        finish = lua.start("""
            t = ba.timer(function() trace 'ready' while not is_over do ba.sleep(1) end ended = true end)
            xpcall(error, function() t:set(0, true, true) end, 'e')
        """)
        lua.recorder.wait_for_trace("ready")
        lua.runtime.interrupt()
        assert finish().error is not None
        assert lua.run("is_over = true await(function() return ended end)").error is None
        assert not lua.recorder.faults


def test_a_wait_in_place_that_comes_too_deep_is_an_error_of_whoever_waits() -> None:
    """Nobody else goes short of C calls by it, and no position of the runtime's is shown."""
    assert traced("""
        local deepest
        local function nest()
          local ok, reason = xpcall(error, function()
            local ok, reason = pcall(ba.sleep, 1)
            if ok then
              return nest()
            end
            deepest = reason
          end, 'e')
        end
        nest()
        trace(deepest)
    """) == ["C stack overflow"]


def test_a_ready_crowd_of_jobs_leaves_others_their_turn() -> None:
    """What has arrived is looked at between two of them."""
    with session() as lua:
        lua.run("""
            done = 0
            for _ = 1, 20 do
              ba.thread.create():run(function()
                local until_ms = ba.clock() + 30
                while ba.clock() < until_ms do end
                done = done + 1
              end)
            end
        """)
        assert int(lua.value("done")) < 10
