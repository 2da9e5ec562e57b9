"""Reports of errors that nobody catches, and `ba.seterrh` (ba-api section 9.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ba_runtime import ErrorReport, Fault, Traced

from ._programs import faults, message_of, run_well, session, traced

# What runs as a cosocket's function on line 2, and what is reported behind `Lua error in Cosocket: `.
REPORTS = {
    "a message with its position": (
        'function() error "boom" end',
        "program:2: boom\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "a message without one": (
        'function() error("boom", 0) end',
        "boom\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "a message of several lines": (
        'function() error("a\\nb", 0) end',
        "a\nb\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "an empty message": (
        'function() error("", 0) end',
        "\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "a table": ("function() error {} end", "stack traceback:\n\tprogram:2: in function <program:2>"),
    "nil": ("function() error() end", "stack traceback:\n\tprogram:2: in function <program:2>"),
    "an object with words of its own": (
        "function() error(setmetatable({}, {__tostring = error})) end",
        "stack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "an error of the interpreter": (
        "function() local x x.y = 1 end",
        "program:2: attempt to index a nil value (local 'x')\nstack traceback:",
    ),
    "an error further down": (
        'function() local function inner() error "deep" end inner() end',
        "program:2: deep\nstack traceback:\n"
        "\tprogram:2: in local 'inner'\n\tprogram:2: in function <program:2>",
    ),
    "an error of the interpreter further down": (
        "function() local function inner() local x = nil + 1 end inner() end",
        "program:2: attempt to perform arithmetic on a nil value\nstack traceback:\n"
        "\tprogram:2: in function <program:2>",
    ),
    "an error of Lua's library": (
        "function() local x = string.rep() end",
        "program:2: bad argument #1 to 'rep' (string expected, got no value)\nstack traceback:\n"
        "\tprogram:2: in function <program:2>",
    ),
    "an error of the socket library": (
        "function(s) local x = s:queuelen({}) end",
        "program:2: bad argument #1 to 'queuelen' (number expected, got table)\nstack traceback:\n"
        "\tprogram:2: in function <program:2>",
    ),
    "a failed assertion": (
        'function() assert(false, "no") end',
        "program:2: no\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "an error passed on": (
        'function() local _, e = pcall(error, "first", 0) error(e, 0) end',
        "first\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "an error in an inner coroutine": (
        'function() local x = coroutine.wrap(function() error("inner", 0) end)() end',
        "program:2: inner\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
    "a chunk with a file's name": (
        'load("error [[x]]", "@some file.lua")',
        "some file.lua:1: x\nstack traceback:\n\tsome file.lua:1: in main chunk",
    ),
    "a chunk with a name": (
        'load("error [[x]]", "=name")',
        "name:1: x\nstack traceback:\n\tname:1: in main chunk",
    ),
    "a chunk named by its text": (
        'load("error [[x]]")',
        '[string "error [[x]]"]:1: x\nstack traceback:\n\t[string "error [[x]]"]:1: in main chunk',
    ),
    "words that look like a frame of ours": (
        'function() error("a\\n\\tba:x", 0) end',
        "a\n\tba:x\nstack traceback:\n\tprogram:2: in function <program:2>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REPORTS)
def test_a_cosockets_error_is_reported_with_its_traceback(kind: str) -> None:
    """From level 1 on, and a value that is no string has no message."""
    function, report = REPORTS[kind]
    assert faults(f"ba.socket.event(\n{function})") == [f"Lua error in Cosocket: {report}"]


@pytest.mark.parametrize("kind", REPORTS)
def test_an_error_after_a_wait_reads_the_same(kind: str) -> None:
    """The loop that resumed the cosocket does not show."""
    function, report = REPORTS[kind]
    source = f"local f = (\n{function})\nba.socket.event(function(s) s:disable() f(s) end):enable()"
    (text,) = faults(source)
    assert text.startswith("Lua error in Cosocket: " + report.split("stack traceback:")[0])
    assert "ba:" not in text.split("stack traceback:")[1]
    assert text.endswith("in function <program:3>")


# The frame above those of a cosocket's report; most errors are raised by `error`.
RAISED_BY = {
    "an error of the interpreter": "program:2: in function <program:2>",
    "an error of the interpreter further down": "program:2: in local 'inner'",
    "an error of Lua's library": "[C]: in function 'string.rep'",
    "a failed assertion": "[C]: in function 'assert'",
    "an error in an inner coroutine": "[C]: in ?",
    "an error of the socket library": "[C]: in method 'queuelen'",
}


@pytest.mark.parametrize("kind", REPORTS)
def test_a_jobs_error_is_reported_as_a_threads(kind: str) -> None:
    """Without a word on where; its traceback begins at level 0, with what has raised the error."""
    function, report = REPORTS[kind]
    first = RAISED_BY.get(kind, "[C]: in function 'error'")
    report = report.replace("stack traceback:", f"stack traceback:\n\t{first}", 1)
    source = (
        f"local job = (\n{function})\nlocal over ba.thread.run(job) ba.thread.run(function() over = true end)"
    )
    if kind == "an error of the socket library":
        source = source.replace("function(s)", "function() local s = ba.socket.udpcon()")
    assert faults(source + "await(function() return over end)") == [f"Lua error: {report}"]


def test_a_yield_is_reported_as_invalid() -> None:
    """With the place of the yield."""
    assert faults("ba.socket.event(function()\ncoroutine.yield() end)") == [
        "Lua error in socket: Invalid yield\nstack traceback:\n\tprogram:2: in function <program:1>"
    ]


def test_a_report_belongs_to_the_cell_that_started_the_code() -> None:
    """However much later it comes."""
    with session() as lua:
        lua.run("c, peer = pair() c:event(function(s) s:read() error 'late' end)")
        lua.run("peer:write 'x' await(function() return c:state() == 'terminated' end)")
        assert [event.cell for event in lua.recorder.events if isinstance(event, Fault)] == [1]


# ---------------------------------------------------------------- seterrh


def test_the_handler_gets_the_report_as_one_string() -> None:
    """In addition to the report, and nothing else with it."""
    recorder = run_well("""
        ba.seterrh(function(...) trace(select("#", ...), (...)) end)
        ba.socket.event(function() error "one" end)
        ba.socket.event(function() coroutine.yield() end)
        local over
        ba.thread.run(function() over = true error {} end)
        await(function() return over end)
    """)
    assert len(recorder.faults) == 3
    assert recorder.traced == [f"1\t{text}" for text in recorder.faults]


def test_the_handler_runs_for_the_cell_of_the_error() -> None:
    """What it traces carries that number."""
    with session() as lua:
        lua.run("ba.seterrh(function(text) trace 'heard' end)")
        lua.run("ba.thread.run(function() ba.sleep(1) over = true error 'x' end)")
        lua.run("await(function() return over end) ba.sleep(1)")
        assert [event.cell for event in lua.recorder.events if isinstance(event, Traced)] == [2]


def test_the_handler_may_wait() -> None:
    """It holds nobody up."""
    assert traced("""
        local over
        ba.seterrh(function() ba.sleep(10) trace "handled" over = true end)
        ba.socket.event(error)
        trace "goes on"
        await(function() return over end)
    """) == ["goes on", "handled"]


@pytest.mark.parametrize("body", ["error 'again'", "coroutine.yield()", "error {}"])
def test_an_error_in_the_handler_is_no_endless_story(body: str) -> None:
    """It is reported at most once, and not to the handler."""
    recorder = run_well(f"""
        local n = 0
        ba.seterrh(function() n = n + 1 {body} end)
        ba.socket.event(error)
        trace(n)
    """)
    assert recorder.traced == ["1"]
    assert len(recorder.faults) <= 2


def test_nil_takes_the_handler_away() -> None:
    """And another function takes its place."""
    assert traced("""
        ba.seterrh(function() trace "first" end)
        ba.seterrh(function() trace "second" end)
        ba.socket.event(error)
        ba.seterrh(nil)
        ba.socket.event(error)
    """) == ["second"]


@pytest.mark.parametrize(("argument", "got"), [("1", "number"), ("'f'", "string"), ("{}", "table")])
def test_the_handler_is_a_function(argument: str, got: str) -> None:
    """Anything else is refused."""
    assert message_of(f"ba.seterrh({argument})") == (
        f"program:1: bad argument #1 to 'seterrh' (function expected, got {got})"
    )


def test_a_caught_error_is_nobodys_business() -> None:
    """Neither reported nor handled."""
    recorder = run_well("""
        ba.seterrh(trace)
        ba.socket.event(function(s) pcall(error, "x") s:disable() end)
    """)
    assert recorder.faults == []
    assert recorder.traced == []


@pytest.mark.parametrize("depth", [250, 1000])
def test_text_that_is_nested_too_deeply_is_an_error_of_its_own(depth: int) -> None:
    """In Lua's words, without a traceback of the loop that compiled it."""
    with session() as lua:
        error = lua.run("return " + "(" * depth + "1" + ")" * depth).error
        assert error is not None
        assert error.kind == "syntax"
        assert b"overflow" in error.message
        assert b"traceback" not in error.message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("return error('boom')", "program:1: boom"),
        ("return error('boom', 1)", "program:1: boom"),
        ("error('boom')", "program:1: boom"),
        ("return error('boom', 0)", "boom"),
        ("return error({})", "table"),
    ],
)
def test_an_error_names_its_place_also_as_a_tail_call(call: str, message: str) -> None:
    """As `return error(...)` is written everywhere."""
    assert traced(f"""local ok, problem = pcall(function() {call} end)
        trace(type(problem) == 'string' and problem or type(problem))""") == [message]


