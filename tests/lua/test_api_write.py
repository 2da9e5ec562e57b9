"""`s:write`, `s:queuelen` and `s:maxsize` (ba-api sections 4.3, 4.6 and 4.7)."""

from __future__ import annotations

import pytest

from ._programs import message_of, traced

# `fill(s)` writes to a queueing socket whose peer does not read, until something waits; returns what the last
# write returned, and how much was written. `drain(s, n)` reads n bytes.
FLOW = """
    local function fill(s)
      local big, total = ("z"):rep(100000), 0
      local ok, queued
      repeat
        ok, queued = s:write(big)
        total = total + #big
      until not ok or queued > 0
      return ok, queued, total
    end
    local function drain(s, n)
      while n > 0 do
        local data, problem = s:read(5000)
        if not data then
          return problem
        end
        n = n - #data
      end
      return "all"
    end
"""


def _written(arguments: str, before: str = "") -> list[str]:
    """Writes on a blocking socket; returns the results, and what its peer gets before a mark."""
    return traced(f"""
        local c, peer = pair()
        {before}
        trace(c:write({arguments}))
        c:write "|"
        local all = ""
        while all:sub(-1) ~= "|" do all = all .. peer:read(5000) end
        trace((all:gsub("%z", "<0>"):sub(1, -2)))
    """)


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("'abc'", "abc"), ("'a\\0b'", "a<0>b"), ("42", "42"), ("1.5", "1.5"), ("-0.0", "0.0"), ("1/0", "Inf"),
        ("2^53", "9.007199254741e+15"), ("true", "true"), ("nil", "nil"), ("'abc', nil", "abc"),
        ("setmetatable({}, {__tostring = function() return 'obj' end})", "obj"),
        ("'abcdef', 3", "cdef"), ("'abcdef', 2, 4", "bcd"), ("'abcdef', -2", "ef"),
        ("'abcdef', -4, -2", "cde"), ("'abcdef', 0, 2", "ab"), ("'abcdef', 5, 100", "ef"),
        ("'abcdef', -100, 2", "ab"), ("'abcdef', nil, 3", "abc"), ("'abcdef', '2', '3'", "bc"),
        ("'abcdef', 2.0, 3", "bc"), ("'abcdef', math.mininteger, math.maxinteger", "abcdef"),
        ("'abcdef', 1, math.huge", "abcdef"), ("12345, 2, 3", "23"), ("nil, 2, 3", "il"),
        ("'abcdef', true", "abcdef"), ("'abcdef', false", "abcdef"), ("'abcdef', 2, 4, true", "bcd"),
        ("'abcdef', 2, nil, true", "bcdef"),
    ],
)  # fmt: skip
def test_write_sends_text_or_a_part_of_it(arguments: str, text: str) -> None:
    """Ranges are string.sub's; other values go through tostring; a boolean matters to WebSockets only."""
    assert _written(arguments) == ["true", text]


@pytest.mark.parametrize(
    "arguments",
    ["''", "'abcdef', 4, 2", "'abcdef', 10", "'abcdef', 1, 0", "'', 1, 5", "'', true", "'a', -5, -3"],
)
def test_writing_nothing_is_false(arguments: str) -> None:
    """An empty text or range: one value, and nothing is sent."""
    assert _written(arguments) == ["false", ""]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("a", "abcdef"), ("a, 2, 3", "bc"), ("a, -2", "ef"), ("a, true", "abcdef"),
        ("(function() ba.bytearray.setsize(a, 2, 4) return a end)()", "bcd"),
        ("(function() ba.bytearray.setsize(a, 2, 4) return a end)(), 2", "cd"),
        ("(function() a[1] = 0 return a end)()", "<0>bcdef"),
    ],
)  # fmt: skip
def test_a_bytearray_is_written_as_its_window(arguments: str, text: str) -> None:
    """As it is now, and a range counts from the window's beginning."""
    assert _written(arguments, "local a = ba.bytearray.create 'abcdef'") == ["true", text]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "#1 to 'write' (string expected, got no value)"),
        ("'abc', {}", "#2 to 'write' (number expected, got table)"),
        ("'abc', 'x'", "#2 to 'write' (number expected, got string)"),
        ("'abc', 1, {}", "#3 to 'write' (number expected, got table)"),
        ("'abc', 1, 'x'", "#3 to 'write' (number expected, got string)"),
    ],
)
def test_a_wrong_range_is_named(arguments: str, message: str) -> None:
    """The numbers of the arguments count without self in a method call."""
    assert message_of(f"local c = pair() c:write({arguments})") == f"program:1: bad argument {message}"


