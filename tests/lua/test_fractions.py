"""Fractions where an integer is wanted: they are rounded down, as by the server's Lua."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ._programs import Session, session


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime with what the calls below need."""
    with session() as fresh:
        result = fresh.run(
            """
            A = ba.bytearray.create "abcdefgh"
            D = ba.datetime(0)
            io_ = ba.openio "disk"
            local listener = ba.socket.bind(0)
            local _, port = listener:sockname()
            listener:event(function(l) P = l:accept() end)
            C = ba.socket.connect("127.0.0.1", port)
            while not P do ba.sleep(1) end
            U = ba.socket.udpcon(0, {intf = "127.0.0.1"})
            function sent(n, ...) P:write "0123456789" return C:read(n), ... end
            function received(...) assert(C:write(...)) return P:read(2000) end
            function failed(f, ...) return select(2, pcall(f, ...)) end
            function seeded(f, ...) ba.rndseed "seed" return f(...) end
            function timed(n) local t = ba.timer(function() end) return t:set(n), t:reset(n), t:cancel() end
            function file(f)
              local name = os.tmpname()
              local out = io_:open(name, "w") out:write "0123456789" out:close()
              local file = io_:open(name)
              local one, two = f(file)
              file:close() os.remove(name)
              return one, two
            end
            """
        )
        assert result.error is None, result.error
        yield fresh


# Calls in which N, a little more than an integer, does what the integer does; 3 where nothing else is said.
CALLS = [
    "ba.socket.h2n(N, 1)",
    "ba.socket.h2n(2, N)",
    "ba.socket.n2h(N, 'abcdefgh')",
    "ba.socket.n2h(2, 'abcdefgh', N)",
    "ba.socket.fh2n(N + 1, 1.5)",
    "ba.socket.fn2h(N + 1, 'abcdefgh')",
    "ba.socket.fn2h(4, 'abcdefgh', N)",
    "type(ba.socket.bind(N - 3))",
    "ba.socket.connect('127.0.0.1', N)",
    "ba.socket.connect('127.0.0.1', N, {timeout = N})",
    "type(ba.socket.udpcon('127.0.0.1', N))",
    "type(ba.socket.udpcon(N - 3))",
    "U:sendto('x', '127.0.0.1', N - 3)",
    "U:sendto('x', '127.0.0.1', N + 65532)",
    "received('abcdefgh', N)",
    "received('abcdefgh', 1, N)",
    "received('abcdefgh', -N)",
    "sent(N + 1000)",
    "(function() C:queuelen(N) return C:queuelen(16384) end)()",
    "C:maxsize(N + 253)",
    "C:maxsize(N + 8189)",
    "C:setoption('ttl', true, N)",
    "U:setoption('ip-multicast-ttl', true, N)",
    "timed(N)",
    "ba.sleep(N)",
    "ba.thread.configure(N)",
    "ba.bytearray.size(ba.bytearray.create(N))",
    "A[N]",
    "(function() A[N] = N return ba.bytearray.tostring(A) end)()",
    "(function() A[1] = {N, N} return ba.bytearray.tostring(A) end)()",
    "ba.bytearray.tostring(A, N, 5)",
    "ba.bytearray.tostring(A, 1, N)",
    "ba.bytearray.setsize(A, N, 8), #A, ba.bytearray.setsize(A)",
    "ba.bytearray.setsize(A, 1, N), #A, ba.bytearray.setsize(A)",
    "ba.bytearray.copy(A, N, 'xyz'), ba.bytearray.tostring(A)",
    "ba.bytearray.copy(A, 1, 'xyz', 1, N), ba.bytearray.tostring(A)",
    "ba.bytearray.h2n(A, N, 2, 258), ba.bytearray.tostring(A)",
    "ba.bytearray.h2n(A, 1, N - 1, 258), ba.bytearray.tostring(A)",
    "ba.bytearray.h2n(A, 1, 2, N), ba.bytearray.tostring(A)",
    "ba.bytearray.n2h(A, N, 2)",
    "ba.bytearray.n2h(A, 1, N)",
    "seeded(ba.rnd, N)",
    "seeded(ba.rnd, 1, N)",
    "seeded(ba.rnd, N, 10)",
    "seeded(ba.rnds, N)",
    "seeded(ba.rndbs, N)",
    "ba.encdate(N)",
    "tostring(ba.datetime(N))",
    "tostring(ba.datetime(N, N))",
    "tostring(ba.datetime(N, N, N))",
    "tostring(ba.datetime{year = N + 2000, month = N, day = N, hour = N, min = N})",
    "tostring(ba.datetime{year = 2000, month = 1, day = 1, sec = N, nsec = N, offset = N})",
    "tostring(D + N)",
    "tostring(D - {days = N, hours = N, mins = N, secs = N, nsecs = N})",
    "ba.crypto.PBKDF2('sha1', 'p', 's', N, 20)",
    "ba.crypto.PBKDF2('sha1', 'p', 's', 1, N)",
    "ba.json.encode({1}, N)",
    "type(ba.create.sharkssl(nil, {cachesize = N, insize = N, outsize = N}))",
    "#ba.create.key{key = 'rsa', bits = N + 1021} > 800",
    "type(ba.create.dir('x', N))",
    "failed(ba.create.dir, 'x', N + 1e6)",
    "file(function(f) return f:read(N), f:read(N) end)",
    "file(function(f) return f:seek(N), f:read(2) end)",
    "(debug.traceback('x', N))",
    "debug.getlocal(1, N)",
    "(function() local f = function() return A, D end return debug.getupvalue(f, N - 1) end)()",
    # Lua's own library
    "string.format('%d %5d %x %c %i', N, N, N, N + 62, N)",
    "('x'):rep(N)",
    "('x'):rep(2, '-', N)",
    "os.date('!%H:%M:%S', N)",
    "os.time{year = N + 2000, month = N, day = N, hour = N, min = N, sec = N}",
    "(function() local t = {year = 2000, month = 1, day = N + 40} os.time(t) return t.day, t.month end)()",
    "math.tointeger(N)",
    "math.tointeger(-N)",
    "('aaaa'):gsub('a', 'b', N)",
    "('aaaa'):gsub('a', function() return 'b' end, N)",
    "#table.move({1, 2, 3, 4}, N, 4, N)",
    # operators
    "N & 1, 1 & N, N | 4, 4 | N, N ~ 1, 1 ~ N, N << 1, 1 << N, N >> 1, 256 >> N, ~N",
    "-N & 255, -N | 0, ~-N, N & N, N | N",
    "N | '4', '4' ~ N",
]