STACKS = {
    "a nil index in a cosocket": (
        "ba.socket.event(function()\nlocal x x.y = 1 end)",
        ErrorReport(
            "runtime",
            b"program:2: attempt to index a nil value (local 'x')",
            "program",
            2,
            (b"program:2: in function <program:1>",),
        ),
    ),
    "an error that a timer calls": (
        "t = ba.timer(function() error('boom') end) t:set(0)\n"
        "await(function() return not pcall(t.reset, t, 0) end)",
        ErrorReport(
            "runtime",
            b"program:1: boom",
            "program",
            1,
            (b"[C]: in function 'error'", b"program:1: in function <program:1>"),
        ),
    ),
    "an error object in a job": (
        "local over ba.thread.run(function() error{} end)\n"
        "ba.thread.run(function() over = true end) await(function() return over end)",
        ErrorReport(
            "runtime",
            b"(error object is a table value)",
            "program",
            1,
            (b"[C]: in function 'error'", b"program:1: in function <program:1>"),
        ),
    ),
    "a yield": (
        "ba.socket.event(function()\ncoroutine.yield() end)",
        ErrorReport(
            "runtime",
            b"Invalid yield",
            "program",
            2,
            (b"[C]: in function 'coroutine.yield'", b"program:2: in function <program:1>"),
        ),
    ),
}


@pytest.mark.parametrize("kind", STACKS)
def test_an_error_of_the_background_has_its_place_and_its_whole_stack(kind: str) -> None:
    """Beside the report, which is worded as the server's and leaves frames out."""
    source, error = STACKS[kind]
    with session() as lua:
        lua.run(source)
        events = [event for event in lua.recorder.events if isinstance(event, Fault)]
    assert [event.error and replace(event.error, hint="") for event in events] == [error]
