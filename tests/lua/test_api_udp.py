"""UDP: `ba.socket.udpcon`, `s:sendto`, and `s:read` of datagrams (ba-api sections 3.5, 4.2 and 4.4)."""

from __future__ import annotations

import re

import pytest

from ._programs import TIMEOUT_S, message_of, run_well, session, traced

# ---------------------------------------------------------------- udpcon


@pytest.mark.parametrize(
    ("arguments", "is_bound"),
    [
        ("", False), ("nil", False), ("0", False), ("{}", False), ("true", False), ("print", False),
        ("'', 0", False), ("0, {}", False), ("port", True), ("tostring(port) + 0.5", True),
        ("port + 65536", True), ("{port = port}", True), ("{port = tostring(port)}", False),
        ("'', port", True), ("0, {port = port}", True), ("'', 0, {port = port}", True),
    ],
)  # fmt: skip
def test_the_forms_of_udpcon(arguments: str, is_bound: bool) -> None:
    """Port 0 or none stays unbound until it sends; a first argument of another type counts as none."""
    port, address = ("true", "127.0.0.1") if is_bound else ("false", "0.0.0.0")
    assert traced(f"""
        local port = shared_udp_port()
        local r = table.pack(ba.socket.udpcon({arguments}))
        local address, bound, v6 = r[1]:sockname()
        trace(r.n, r[1]:state())
        trace(address, bound == port, v6)
        trace(r[1]:peername())
    """) == ["1\tnotcon\ttrue", f"{address}\t{port}\tfalse", "nil\tfailed"]


def test_udpcon_with_a_host_connects() -> None:
    """It has a peer, writes to it, and hears from it alone."""
    assert traced("""
        local srv, port = udp()
        local c = ba.socket.udpcon("127.0.0.1", port)
        local address, peer, v6 = c:peername()
        trace(address, peer == port, v6)
        trace(c:write "abcdef", c:write("abcdef", 2, 3), c:write(""), c:write(12))
        trace(srv:read(2000), srv:read(2000), srv:read(2000))
        local _, local_port = c:sockname()
        local other = ba.socket.udpcon()
        trace(other:sendto("not heard", "127.0.0.1", local_port))
        trace(srv:sendto("heard", "127.0.0.1", local_port))
        trace(c:read(2000))
        trace(c:sendto("also", "127.0.0.1", port))
        trace(srv:read(2000))
    """) == [
        "127.0.0.1\ttrue\tfalse",
        "true\ttrue\tfalse\ttrue",
        "abcdef\tbc\t12",
        "true",
        "true",
        "heard",
        "true",
        "also",
    ]


def test_udpcon_in_a_cosocket_gives_it_its_socket() -> None:
    """At once, the same object; a second one is incorrect use until it is closed."""
    assert traced("""
        local port = shared_udp_port()
        ba.socket.event(function(s)
          trace(rawequal(ba.socket.udpcon(port), s), s:state())
          trace(ba.socket.udpcon())
          trace(ba.socket.connect("127.0.0.1", 1))
          s:close()
          trace(rawequal(ba.socket.udpcon("127.0.0.1", 9), s), (s:peername()))
        end)
    """) == ["true\texec\ttrue", "nil\tincorrectuse", "nil\tincorrectuse", "true\t127.0.0.1"]


def test_a_failed_udpcon_is_nil_and_why() -> None:
    """A name that does not resolve with the resolver's words, an interface that is none."""
    assert traced("""
        trace(ba.socket.udpcon("no-such-host.invalid", 80))
        trace(ba.socket.udpcon{intf = "198.51.100.7"})
        trace(ba.socket.udpcon(0, {intf = "nonsense"}))
        trace(ba.socket.udpcon("127.0.0.1", 80, {intf = "198.51.100.7"}))
        ba.socket.event(function(s)
          trace(ba.socket.udpcon("no-such-host.invalid", 80))
          trace(ba.socket.udpcon{intf = "\\0"})
          trace(rawequal(ba.socket.udpcon(), s))
        end)
    """) == [
        "nil\tcannotresolve\tName or service not known",
        "nil\tbind",
        "nil\tbind",
        "nil\tbind",
        "nil\tcannotresolve\tName or service not known",
        "nil\tbind",
        "true",
    ]


