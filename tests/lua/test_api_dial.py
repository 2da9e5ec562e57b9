"""`ba.socket.connect`, `bind` and `toip` (ba-api sections 3.2 to 3.4 and 3.9)."""

from __future__ import annotations

import pytest

from ._programs import message_of, run_well, traced

# ---------------------------------------------------------------- connect


def test_a_blocking_connect_returns_a_new_socket() -> None:
    """One value: a blocking socket that is connected."""
    assert traced("""
        local _, port = listen(function(s) s:write "hello" end)
        local r = table.pack(ba.socket.connect("127.0.0.1", port))
        trace(r.n, type(r[1]), r[1]:state())
        trace(r[1]:owner(), select(2, r[1]:peername()) == port)
        trace(r[1]:read(2000))
    """) == ["1\tuserdata\tnotcon\ttrue", "false\ttrue", "hello"]


def test_connect_in_a_cosocket_gives_it_its_connection() -> None:
    """It suspends, and returns the cosocket's own object."""
    assert traced("""
        local _, port = listen(function(s) s:write "hello" end)
        local s = ba.socket.event(function(s)
          local r = table.pack(ba.socket.connect("127.0.0.1", port))
          trace(r.n, rawequal(r[1], s), s:state())
          trace(s:read())
        end)
        trace(s:state())
        await(function() return s:state() == "terminated" end)
    """) == ["connect\ttrue", "1\ttrue\texec\ttrue", "hello"]


def test_a_cosocket_has_one_connection() -> None:
    """While it is in use it can be nothing else."""
    assert traced("""
        local _, port = listen(print)
        local s = ba.socket.event(function(s)
          ba.socket.connect("127.0.0.1", port)
          trace(ba.socket.connect("127.0.0.1", port))
          trace(ba.socket.bind(0))
          trace(ba.socket.udpcon())
          trace(s:state())
        end)
        await(function() return s:state() == "terminated" end)
    """) == ["nil\tincorrectuse"] * 3 + ["exec\ttrue"]


def test_a_coroutine_inside_a_cosocket_connects_blocking() -> None:
    """It is not the owner: it gets a socket of its own."""
    assert traced("""
        local _, port = listen(function(s) s:write "hello" end)
        local done
        ba.socket.event(function(s)
          local c = coroutine.wrap(function() return ba.socket.connect("127.0.0.1", port) end)()
          trace(rawequal(c, s), c:state())
          trace(s:state())
          trace(coroutine.wrap(function() return c:read() end)())
          done = true
        end)
        await(function() return done end)
    """) == ["false\tnotcon\ttrue", "exec\tfalse", "hello"]


@pytest.mark.parametrize(
    ("how", "end"),
    [
        ("", ""),
        ("local done ba.socket.event(function() ", "done = true end) await(function() return done end)"),
    ],
)
def test_a_failed_connect_is_nil_and_why(how: str, end: str) -> None:
    """Refused, port 0, a name that does not resolve with the resolver's words, a bad interface."""
    assert traced(f"""
        local port = refused_port()
        for _, target in ipairs {{
          {{"127.0.0.1", port}}, {{"127.0.0.1", 0}}, {{"no-such-host.invalid", 80}}, {{"", 80}},
          {{"127.0.0.1", port, {{intf = "198.51.100.7"}}}}, {{"127.0.0.1", port, {{intf = "nonsense"}}}},
        }} do
          {how}
          local r = table.pack(ba.socket.connect(table.unpack(target)))
          trace(r.n, table.unpack(r, 1, r.n))
          {end}
        end
    """) == [
        "2\tnil\tcannotconnect",
        "2\tnil\tcannotconnect",
        "3\tnil\tcannotresolve\tName or service not known",
        "3\tnil\tcannotresolve\tName or service not known",
        "2\tnil\tbind",
        "2\tnil\tbind",
    ]


@pytest.mark.parametrize("port", ["port", "tostring(port)", "port + 0.0", "port + 0.5", "port + 65536"])
def test_a_port_is_a_number_of_16_bits(port: str) -> None:
    """Numeric strings and fractions count."""
    assert traced(f"local _, port = listen(print) trace(type(ba.socket.connect('127.0.0.1', {port})))") == [
        "userdata"
    ]


@pytest.mark.parametrize("port", ["math.huge", "-math.huge", "0/0", "1e300", "-1e300", "math.mininteger"])
def test_a_port_beyond_all_bounds_is_just_wrong(port: str) -> None:
    """No more than a refused connection."""
    assert traced(f"trace((ba.socket.connect('127.0.0.1', {port})))") == ["nil"]