def test_through_pcall_self_counts() -> None:
    """As in Lua's own library."""
    assert traced("""
        local c = pair()
        trace(pcall(c.write, c))
        trace(pcall(c.write, c, "x", {}))
        trace(pcall(c.write))
        trace(pcall(c.write, nil, "x"))
        trace(pcall(c.write, "x"))
    """) == [
        "false\tbad argument #2 to '?' (string expected, got no value)",
        "false\tbad argument #3 to '?' (number expected, got table)",
        "false\tbad argument #1 to '?' (_BASOCK expected, got no value)",
        "false\tbad argument #1 to '?' (_BASOCK expected, got nil)",
        "false\tbad argument #1 to '?' (_BASOCK expected, got string)",
    ]


def test_an_error_in_tostring_is_the_callers() -> None:
    """Nothing is written then."""
    assert traced("""
        local c = pair()
        trace(pcall(c.write, c, setmetatable({}, {__tostring = function() error("boom", 0) end})))
        trace(pcall(c.write, c, setmetatable({}, {__tostring = function() return {} end})))
    """) == ["false\tboom", "false\t'__tostring' must return a string"]


# ---------------------------------------------------------------- where it fails


@pytest.mark.parametrize("data", ["'x'", "''", "1", "", "'x', {}"])
def test_a_closed_socket_takes_nothing(data: str) -> None:
    """Every time, empty data and none too, before the arguments are looked at."""
    assert (
        traced(f"local c = pair() c:close() trace(c:write({data})) trace(c:write({data}))")
        == ["nil\tsocketwritefailed"] * 2
    )


def test_an_unconnected_socket_takes_nothing() -> None:
    """A cosocket that never had a connection."""
    assert (
        traced("""
        local s = ba.socket.event(function(s) trace(s:write "x") s:disable() end)
        trace(s:write "x")
    """)
        == ["nil\tsocketwritefailed"] * 2
    )


@pytest.mark.parametrize("op", ["", "l:close()", "l:event(function(s) s:accept() end)"])
def test_a_listener_cannot_be_written(op: str) -> None:
    """Open or closed, and whatever the arguments are."""
    for arguments in ("l, 'x'", "l", "l, 'x', {}", "l, ''"):
        assert traced(f"local l = ba.socket.bind(0) {op} trace(pcall(l.write, {arguments}))") == [
            "false\tInvalid op:  on listen socket"
        ]
    assert (
        message_of(f"local l = ba.socket.bind(0) {op}\nl:write 'x'")
        == "program:2: Invalid op:  on listen socket"
    )


@pytest.mark.parametrize(
    "mode", ["", "c:event(function(s) s:disable() end)", "c:event(function(s) s:disable() end, 's')"]
)
def test_writes_fail_once_the_peer_is_gone(mode: str) -> None:
    """The first is usually taken by the system, a later one fails, and so do all after it."""
    texts = traced(f"""
        local c, peer = pair()
        {mode}
        peer:close()
        local ok, problem
        await(function() ok, problem = c:write "x" return not ok end)
        trace(ok, problem)
        trace(c:write "x")
        trace(select(2, c:state()))
    """)
    assert texts == ["nil\tsocketwritefailed", "nil\tsocketwritefailed", "false"]


# ---------------------------------------------------------------- blocking writes