@pytest.mark.parametrize(
    ("arguments", "got"),
    [("'127.0.0.1'", "no value"), ("'x', nil", "nil"), ("'', 'x'", "string"), ("'x', {}", "table")],
)
def test_udpcon_with_a_host_wants_a_port(arguments: str, got: str) -> None:
    """Named as argument 2."""
    assert message_of(f"local s = ba.socket.udpcon({arguments})") == (
        f"program:1: bad argument #2 to 'udpcon' (number expected, got {got})"
    )
    assert traced(f"trace(pcall(ba.socket.udpcon, {arguments}))") == [
        f"false\tbad argument #2 to '?' (number expected, got {got})"
    ]


def test_ports_of_the_systems_choice_differ() -> None:
    """Address reuse would let the system give one port to two sockets: of 500 to several."""
    assert traced("""
        local sockets, ports, n = {}, {}, 0
        for i = 1, 500 do
          sockets[i] = udp()
          local _, port = sockets[i]:sockname()
          if not ports[port] then ports[port], n = true, n + 1 end
        end
        trace(n)
    """) == ["500"]


def test_two_sockets_may_share_a_port() -> None:
    """Address reuse is on."""
    assert traced("""
        local port = shared_udp_port()
        local a = ba.socket.udpcon{port = port}
        local r = table.pack(ba.socket.udpcon{port = port})
        trace(r.n, type(r[1]))
    """) == ["1\tuserdata"]


@pytest.mark.parametrize(
    ("op", "address", "notes"),
    [("", "127.0.0.1", 0), (", intf = '127.0.0.3'", "127.0.0.3", 0), (", intf = '0.0.0.0'", "0.0.0.0", 1)],
)
def test_a_port_is_local_unless_intf_says_otherwise(op: str, address: str, notes: int) -> None:
    """And an open one is told."""
    recorder = run_well(f"trace((ba.socket.udpcon{{port = shared_udp_port(){op}}}:sockname()))")
    assert recorder.traced == [address]
    assert len(recorder.notes) == notes


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    "read", ["s:read(true)", "s:read(2000, true)", "s:read(true, true)", "s:read('2000', true)"]
)
def test_a_cosocket_may_ask_for_the_sender(read: str) -> None:
    """Data, address, port and whether it is IPv6."""
    assert traced(f"""
        local port
        local s = ba.socket.event(function(s)
          ba.socket.udpcon{{intf = "127.0.0.1"}}
          _, port = s:sockname()
          local r = table.pack({read})
          trace(r.n, r[1], r[2], math.type(r[3]), r[4])
          trace(s:sendto("answer", r[2], r[3]))
        end)
        local c = ba.socket.udpcon()
        c:sendto("question", "127.0.0.1", port)
        trace(c:read(2000))
    """) == ["4\tquestion\t127.0.0.1\tinteger\tfalse", "true", "answer"]


@pytest.mark.parametrize(
    "read",
    [
        *("s:read()", "s:read(false)", "s:read(2000)", "s:read(2000, false)", "s:read(2000, nil)"),
        *("s:read(nil, true)", "s:read(nil, 1)"),
    ],
)
def test_without_the_flag_a_read_returns_data_only(read: str) -> None:
    """One value; the flag does not count behind a nil, as on the server."""
    assert traced(f"""
        local port
        local s = ba.socket.event(function(s)
          ba.socket.udpcon{{intf = "127.0.0.1"}}
          _, port = s:sockname()
          trace(select("#", {read}))
        end)
        ba.socket.udpcon():sendto("x", "127.0.0.1", port)
        await(function() return s:state() == "terminated" end)
    """) == ["1"]