@pytest.mark.parametrize(
    "op", ["nil", "'x'", "true", "{}", "{unknown = 1}", "{timeout = 'x', intf = 5, alpn = {}}"]
)
def test_options_that_mean_nothing_are_ignored(op: str) -> None:
    """Unknown fields, other types, and a third argument that is no table."""
    assert traced(
        f"local _, port = listen(print) trace(type(ba.socket.connect('127.0.0.1', port, {op})))"
    ) == ["userdata"]


def test_intf_is_the_local_address() -> None:
    """In both modes."""
    assert traced("""
        local _, port = listen(function(s) s:write((s:peername())) end)
        trace(ba.socket.connect("127.0.0.1", port, {intf = "127.0.0.9"}):read())
        local s = ba.socket.event(function(s)
          ba.socket.connect("127.0.0.1", port, {intf = "127.0.0.8"})
          trace(s:read())
        end)
        await(function() return s:state() == "terminated" end)
    """) == ["127.0.0.9", "127.0.0.8"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "#1 to '%s' (string expected, got no value)"),
        ("nil", "#1 to '%s' (string expected, got nil)"),
        ("{}, 1", "#1 to '%s' (string expected, got table)"),
        ("'127.0.0.1'", "#2 to '%s' (number expected, got no value)"),
        ("'127.0.0.1', nil", "#2 to '%s' (number expected, got nil)"),
        ("'127.0.0.1', 'x'", "#2 to '%s' (number expected, got string)"),
        ("'127.0.0.1', 1, {shark = 1}", "#-1 to '%s' (BASHARKSSL expected, got number)"),
        ("'127.0.0.1', 1, {shark = 'x'}", "#-1 to '%s' (BASHARKSSL expected, got string)"),
        ("'127.0.0.1', 1, {shark = {}}", "#-1 to '%s' (BASHARKSSL expected, got table)"),
        ("'127.0.0.1', 1, {shark = false}", "#-1 to '%s' (BASHARKSSL expected, got boolean)"),
    ],
)
def test_connect_names_a_wrong_argument(arguments: str, message: str) -> None:
    """Through pcall as `?`, called directly by the function's name, at the caller's position."""
    assert (
        message_of(f"local s = ba.socket.connect({arguments})")
        == "program:1: bad argument " + message % "connect"
    )
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(ba.socket.connect{comma}{arguments}))") == [
        "false\tbad argument " + message % "?"
    ]


def test_connect_in_a_cosocket_times_out() -> None:
    """After its timeout, to a listener whose queue is full; then it may try again after a close."""
    assert traced("""
        local b = ba.socket.bind(0, {intf = "127.0.0.1"})
        local _, port = b:sockname()
        local open, full = {}, nil
        while not full do -- until the system takes no more clients for it
          local s
          s = ba.socket.event(function(s)
            local _, problem = ba.socket.connect("127.0.0.1", port, {timeout = 100})
            if problem then full = problem else s:disable() end
          end)
          open[#open + 1] = s
          await(function() return not s or s:state() ~= "connect" end)
        end
        trace(full)
        local s = ba.socket.event(function(s)
          trace(ba.socket.connect("127.0.0.1", port, {timeout = 20}))
          trace(s:state())
          trace(ba.socket.connect("127.0.0.1", port, {timeout = 20}))
          s:close()
          trace(ba.socket.connect("127.0.0.1", port, {timeout = 20}))
        end)
        await(function() return s:state() == "terminated" end)
    """) == ["timeout", "nil\ttimeout", "exec\tfalse", "nil\tincorrectuse", "nil\ttimeout"]


# ---------------------------------------------------------------- bind


def test_bind_returns_a_listener() -> None:
    """One value: a blocking object whose clients wait until it becomes a cosocket."""
    assert traced("""
        local r = table.pack(ba.socket.bind(0))
        local b = r[1]
        trace(r.n, type(b), b:state())
        local address, port, v6 = b:sockname()
        trace(address, port > 0, v6)
        local c = ba.socket.connect("127.0.0.1", port)
        c:write "early"
        b:event(function(l) local s = l:accept() s:write(s:read()) l:disable() end)
        trace(c:read(2000))
    """) == ["1\tuserdata\tnotcon\ttrue", "127.0.0.1\ttrue\tfalse", "early"]


def test_bind_in_a_cosocket_makes_it_a_listener() -> None:
    """Its own object, and it may accept at once."""
    assert traced("""
        local port
        local s = ba.socket.event(function(l)
          trace(rawequal(ba.socket.bind(0), l), l:state())
          port = select(2, l:sockname())
          trace(ba.socket.bind(0))
          l:accept():write "hello"
        end)
        trace(s:state())
        trace(ba.socket.connect("127.0.0.1", port):read(2000))
    """) == ["true\texec\ttrue", "nil\tincorrectuse", "accept\ttrue", "hello"]