@pytest.mark.parametrize("size", [8192, 8193, 100_000, 5_000_000])
def test_a_blocking_write_sends_everything(size: int) -> None:
    """However large, while a cosocket reads at the other end."""
    assert traced(f"""
        local c, peer = pair()
        local got = 0
        peer:event(function(s)
          while true do local d = s:read() if not d then break end got = got + #d end
        end)
        trace(c:write(("x"):rep({size})))
        c:close()
        await(function() return peer:state() == "terminated" end)
        trace(got)
    """) == ["true", str(size)]


def test_a_cosocket_may_write_more_than_the_system_takes() -> None:
    """In the blocking mode it waits until all is sent, and the others go on."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s) trace(s:write(("x"):rep(5000000))) end, "r")
        local got = 0
        repeat
          local d, e = peer:read(5000)
          got = got + (d and #d or 0)
        until not d
        trace(got)
    """) == ["true", "5000000"]


def test_blocking_writers_do_not_mix_their_data() -> None:
    """Two jobs that write large texts to one socket write them one after the other."""
    assert traced("""
        local c, peer = pair()
        local n = 0
        for _, letter in ipairs {"a", "b"} do
          ba.thread.run(function() c:write(letter:rep(3000000)) n = n + 1 end)
        end
        local pieces = {}
        local got = 0
        while got < 6000000 do
          local d = peer:read(5000)
          got = got + #d
          pieces[#pieces + 1] = d
        end
        await(function() return n == 2 end)
        trace((table.concat(pieces):gsub("a+", "a"):gsub("b+", "b")))
    """) == ["ab"]


# ---------------------------------------------------------------- queued writes


@pytest.mark.parametrize(
    "make",
    [
        "local s, peer = pair() s:event(function(s) s:disable() end, 's')",
        """
        local peer
        local _, port = listen(function(s) peer = s end)
        local s = ba.socket.event(function(s) ba.socket.connect("127.0.0.1", port) s:disable() end)
        await(function() return peer and s:state() == "disabled" end)
        """,
    ],
    ids=["event with s", "connected in a cosocket"],
)
def test_a_queueing_write_tells_how_much_waits(make: str) -> None:
    """From outside it never waits: it queues, and refuses once the queue is at its limit."""
    assert traced(
        FLOW
        + make
        + """
        trace(s:write "small")
        local ok, queued, total = fill(s)
        trace(ok, math.type(queued), queued > 0 and queued <= 100000)
        while queued < s:queuelen() do ok, queued = s:write(("z"):rep(1000)) total = total + 1000 end
        local before = queued
        ok, queued = s:write "more"
        trace(ok, queued == before)
        trace(drain(peer, total + 5))
        await(function() ok, queued = s:write "more" return ok end)
        trace(ok, queued)
    """
    ) == ["true\t0", "true\tinteger\ttrue", "nil\ttrue", "all", "true\t0"]


def test_a_small_write_joins_the_queue() -> None:
    """While there is room below the limit."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s) s:disable() end, "s")
        trace(s:queuelen(10000000))
        local _, queued = fill(s)
        local ok, now = s:write "12345"
        trace(ok, now - queued)
        ok, now = s:write("123456789", 2, 3)
        trace(ok, now - queued)
    """
    ) == ["16384", "true\t5", "true\t7"]


def test_one_large_write_may_exceed_the_limit() -> None:
    """It is only the next one that is refused."""
    assert traced("""
        local s, peer = pair()
        s:event(function(s) s:disable() end, "s")
        local ok, queued = s:write(("z"):rep(30000000))
        trace(ok, queued > 16384)
        trace((s:write "x"))
    """) == ["true\ttrue", "nil"]


def test_queuelen_moves_the_limit() -> None:
    """With 0, every write to a queue that is not empty is refused."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s) s:disable() end, "s")
        s:queuelen(0)
        trace(s:write "x")
        local ok, queued = fill(s)
        trace(ok, queued > 0)
        local now
        ok, now = s:write "x"
        trace(ok, now == queued)
    """
    ) == ["true\t0", "true\ttrue", "nil\ttrue"]