@pytest.mark.parametrize("call", CALLS)
def test_a_fraction_is_rounded_down(lua: Session, call: str) -> None:
    """What is called with 3.7 does what it does with 3, with -3.7 as with -4."""
    whole = _told(lua, call, "3", "-4")
    assert "number has no integer representation" not in whole
    assert _told(lua, call, "3.7", "-3.7") == whole
    assert _told(lua, call, "3.0", "-4.0") == whole


def _told(lua: Session, call: str, number: str, negative: str) -> str:
    """What the call returns or raises, without addresses."""
    call = call.replace("-N", f"({negative})").replace("N", f"({number})")
    result = lua.run(f"return (function(...) return pcall(function() return {call} end) end)()")
    assert result.error is None, result.error
    return "\t".join(value.decode("latin-1") for value in result.values)


@pytest.mark.parametrize(
    "call",
    [
        "ba.socket.h2n('2', '3.7')",
        "ba.encdate '3.7'",
        "seeded(ba.rndbs, '3.7')",
        "('x'):rep '3.7'",
        "string.format('%d', '3.7')",
        "math.tointeger '3.7'",
    ],
)
def test_a_text_of_a_fraction_is_rounded_down_as_an_argument(lua: Session, call: str) -> None:
    """As any other numeric text counts there."""
    whole = call.replace(".7", "").replace(".2", "")
    assert _told(lua, call, "", "") == _told(lua, whole, "", "")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("string.format('%d', 1e300)", "bad argument #2 to 'format' (number has no integer representation)"),
        ("string.format('%d', 0 / 0)", "bad argument #2 to 'format' (number has no integer representation)"),
        ("string.format('%d', 1.5, 2) string.format('%d%d', 1.5)", "bad argument #3 to 'format' (no value)"),
        ("string.format('%d %d', 1.5, {})", "bad argument #3 to 'format' (number expected, got table)"),
        ("string.format('%y', 1.5)", "invalid conversion '%y' to 'format'"),
        ("local x = ('x'):rep({})", "bad argument #1 to 'rep' (number expected, got table)"),
        ("local x = ('x'):rep()", "bad argument #1 to 'rep' (number expected, got no value)"),
        ("local x = ('x'):rep(1e12 + 0.5)", "resulting string too large"),
        ("string.char(65.5)", "bad argument #1 to 'char' (number has no integer representation)"),
        ("table.concat({1}, '', 1.5)", "bad argument #3 to 'concat' (number has no integer representation)"),
        ("local x = string.rep(nil, 3)", "bad argument #1 to 'rep' (string expected, got nil)"),
        ("os.date('%d', 2^70)", "bad argument #2 to 'date' (number has no integer representation)"),
        ("string.char(65, nil)", "bad argument #2 to 'char' (number expected, got nil)"),
        ("os.date('%Ez', 0.5)", "bad argument #1 to 'date' (invalid conversion specifier '%Ez')"),
        ("os.time{year = 1}", "field 'month' missing in date table"),
        ("os.time{year = 1e300, month = 1, day = 1}", "field 'year' is not an integer"),
        ("os.time(5)", "bad argument #1 to 'time' (table expected, got number)"),
        ("math.tointeger()", "bad argument #1 to 'tointeger' (value expected)"),
        ("ba.rndbs(2^63)", "bad argument #1 to 'rndbs' (number has no integer representation)"),
        ("local x = 1e300 | 0", "number has no integer representation"),
        ("local x = 0 / 0 | 0", "number has no integer representation"),
        ("local x = '1.5' | 1", "attempt to perform bitwise operation on a string value"),
        ("local x = 1.5 | 'x'", "attempt to perform bitwise operation on a string value"),
        ("local x = 1 | nil", "attempt to perform bitwise operation on a nil value"),
        ("local x = {} << 1", "attempt to perform bitwise operation on a table value"),
        ("local x = ~{}", "attempt to perform bitwise operation on a table value"),
    ],
)
def test_what_cannot_be_rounded_raises_as_ever(lua: Session, code: str, message: str) -> None:
    """At the place of the program's call, in the name by which it called."""
    assert lua.value(f"select(2, pcall(function() {code} end))") == f'"program:1: {message}"'


