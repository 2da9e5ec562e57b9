"""`table.sort` and `string.gsub` in Lua do what Lua's own do."""

from __future__ import annotations

import random

import pytest

from ._chunks import Chunks
from ._programs import message_of, traced


@pytest.fixture
def lua() -> Chunks:
    """A state with Lua's own functions, and ours as `sort` and `gsub`."""
    chunks = Chunks()
    chunks.run("local callbacks = import 'tasks/callbacks' sort, gsub = callbacks.sort, callbacks.gsub")
    return chunks


# ---------------------------------------------------------------- sort


@pytest.mark.parametrize("length", [*range(20), 50, 100, 101, 500])
def test_sort_ends_where_luas_own_does(lua: Chunks, length: int) -> None:
    """Element for element, equal ones included, after the same comparisons."""
    chance = random.Random(length)
    for kinds in (1, 3, length + 1):
        keys = ", ".join(str(chance.randrange(kinds)) for _ in range(length))
        assert lua.run(f"""
            local function run(f)
              local list, log = {{}}, {{}}
              for i, key in ipairs {{{keys}}} do list[i] = {{key = key, id = i}} end
              f(list, function(a, b) log[#log + 1] = a.id .. "<" .. b.id return a.key < b.key end)
              for i, entry in ipairs(list) do log[#log + 1] = entry.id end
              return table.concat(log, " ")
            end
            return run(sort) == run(table.sort)
        """)


def test_sort_without_an_order_is_luas_own(lua: Chunks) -> None:
    """With nil as the order too."""
    assert lua.run("local t = {3, 1, 2} sort(t) return t[1], t[2], t[3]") == (1, 2, 3)
    assert lua.run("local t = {'b', 'a'} sort(t, nil) return t[1]") == b"a"


def test_sort_respects_metamethods(lua: Chunks) -> None:
    """The list may be a proxy."""
    assert lua.run("""
        local data = {3, 1, 2}
        local meta = {__index = data, __newindex = data, __len = function() return #data end}
        local proxy = setmetatable({}, meta)
        sort(proxy, function(a, b) return a > b end)
        return data[1], data[2], data[3], rawlen(proxy)
    """) == (3, 2, 1, 0)


@pytest.mark.parametrize("order", ["function() return true end", "function(a, b) return a <= b end"])
def test_an_order_that_is_none_raises_or_ends(lua: Chunks, order: str) -> None:
    """As Lua's own does, for the same lists."""
    for length in range(12):
        assert lua.run(f"""
            local function run(f)
              local list = {{}}
              for i = 1, {length} do list[i] = 1 end
              return pcall(f, list, {order})
            end
            local ok, problem = run(sort)
            local same, other = run(table.sort)
            return ok == same and problem == other
        """)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "bad argument #1 to 'sort' (table expected, got no value)"),
        ("1", "bad argument #1 to 'sort' (table expected, got number)"),
        ("{}, 1", "bad argument #2 to 'sort' (function expected, got number)"),
        ("{2, 1}, {}", "bad argument #2 to 'sort' (function expected, got table)"),
        ("{1, 1, 1, 1, 1}, function() return true end", "invalid order function for sorting"),
    ],
)
def test_sort_blames_the_caller(arguments: str, message: str) -> None:
    """In Lua's own words."""
    assert message_of(f"table.sort({arguments})") == f"program:1: {message}"


# ---------------------------------------------------------------- gsub

