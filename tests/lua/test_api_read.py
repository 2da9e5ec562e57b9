"""`s:read` on TCP sockets (ba-api section 4.2)."""

from __future__ import annotations

import pytest

from ._programs import message_of, traced

# How a program reads the socket `s`: itself, or in the socket's own cosocket. `%s` is what is done with it.
BLOCKING = "local s = c %s"
COSOCKET = "local over c:event(function(s) %s over = true end) await(function() return over end)"
BOTH = pytest.mark.parametrize("how", [BLOCKING, COSOCKET], ids=["blocking", "cosocket"])


def _read(how: str, code: str, before: str = "") -> list[str]:
    """Runs `code` on the socket `s`, whose other end is `peer`."""
    return traced(f"local c, peer = pair() {before} " + how % code)


@BOTH
def test_read_returns_what_arrived(how: str) -> None:
    """One string, whatever its bytes."""
    assert _read(how, "trace((('%q'):format(s:read())))", "peer:write 'a\\xff\\0\\r'") == ['"a\xff\\0\\13"']


@BOTH
def test_read_waits_for_data(how: str) -> None:
    """It comes when the peer writes."""
    before = "ba.timer(function() peer:write 'late' end):set(20, true)"
    assert _read(how, "trace(s:read())", before) == ["late"]


@BOTH
def test_one_read_returns_at_most_8192_bytes(how: str) -> None:
    """The rest comes with the next reads, and nothing is lost."""
    assert _read(
        how,
        "local all, most = 0, 0 "
        "repeat local d = s:read() all, most = all + #d, math.max(most, #d) until all >= 100000 "
        "trace(all, most <= 8192)",
        "peer:write(('x'):rep(100000))",
    ) == ["100000\ttrue"]


@BOTH
def test_data_sent_before_a_close_is_read_before_the_end(how: str) -> None:
    """In full, and only then the end shows."""
    code = (
        "local all, d, e = 0, '' while d do all = all + #d d, e = s:read() end trace(all, e) trace(s:state())"
    )
    state = "notcon" if how == BLOCKING else "exec"
    assert _read(how, code, "peer:write(('x'):rep(50000)) peer:close()") == [
        "50000\tsocketreadfailed", f"{state}\tfalse",
    ]  # fmt: skip


@BOTH
def test_reads_after_the_peers_end_fail_and_then_raise(how: str) -> None:
    """The failed read that noticed the loss does not count."""
    assert _read(
        how,
        "trace(s:read()) trace(s:read()) trace(s:read())trace(pcall(s.read, s)) trace(pcall(s.read, s, 100))",
        "peer:write 'data' peer:close()",
    ) == [
        "data",
        "nil\tsocketreadfailed",
        "nil\tsocketreadfailed",
        "false\tInvalid op: : Socket closed",
        "false\tInvalid op: : Socket closed",
    ]


@BOTH
def test_a_reset_is_a_failed_read(how: str) -> None:
    """Nothing tells it from an orderly end."""
    # Closed with unread data in its buffer, a socket resets the connection.
    before = "c:write 'unread' ba.sleep(5) peer:close()"
    assert _read(how, "trace(s:read())", before) == ["nil\tsocketreadfailed"]


@BOTH
def test_reads_after_ones_own_close_fail_and_then_raise(how: str) -> None:
    """Once nil, then an error."""
    assert _read(how, "s:close() trace(s:read()) trace(pcall(s.read, s))") == [
        "nil\tsocketreadfailed",
        "false\tInvalid op: : Socket closed",
    ]


def test_close_after_the_peers_end_is_false_for_a_blocking_socket() -> None:
    """The read that failed has closed it."""
    assert _read(BLOCKING, "s:read() trace(s:state()) trace(s:close())", "peer:close()") == [
        "notcon\tfalse",
        "false",
    ]


# ---------------------------------------------------------------- timeouts


@BOTH
def test_a_read_that_times_out_leaves_the_socket_usable(how: str) -> None:
    """For more timeouts, for data, and for the end."""
    assert _read(
        how,
        "trace(s:read(1)) trace(s:read(60)) trace((select(2, s:state()))) peer:write 'x' "
        "trace(s:read(2000)) peer:close() trace(s:read(2000))",
    ) == ["nil\ttimeout", "nil\ttimeout", "true", "x", "nil\tsocketreadfailed"]


@BOTH
@pytest.mark.parametrize("ms", [1, 60, 120])
def test_a_timeout_is_never_early(how: str, ms: int) -> None:
    """Nor does it take seconds."""
    code = f"local t = ba.clock() s:read({ms}) t = ba.clock() - t trace(t >= {ms - 1}, t < 2000)"
    assert _read(how, code) == ["true\ttrue"]


@BOTH
@pytest.mark.parametrize("ms", ["30", "'30'", "30.5", "0", "1.5", "' 0x10 '"])
def test_a_timeout_is_a_number_or_a_numeric_string(how: str, ms: str) -> None:
    """Zero is a very short one."""
    assert _read(how, f"trace(s:read({ms}))") == ["nil\ttimeout"]


@BOTH
@pytest.mark.parametrize(
    "ms", ["nil", "'abc'", "{}", "print", "-1", "math.huge", "0/0", "1e300", "math.maxinteger"]
)
def test_other_timeouts_are_none(how: str, ms: str) -> None:
    """Such a read waits for data."""
    before = "ba.timer(function() peer:write 'data' end):set(30, true)"
    assert _read(how, f"trace(s:read({ms}))", before) == ["data"]


@BOTH
def test_data_that_is_there_beats_any_timeout(how: str) -> None:
    """Even a timeout of 0, once the data has been noticed."""
    assert _read(how, "trace(s:read(2000)) trace(s:read(0))", "peer:write 'x'") == ["x", "nil\ttimeout"]