@pytest.mark.parametrize("how", ["trace(%s)", "ba.socket.event(function() trace(%s) end)"])
def test_a_port_in_use_cannot_be_bound(how: str) -> None:
    """In both modes; another address is another matter."""
    assert traced(f"""
        local b = ba.socket.bind(0)
        local _, port = b:sockname()
        {how % "ba.socket.bind(port)"}
        {how % "ba.socket.bind(port, {intf = '127.0.0.1'})"}
        {how % "type(ba.socket.bind(port, {intf = '127.0.0.2'}))"}
        b:close()
        {how % "type(ba.socket.bind(port))"}
    """) == ["nil\tbind", "nil\tbind", "userdata", "userdata"]


def test_a_cosocket_whose_bind_failed_may_try_another_port() -> None:
    """A failed bind leaves it unused."""
    assert traced("""
        local b = ba.socket.bind(0)
        local _, port = b:sockname()
        ba.socket.event(function(s)
          trace(ba.socket.bind(port))
          trace(s:state())
          trace(rawequal(ba.socket.bind(0), s))
        end)
    """) == ["nil\tbind", "exec\tfalse", "true"]


@pytest.mark.parametrize("intf", ["'198.51.100.7'", "'nonsense'", "'\\0'", "'\\xff'", "('x'):rep(300)"])
def test_an_interface_that_is_none_cannot_be_bound(intf: str) -> None:
    """Whatever is wrong with it."""
    assert traced(f"trace(ba.socket.bind(0, {{intf = {intf}}}))") == ["nil\tbind"]


@pytest.mark.parametrize(
    ("op", "address"),
    [
        ("", "127.0.0.1"), (", nil", "127.0.0.1"), (", 'x'", "127.0.0.1"), (", {}", "127.0.0.1"),
        (", {unknown = 1}", "127.0.0.1"), (", {intf = 5}", "127.0.0.1"),
        (", {intf = '127.0.0.7'}", "127.0.0.7"), (", {intf = 'localhost'}", "127.0.0.1"),
        (", {intf = '0.0.0.0'}", "0.0.0.0"),
    ],
)  # fmt: skip
def test_a_listener_is_local_unless_intf_says_otherwise(op: str, address: str) -> None:
    """Other options, and other types, mean nothing; and an open port is told once."""
    recorder = run_well(f"trace((ba.socket.bind(0{op}):sockname()))")
    assert recorder.traced == [address]
    assert len(recorder.notes) == (1 if address == "0.0.0.0" else 0)


@pytest.mark.parametrize("port", ["port", "tostring(port)", "port + 0.5", "port + 65536"])
def test_bind_takes_the_16_bits_of_a_number(port: str) -> None:
    """Numeric strings and fractions count."""
    assert traced(f"""
        local port, listener
        repeat
          listener = ba.socket.bind(0)
          _, port = listener:sockname()
          listener:close()
          listener = ba.socket.bind({port}) -- fails if another program was faster
        until listener
        trace(select(2, listener:sockname()) == port)
    """) == ["true"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "#1 to '%s' (number expected, got no value)"),
        ("nil", "#1 to '%s' (number expected, got nil)"),
        ("'x'", "#1 to '%s' (number expected, got string)"),
        ("{}", "#1 to '%s' (number expected, got table)"),
        ("0, {shark = 1}", "#-1 to '%s' (BASHARKSSL expected, got number)"),
    ],
)
def test_bind_names_a_wrong_argument(arguments: str, message: str) -> None:
    """Through pcall as `?`, called directly by the function's name."""
    assert (
        message_of(f"local s = ba.socket.bind({arguments})") == "program:1: bad argument " + message % "bind"
    )
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(ba.socket.bind{comma}{arguments}))") == [
        "false\tbad argument " + message % "?"
    ]


# ---------------------------------------------------------------- accept


def test_accept_returns_a_new_blocking_socket() -> None:
    """Which the caller of accept does not own."""
    assert traced("""
        local _, port = listen(function(s) trace(type(s), s:state()) trace(s:owner(), s:websocket()) end)
        local c = ba.socket.connect("127.0.0.1", port)
        ba.sleep(20)
    """) == ["userdata\tnotcon\ttrue", "false\tfalse"]


def test_accept_ignores_arguments() -> None:
    """Even one that looks like a timeout."""
    assert traced("""
        local b = ba.socket.bind(0)
        local _, port = b:sockname()
        b:event(function(l) trace(type(l:accept(1, {}))) end)
        ba.sleep(20)
        trace(b:state())
        ba.socket.connect("127.0.0.1", port)
        await(function() return b:state() == "terminated" end)
    """) == ["accept\ttrue", "userdata"]