TEXTS = [
    "",
    "a",
    "abc",
    "hello world",
    "aaa",
    " x  y ",
    "key=value, k2=v2",
    "THE (quick) fox",
    "a.b.c",
    "[[x]]",
]
PATTERNS = [
    "", ".", "%a", "%a+", "%a*", "x*", "a*", "(%a)(%a*)", "()", "()%a", "^a", "^", "^%a*", "%s*$", "$",
    "(%w+)=(%w+)", "%f[%w]%w+", "%b()", "(a*(.)%w(%s*))", "[^%w]", "a-", "(a)(b)?", ".-", "l+()", "%[(.-)%]",
]  # fmt: skip
REPLACEMENTS = [
    "function(...) return table.concat({...}, '|') end",
    "function() return nil end",
    "function(x) return x == 'a' and 'A' or false end",
    "function() return 7 end",
    "function() return 1.5 end",
    "function() return '%1' end",
    "setmetatable({}, {__index = function(_, k) return '<' .. k .. '>' end})",
    "setmetatable({a = 'A', b = false}, {})",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_gsub_gives_what_luas_own_does(lua: Chunks, pattern: str) -> None:
    """For every text and replacement, bounded or not."""
    for replacement in REPLACEMENTS:
        for text in TEXTS:
            for most in ("nil", "0", "1", "2", "-1"):
                call = f"'{text}', '{pattern}', {replacement}, {most}"
                result, count = lua.run(f"return gsub({call})")
                assert (result, count) == lua.run(f"return string.gsub({call})"), call


def test_gsub_with_text_or_a_plain_table_is_luas_own(lua: Chunks) -> None:
    """Numbers count as text."""
    assert lua.run("return gsub('hello', 'l', 'L')") == (b"heLLo", 2)
    assert lua.run("return gsub('hello', '(l)(.)', '%2%1', 1)") == (b"hello".replace(b"ll", b"ll"), 1)
    assert lua.run("return gsub('hello', '%a', {h = 'J', e = 1})") == (b"J1llo", 5)
    assert lua.run("return gsub(121, 2, 3)") == (b"131", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "bad argument #1 to 'gsub' (string expected, got no value)"),
        ("{}, 'x', 'y'", "bad argument #1 to 'gsub' (string expected, got table)"),
        ("'x'", "bad argument #2 to 'gsub' (string expected, got no value)"),
        ("'x', 'x'", "bad argument #3 to 'gsub' (string/function/table expected, got no value)"),
        ("'x', 'x', nil", "bad argument #3 to 'gsub' (string/function/table expected, got nil)"),
        ("'x', 'x', true", "bad argument #3 to 'gsub' (string/function/table expected, got boolean)"),
        ("'x', 'x', 'y', 'z'", "bad argument #4 to 'gsub' (number expected, got string)"),
        ("'x', 'x', 'y', 1e300", "bad argument #4 to 'gsub' (number has no integer representation)"),
        ("'x', '%', 'y'", "malformed pattern (ends with '%')"),
        ("'x', '%', print", "malformed pattern (ends with '%')"),
        ("'x', '[a', print", "malformed pattern (missing ']')"),
        ("'x', '(x', print", "unfinished capture"),
        ("'x', 'x', '%2'", "invalid capture index %2"),
        ("'x', 'x', '%y'", "invalid use of '%' in replacement string"),
        ("'x', 'x', {x = true}", "invalid replacement value (a boolean)"),
        ("'x', 'x', function() return {} end", "invalid replacement value (a table)"),
        ("'x', 'x', function() error('mine', 0) end", "mine"),
    ],
)
def test_gsub_blames_the_caller(arguments: str, message: str) -> None:
    """In Lua's own words; an error of the function's is its own."""
    position = "" if message == "mine" else "program:1: "
    assert message_of(f"string.gsub({arguments})") == position + message


def test_gsub_as_a_method_counts_arguments_as_one() -> None:
    """Without self."""
    assert message_of("local s = ('x'):gsub('x')") == (
        "program:1: bad argument #2 to 'gsub' (string/function/table expected, got no value)"
    )


# ---------------------------------------------------------------- what they are for


def test_callbacks_of_several_tasks_may_wait_for_each_other() -> None:
    """A client in a sort's callback, its server in a gsub's: neither is waited for in place."""
    assert traced("""
        local listener, port = listen(function(s)
          ba.thread.run(function()
            ("x"):gsub("x", function()
              for i = 1, 3 do s:write(s:read() .. "!") end
            end)
          end)
        end)
        table.sort({2, 1}, function(a, b)
          local c = ba.socket.connect("127.0.0.1", port)
          for i = 1, 3 do c:write(tostring(i)) trace(c:read()) end
          return a < b
        end)
    """) == ["1!", "2!", "3!"]


@pytest.mark.parametrize(
    "call",
    [
        "('abc'):gsub('%w', error)",
        "table.sort({'a', 'a'}, error)",
        "package.preload.a = error require 'a'",
        "xpcall(string.rep, string.rep)",
    ],
)
def test_a_function_in_c_blames_no_line_of_ours(call: str) -> None:
    """Lua's own functions in C would be its callers, and they have no lines."""
    words = traced(f"trace(pcall(function() {call} end))")
    assert "ba:" not in words[0]


def test_a_function_in_c_blames_nobody_as_in_lua(lua: Chunks) -> None:
    """Word for word."""
    for call in ("f('abc', '%w', error)", "f('abc', '%w', string.rep)"):
        assert lua.run(f"""
            local function run(f) return select(2, pcall(function() {call} end)) end
            return run(gsub) == run(string.gsub)
        """)
