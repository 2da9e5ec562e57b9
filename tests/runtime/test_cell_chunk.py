"""The chunk of a cell: its last expression is returned, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lupa.lua54  # noqa: TID251 (these tests run plain Lua, without the runtime)
import pytest

from ba_runtime import Compiler
from ba_runtime.syntax import cell_chunk

COMPILER = Compiler()

# Runs a chunk and tells everything it did: calls in order, results, error, globals.
RUN = b"""
function(source)
  local log = {}
  local function text(...)
    local parts = {}
    for i = 1, select("#", ...) do
      local v = select(i, ...)
      parts[i] = type(v) == "table" and "table" or type(v) == "function" and "function" or tostring(v)
    end
    return table.concat(parts, ",")
  end
  local function logged(name)
    return function(...) log[#log + 1] = name .. "(" .. text(...) .. ")" return ... end
  end
  local env = setmetatable({f = logged "f", g = logged "g", print = logged "print", tracep = logged "tracep",
    io = {write = logged "write", stdout = {write = logged "write"}}}, {__index = _G})
  env.t = {x = 1, f = env.f, t = {x = 2, f = env.g}, [1] = env.f}
  env.curry = function(a) log[#log + 1] = "curry" return function(b) return env.f(a, b) end end
  env.closing = function(name) return setmetatable({}, {__close = logged(name)}) end
  local chunk, message = load(source, "=cell", "t", env)
  if not chunk then return "syntax: " .. message end
  local function outcome(ok, ...)
    local globals = {}
    for k, v in pairs(env) do
      if #k == 1 then globals[#globals + 1] = k .. "=" .. text(v) end
    end
    table.sort(globals)
    local effect = table.concat(log, " ") .. " " .. table.concat(globals, " ")
    if ok then return effect, text(...) end
    return effect .. " error " .. text(...)
  end
  return outcome(pcall(chunk, "arg1", "arg2"))
end
"""


@pytest.fixture
def run() -> Callable[[bytes], tuple[str, str | None]]:
    """Runs a chunk in a fresh environment; returns its effect, and its values unless it raised."""
    lua: Any = lupa.lua54.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    call = lua.eval(RUN)

    def run(source: bytes) -> tuple[str, str | None]:
        answer = call(source)
        effect, values = answer if isinstance(answer, tuple) else (answer, None)
        return effect.decode(), None if values is None else values.decode()

    return run


# Cells that are Lua as they stand, each with what it shows; None where it shows nothing.
STATEMENTS = [
    ("", None),
    (";", None),
    ("-- nothing", None),
    ("x = 1", None),
    ("x = 1;", None),
    ("local x = 1", None),
    ("x, y = f(1), g(2)", None),
    ("x = f(1)", None),
    ("f(1)", "1"),
    ("f()", ""),
    ("f(1, nil, 3)", "1,nil,3"),
    ("f(1);", "1"),
    ("f(1);;", "1"),
    ("f(1) -- twice f(2)", "1"),
    ("f(1) --[[ long ]] ; -- end", "1"),
    ("f(1) f(2)", "2"),
    ("f(1); f(2)", "2"),
    ("x = 1 f(x)", "1"),
    ("x = 1\nf(x)\n", "1"),
    ("x = 1\r\nf(x)\r\n", "1"),
    ("f 'a'", "a"),
    ('f"a" g"b"', "b"),
    ("f[[a]]", "a"),
    ("f{1}", "table"),
    ("f(f)(1)", "1"),
    ("curry 'a' 'b'", "a,b"),
    ("curry('a')('b')", "a,b"),
    ("curry 'a' ('b')", "a,b"),
    ("x = curry\n('a')('b')", None),
    ("x = 'a' (f)(2)", "2"),
    ("x = 1 (f)(2)", "2"),
    ("x = nil (f)(2)", "2"),
    ("x = ... (f)(2)", "2"),
    ("x = function() end (f)(2)", "2"),
    ("x = {1} (f)(2)", "2"),
    ("local x (f)(2)", "2"),
    ("local x, y (f)(2)", "2"),
    ("local x <const> = 5 f(x)", "5"),
    ("do local x <close> = closing 'c' f(1) end", None),
    ("local x <close> = closing 'c' f(1)", "1"),
    ("t.f(1)", "1"),
    ("t.t.f(1)", "1"),
    ("t[1](2)", "2"),
    ("t.t['f'](3)", "3"),
    ("t.t:f(3)", "table,3"),
    ("('x'):rep(3)", "xxx"),
    ("x = 1; ('x'):rep(3)", "xxx"),
    ("f(function() return 1 end)", "function"),
    ("f(function()\n  if x then return 1 end\nend)", "function"),
    ("print(1)", None),
    ("print 'a'", None),
    ("print{1}", None),
    ("print(f(1))", None),
    ("x = 1 print(x);", None),
    ("tracep(0, 'a')", None),
    ("io.write(1)", None),
    ("io.write 'a'", None),
    ("io.stdout:write(1, 2)", None),
    ("x = io.write(1)", None),
    ("f(io.write(1))", "1"),
    ("(io.write)(1)", "1"),
    ("print(f)(3)", "3"),
    ("(print)(3)", "3"),
    ("t.print = print t.print(3)", "3"),
    ("for i = 1, 3 do f(i) end", None),
    ("for i = 1, 3 do f(i) end f(4)", "4"),
    ("while true do f(1) break end", None),
    ("repeat f(1) until g(2) == 2", None),
    ("repeat f(1) until g (2)", None),
    ("if f(1) then g(2) else g(3) end", None),
    ("function h(a) return f(a) end", None),
    ("function h(a) return f(a) end h(5)", "5"),
    ("goto done; x = 1 ::done:: f(1)", "1"),
    ("goto done; x = 1 ::done:: (f)(1)", "1"),
    ("do goto done end ::done::", None),
    ("f(...)", "arg1,arg2"),
    ("return 5, 6", "5,6"),
    ("return f(1)", "1"),
    ("if t then return 7 end f(1)", "7"),
    ("do end f(1)", "1"),
    ("--[==[ a\n]] ]==] f(1)", "1"),
]

# Cells whose last call fails.
RAISING = ["f(1)\nerror('x')", "f(1)\n\ng(x.y)", "f(\n1,\nt.x.y.z\n)", "x = 1\r\nt.none(x)", "nothing\n'a'"]

# Cells that are no Lua as they stand, with the statements that run before the values.
EXPRESSIONS = [
    ("1 + 1", "", "2"),
    ("1 + 1;", "", "2"),
    ("1 + 1 -- two", "", "2"),
    ("t.x", "", "1"),
    ("t['x']", "", "1"),
    ("t.x, t.t.x", "", "1,2"),
    ("'a'", "", "a"),
    ("[[a]]", "", "a"),
    ("-1", "", "-1"),
    ("~0", "", "-1"),
    ("not x", "", "true"),
    ("#'abc'", "", "3"),
    ("...", "", "arg1,arg2"),
    ("nil", "", "nil"),
    ("{1, 2}", "", "table"),
    ("function() return 1 end", "", "function"),
    ("x == 1", "", "false"),
    ("x", "", "nil"),
    ("(f(1, 2))", "f(1, 2)", "1"),
    ("f(1) + 1", "f(1)", "2"),
    ("f(2) - 1", "f(2)", "1"),
    ("x = 5\nx + 1", "x = 5", "6"),
    ("x = 5\nx - 1", "x = 5", "4"),
    ("x = 5; -x", "x = 5", "-5"),
    ("local y = 5\ny, f(y)", "f(5)", "5,5"),
    ("x = 1\nf(2) - 1", "x = 1 f(2)", "1"),
    ("x = 1\nf(f)\n(5) - 1", "x = 1 f(f)(5)", "4"),
    ("x = 'a' (f)(3) + 1", "x = 'a'; (f)(3)", "4"),
    ("local x\n-1", "", "-1"),
    ("local a, b\n-1", "", "-1"),
    ("do f(1) end -1", "f(1)", "-1"),
    ("do f(1) end {1}", "f(1)", "table"),
    ("for i = 1, 2 do f(i) end 'done'", "f(1) f(2)", "done"),
    ("::top:: 1", "", "1"),
    ("x = 1 2", "x = 1", "2"),
    ("x = 1\n'a', 'b'", "x = 1", "a,b"),
    ("f(1)\ng(2), t.x", "f(1) g(2)", "2,1"),
    ("f(1) t.x", "f(1)", "1"),
    ("=x", "", "nil"),
    ("=1, 2", "", "1,2"),
    ("  = f(1) -- c", "f(1)", "1"),
    ("=print(1)", "print(1)", "1"),
    ("-- = is first\n=1 == 1", "", "true"),
    ("#!/usr/bin/lua\n#'ab'", "", "2"),
    ("\ufeff1", "", "1"),
    ("\ufeff#!x\r\nf(1)", "f(1)", "1"),
]


@pytest.mark.parametrize(("source", "values"), STATEMENTS)
def test_a_chunk_does_what_the_cell_does(
    source: str, values: str | None, run: Callable[[bytes], tuple[str, str | None]]
) -> None:
    """Calls, globals and errors (with their lines) are those of the text itself; only the values are new."""
    chunk = cell_chunk(source, COMPILER)
    effect, shown = run(chunk)
    assert effect == run(source.encode())[0]
    assert (shown or "") == (values or "")


@pytest.mark.parametrize(("source", "statements", "values"), EXPRESSIONS)
def test_a_last_expression_is_returned(
    source: str, statements: str, values: str, run: Callable[[bytes], tuple[str, str | None]]
) -> None:
    """What comes before it runs as it stands, and the expression runs once."""
    chunk = cell_chunk(source, COMPILER)
    assert run(chunk) == (run(statements.encode())[0], values)


@pytest.mark.parametrize("source", RAISING)
def test_an_error_is_where_it_was(source: str, run: Callable[[bytes], tuple[str, str | None]]) -> None:
    """The same effect up to the error, and the same line in its message."""
    chunk = cell_chunk(source, COMPILER)
    assert run(chunk) == run(source.encode())


@pytest.mark.parametrize("start", ["", "f(1)\n", "#!/usr/bin/lua\n", "x = [[\n]]\n", "-- a\r\n"])
def test_the_lines_of_an_expression_do_not_move(
    start: str, run: Callable[[bytes], tuple[str, str | None]]
) -> None:
    """An error in the middle of one is reported at the line of its text."""
    effect, _ = run(cell_chunk(start + "1 +\n\nt.x.y.z", COMPILER))
    assert f"error cell:{start.count(chr(10)) + 3}:" in effect


@pytest.mark.parametrize(
    "source", ["x = = 1", "1 +", "x = 1 y z", "f() g h", "'a", "[[a", "1 --[[", "break", "x = 'a\nb'", "é"]
)
def test_what_does_not_compile_is_left_as_it_is(source: str) -> None:
    """So that Lua's message is about the user's own text."""
    chunk = cell_chunk(source, COMPILER)
    assert chunk == source.encode()


def test_the_error_after_an_equals_sign_is_about_the_expression() -> None:
    """`=` is no Lua, and saying so would not help."""
    message = COMPILER.check(cell_chunk("\n=1 + * 2", COMPILER), b"cell")
    assert message == b"cell:2: unexpected symbol near '*'"


def test_a_shown_call_keeps_its_caller_in_the_traceback() -> None:
    """A plain `return f()` would be a tail call, which loses the frame of the cell."""
    lua: Any = lupa.lua54.LuaRuntime(encoding=None)
    trace = lua.eval(b"function(source) return select(2, xpcall(load(source, '=cell'), debug.traceback)) end")
    text = trace(cell_chunk("local function f() error 'x' end\n\nf()", COMPILER))
    assert b"cell:3: in main chunk" in text


def test_bytes_that_are_no_text_survive() -> None:
    """They come as surrogate escapes; a surrogate that stands for no byte becomes U+FFFD."""
    assert cell_chunk("x = '\udcff'", COMPILER) == b"x = '\xff'"
    assert cell_chunk("x = '\ud800'", COMPILER) == "x = '\ufffd'".encode()
