"""`trace`, `tracep`, `print` and how values read (ba-api sections 9.1 and 9.2)."""

from __future__ import annotations

import re

import pytest

from ba_runtime import Fault, Traced

from ._programs import Recorder, message_of, run, run_well, session, traced


def _traces(recorder: Recorder) -> list[Traced]:
    return [event for event in recorder.events if isinstance(event, Traced)]


def _prefix(source: str) -> str:
    """Returns the `NAME LINE` of the only trace."""
    (event,) = _traces(run_well(source))
    return f"{event.name} {event.line}"


# ---------------------------------------------------------------- the prefix


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        ("trace(1)", " 1"),
        ("\n\n  trace(1)", " 3"),
        ("function f()\ntrace(1)\nend\nf()", "f 2"),
        ("local function f() trace(1) end f()", "f 1"),
        ("local f = function() trace(1) end f()", "f 1"),
        ("local t = {f = function() trace(1) end} t.f()", "f 1"),
        ("local t = {f = function() trace(1) end} t:f()", "f 1"),
        ("(function() trace(1) end)()", " 1"),
        ("pcall(function() trace(1) end)", " 1"),
        ("pcall(trace, 1)", "pcall -1"),
        ("coroutine.wrap(function() trace(1) end)()", " 1"),
        ("ba.socket.event(function() trace(1) end)", " 1"),
        ("local function f() trace(1) end ba.socket.event(f)", " 1"),
        ("local function g() trace(1) end ba.socket.event(function() g() end)", "g 1"),
        ("local t = setmetatable({}, {__index = function() trace(1) end}) local x = t.x", "index 1"),
    ],
)
def test_a_trace_begins_with_the_callers_name_and_line(source: str, prefix: str) -> None:
    """The name is empty for a main chunk and for functions that have none."""
    assert _prefix(source) == prefix


def test_a_trace_carries_its_chunk_and_cell() -> None:
    """In cosockets those of the code, and of the cell that started it."""
    with session() as lua:
        lua.run(
            "function late() trace('from one') end c, peer = pair() c:event(function(s) s:read() late() end)",
            name="one",
        )
        lua.run("peer:write 'x' await(function() return c:state() == 'terminated' end) late()", name="two")
        assert [(event.source, event.cell) for event in _traces(lua.recorder)] == [("one", 1), ("one", 2)]


# ---------------------------------------------------------------- the text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", ""), ("nil", "nil"), ("true, false", "true\tfalse"), ("1, 1.0, -0.5", "1\t1.0\t-0.5"),
        ("1e15, 1e100, 2^53", "1e+15\t1e+100\t9.007199254741e+15"), ("1/3, 0.1", "0.33333333333333\t0.1"),
        ("1/0, -1/0", "Inf\t-Inf"), ("-0.0, 0.0", "0.0\t0.0"), ("math.mininteger", str(-(2**63))),
        ("'a\\tb', ''", "a\tb\t"), ("'x', nil, nil", "x\tnil\tnil"), ("'\\xc3\\xa5\\xff'", "\xc3\xa5\xff"),
        ("setmetatable({}, {__tostring = function() return 'TS' end})", "TS"),
        ("setmetatable({}, {__tostring = function() return 5 end})", "5"), ("'a\\nb'", "a\nb"),
        ("'a\\0b'", "a\0b"),
    ],
)  # fmt: skip
def test_trace_joins_its_arguments_with_tabs(arguments: str, text: str) -> None:
    """Each as tostring gives it, with the server's spelling of numbers."""
    assert traced(f"trace({arguments})") == [text]


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("{}", r"table: [0-9a-f]+"), ("print", r"function: [0-9a-f]+"),
        ("coroutine.create(print)", r"thread: [0-9a-f]+"),
        ("setmetatable({}, {__name = 'My Type'})", r"My Type: [0-9a-f]+"), ("0/0", "-?NaN"),
        ("ba.timer(print)", r"userdata: [0-9a-f]+"),
    ],
)  # fmt: skip
def test_addresses_have_no_prefix(value: str, pattern: str) -> None:
    """Unlike stock Lua's, which begin with 0x."""
    (text,) = traced(f"trace({value})")
    assert re.fullmatch(pattern, text)


def test_trace_returns_nothing() -> None:
    """Nor does tracep."""
    assert traced("trace(select('#', trace()), select('#', tracep(1)))") == ["", "", "0\t0"]


def test_an_error_in_tostring_is_traces_callers() -> None:
    """Nothing is traced then."""
    assert traced("pcall(trace, setmetatable({}, {__tostring = error}))") == []
    assert message_of("local t = setmetatable({}, {__tostring = next})\ntrace(t)") == (
        "program:2: '__tostring' must return a string"
    )


def test_a_value_that_prints_itself_for_ever_overflows_the_stack() -> None:
    """The cell fails, as with any endless recursion."""
    assert "stack overflow" in message_of("print(setmetatable({}, {__tostring = print}))")


def test_a_tostring_may_wait() -> None:
    """In trace, print and tostring."""
    recorder = run_well("""
        local t = setmetatable({}, {__tostring = function() ba.sleep(1) return "waited" end})
        trace(t)
        trace(tostring(t))
        print(t)
    """)
    assert recorder.traced == ["waited", "waited"]
    assert recorder.printed == b"waited\n"


