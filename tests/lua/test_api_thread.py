"""`ba.thread` (ba-api section 6.4)."""

from __future__ import annotations

import pytest

from ._programs import faults, message_of, traced

POOL = 3  # the documented default


def test_run_starts_a_job_beside_the_caller() -> None:
    """It returns an integer at once; the job runs when the caller waits."""
    assert traced("""
        local ran
        local r = table.pack(ba.thread.run(function(...) ran = select("#", ...) end))
        trace(r.n, math.type(r[1]), ran)
        await(function() return ran end)
        trace(ran)
    """) == ["1\tinteger\tnil", "0"]


def test_run_returns_how_many_jobs_wait() -> None:
    """Those that found no thread of the pool free."""
    assert traced(f"""
        local n, waiting = 0, {{}}
        for i = 1, {POOL + 3} do
          waiting[i] = ba.thread.run(function() ba.sleep(10) n = n + 1 end)
        end
        trace(table.concat(waiting, " "))
        await(function() return n == {POOL + 3} end)
    """) == ["0 0 0 1 2 3"]


def test_the_pool_runs_so_many_jobs_at_once() -> None:
    """The others follow in their order, as jobs end."""
    assert traced("""
        local running, most, order = 0, 0, {}
        for i = 1, 9 do
          ba.thread.run(function()
            running = running + 1
            most = math.max(most, running)
            order[#order + 1] = i
            ba.sleep(5)
            running = running - 1
          end)
        end
        await(function() return #order == 9 and running == 0 end)
        trace(most, table.concat(order))
    """) == [f"{POOL}\t123456789"]


@pytest.mark.parametrize(
    ("arguments", "size"),
    [("", 3), ("nil", 3), ("2", 3), ("5", 5), ("5.5", 5), ("19", 19), ("20", 3), ("'9'", 9)],
)
def test_configure_lets_the_pool_grow(arguments: str, size: int) -> None:
    """Never shrink, nor reach 20; it returns the number of threads."""
    assert traced(f"trace(ba.thread.configure({arguments}))") == [str(size)]


@pytest.mark.parametrize(("size", "got"), [("'x'", "string"), ("{}", "table")])
def test_the_size_of_the_pool_is_a_number(size: str, got: str) -> None:
    """Anything else raises."""
    message = f"false\tbad argument #1 to '?' (number expected, got {got})"
    assert traced(f"trace(pcall(ba.thread.configure, {size}))") == [message]


@pytest.mark.parametrize("run", ["ba.thread.run(1, print, f)", "ba.thread.create():run('x', f)"])
def test_the_last_argument_is_the_job(run: str) -> None:
    """And gets none itself."""
    source = "local n local function f(...) n = select('#', ...) end"
    assert traced(f"{source} {run} await(function() return n end) trace(n)") == ["0"]


@pytest.mark.parametrize(
    ("run", "count"),
    [
        ("ba.thread.run(f)", 0),
        ("local t = ba.timer(f) t:set(1)", 0),
        ("ba.socket.event(f)", 1),
        ("f()", 1),
        ("coroutine.wrap(f)()", 1),
    ],
)
def test_print_returns_nothing_in_jobs_and_timers(run: str, count: int) -> None:
    """And true elsewhere."""
    source = f"local n local function f() n = select('#', print 'x') end {run}"
    assert traced(f"{source} await(function() return n end) trace(n)") == [str(count)]


def test_a_pool_that_grows_takes_on_waiting_jobs() -> None:
    """At once."""
    assert traced("""
        local running, go = 0, nil
        for i = 1, 5 do
          ba.thread.run(function() running = running + 1 await(function() return go end) end)
        end
        ba.sleep(5)
        trace(running)
        ba.thread.configure(5)
        await(function() return running == 5 end)
        go = true
    """) == ["3"]


def test_a_thread_of_its_own_runs_its_jobs_one_after_the_other() -> None:
    """In order, whatever they wait for, beside other threads."""
    assert traced("""
        local a, b, log = ba.thread.create(), ba.thread.create(), {}
        for i = 1, 3 do
          a:run(function() ba.sleep(10 - 3 * i) log[#log + 1] = "a" .. i end)
          b:run(function() ba.sleep(30) log[#log + 1] = "b" .. i end)
        end
        trace(type(a), rawequal(a, b))
        await(function() return #log == 6 end)
        trace(table.concat(log, " "))
    """) == ["userdata\tfalse", "a1 a2 a3 b1 b2 b3"]


