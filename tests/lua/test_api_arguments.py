"""Wrong arguments to every function and method, and `s:setoption` (ba-api sections 2, 4.12 to 4.19)."""

from __future__ import annotations

import pytest

from ._programs import message_of, traced

METHODS = (
    "accept", "certificate", "cipher", "close", "disable", "enable", "event", "isresumed", "maxsize", "owner",
    "peername", "ping", "queuelen", "read", "relsession", "sendto", "setoption", "sockname", "state",
    "trusted", "upgrade", "websocket", "write",
)  # fmt: skip
SELVES = [
    ("nil", "nil"),
    ("{}", "table"),
    ("'s'", "string"),
    ("1", "number"),
    ("print", "function"),
    ("ba.timer(print)", "userdata"),
]


def test_a_socket_has_exactly_the_documented_methods() -> None:
    """In a metatable that is its own index."""
    assert traced("""
        local meta = getmetatable(ba.socket.bind(0))
        local names = {}
        for name, f in pairs(meta) do
          if name:sub(1, 2) ~= "__" then
            names[#names + 1] = name
            assert(type(f) == "function")
          end
        end
        table.sort(names)
        trace(table.concat(names, " "))
        trace(meta.__index == meta, meta.__name)
    """) == [" ".join(METHODS), "true\t_BASOCK"]


def test_a_socket_has_no_fields() -> None:
    """Unknown ones read as nil; none can be assigned."""
    assert traced("""
        local s = ba.socket.bind(0)
        trace(s.nosuch, s[1], s[s])
        trace(pcall(function() s.x = 1 end))
        trace(pcall(function() s.read = 1 end))
    """) == ["nil\tnil\tnil"] + [
        f"false\tprogram:{line}: attempt to index a _BASOCK value (upvalue 's')" for line in (4, 5)
    ]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_wants_a_socket(method: str) -> None:
    """Through pcall, with every other type, and with nothing."""
    cases = "".join(f"trace(pcall(s.{method}, {value}))" for value, _ in SELVES)
    assert traced(f"local s = ba.socket.bind(0) trace(pcall(s.{method})) {cases}") == [
        f"false\tbad argument #1 to '?' (_BASOCK expected, got {got})"
        for got in ("no value", *(g for _, g in SELVES))
    ]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_blames_the_caller(method: str) -> None:
    """Called as a function by its name, called as a method on something else as self."""
    assert message_of(f"local s = ba.socket.bind(0)\nlocal {method} = s.{method}\n{method}({{}})") == (
        f"program:3: bad argument #1 to '{method}' (_BASOCK expected, got table)"
    )
    assert message_of(f"local t = {{{method} = ba.socket.bind(0).{method}}}\n\nt:{method}()") == (
        f"program:3: calling '{method}' on bad self (_BASOCK expected, got table)"
    )


# ---------------------------------------------------------------- names


def test_names_are_address_port_and_family() -> None:
    """Nil and failed where there is none."""
    assert traced("""
        local b = ba.socket.bind(0)
        local _, port = b:sockname()
        local peer
        b:event(function(l) peer = l:accept() l:disable() end)
        local c = ba.socket.connect("127.0.0.1", port)
        await(function() return peer end)
        local function same(a, p, v6, b, q, w6) return a == b and p == q and v6 == w6 end
        local a1, p1, f1 = c:sockname()
        local a2, p2, f2 = c:peername()
        trace(a1, math.type(p1), f1)
        trace(a2, p2 == port, f2)
        trace(same(a1, p1, f1, peer:peername()), same(a2, p2, f2, peer:sockname()))
        trace(b:peername())
        c:close()
        trace(c:sockname())
        trace(c:peername())
        ba.socket.event(function(s) trace(s:sockname()) trace(s:peername()) end)
    """) == [
        "127.0.0.1\tinteger\tfalse",
        "127.0.0.1\ttrue\tfalse",
        "true\ttrue",
        "nil\tfailed",
        "nil\tfailed",
        "nil\tfailed",
        "nil\tfailed",
        "nil\tfailed",
    ]


# ---------------------------------------------------------------- setoption


@pytest.mark.parametrize(
    "arguments",
    [
        "'tcp-nodelay', true", "'tcp-nodelay', false", "'keepalive', true", "'keepalive', false",
        "'keepalive', true, 10, 5", "'keepalive', true, 10.7", "'dontroute', true", "'dontroute', false",
        "'keepalive', true, 0, 0", "'keepalive', true, -1, math.mininteger", "'keepalive', true, '10', '5'",
    ],
)  # fmt: skip
def test_a_connection_has_options(arguments: str) -> None:
    """Set in a blocking socket and in a cosocket. Times of nothing are the system's own."""
    assert traced(f"""
        local c = pair()
        trace(c:setoption({arguments}))
        c:event(function(s) trace(s:setoption({arguments})) end)
    """) == ["true", "true"]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("'broadcast', true", "true"),
        ("'broadcast', false", "true"),
        ("'tcp-nodelay', true", "true"),
        ("'ip-membership', true, '239.1.2.3', '127.0.0.1'", "true"),
        ("'ip-membership', true, '127.0.0.1', '127.0.0.1'", "nil\tUnknown error -1\t-1"),
        ("'ip-membership', true, 'nonsense', '127.0.0.1'", "nil\tUnknown error -1\t-1"),
        ("'ip-membership', false, '239.9.9.9', '127.0.0.1'", "nil\tUnknown error -1\t-1"),
    ],
)
def test_a_udp_socket_has_options(arguments: str, result: str) -> None:
    """A group that cannot be joined or left has the code -1."""
    assert traced(f"trace(ba.socket.udpcon():setoption({arguments}))") == [result]


