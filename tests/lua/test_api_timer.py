"""`ba.timer`, `ba.sleep` and `ba.clock` (ba-api sections 6.1 to 6.3)."""

from __future__ import annotations

import pytest

from ._programs import message_of, run_well, session, traced

# ---------------------------------------------------------------- one shot


def test_a_timer_fires_once_after_its_time() -> None:
    """Unless its function returns true; and it gets no arguments."""
    assert traced("""
        local n, t = 0, ba.clock()
        local timer = ba.timer(function(...) n = n + 1 trace(n, select("#", ...), ba.clock() - t >= 29) end)
        trace(type(timer), timer:set(30))
        await(function() return n == 1 end)
        ba.sleep(60)
        trace(n)
    """) == ["userdata\ttrue", "1\t0\ttrue", "1"]


def test_the_methods_tell_whether_the_timer_was_running() -> None:
    """True or nil, in every state."""
    assert traced("""
        local n = 0
        local t = ba.timer(function() n = n + 1 end)
        trace("new", t:cancel(), t:reset(10))
        trace("set", t:set(60000), t:reset(60000), t:cancel())
        trace("cancelled", t:cancel(), t:reset(10))
        trace("set", t:set(60000), t:set(1))
        await(function() return n == 1 end)
        trace("fired", t:cancel(), t:reset(10))
        trace("set", t:set(60000), t:reset(1))
        await(function() return n == 2 end)
    """) == [
        "new\tnil\tnil",
        "set\ttrue\ttrue\ttrue",
        "cancelled\tnil\tnil",
        "set\ttrue\ttrue",
        "fired\tnil\tnil",
        "set\ttrue\ttrue",
    ]


def test_a_cancelled_timer_does_not_fire() -> None:
    """Another one, set later, does."""
    assert traced("""
        local first, second
        local t = ba.timer(function() first = true end)
        local u = ba.timer(function() second = true end)
        t:set(10) u:set(20)
        t:cancel()
        await(function() return second end)
        trace(first)
    """) == ["nil"]


@pytest.mark.parametrize("ms", ["0", "-5", "0.5", "'3'", "0/0"])
def test_short_times_fire_soon(ms: str) -> None:
    """Numeric strings count; nothing is rounded away."""
    assert traced(f"""
        local fired
        local t = ba.timer(function() fired = true end)
        trace(t:set({ms}))
        await(function() return fired end)
    """) == ["true"]


@pytest.mark.parametrize("ms", ["math.huge", "1e300", "math.maxinteger"])
def test_times_beyond_all_bounds_never_come(ms: str) -> None:
    """And disturb nothing else."""
    assert traced(f"local t = ba.timer(trace) trace(t:set({ms})) ba.sleep(5) trace(t:cancel())") == [
        "true",
        "true",
    ]


def test_timers_fire_in_the_order_of_their_times() -> None:
    """Whatever the order in which they were set."""
    assert traced("""
        local order, timers = {}, {}
        for _, ms in ipairs {50, 10, 40, 20, 30} do
          local t = ba.timer(function() order[#order + 1] = ms end)
          t:set(ms)
          timers[ms] = t
        end
        await(function() return #order == 5 end)
        trace(table.concat(order, " "))
    """) == ["10 20 30 40 50"]


# ---------------------------------------------------------------- repeating


@pytest.mark.parametrize("value", ["1", "'true'", "{}", "false", "nil", "nil, true", ""])
def test_only_true_repeats(value: str) -> None:
    """Anything else stops the timer."""
    assert traced(f"""
        local n = 0
        local t = ba.timer(function() n = n + 1 return {value} end)
        t:set(1)
        await(function() return n == 1 end)
        ba.sleep(20)
        trace(n, t:cancel())
    """) == ["1\tnil"]


def test_true_repeats_until_something_else() -> None:
    """With the same time between."""
    assert traced("""
        local n, t = 0, ba.clock()
        local timer = ba.timer(function() n = n + 1 return n < 3 end)
        timer:set(10)
        await(function() return n == 3 end)
        trace(ba.clock() - t >= 29)
        ba.sleep(30)
        trace(n, timer:cancel())
    """) == ["true", "3\tnil"]


def test_a_repeating_timer_can_be_cancelled_and_reset() -> None:
    """A reset changes the time between."""
    assert traced("""
        local n = 0
        local t = ba.timer(function() n = n + 1 return true end)
        t:set(60000)
        trace(t:reset(1))
        await(function() return n >= 3 end)
        trace(t:cancel())
        local before = n
        ba.sleep(20)
        trace(n == before)
    """) == ["true", "true", "true"]