def test_accept_belongs_to_the_listeners_cosocket() -> None:
    """Elsewhere it raises."""
    assert traced("""
        local b = ba.socket.bind(0)
        local problem = select(2, pcall(b.accept, b))
        trace(problem:match "attempt to yield")
        b:event(function(l) l:accept() end)
        trace((pcall(b.accept, b)))
        ba.socket.event(function() trace((pcall(b.accept, b))) end)
    """) == ["attempt to yield", "false", "false"]


def test_only_listeners_accept() -> None:
    """Connections, UDP sockets and idle cosockets do not."""
    assert (
        traced("""
        local c = pair()
        trace(pcall(c.accept, c))
        c:event(function(s) trace(pcall(s.accept, s)) end)
        local u = ba.socket.udpcon()
        trace(pcall(u.accept, u))
        ba.socket.event(function(s) trace(pcall(s.accept, s)) end)
    """)
        == ["false\tInvalid op: : not a listen socket"] * 4
    )
    assert message_of("local c = pair()\nc:accept()") == "program:2: Invalid op: : not a listen socket"


# ---------------------------------------------------------------- toip


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("'127.0.0.1'", "127.0.0.1"), ("'127.1'", "127.0.0.1"), ("'localhost'", "127.0.0.1"),
        ("'no-such-host.invalid'", "nil\tcannotresolve"), ("''", "nil\tcannotresolve"),
        ("('x'):rep(300)", "nil\tcannotresolve"), ("'a b'", "nil\tcannotresolve"),
        ("'\\xff'", "nil\tcannotresolve"), ("'localhost\\0x'", "nil\tcannotresolve"),
    ],
)  # fmt: skip
def test_toip_resolves_or_says_that_it_cannot(name: str, result: str) -> None:
    """Two values at most: the resolver's words are not among them."""
    assert traced(f"trace(ba.socket.toip({name}))") == [result]


@pytest.mark.parametrize(
    ("argument", "got"), [("", "no value"), ("nil", "nil"), ("{}", "table"), ("true", "boolean")]
)
def test_toip_wants_a_name(argument: str, got: str) -> None:
    """A string or a number."""
    assert message_of(f"local s = ba.socket.toip({argument})") == (
        f"program:1: bad argument #1 to 'toip' (string expected, got {got})"
    )


# ---------------------------------------------------------------- getsock, stat


def test_getsock_is_the_running_cosockets_socket() -> None:
    """And nil everywhere else: in cells, jobs, timers and inner coroutines."""
    assert traced("""
        trace(ba.socket.getsock())
        local n = 0
        ba.thread.run(function() trace(ba.socket.getsock()) n = n + 1 end)
        ba.timer(function() trace(ba.socket.getsock()) n = n + 1 end):set(1, true)
        await(function() return n == 2 end)
        ba.socket.event(function(s)
          trace(rawequal(ba.socket.getsock(), s))
          ba.socket.event(function(t) trace(rawequal(ba.socket.getsock(), t)) end)
          trace(rawequal(ba.socket.getsock(), s))
          coroutine.wrap(function() trace(ba.socket.getsock()) end)()
        end)
    """) == ["nil", "nil", "nil", "true", "true", "true", "nil"]


def test_stat_counts_socket_objects() -> None:
    """All that exist, and those that are not closed."""
    assert traced("""
        collectgarbage() collectgarbage()
        local total, active = ba.socket.stat()
        local function change()
          local t, a = ba.socket.stat()
          trace(t - total, a - active)
        end
        local b = ba.socket.bind(0)
        local s = ba.socket.event(function(s) s:disable() end)
        change()
        b:close()
        change()
        s:enable()
        change()
        b, s = nil, nil
        collectgarbage() collectgarbage()
        change()
        trace(math.type(total), math.type(active))
    """) == ["2\t2", "2\t1", "2\t0", "0\t0", "integer\tinteger"]


def test_ba_socket_has_exactly_the_documented_functions() -> None:
    """No more, no less."""
    assert traced("""
        local names = {}
        for name, value in pairs(ba.socket) do
          names[#names + 1] = name
          assert(type(value) == "function")
        end
        table.sort(names)
        trace(table.concat(names, " "))
    """) == ["bind connect event fh2n fn2h getsock h2n http2sock n2h req2sock sock2req stat toip udpcon"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("req2sock()", "#1 to 'req2sock' (HTTPCMD expected, got no value)"),
        ("req2sock({})", "#1 to 'req2sock' (HTTPCMD expected, got table)"),
        ("sock2req()", "#1 to 'sock2req' (_BASOCK expected, got no value)"),
        ("sock2req('x')", "#1 to 'sock2req' (_BASOCK expected, got string)"),
    ],
)
def test_the_bridges_to_http_name_a_wrong_argument(call: str, message: str) -> None:
    """They want a request, and a socket."""
    assert message_of(f"local s = ba.socket.{call}") == f"program:1: bad argument {message}"