@pytest.mark.parametrize(("flag", "got"), [("1", "number"), ("'x'", "string"), ("{}", "table")])
def test_the_flag_is_a_boolean(flag: str, got: str) -> None:
    """Anything else raises, as argument 3 with self or 2 without."""
    assert traced(f"""
        ba.socket.event(function(s)
          ba.socket.udpcon()
          trace(pcall(s.read, s, 10, {flag}))
          trace(pcall(function() local d = s:read(10, {flag}) end))
        end)
    """) == [
        f"false\tbad argument #3 to '?' (boolean expected, got {got})",
        f"false\tprogram:5: bad argument #2 to 'read' (boolean expected, got {got})",
    ]


@pytest.mark.parametrize("read", ["u:read()", "u:read(2000)", "u:read(true)", "u:read(2000, true)"])
def test_a_blocking_read_returns_data_only(read: str) -> None:
    """Whatever it asks for."""
    assert traced(f"""
        local u, port = udp()
        ba.socket.udpcon():sendto("x", "127.0.0.1", port)
        trace(table.pack({read}).n)
    """) == ["1"]


@pytest.mark.parametrize("is_own", [True, False])
def test_one_read_returns_one_datagram(is_own: bool) -> None:
    """In the order of their coming, an empty one too, and none is lost between reads."""
    read = "for i = 1, 4 do local d = u:read(2000) trace(#d, d) end"
    if is_own:
        read = f"u:event(function(u) {read} end) await(function() return u:state() == 'terminated' end)"
    assert traced(f"""
        local u, port = udp()
        local c = ba.socket.udpcon("127.0.0.1", port)
        local d = ba.socket.udpcon()
        c:write "one"
        c:write "three"
        d:sendto("", "127.0.0.1", port)
        c:write "4"
        {read}
    """) == ["3\tone", "5\tthree", "0\t", "1\t4"]


@pytest.mark.parametrize(("size", "read"), [(8191, 8191), (8192, 8192), (8193, 8192), (60000, 8192)])
def test_a_datagram_longer_than_8192_bytes_is_cut(size: int, read: int) -> None:
    """The rest of it is gone, and the next read gets the next one."""
    assert traced(f"""
        local u, port = udp()
        local c = ba.socket.udpcon()
        trace(c:sendto(("x"):rep({size}), "127.0.0.1", port), c:sendto("next", "127.0.0.1", port))
        trace(#u:read(2000))
        trace(u:read(2000))
    """) == ["true\ttrue", str(read), "next"]


def test_a_read_that_times_out_leaves_the_socket_usable() -> None:
    """In both modes; an unbound socket makes a clock."""
    assert traced("""
        local u, port = udp()
        trace(u:read(10))
        trace(u:state())
        local over
        local s = ba.socket.event(function(s)
          ba.socket.udpcon()
          local t = ba.clock()
          trace(s:read(30))
          trace(ba.clock() - t >= 29)
          trace(s:read(1, true))
          over = true
        end)
        await(function() return over end)
        ba.socket.udpcon():sendto("x", "127.0.0.1", port)
        trace(u:read(2000))
    """) == ["nil\ttimeout", "notcon\ttrue", "nil\ttimeout", "true", "nil\ttimeout", "x"]


def test_datagrams_sent_before_the_first_read_wait() -> None:
    """With the operating system."""
    assert traced("""
        local u, port = udp()
        local c = ba.socket.udpcon()
        for i = 1, 20 do c:sendto(i, "127.0.0.1", port) end
        local all = {}
        for i = 1, 20 do all[i] = u:read(2000) end
        trace(table.concat(all, " "))
    """) == [" ".join(str(i) for i in range(1, 21))]