def test_a_callback_may_cancel_its_own_timer() -> None:
    """Returning true does not bring it back."""
    assert traced("""
        local n, t = 0, nil
        t = ba.timer(function() n = n + 1 t:cancel() return true end)
        t:set(1)
        await(function() return n == 1 end)
        ba.sleep(20)
        trace(n)
    """) == ["1"]


def test_a_callback_may_set_its_own_timer() -> None:
    """It fires again, although the callback returned nothing."""
    assert traced("""
        local n, t = 0, nil
        t = ba.timer(function() n = n + 1 if n < 3 then t:set(1) end end)
        t:set(1)
        await(function() return n == 3 end)
        ba.sleep(20)
        trace(n)
    """) == ["3"]


# ---------------------------------------------------------------- yielding


def test_a_callback_that_yields_true_goes_on_at_the_next_tick() -> None:
    """With no values; after its return, set starts it afresh."""
    assert traced("""
        local log = {}
        local t = ba.timer(function(...)
          log[#log + 1] = "start " .. select("#", ...)
          log[#log + 1] = "resumed " .. select("#", coroutine.yield(true))
          coroutine.yield(true)
          log[#log + 1] = "end"
        end)
        t:set(5)
        await(function() return #log == 3 end)
        trace(table.concat(log, ", "))
        ba.sleep(20)
        trace(#log, t:cancel())
        t:set(5)
        await(function() return #log == 6 end)
        trace(log[4])
    """) == ["start 0, resumed 0, end", "3\tnil", "start 0"]


@pytest.mark.parametrize("value", ["", "1", "false", "nil, true", "'true'"])
def test_a_callback_that_yields_anything_else_stops_where_it_is(value: str) -> None:
    """The next set resumes it there."""
    assert traced(f"""
        local log = {{}}
        local t = ba.timer(function()
          log[#log + 1] = "first"
          coroutine.yield({value})
          log[#log + 1] = "second"
        end)
        t:set(1)
        await(function() return #log == 1 end)
        ba.sleep(20)
        trace(#log, t:cancel())
        trace(t:set(1))
        await(function() return #log == 2 end)
        t:set(1)
        await(function() return #log == 3 end)
        trace(table.concat(log, " "))
    """) == ["1\tnil", "true", "first second first"]


def test_a_yield_within_set_decides_too() -> None:
    """With now, the callback runs up to its yield inside set."""
    assert traced("""
        local log = {}
        local t = ba.timer(function()
          log[1] = 1
          coroutine.yield(true)
          log[2] = 2
          coroutine.yield()
          log[3] = 3
        end)
        trace(t:set(1, false, true), #log)
        await(function() return #log == 2 end)
        trace(t:set(60000, false, true), #log)
    """) == ["true\t1", "false\t3"]


# ---------------------------------------------------------------- now, keepref


@pytest.mark.parametrize(("value", "result"), [("true", "true"), ("", "false"), ("1", "false")])
def test_with_now_the_callback_runs_inside_set(value: str, result: str) -> None:
    """It starts only if that returns true; else set is false."""
    assert traced(f"""
        local n = 0
        local t = ba.timer(function() n = n + 1 return {value} end)
        trace(t:set(60000, false, true), n)
        trace(t:cancel())
    """) == [f"{result}\t1", "true" if result == "true" else "nil"]


@pytest.mark.parametrize("now", ["false", "nil", "1", "'true'"])
def test_only_true_means_now(now: str) -> None:
    """Other values do not."""
    assert traced(f"""
        local n = 0
        local t = ba.timer(function() n = 1 end)
        trace(t:set(60000, false, {now}), n)
    """) == ["true\t0"]


def test_a_timer_that_nobody_refers_to_does_not_fire() -> None:
    """Unless it was set with keepref; that one is kept while it runs."""
    assert traced("""
        local plain, kept
        do
          ba.timer(function() plain = true end):set(10)
          ba.timer(function() kept = (kept or 0) + 1 return kept < 2 end):set(20, true)
        end
        collectgarbage() collectgarbage()
        await(function() return kept == 2 end)
        trace(plain)
    """) == ["nil"]


# ---------------------------------------------------------------- where callbacks run


def test_a_callback_may_block() -> None:
    """It has no socket of its own; others go on meanwhile."""
    assert traced("""
        local _, port = listen(function(s) s:read(20) s:write "hello" end)
        local r
        local t = ba.timer(function()
          local c = ba.socket.connect("127.0.0.1", port)
          trace(ba.socket.getsock(), coroutine.isyieldable(), c:state())
          r = c:read()
        end)
        t:set(1)
        await(function() return r end)
        trace(r)
    """) == ["nil\ttrue\tnotcon\ttrue", "hello"]