def test_a_group_can_be_left_again() -> None:
    """After it was joined."""
    assert traced("""
        local u = ba.socket.udpcon()
        trace(u:setoption("ip-membership", true, "239.1.2.3", "127.0.0.1"))
        trace(u:setoption("ip-membership", false, "239.1.2.3", "127.0.0.1"))
    """) == ["true", "true"]


@pytest.mark.parametrize(
    "arguments",
    ["'keepalive', true, 1 << 40", "'keepalive', true, 1/0", "'keepalive', true, 0, 1 << 40"],
)
def test_an_option_that_the_system_refuses_is_nil_text_and_code(arguments: str) -> None:
    """Whatever was wrong with the number."""
    assert traced(
        f"local r = table.pack(pair():setoption({arguments})) trace(r.n, r[1], type(r[2]), type(r[3]))"
    ) == ["3\tnil\tstring\tnumber"]


@pytest.mark.parametrize(
    "make", ["local c = pair() c:close()", "local c = ba.socket.event(function(s) s:disable() end)"]
)
def test_without_a_system_socket_options_fail(make: str) -> None:
    """All but tcp-nodelay, which says true."""
    assert traced(f"""
        {make}
        trace(c:setoption("keepalive", true))
        trace(c:setoption("broadcast", true))
        trace(c:setoption("tcp-nodelay", true))
    """) == ["nil\tUnknown error -1\t-1", "nil\tUnknown error -1\t-1", "true"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "bad argument #2 to '?' (string expected, got no value)"),
        ("nil", "bad argument #2 to '?' (string expected, got nil)"),
        ("{}", "bad argument #2 to '?' (string expected, got table)"),
        ("'nosuch', true", "Unknown option 'nosuch'"),
        ("'nosuch'", "Unknown option 'nosuch'"),
        ("'tcp', true", "Unknown option 'tcp'"),
        ("5, true", "Unknown option '5'"),
        ("'keepalive'", "bad argument #3 to '?' (boolean expected, got no value)"),
        ("'keepalive', nil", "bad argument #3 to '?' (boolean expected, got nil)"),
        ("'keepalive', 1", "bad argument #3 to '?' (boolean expected, got number)"),
        ("'keepalive', true, 'x'", "bad argument #4 to '?' (number expected, got string)"),
        ("'keepalive', true, 1, {}", "bad argument #5 to '?' (number expected, got table)"),
        ("'ip-membership', true", "bad argument #4 to '?' (string expected, got no value)"),
        ("'ip-membership', true, {}", "bad argument #4 to '?' (string expected, got table)"),
    ],
)
def test_setoption_names_a_wrong_argument(arguments: str, message: str) -> None:
    """An unknown name comes first."""
    comma = ", " if arguments else ""
    assert traced(f"local u = ba.socket.udpcon() trace(pcall(u.setoption, u{comma}{arguments}))") == [
        f"false\t{message}"
    ]


# ---------------------------------------------------------------- what only TLS and WebSockets have


@pytest.mark.parametrize("make", ["pair()", "ba.socket.bind(0)", "ba.socket.udpcon()"])
@pytest.mark.parametrize("method", ["certificate", "cipher", "trusted", "isresumed"])
def test_a_plain_socket_has_no_secure_connection(make: str, method: str) -> None:
    """Open or closed."""
    assert (
        traced(f"local s = {make} trace(s:{method}()) s:close() trace(s:{method}())")
        == ["nil\tsslnotenabled"] * 2
    )


def test_a_plain_socket_is_no_websocket() -> None:
    """It says so, has no session to release, and cannot ping."""
    assert (
        traced("""
        local c = pair()
        trace(c:websocket(), c:relsession())
        trace(pcall(c.ping, c))
        c:close()
        trace(c:websocket(), c:relsession())
        trace(pcall(c.ping, c))
    """)
        == ["false\tfalse", "false\tNot WS"] * 2
    )
    assert message_of("local c = pair()\nc:ping()") == "program:2: Not WS"


@pytest.mark.parametrize(
    ("argument", "got"), [("", "no value"), ("nil", "nil"), ("{}", "table"), ("1", "number")]
)
def test_upgrade_wants_a_tls_context(argument: str, got: str) -> None:
    """As argument 2."""
    comma = ", " if argument else ""
    (text,) = traced(f"local c = pair() trace(pcall(c.upgrade, c{comma}{argument}))")
    assert text.startswith("false\tbad argument #2 to '?' (")
    assert text.endswith(f"expected, got {got})")