def test_an_idle_cosocket_reads_to_wait() -> None:
    """Without a connection, read(ms) is a clock that stops nobody; without ms it fails, and then raises."""
    assert traced("""
        local over
        local s = ba.socket.event(function(s)
          local t = ba.clock()
          trace(s:read(30))
          trace(ba.clock() - t >= 29, s:state())
          trace(s:read(0))
          trace(s:read "5")
          trace(s:read())
          trace(pcall(s.read, s))
          over = true
        end)
        trace(s:state())
        await(function() return over end)
    """) == [
        "read\tfalse",
        "nil\ttimeout",
        "true\texec\tfalse",
        "nil\ttimeout",
        "nil\ttimeout",
        "nil\tsocketreadfailed",
        "false\tInvalid op: : Socket closed",
    ]


# ---------------------------------------------------------------- whose socket


def test_only_the_owner_may_read() -> None:
    """Neither a cell nor another cosocket reads what a cosocket owns, whatever that one does."""
    error = "Invalid op:  when socket is in cosocket mode"
    assert (
        traced("""
        local c = pair()
        c:event(function(s) s:read() end)
        trace(pcall(c.read, c))
        ba.socket.event(function() trace(pcall(c.read, c, 100)) end)
        local d = pair()
        d:event(function(s) s:disable() end)
        trace(pcall(d.read, d))
    """)
        == [f"false\t{error}"] * 3
    )
    assert message_of("local c = pair()\nc:event(function(s) s:read() end)\nlocal d = c:read()") == (
        f"program:3: {error}"
    )


@pytest.mark.parametrize("op", ["", "l:close()", "l:event(function(s) s:accept() end)"])
def test_a_listener_cannot_be_read(op: str) -> None:
    """Open or closed, with a cosocket or without."""
    assert (
        traced(f"local l = ba.socket.bind(0) {op} trace(pcall(l.read, l)) trace(pcall(l.read, l, 10))")
        == ["false\tInvalid op:  on listen socket"] * 2
    )
    assert (
        message_of(f"local l = ba.socket.bind(0) {op}\nl:read()")
        == "program:2: Invalid op:  on listen socket"
    )


def test_readers_of_a_blocking_socket_take_turns() -> None:
    """Thread jobs that read the same socket each get a piece, in the order of their calls."""
    assert traced("""
        local c, peer = pair()
        local n = 0
        for i = 1, 3 do
          ba.thread.run(function() local d, e = c:read() trace(i, d, e) n = n + 1 end)
        end
        ba.sleep(5)
        peer:write "a"
        await(function() return n == 1 end)
        peer:write "b"
        await(function() return n == 2 end)
        peer:close()
        await(function() return n == 3 end)
    """) == ["1\ta\tnil", "2\tb\tnil", "3\tnil\tsocketreadfailed"]


@pytest.mark.parametrize("ms", ["", "60000"])
def test_closing_a_socket_ends_blocking_reads(ms: str) -> None:
    """All of them, with socketclosed."""
    assert traced(f"""
        local c = pair()
        local n = 0
        for i = 1, 2 do
          ba.thread.run(function() trace(c:read({ms})) n = n + 1 end)
        end
        ba.sleep(5)
        trace(c:close())
        await(function() return n == 2 end)
        trace(c:read())
        trace(pcall(c.read, c))
    """) == [
        "nil\tsocketclosed",
        "nil\tsocketclosed",
        "true",
        "nil\tsocketreadfailed",
        "false\tInvalid op: : Socket closed",
    ]


def test_a_blocking_read_lets_everything_else_go_on() -> None:
    """Cosockets, timers and jobs run while a cell waits."""
    assert traced("""
        local c, peer = pair()
        peer:event(function(s) s:read(10) s:write "from a cosocket" end)
        trace(c:read())
    """) == ["from a cosocket"]


# ---------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("self", "got"), [("nil", "nil"), ("{}", "table"), ("1", "number"), ("'s'", "string")]
)
def test_read_wants_a_socket(self: str, got: str) -> None:
    """As every method does; a string and a table have their type's name."""
    expected = f"(_BASOCK expected, got {got})"
    assert traced(f"local c = pair() trace(pcall(c.read, {self}))") == [
        f"false\tbad argument #1 to '?' {expected}"
    ]
    assert message_of(f"local c = pair() local read = c.read read({self})") == (
        f"program:1: bad argument #1 to 'read' {expected}"
    )
    assert message_of(f"local c = pair() local t = {{read = c.read}} t.read({self})") == (
        f"program:1: bad argument #1 to 'read' {expected}"
    )


def test_read_without_any_argument_says_so() -> None:
    """No value is not nil."""
    assert traced("local c = pair() trace(pcall(c.read))") == [
        "false\tbad argument #1 to '?' (_BASOCK expected, got no value)"
    ]


def test_a_method_called_on_another_object_blames_self() -> None:
    """As Lua's own library puts it."""
    assert message_of("local c = pair() local t = {read = c.read} t:read()") == (
        "program:1: calling 'read' on bad self (_BASOCK expected, got table)"
    )


def test_the_end_is_told_to_blocked_readers_in_the_order_of_their_calls() -> None:
    """As data is."""
    assert traced("""
        local a, b = pair()
        local over = 0
        for i = 1, 3 do
          ba.thread.create():run(function() trace(i, a:read(2000)) over = over + 1 end)
        end
        ba.sleep(0)
        b:close()
        await(function() return over == 3 end)
    """) == [f"{i}\tnil\tsocketreadfailed" for i in (1, 2, 3)]