def test_a_timer_set_while_its_callback_waits_fires_after_it() -> None:
    """The callback is never entered twice, nor woken by the tick."""
    assert traced("""
        local running, n, t = 0, 0, nil
        t = ba.timer(function()
          running = running + 1
          n = n + 1
          local now = ba.clock()
          ba.sleep(40)
          trace(running, ba.clock() - now >= 39)
          running = running - 1
        end)
        t:set(1)
        await(function() return n == 1 end)
        trace(t:set(1), t:set(1, false, true))
        await(function() return n == 2 and running == 0 end)
    """) == ["true\ttrue", "1\ttrue", "1\ttrue"]


def test_a_callback_that_waits_holds_up_no_other_timer() -> None:
    """Each has its own task."""
    assert traced("""
        local log = {}
        local a = ba.timer(function() ba.sleep(30) log[#log + 1] = "slow" end)
        local b = ba.timer(function() log[#log + 1] = "fast" end)
        a:set(1) b:set(5)
        await(function() return #log == 2 end)
        trace(table.concat(log, " "))
    """) == ["fast slow"]


# ---------------------------------------------------------------- errors


def test_an_error_in_a_callback_is_reported_in_one_line() -> None:
    """Without a traceback, and not through seterrh."""
    recorder = run_well("""
        ba.seterrh(function(text) trace("handler", text) end)
        local fired
        local t = ba.timer(function() fired = true error "boom" end)
        t:set(1)
        await(function() return fired end)
    """)
    assert recorder.faults == ["Timer callback failed: program:4: boom"]
    assert recorder.traced == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'plain', 0", "plain"), ("42", "42"), ("{}", "(error object is a table value)"),
        ("nil", "(error object is a nil value)"),
        ("setmetatable({}, {__tostring = error})", "(error object is a table value)"),
    ],
)  # fmt: skip
def test_any_error_value_is_reported(value: str, text: str) -> None:
    """Those that are no text by their type."""
    assert run_well(f"""
        local fired
        local t = ba.timer(function() fired = true error({value}) end)
        t:set(1)
        await(function() return fired end)
    """).faults == [f"Timer callback failed: {text}"]


def test_a_timer_whose_callback_failed_raises_from_then_on() -> None:
    """Every method, with the error it had."""
    assert (
        traced("""
        local t = ba.timer(function() error "boom" end)
        trace(t:set(1, false, true))
        trace(pcall(t.set, t, 1))
        trace(pcall(t.reset, t, 1))
        trace(pcall(t.cancel, t))
        trace(pcall(t.set, t))
    """)
        == ["false"] + ["false\tTimer callback failed: program:2: boom"] * 4
    )
    assert message_of("local t = ba.timer(error)\nt:set(1, false, true)\nt:cancel()") == (
        "program:3: Timer callback failed: (error object is a nil value)"
    )


@pytest.mark.parametrize(
    ("arguments", "got"), [("", "no value"), ("nil", "nil"), ("'x'", "string"), ("{}", "table")]
)
def test_a_timer_wants_a_function(arguments: str, got: str) -> None:
    """Through pcall the function is found in the module `ba`."""
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(ba.timer{comma}{arguments}))") == [
        f"false\tbad argument #1 to 'ba.timer' (function expected, got {got})"
    ]
    assert message_of(f"local t = ba.timer({arguments})") == (
        f"program:1: bad argument #1 to 'timer' (function expected, got {got})"
    )


@pytest.mark.parametrize("method", ["set", "reset"])
@pytest.mark.parametrize(
    ("arguments", "got"), [("", "no value"), ("nil", "nil"), ("'x'", "string"), ("{}", "table")]
)
def test_the_time_is_a_number(method: str, arguments: str, got: str) -> None:
    """As argument 2 through pcall, and 1 in a method call."""
    comma = ", " if arguments else ""
    made = "local t = ba.timer(print) t:set(60000)"
    assert traced(f"{made} trace(pcall(t.{method}, t{comma}{arguments}))") == [
        f"false\tbad argument #2 to '?' (number expected, got {got})"
    ]
    assert message_of(f"{made} t:{method}({arguments})") == (
        f"program:1: bad argument #1 to '{method}' (number expected, got {got})"
    )


def test_reset_in_the_callback_keeps_the_timer_running() -> None:
    """With the new time, though the function returns nothing; a later one cancels it nevertheless."""
    assert traced("""
        local n, t = 0
        t = ba.timer(function()
          n = n + 1
          if n == 1 then trace(t:reset(1)) elseif n == 2 then trace(t:reset(60000), t:cancel()) end
        end)
        t:set(1)
        await(function() return n == 2 end)
        trace(t:cancel())
    """) == ["true", "true\ttrue", "nil"]