def test_a_cosocket_that_writes_to_a_long_queue_waits_until_it_is_empty() -> None:
    """The first write that queues returns at once, the next one waits, and says just true."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        local written
        s:event(function(s)
          local ok, queued, total = fill(s)
          trace((s:state()), ok, queued > 0)
          written = total + 1
          trace(s:write "x")
          trace(s:write "y")
        end, "s")
        trace(s:state())
        trace(drain(peer, written + 1))
        await(function() return s:state() == "terminated" end)
    """
    ) == ["exec\ttrue\ttrue", "write\ttrue", "true", "true\t0", "all"]


def test_a_cosocket_waits_for_the_queue_of_another_socket_too() -> None:
    """Its own state says write then."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s) s:disable() end, "s")
        local written
        local other = ba.socket.event(function(o)
          local ok, queued, total = fill(s)
          written = total + 1
          trace(s:write "x")
        end)
        trace(other:state())
        trace(s:state())
        trace(drain(peer, written))
        await(function() return other:state() == "terminated" end)
    """
    ) == ["write\tfalse", "disabled\ttrue", "true", "all"]


def test_a_short_queue_makes_no_cosocket_wait() -> None:
    """Up to 1400 bytes it goes on writing."""
    assert traced("""
        local s, peer = pair()
        s:event(function(s)
          local piece = ("z"):rep(100)
          local ok, queued, last
          repeat ok, queued = s:write(piece) until queued > 0
          repeat last, ok, queued = queued, s:write(piece) until not queued
          trace(ok, last > 1300 and last <= 1400)
        end, "s")
        trace(s:state())
        while peer:read(5000) do end
    """) == ["write\ttrue", "true\ttrue"]


@pytest.mark.parametrize("reader", ["s:disable()", "s:read()"])
def test_closing_discards_what_is_queued(reader: str) -> None:
    """The peer gets a part of it, and then the end."""
    assert traced(
        FLOW
        + f"""
        local s, peer = pair()
        s:event(function(s) {reader} end, "s")
        local _, _, total = fill(s)
        trace(s:close())
        trace(drain(peer, total))
    """
    ) == ["true", "socketreadfailed"]


def test_the_end_of_a_cosocket_discards_what_is_queued() -> None:
    """Whoever wants it sent waits for an empty queue."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        local total
        s:event(function(s) total = select(3, fill(s)) end, "s")
        trace(drain(peer, total))
    """
    ) == ["socketreadfailed"]


# ---------------------------------------------------------------- closed while a writer waits


def test_closing_a_socket_ends_its_own_waiting_write() -> None:
    """At once, inside the close."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s)
          fill(s)
          trace(s:write "x")
          trace(s:state())
        end, "s")
        trace(s:state())
        trace(s:close())
        trace(s:state())
    """
    ) == ["write\ttrue", "nil\tsocketclosed", "exec\tfalse", "true", "terminated\tfalse"]


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        ("trace(s:close()) trace(s:close())", ["true", "false", "terminated\tfalse"]),
        ("s:disable() trace 'never'", ["notcon\tfalse"]),
    ],
)
def test_after_its_own_write_was_ended_a_cosocket_can_only_leave(then: str, shown: list[str]) -> None:
    """Its own close is still to come, and the first answers true; whatever waits ends it."""
    assert traced(
        FLOW
        + f"""
        local s, peer = pair()
        s:event(function(s)
          fill(s)
          trace(s:write "x")
          {then}
        end, "s")
        s:close()
        trace(s:state())
    """
    ) == ["nil\tsocketclosed", *shown]


def test_after_its_write_has_waited_a_cosocket_goes_on_as_before() -> None:
    """It may wait again, and its socket is closed by its own close."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        local total
        s:event(function(s)
          local _, _, filled = fill(s)
          total = filled + 1
          trace(s:write "x")
          s:disable()
          trace(s:close())
          trace(s:close())
        end, "s")
        trace(drain(peer, total))
        await(function() return s:state() == "disabled" end)
        s:enable()
    """
    ) == ["true", "all", "true", "false"]