def test_a_thread_that_nobody_refers_to_still_does_its_jobs() -> None:
    """What was queued is done."""
    assert traced("""
        local n = 0
        do
          local t = ba.thread.create()
          for i = 1, 3 do t:run(function() ba.sleep(1) n = n + 1 end) end
        end
        collectgarbage() collectgarbage()
        await(function() return n == 3 end)
        trace(n)
    """) == ["3"]


def test_an_error_ends_only_its_job() -> None:
    """It is reported with a traceback, and the next job runs."""
    source = """
        local t, n = ba.thread.create(), 0
        t:run(function()
          n = 1
          error "boom"
        end)
        t:run(function() n = 2 end)
        await(function() return n == 2 end)
    """
    assert faults(source) == [
        "Lua error: program:5: boom\nstack traceback:\n\t[C]: in function 'error'\n"
        "\tprogram:5: in function <program:3>"
    ]


def test_jobs_may_block() -> None:
    """Connect, read, write and sleep: the calls are the blocking ones, and no job waits for another."""
    assert traced("""
        local n = 0
        local _, port = listen(function(s)
          ba.thread.run(function()
            s:write(s:read():upper())
            n = n + 1
          end)
        end)
        for i = 1, 2 do
          ba.thread.run(function()
            local c = ba.socket.connect("127.0.0.1", port)
            trace(ba.socket.getsock(), c:state())
            c:write "hello"
            trace(c:read())
            n = n + 1
          end)
        end
        await(function() return n == 4 end)
    """) == ["nil\tnotcon\ttrue", "nil\tnotcon\ttrue", "HELLO", "HELLO"]


def test_a_job_may_start_cosockets_and_jobs() -> None:
    """From inside."""
    assert traced("""
        local log = {}
        ba.thread.run(function()
          ba.thread.run(function() log[#log + 1] = "job" end)
          ba.socket.event(function(s) s:read(1) log[#log + 1] = "cosocket" end)
          log[#log + 1] = "end"
        end)
        await(function() return #log == 3 end)
        trace(table.concat(log, " "))
    """) == ["end job cosocket"]


def test_a_yield_ends_a_job() -> None:
    """There is nobody to yield to."""
    reports = faults("""
        local over
        ba.thread.run(function() coroutine.yield() end)
        ba.thread.run(function() over = true end)
        await(function() return over end)
    """)
    assert len(reports) == 1
    assert "attempt to yield from outside a coroutine" in reports[0]


def test_dbg_lists_the_running_jobs() -> None:
    """One coroutine for each."""
    assert traced("""
        local go
        for i = 1, 2 do ba.thread.run(function() await(function() return go end) end) end
        ba.sleep(1)
        local list = ba.thread.dbg()
        trace(#list, type(list[1]))
        go = true
        await(function() return #ba.thread.dbg() == 0 end)
    """) == ["2\tthread"]


@pytest.mark.parametrize(
    ("arguments", "got"), [("", "no value"), ("nil", "nil"), ("'x'", "string"), ("{}", "table")]
)
def test_run_wants_a_function(arguments: str, got: str) -> None:
    """A wrong argument is the caller's fault."""
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(ba.thread.run{comma}{arguments}))") == [
        f"false\tbad argument #1 to '?' (function expected, got {got})"
    ]
    assert message_of(f"local n = ba.thread.run({arguments})") == (
        f"program:1: bad argument #1 to 'run' (function expected, got {got})"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "#1 to '?' (LTHREADMGR expected, got no value)"),
        ("nil", "#1 to '?' (LTHREADMGR expected, got nil)"),
        ("{}", "#1 to '?' (LTHREADMGR expected, got table)"),
        ("t", "#1 to '?' (function expected, got LTHREADMGR)"),
        ("t, nil", "#2 to '?' (function expected, got nil)"),
        ("t, 1", "#2 to '?' (function expected, got number)"),
        ("t, print, 1", "#3 to '?' (function expected, got number)"),
    ],
)
def test_a_threads_run_wants_itself_and_a_function(arguments: str, message: str) -> None:
    """Without a function it is the thread that is no function, as on the server."""
    comma = ", " if arguments else ""
    assert traced(f"local t = ba.thread.create() trace(pcall(t.run{comma}{arguments}))") == [
        f"false\tbad argument {message}"
    ]