def test_errors_of_metamethods_pass_as_they_are(lua: Session) -> None:
    """Values that are not strings, and strings that look like complaints."""
    run = """
        local problem = {}
        local function raising(value)
          local function raise() error(value, 0) end
          return setmetatable({}, {__tostring = raise, __index = raise})
        end
        local alike = "bad argument #1 to 'x' (number has no integer representation)"
        for _, value in ipairs{problem, "mine", alike} do
          assert(select(2, pcall(string.format, "%s", raising(value))) == value)
        end
    """
    assert lua.run(run).error is None


def test_a_value_with_an_operator_of_its_own_is_asked(lua: Session) -> None:
    """On either side of a number, with the operands as they are."""
    run = """
        local mt = {}
        for _, event in ipairs{"band", "bor", "bxor", "shl", "shr", "bnot"} do
          mt["__" .. event] = function(a, b) return {event, a, b} end
        end
        local value = setmetatable({}, mt)
        for _, number in ipairs{1, 1.5} do
          local bits = {number & value, number | value, number ~ value}
          for _, r in ipairs{bits[1], bits[2], bits[3], number << value, number >> value} do
            assert(r[2] == number and r[3] == value, r[1])
          end
          local r = value << number
          assert(r[1] == "shl" and r[2] == value and r[3] == number)
        end
        assert((~value)[1] == "bnot")
    """
    assert lua.run(run).error is None