@pytest.mark.parametrize("own", [True, False])
def test_closing_ends_a_read(own: bool) -> None:
    """With socketclosed, in a cosocket and in a job."""
    start = "u:event" if own else "ba.thread.run"
    assert traced(f"""
        local u = udp()
        local over
        {start}(function() trace(u:read(60000)) over = true end)
        ba.sleep(5)
        u:close()
        await(function() return over end)
        trace(u:read())
        trace(pcall(u.read, u))
    """) == ["nil\tsocketclosed", "nil\tsocketreadfailed", "false\tInvalid op: : Socket closed"]


def test_a_closed_port_of_the_peer_fails_the_read_of_a_connected_socket() -> None:
    """The system tells it after a write."""
    assert traced("""
        local peer, port = udp()
        local c = ba.socket.udpcon("127.0.0.1", port)
        peer:close()
        c:write "x"
        trace(c:read(2000))
    """) == ["nil\tsocketreadfailed"]


@pytest.mark.parametrize("own", [True, False])
def test_a_closed_port_fails_a_read_in_the_middle_of_a_burst(own: bool) -> None:
    """Which does not wait for the loop: what the peer sent before is read, then comes the report, once."""
    start = "c:event" if own else "ba.thread.run"
    assert traced(f"""
        local peer, port = udp()
        local c = ba.socket.udpcon("127.0.0.1", port)
        local _, own_port = c:sockname()
        peer:sendto("one", "127.0.0.1", own_port)
        {start}(function()
          trace(c:read(2000))
          peer:close()
          c:write "x"
          trace(c:read(2000))
          trace(c:read(2000))
          over = true
        end)
        await(function() return over end)
        trace(c:state())
    """) == [
        "one",
        "nil\tsocketreadfailed",
        "nil\tsocketreadfailed",
        "terminated\tfalse" if own else "notcon\tfalse",
    ]


@pytest.mark.parametrize("own", [True, False])
def test_a_burst_is_read_without_a_turn_of_the_loop_for_each(own: bool) -> None:
    """But with one for every sixteen after the first, so that others get theirs: here a second reader."""
    start = "s:event" if own else "ba.thread.create():run"
    order = traced(f"""
        local all, over = {{}}, 0
        for _, name in ipairs{{"a", "b"}} do
          local s, port = udp()
          for i = 1, 60 do ba.socket.udpcon():sendto(name, "127.0.0.1", port) end
          {start}(function()
            for i = 1, 60 do local d = s:read(2000) all[#all + 1] = d end
            over = over + 1
          end)
        end
        await(function() return over == 2 end)
        trace(table.concat(all))
    """)[0]
    runs = re.findall("a+|b+", order)
    assert sorted(order) == ["a"] * 60 + ["b"] * 60
    assert runs == ["a" * 17, "b" * 17] * 3 + ["a" * 9, "b" * 9]


def test_who_has_waited_longer_reads_first_though_datagrams_are_there() -> None:
    """A burst is for the next in line, not for whoever asks at that moment."""
    assert traced("""
        local u, port = udp()
        local over = 0
        local function read(name, times)
          ba.thread.create():run(function()
            for i = 1, times do trace(name, u:read(2000)) end
            over = over + 1
          end)
        end
        read("first", 2)
        read("second", 1)
        ba.sleep(0)
        local c = ba.socket.udpcon("127.0.0.1", port)
        for i = 1, 3 do c:write(i) end
        await(function() return over == 2 end)
    """) == ["first\t1", "second\t2", "first\t3"]


def test_an_address_in_numbers_costs_no_number() -> None:
    """It goes past the resolver and its tickets, which have numbers of their own."""
    with session() as here:
        result = here.run("""
            local u, port = udp()
            local c = udp()
            for i = 1, 10 do assert(c:sendto("x", "127.0.0.1", port)) end
            last = udp()
        """)
        assert result.error is None
        rows = here.runtime.sockets().result(TIMEOUT_S)
        assert [row.socket - rows[0].socket for row in rows] == [0, 1, 2]