def test_a_variable_that_is_closed_cancels_its_timer() -> None:
    """At the end of its block, in the callback, and after an error in that."""
    assert traced("""
        local n, kept, failed = 0
        do
          local t <close> = ba.timer(function() n = n + 1 end)
          t:set(1)
          kept = t
        end
        trace(kept:cancel())
        local u
        u = ba.timer(function() n = n + 1 local v <close> = u return true end)
        u:set(1)
        await(function() return n == 1 end)
        trace(u:cancel())
        u = ba.timer(function() failed = true error "boom" end)
        u:set(1)
        await(function() return failed and not pcall(u.cancel, u) end)
        do local v <close> = u end
    """) == ["nil", "nil"]


def test_a_timer_has_no_name() -> None:
    """It is any userdata to messages, which know only what its methods want."""
    source = "local t = ba.timer(print)"
    assert message_of(f"{source} t.x = 1") == ("program:1: attempt to index a userdata value (local 't')")


@pytest.mark.parametrize("method", ["set", "reset", "cancel"])
@pytest.mark.parametrize(
    ("self", "got"), [("", "no value"), ("nil", "nil"), ("{}", "table"), ("ba.socket.bind(0)", "_BASOCK")]
)
def test_timer_methods_want_a_timer(method: str, self: str, got: str) -> None:
    """Of the type that a timer's metatable names."""
    comma = ", " if self else ""
    assert traced(f"local t = ba.timer(print) trace(pcall(t.{method}{comma}{self}))") == [
        f"false\tbad argument #1 to '?' (TIMER expected, got {got})"
    ]


# ---------------------------------------------------------------- sleep, clock


def test_sleep_returns_nothing_after_its_time() -> None:
    """In cells, cosockets, jobs, timers and inner coroutines."""
    assert (
        traced("""
        local n = 0
        local function nap()
          local t = ba.clock()
          local count = select("#", ba.sleep(20))
          t = ba.clock() - t
          trace(count, t >= 19 and t < 2000)
          n = n + 1
        end
        nap()
        ba.socket.event(nap)
        ba.thread.run(nap)
        local timer = ba.timer(nap)
        timer:set(1)
        coroutine.wrap(nap)()
        await(function() return n == 5 end)
    """)
        == ["0\ttrue"] * 5
    )


@pytest.mark.parametrize("ms", ["0", "-1", "'1'", "0.5", "0/0", "-math.huge"])
def test_a_short_sleep_still_lets_the_others_run(ms: str) -> None:
    """Even one of no time."""
    assert traced(f"""
        local ran
        ba.thread.run(function() ran = true end)
        ba.sleep({ms})
        await(function() return ran end)
        trace(ran)
    """) == ["true"]


@pytest.mark.parametrize(
    ("arguments", "got"), [("", "no value"), ("nil", "nil"), ("'x'", "string"), ("{}", "table")]
)
def test_sleep_wants_a_number(arguments: str, got: str) -> None:
    """And is found as `ba.sleep` through pcall."""
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(ba.sleep{comma}{arguments}))") == [
        f"false\tbad argument #1 to 'ba.sleep' (number expected, got {got})"
    ]


def test_sleep_in_a_cosocket_is_remarked_once() -> None:
    """Because a device would stall all its cosockets."""
    assert (
        len(
            run_well("""
        for i = 1, 3 do ba.socket.event(function() ba.sleep(1) end) end
        ba.sleep(20)
    """).notes
        )
        == 1
    )


def test_clock_counts_milliseconds_upwards() -> None:
    """As an integer."""
    assert traced("""
        local a = ba.clock()
        ba.sleep(20)
        local b = ba.clock()
        trace(math.type(a), b - a >= 19, b - a < 2000)
    """) == ["integer\ttrue\ttrue"]


def test_timers_that_are_due_together_do_not_hold_up_what_arrives() -> None:
    """Four hundred that compute for some milliseconds each: a cell comes in between."""
    with session() as lua:
        lua.run("""
            done, timers = 0, {}
            for i = 1, 400 do
              timers[i] = ba.timer(function()
                local until_ms = ba.clock() + 5
                repeat until ba.clock() > until_ms
                done = done + 1
                if done == 1 then trace 'begun' end
              end)
              timers[i]:set(20)
            end
            local all_due_ms = ba.clock() + 30
            repeat until ba.clock() > all_due_ms
        """)
        lua.recorder.wait_for_trace("begun")
        assert int(lua.value("done")) < 200