def test_no_program_reaches_what_rounds() -> None:
    """Numbers seem to have no metatable; one of the program's takes its place until it is taken away."""
    with session() as fresh:
        assert fresh.value("getmetatable(1) or debug.getmetatable(1)") == "nil"
        assert fresh.value("pcall(setmetatable, 1, {})").startswith("false")
        run = """
            local mt = {__index = math, __bor = function() return "mine" end}
            assert(debug.setmetatable(1, mt) == 1)
            assert(getmetatable(1) == mt and debug.getmetatable(2.5) == mt)
            assert((2.5):floor() == 2 and 1.5 | 1 == "mine" and string.format("%d", 1.5) == "1")
            assert(ba.socket.h2n(1, 65.5) == "A")
            debug.setmetatable(1, nil)
            assert(debug.getmetatable(1) == nil and 1.5 | 1 == 1)
            assert(not pcall(debug.setmetatable, 1, "x"))
        """
        result = fresh.run(run)
        assert result.error is None, result.error


def test_the_functions_that_round_look_like_lua_s_own(lua: Session) -> None:
    """To `debug` as well."""
    for library, names in {"string": "format rep", "os": "date time", "math": "tointeger"}.items():
        for name in names.split():
            f = f"{library}.{name}"
            assert lua.value(f"debug.getinfo({f}, 'S').what, debug.getupvalue({f}, 1) == nil") == '"C"\ttrue'


def test_an_error_that_a_device_does_not_raise_has_a_remark() -> None:
    """Once, with what to write instead; an error that is caught has none."""
    with session() as fresh:
        fresh.run("pcall(string.sub, 'x', 1.5)")
        assert fresh.recorder.notes == []
        for _ in range(2):
            assert fresh.run("local x = ('x'):sub(1.5)").error is not None
        fresh.run("ba.socket.event(function() return select(1.5, 1) end)")
        assert [note.partition(": ")[2] for note in fresh.recorder.notes] == ["write n // 1 instead of n"]


def test_a_program_s_own_text_of_numbers_is_asked() -> None:
    """By tostring and print, though the metatable is looked at only where a program has set one."""
    with session() as fresh:
        fresh.run("debug.setmetatable(1, {__tostring = function(n) return '#' .. n end})")
        assert fresh.value("tostring(5), tostring(1.5)") == '"#5"\t"#1.5"'
        fresh.run("debug.setmetatable(1, nil)")
        assert fresh.value("tostring(5), tostring(1.5), tostring(-0.0)") == '"5"\t"1.5"\t"0.0"'


def test_a_traceback_does_not_show_how_the_call_is_protected(lua: Session) -> None:
    """From a metamethod that such a function calls, the first time and again."""
    run = """
        local value = setmetatable({}, {__tostring = function() words = debug.traceback() return "" end})
        local x = string.format("%s %d", value, NUMBER)
    """
    for number in ("1", "1.5"):
        assert lua.run(run.replace("NUMBER", number)).error is None
        frames = lua.value("words")[1:-1].split("\\n\\t")[1:]
        assert [frame.partition(" in ")[2] for frame in frames] == [
            "function <program:2>",
            "function 'string.format'",
            "main chunk",
        ]


@pytest.mark.parametrize(
    ("code", "frames"),
    [
        ("local x = string.rep()", ["function 'string.rep'", "main chunk"]),
        ("local x = ('x'):rep(1e12)", ["function 'string.rep'", "main chunk"]),
        ("local x = 1 | {}", ["main chunk"]),
    ],
)
def test_a_traceback_names_the_function_that_has_failed(lua: Session, code: str, frames: list[str]) -> None:
    """As Lua's own do; operators have no frame."""
    error = lua.run(code).error
    assert error is not None
    assert [frame.decode().partition(" in ")[2] for frame in error.traceback] == frames