# ---------------------------------------------------------------- tracep


def test_tracep_has_a_priority() -> None:
    """And a prefix, unless its first argument is false."""
    recorder = run_well(
        "tracep(3, 'a', nil) tracep(true, 2, 'b') tracep(false, 1, 'c') tracep(0) tracep('5', 'd')"
    )
    assert [(e.priority, e.prefix, e.text) for e in _traces(recorder)] == [
        (3, True, b"a\tnil"), (2, True, b"b"), (1, False, b"c"), (0, True, b""), (5, True, b"d"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("priority", "count"),
    [("0", 1), ("5", 1), ("-1", 1), ("4.5", 1), ("-1/0", 1), ("6", 0), ("1/0", 0), ("0/0", 0)],
)
def test_priorities_above_five_are_not_shown(priority: str, count: int) -> None:
    """As on the server."""
    assert len(traced(f"tracep({priority}, 'x')")) == count


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "#1 to 'tracep' (number expected, got no value)"),
        ("nil", "#1 to 'tracep' (number expected, got nil)"),
        ("'x'", "#1 to 'tracep' (number expected, got string)"),
        ("{}", "#1 to 'tracep' (number expected, got table)"),
        ("true", "#2 to 'tracep' (number expected, got no value)"),
        ("false, nil", "#2 to 'tracep' (number expected, got nil)"),
        ("false, 'x'", "#2 to 'tracep' (number expected, got string)"),
    ],
)
def test_tracep_names_a_wrong_argument(arguments: str, message: str) -> None:
    """Its name is known through pcall too."""
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(tracep{comma}{arguments}))") == [f"false\tbad argument {message}"]
    assert message_of(f"tracep({arguments})") == f"program:1: bad argument {message}"


# ---------------------------------------------------------------- print


def test_print_is_the_cells_response() -> None:
    """Tabs between, a newline at the end, and it returns true."""
    outcome = run("return print('a', nil, 1.0), print()")
    assert outcome.recorder.printed == b"a\tnil\t1.0\n\n"
    assert outcome.result.values == (b"true", b"true")


def test_print_after_the_cells_end_goes_to_the_trace() -> None:
    """The call succeeds as ever."""
    with session() as lua:
        lua.run("c, peer = pair() c:event(function(s) s:read() result = print('late', 1) end)")
        lua.run("peer:write 'x' await(function() return result ~= nil end)")
        assert lua.value("result") == "true"
        assert lua.recorder.printed == b""
        assert lua.recorder.printed_late == b"late\t1\n"


# ---------------------------------------------------------------- who listens


def test_lower_priorities_are_shown_when_somebody_asks_for_them() -> None:
    """As with the level of a TraceLogger; otherwise those up to 5 are."""
    with session() as lua:
        lua.run("tracep(6, 'before')")
        lua.runtime.set_trace_level(7)
        lua.run("tracep(7, 'seen') tracep(8, 'not')")
        lua.runtime.set_trace_level(5)
        lua.run("tracep(6, 'after')")
        assert [(event.text, event.priority) for event in _traces(lua.recorder)] == [(b"seen", 7)]


def test_of_several_who_ask_the_one_counts_that_wants_to_see_most() -> None:
    """A magic of the notebook, and whoever watches in a window."""
    with session() as lua:
        lua.runtime.set_trace_level(9, "one")
        lua.runtime.set_trace_level(5, "another")
        lua.run("tracep(9, 'seen') tracep(10, 'not')")
        lua.runtime.set_trace_level(5, "one")
        lua.run("tracep(6, 'not')")
        assert [event.text for event in _traces(lua.recorder)] == [b"seen"]


def test_what_a_cosocket_says_names_its_socket_also_when_that_is_closed() -> None:
    """Its last words, and the error that has ended it."""
    with session() as lua:
        lua.run("""
            l = ba.socket.bind(0)
            port = select(2, l:sockname())
            l:event(function(l) trace "listener" local c = l:accept() c:close() error "bad" end)
            ba.socket.event(function(s)
              trace "none yet"
              ba.socket.connect("127.0.0.1", port)
              trace "connected"
              s:read()
              trace "lost"
            end)
        """)
        lua.settle()
        numbers = {event.text: event.socket for event in _traces(lua.recorder)}
        (fault,) = (event for event in lua.recorder.events if isinstance(event, Fault))
    assert numbers[b"none yet"] == 0
    assert numbers[b"connected"] == numbers[b"lost"] > 0
    assert fault.socket == numbers[b"listener"] > 0
    assert numbers[b"listener"] != numbers[b"connected"]


def test_a_cosockets_trace_names_its_socket() -> None:
    """And a cell's names none."""
    with session() as lua:
        lua.run("trace 'cell' c, peer = pair() c:event(function(s) s:read() trace 'cosocket' end)")
        lua.run("peer:write 'x' await(function() return c:state() == 'terminated' end)")
        from_cell, from_cosocket = _traces(lua.recorder)
        assert from_cell.socket == 0
        assert from_cosocket.socket > 0