def test_closing_a_socket_ends_the_writes_of_others_to_it() -> None:
    """Cosockets and thread jobs alike."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s) s:disable() end, "s")
        local other = ba.socket.event(function(o)
          fill(s)
          trace("cosocket", s:write "x")
          trace(o:state())
          o:disable()
        end)
        trace(other:state())
        trace(s:close())
        trace(other:state())
    """
    ) == ["write\tfalse", "cosocket\tnil\tsocketclosed", "exec\tfalse", "true", "disabled\tfalse"]


def test_closing_a_socket_ends_blocking_writes_to_it() -> None:
    """A job that writes five megabytes to a peer that does not read."""
    assert traced("""
        local s, peer = pair()
        local over
        ba.thread.run(function() trace(s:write(("x"):rep(30000000))) over = true end)
        ba.sleep(5)
        trace(s:close())
        await(function() return over end)
    """) == ["nil\tsocketclosed", "true"]


def test_closing_a_writers_own_socket_ends_its_write_to_another() -> None:
    """The other one, and its queue, stay."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s) s:disable() end, "s")
        local total
        local other = ba.socket.event(function(o)
          total = select(3, fill(s))
          trace(s:write "x")
        end)
        trace(other:close())
        trace(s:state())
        trace(drain(peer, total + 1))
    """
    ) == ["nil\tsocketclosed", "true", "disabled\ttrue", "all"]


def test_a_lost_peer_ends_waiting_writes() -> None:
    """The write fails, and the socket is closed."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        s:event(function(s)
          fill(s)
          trace(s:write "x")
          trace(s:state())
        end, "s")
        peer:close()
        await(function() return s:state() == "terminated" end)
    """
    ) == ["nil\tsocketwritefailed", "exec\tfalse"]


# ---------------------------------------------------------------- queuelen, maxsize


def test_queuelen_returns_the_limit_before() -> None:
    """The default is 16384; a negative one is 0; nil changes nothing."""
    assert traced("""
        local c = pair()
        trace(c:queuelen(), c:queuelen(100), c:queuelen(nil), c:queuelen(-5), c:queuelen "7", c:queuelen(2.5))
        trace(c:queuelen(math.huge), c:queuelen(0))
        c:close()
        trace(c:queuelen())
    """) == ["16384\t16384\t100\t100\t0\t7", "2\t9223372036854775807", "0"]


@pytest.mark.parametrize(("value", "got"), [("'x'", "string"), ("{}", "table"), ("true", "boolean")])
def test_queuelen_wants_a_number(value: str, got: str) -> None:
    """By number of argument, with self or without."""
    assert traced(f"local c = pair() trace(pcall(c.queuelen, c, {value}))") == [
        f"false\tbad argument #2 to '?' (number expected, got {got})"
    ]
    assert message_of(f"local c = pair() c:queuelen({value})") == (
        f"program:1: bad argument #1 to 'queuelen' (number expected, got {got})"
    )


def test_maxsize_takes_257_to_8192() -> None:
    """Anything else is false, numbers or not."""
    assert (
        traced("""
        local c = pair()
        for _, n in ipairs {257, 8192, "300", 1000.0, 256, 8193, 0, -1, 1/0, "x", {}} do
          trace(c:maxsize(n))
        end
        trace(c:maxsize())
        trace(c:maxsize(nil))
    """)
        == ["true"] * 4 + ["false"] * 9
    )


def test_a_cosocket_waits_once_more_than_1400_bytes_are_queued() -> None:
    """As measured on the original: up to that its write returns, although nothing was read."""
    assert traced(
        FLOW
        + """
        local s, peer = pair()
        local total, over = 0, false
        s:event(function(s)
          local left
          repeat
            left = select(2, s:write(("x"):rep(1000)))
            total = total + 1000
          until left > 0
          total = total + 1400 - left + 1
          trace(s:write(("x"):rep(1400 - left)))
          trace(s:write "x")
          over = true
        end, "s")
        trace(s:state())
        trace(drain(peer, total))
        await(function() return over end)
    """
    ) == ["true\t1400", "write\ttrue", "true", "all"]