@pytest.mark.parametrize("send", ["write('again')", "sendto('again', '127.0.0.1', port)"])
def test_a_datagram_after_a_closed_port_was_reported_is_sent(send: str) -> None:
    """The report is about the one before, and the peer may be back."""
    assert traced(f"""
        local peer, port = udp()
        local c = ba.socket.udpcon("127.0.0.1", port)
        peer:close()
        trace(c:write "lost")
        trace(c:{send})
    """) == ["true", "true"]


# ---------------------------------------------------------------- sending


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("'abc'", "abc"), ("'a\\0b'", "a\0b"), ("42", "42"), ("true", "true"), ("nil", "nil"),
        ("setmetatable({}, {__tostring = function() return 'obj' end})", "obj"),
        ("ba.bytearray.create 'bytes'", "bytes"),
    ],
)  # fmt: skip
def test_sendto_sends_text(data: str, text: str) -> None:
    """Other values go through tostring, as in write."""
    assert traced(f"""
        local u, port = udp()
        trace(ba.socket.udpcon():sendto({data}, "127.0.0.1", port))
        trace(u:read(2000))
    """) == ["true", text]


@pytest.mark.parametrize("port", ["port", "tostring(port)", "port + 0.0"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_sendto_takes_names_and_ports_as_text(host: str, port: str) -> None:
    """A name is resolved."""
    assert traced(f"""
        local u, port = udp()
        trace(ba.socket.udpcon():sendto("x", "{host}", {port}))
        trace(u:read(2000))
    """) == ["true", "x"]


def test_sending_binds_the_socket() -> None:
    """To a port of the system's choice."""
    assert traced("""
        local u, port = udp()
        local c = ba.socket.udpcon()
        trace(c:sockname())
        c:sendto("x", "127.0.0.1", port)
        trace(select(2, c:sockname()) > 0)
    """) == ["0.0.0.0\t0\tfalse", "true"]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("'x', '127.0.0.1', 0", "nil\tsocketwritefailed"),
        ("'x', '127.0.0.1', -1", "nil\tsocketwritefailed"),
        ("'x', '127.0.0.1', 65536", "nil\tsocketwritefailed"),
        ("'x', '127.0.0.1', math.huge", "nil\tsocketwritefailed"),
        ("'x', '127.0.0.1', 0/0", "nil\tsocketwritefailed"),
        ("('x'):rep(65508), '127.0.0.1', 9", "nil\tsocketwritefailed"),
        ("('x'):rep(1000000), '127.0.0.1', 9", "nil\tsocketwritefailed"),
        ("'x', 'no-such-host.invalid', 9", "nil\tgethostbyname\tName or service not known"),
        ("'x', '', 9", "nil\tgethostbyname\tName or service not known"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_what_cannot_be_sent_is_nil_and_why(arguments: str, result: str, own: bool) -> None:
    """And the socket stays usable."""
    use = (
        "ba.socket.event(function(u) ba.socket.udpcon() %s end)" if own else "local u = ba.socket.udpcon() %s"
    )
    assert traced(
        "local srv, port = udp()"
        + use % f"trace(u:sendto({arguments})) trace(u:sendto('ok', '127.0.0.1', port))"
        + "await(function() return srv:read(2000) end)"
    ) == [result, "true"]


def test_a_closed_socket_sends_nothing() -> None:
    """Nor writes."""
    assert (
        traced("""
        local u = udp()
        u:close()
        trace(u:sendto("x", "127.0.0.1", 9))
        trace(u:write "x")
    """)
        == ["nil\tsocketwritefailed"] * 2
    )


def test_a_write_without_a_peer_fails_and_leaves_the_socket_open() -> None:
    """The original closes it, which helps nobody."""
    assert traced("""
        local u, port = udp()
        trace(u:write "x")
        trace(u:state())
        ba.socket.udpcon():sendto("still there", "127.0.0.1", port)
        trace(u:read(2000))
    """) == ["nil\tsocketwritefailed", "notcon\ttrue", "still there"]


def test_a_datagram_that_is_too_long_closes_a_connected_socket() -> None:
    """As on the server; the longest one does not."""
    assert traced("""
        local _, port = udp()
        local u = ba.socket.udpcon("127.0.0.1", port)
        trace(u:write(("x"):rep(65507)), u:state())
        trace(u:write(("x"):rep(65508)))
        trace(u:state())
        trace(u:write "x")
    """) == ["true\tnotcon\ttrue", "nil\tsocketwritefailed", "notcon\tfalse", "nil\tsocketwritefailed"]


BINDS = "ba.socket.udpcon(FREE)"
SENDS = """
    sender = ba.socket.udpcon()
    sender:setoption('broadcast', true)
    sender:sendto('x', '127.255.255.255', FREE)
"""


@pytest.mark.parametrize(
    ("program", "notes"),
    [
        (f"{BINDS} {SENDS} {SENDS}", 1),
        (SENDS, 0),
        (f"{BINDS} {SENDS.replace('true', 'false')}", 0),
        (f"{BINDS} {SENDS.replace('127.255.255.255', '127.0.0.1')}", 0),
        (f"{BINDS} ba.socket.udpcon{{port = FREE, intf = '127.0.0.2'}} {SENDS}", 0),
    ],
)
def test_a_broadcast_that_no_port_here_can_hear_is_explained(program: str, notes: int) -> None:
    """Once: the server binds ports to all interfaces, this to loopback."""
    free = "local u = ba.socket.udpcon{intf = '127.0.0.1'} local _, FREE = u:sockname() u:close() "
    told = run_well(free + program).notes
    assert len(told) == notes
    assert all("udpcon{port = n, intf =" in note for note in told)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "#2 to '?' (string expected, got no value)"),
        ("'x'", "#3 to '?' (string expected, got no value)"),
        ("'x', nil", "#3 to '?' (string expected, got nil)"),
        ("'x', {}", "#3 to '?' (string expected, got table)"),
        ("'x', '127.0.0.1'", "#4 to '?' (string expected, got no value)"),
        ("'x', '127.0.0.1', nil", "#4 to '?' (string expected, got nil)"),
        ("'x', '127.0.0.1', {}", "#4 to '?' (string expected, got table)"),
    ],
)
def test_sendto_names_a_wrong_argument(arguments: str, message: str) -> None:
    """With self as argument 1."""
    comma = ", " if arguments else ""
    assert traced(f"local u = ba.socket.udpcon() trace(pcall(u.sendto, u{comma}{arguments}))") == [
        f"false\tbad argument {message}"
    ]


def test_only_udp_sockets_send_to_an_address() -> None:
    """Connections, listeners and idle cosockets raise."""
    assert (
        traced("""
        local c = pair()
        trace(pcall(c.sendto, c, "x", "127.0.0.1", 9))
        local b = ba.socket.bind(0)
        trace(pcall(b.sendto, b, "x", "127.0.0.1", 9))
    """)
        == ["false\tInvalid op: Not a DGRAM socket"] * 2
    )
    assert message_of("local c = pair()\nc:sendto('x', '127.0.0.1', 9)") == (
        "program:2: Invalid op: Not a DGRAM socket"
    )


def test_a_broadcaster_uses_its_socket_as_a_clock() -> None:
    """It reads with a timeout between two messages; closing it ends that."""
    assert traced("""
        local u, port = udp()
        local s = ba.socket.event(function(s)
          ba.socket.udpcon()
          s:setoption("broadcast", true)
          for i = 1, 1000000 do
            s:sendto("message " .. i, "127.0.0.1", port)
            local _, problem = s:read(1)
            if problem ~= "timeout" then trace(problem) return end
          end
        end)
        for i = 1, 3 do trace(u:read(2000)) end
        s:close()
    """) == ["message 1", "message 2", "message 3", "socketclosed"]
