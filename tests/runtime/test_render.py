"""Values as readable text: `render.lua` in a plain Lua state, fed with values that Lua code makes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any, TypeAlias

import lupa.lua54  # noqa: TID251 (render.lua is tested alone, without the runtime)
import pytest

Render: TypeAlias = Callable[[str], str]

# Returns a function that runs a chunk called cell[3] and renders its value.
LOAD = b"""
function(source_of)
  local modules = {}
  local function import(name)
    modules[name] = modules[name] or assert(load(source_of(name), "=ba:" .. name))(import)
    return modules[name]
  end
  local value = import("inspect/render").value
  return function(code) return value(assert(load(code, "=cell[3]"))()) end
end
"""


def source_of(name: bytes) -> bytes:
    return resources.files("ba_runtime").joinpath("lua").joinpath(f"{name.decode()}.lua").read_bytes()


@pytest.fixture
def render() -> Render:
    """Renders the value of a piece of Lua code, in a fresh state."""
    lua: Any = lupa.lua54.LuaRuntime(encoding=None)
    rendered = lua.eval(LOAD)(source_of)
    return lambda code: str(rendered(code.encode()), "utf-8")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("nil", "nil"),
        ("true", "true"),
        ("7", "7"),
        ("-7", "-7"),
        ("math.mininteger", "-9223372036854775808"),
        ("7.0", "7.0"),
        ("0.1", "0.1"),
        ("1/3", "0.33333333333333"),
        ("1e15", "1e+15"),
        ("2^53", "9.007199254741e+15"),
        ("-0.0", "0.0"),
        ("1/0", "Inf"),
        ("-1/0", "-Inf"),
        ("-(0/0)", "NaN"),
        ("0/0", "-NaN"),
        ("{1/0, 2.0, 3}", "{Inf, 2.0, 3}"),
    ],
)
def test_numbers_read_as_the_server_prints_them(render: Render, expression: str, text: str) -> None:
    """Section 9.2 of the API: 14 digits, `Inf`, `NaN`, and no negative zero."""
    if expression in ("0/0", "-(0/0)"):  # which of the two is negative is up to the processor
        assert render(f"return {expression}") in ("NaN", "-NaN")
    else:
        assert render(f"return {expression}") == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("''", '""'),
        ("'abc'", '"abc"'),
        ("'it\\'s \"q\" \\\\'", '"it\'s \\"q\\" \\\\"'),
        ("'line\\r\\nline\\tend'", '"line\\r\\nline\\tend"'),
        ("'nul \\0 esc \\27 del \\127'", '"nul \\x00 esc \\x1b del \\x7f"'),
        ("'Grüße, 世界 😀'", '"Grüße, 世界 😀"'),
        ("'c1 \\u{85}\\u{a0}'", '"c1 \\u{85}\u00a0"'),
        ("'caf\\xe9 au lait'", '"caf\\xe9 au lait"'),
        ("'surrogate \\xed\\xa0\\x80 in a text'", '"surrogate \\xed\\xa0\\x80 in a text"'),
    ],
)
def test_strings_are_quoted_as_lua_source(render: Render, expression: str, text: str) -> None:
    """UTF-8 stays readable; control characters and bytes that are no UTF-8 are escaped."""
    assert render(f"return {expression}") == text
    assert render(f"return load('return ' .. [==[{text}]==])() == {expression}") == "true"


def test_a_long_string_is_cut_with_its_length(render: Render) -> None:
    """The cut is between characters and outside the quotes; in a table it comes earlier."""
    assert render("return string.rep('é', 5000)") == '"' + "é" * 2048 + '"… (10000 bytes)'
    assert render("return 'a' .. string.rep('é', 5000)") == '"a' + "é" * 2047 + '"… (10001 bytes)'
    assert render("return {string.rep('x', 1000)}") == '{\n  "' + "x" * 200 + '"… (1000 bytes),\n}'


def test_a_binary_string_is_dumped(render: Render) -> None:
    """Length, then rows of offset, hex and ASCII, as hexdump -C has them."""
    assert render("return '\\27Lua\\0\\1\\2\\255' .. string.rep('\\0', 9)").splitlines() == [
        "17 bytes",
        "00000000  1b 4c 75 61 00 01 02 ff  00 00 00 00 00 00 00 00  |.Lua............|",
        "00000010  00                                                |.|",
    ]
    assert render("return '\\0'").startswith("1 byte\n")


def test_a_dump_is_bounded(render: Render) -> None:
    """512 bytes are shown; the rest is counted."""
    lines = render("return string.rep('\\0', 100000)").splitlines()
    assert len(lines) == 34
    assert lines[-1] == "… 99488 more bytes"


def test_a_binary_string_in_a_table_is_quoted(render: Render) -> None:
    """A dump has many lines, and a table many values."""
    assert render("return {'\\0\\1'}") == '{"\\x00\\x01"}'


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("{}", "{}"),
        ("{1, 'a', true}", '{1, "a", true}'),
        ("{x = 1, b = {}, a = {2}}", "{a = {2}, b = {}, x = 1}"),
        ("{1, 2, nil, 4}", "{1, 2, [4] = 4}"),
        ("{[0] = 'z', 'a', [-1] = 1, [1.5] = 2}", '{"a", [-1] = 1, [0] = "z", [1.5] = 2}'),
        ("{['a b'] = 1, ['end'] = 2, _x1 = 3}", '{_x1 = 3, ["a b"] = 1, ["end"] = 2}'),
        ("{[true] = 1, [false] = 2, k = 3}", "{k = 3, [false] = 2, [true] = 1}"),
        ("{[print] = 1}", "{[function: builtin print] = 1}"),
        ("{[{1}] = 1}", "{[{…}] = 1}"),
        ("{{{{{}}}}}", "{{{{{}}}}}"),
        ("{{{{{1}}}}}", "{{{{{…}}}}}"),
    ],
)
def test_tables_read_as_constructors(render: Render, expression: str, text: str) -> None:
    """The list first, then numbers, strings and the rest, each in order; four levels deep."""
    assert render(f"return {expression}") == text


def test_a_wide_table_has_an_entry_a_line(render: Render) -> None:
    """What fits into 80 columns stays in one line, at every level."""
    assert render("return {name = 'x', list = {1, 2}, text = string.rep('y', 70)}").splitlines() == [
        "{",
        "  list = {1, 2},",
        '  name = "x",',
        f'  text = "{"y" * 70}",',
        "}",
    ]
    assert render("return {inner = {a = string.rep('y', 70)}}").splitlines() == [
        "{",
        "  inner = {",
        f'    a = "{"y" * 70}",',
        "  },",
        "}",
    ]


def test_cycles_end(render: Render) -> None:
    """A table within itself is marked; the same table twice side by side is no cycle."""
    assert render("local t = {} t.me = t t.on = {up = t} return t") == "{me = <cycle>, on = {up = <cycle>}}"
    assert render("local t = {1} return {t, t}") == "{{1}, {1}}"


def test_a_huge_list_is_cut(render: Render) -> None:
    """200 entries, and how many are missing."""
    lines = render("local t = {} for i = 1, 200000 do t[i] = 'v' .. i end return t").splitlines()
    assert lines[:2] == ["{", '  "v1",']
    assert lines[-3:] == ['  "v200",', "  … 199800 more", "}"]


def test_a_long_list_of_numbers_stands_in_columns(render: Render) -> None:
    """As many in a line as fit, one below the other."""
    lines = render("local t = {} for i = 1, 30 do t[i] = i * 7.5 end return t").splitlines()
    assert lines[0] == "{"
    assert lines[1] == "    7.5,  15.0,  22.5,  30.0,  37.5,  45.0,  52.5,  60.0,  67.5,  75.0,  82.5,"
    assert lines[2].startswith("   90.0,  97.5, 105.0,")
    assert all(len(line) <= 80 for line in lines)
    assert lines[-2:] == ["  172.5, 180.0, 187.5, 195.0, 202.5, 210.0, 217.5, 225.0,", "}"]


def test_a_cut_list_of_numbers_says_how_many_are_missing(render: Render) -> None:
    """Below the columns."""
    lines = render("local t = {} for i = 1, 200000 do t[i] = i end return t").splitlines()
    assert lines[-3].endswith("199, 200,")
    assert lines[-2:] == ["  … 199800 more", "}"]


def test_a_table_with_one_text_is_no_list_of_numbers(render: Render) -> None:
    """Each entry has a line then."""
    lines = render("local t = {} for i = 1, 100 do t[i] = i end t[50] = 'x' return t").splitlines()
    assert len(lines) == 102


@pytest.mark.parametrize("key", ["'k' .. i", "i + 0.5", "{}", "-i"])
def test_a_huge_table_of_any_keys_is_cut(render: Render, key: str) -> None:
    """One walk over all keys; the first ones in order are shown."""
    lines = render(f"local t = {{}} for i = 1, 200000 do t[{key}] = i end return t").splitlines()
    assert len(lines) == 203
    assert lines[-2] == "  … 199800 more"


def test_the_smallest_keys_are_shown_in_order(render: Render) -> None:
    """Whatever order the table has them in."""
    lines = render(
        "local t = {} for i = 1, 5000 do t[string.format('k%04d', i)] = i end return t"
    ).splitlines()
    assert lines[1:-2] == [f"  k{i:04} = {i}," for i in range(1, 201)]


def test_entries_are_counted_over_all_levels(render: Render) -> None:
    """A table of tables has 200 entries altogether."""
    text = render("local t = {} for i = 1, 50 do t[i] = {} for j = 1, 50 do t[i][j] = 'e' end end return t")
    assert text.count('"e"') == 196
    assert "… 4 more" in text
    assert text.endswith("  … 46 more\n}")


def test_text_is_bounded(render: Render) -> None:
    """64 KB and what the entry at the border adds."""
    text = render("local t = {} for i = 1, 200 do t[i] = string.rep('\\1', 300) end return {t, t}")
    assert len(text) < 70_000
    assert " more" in text


def test_deep_nesting_is_no_recursion(render: Render) -> None:
    """10,000 levels, of which four are shown."""
    assert render("local t = {} for _ = 1, 10000 do t = {t} end return t") == "{{{{{…}}}}}"


def test_tostring_metamethods_are_honoured(render: Render) -> None:
    """Unquoted, at every level, and cut when long; a number is taken as Lua's tostring takes it."""
    make = "local function make(f) return setmetatable({1}, {__tostring = f}) end "
    assert render(make + "return make(function() return 'me' end)") == "me"
    assert render(make + "return {make(function() return 'me' end)}") == "{me}"
    assert render(make + "return make(function() return 1.0 end)") == "1.0"
    assert render(make + "return make(function() return ('x'):rep(5000) end)").endswith("x… 904 more bytes")


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        ("function() error('oops', 0) end", "oops"),
        ("function() error({}) end", "the error is a table value"),
        ("function() error() end", "the error is a nil value"),
        ("function() return {} end", "returned a table instead of a string"),
        ("5", "attempt to call a number value"),
    ],
)
def test_a_failing_tostring_is_shown(render: Render, method: str, problem: str) -> None:
    """As a value of its own, so that the rest of a table is still seen."""
    code = f"return {{1, setmetatable({{}}, {{__tostring = {method}}})}}"
    assert render(code) == f"{{1, <error in __tostring: {problem}>}}"


def test_a_tostring_may_yield(render: Render) -> None:
    """A cell's task may wait in it, like anywhere else."""
    code = """
      local value = setmetatable({}, {__tostring = function() return coroutine.yield() end})
      local co = coroutine.wrap(RENDER)
      co(value)
      return co('late')
    """
    lua: Any = lupa.lua54.LuaRuntime(encoding=None)
    loaded = lua.eval(LOAD.replace(b"return function(code)", b"RENDER = value return function(code)"))(
        source_of
    )
    assert loaded(code.encode()) == b'"late"'


def test_other_metamethods_never_run(render: Render) -> None:
    """Tables are read raw, and a protected metatable protects nothing here."""
    code = """
      local function no() error "ran" end
      local meta = {__index = no, __pairs = no, __len = no, __eq = no, __lt = no, __call = no, __concat = no}
      meta.__name, meta.__metatable = "T", "locked"
      return {setmetatable({1, x = 2}, meta), setmetatable({}, meta)}
    """
    assert render(code) == "{{1, x = 2}, {}}"


def test_functions_say_where_they_come_from(render: Render) -> None:
    """Their name, if a loaded module or a global has them, and the line, unless they are not Lua code."""
    assert render("return print") == "function: builtin print"
    assert render("return string.rep") == "function: builtin string.rep"
    assert render("package.loaded.m = {inner = {f = next}} next = nil return {package.loaded.m.inner.f}") == (
        "{function: builtin m.inner.f}"
    )
    assert render("return string.gmatch('', '')") == "function: builtin"
    assert render("\nreturn function() end") == "function: defined at cell[3]:2"
    assert render("function greet() end return greet") == "function: greet defined at cell[3]:1"
    assert render("return load('return 1', '=other')") == "function: defined at other"
    assert render("return load('return function() end', '=ba:socket')()") == "function: builtin"


def test_threads_tell_their_status(render: Render) -> None:
    """An address would say less."""
    assert render("return coroutine.create(print)") == "thread: suspended"
    assert render("local co = coroutine.wrap(coroutine.running) return (co())") == "thread: dead"


def test_userdata_has_its_name(render: Render) -> None:
    """`__name` and the address, as print shows them; with `__tostring` what that says."""
    assert render("return io.stdout").startswith("file (0x")
    nameless = "local u = io.tmpfile() debug.setmetatable(u, {__name = 'SOCK'}) return u"
    assert render(nameless).startswith("SOCK: ")


def test_a_changed_library_changes_nothing(render: Render) -> None:
    """Programs may replace any function; rendering has its own."""
    assert render("string.format = nil table.concat = nil next = nil return {a = 1}") == "{a = 1}"
    assert render("getmetatable('').__index = nil return {'a', 1.5}") == '{"a", 1.5}'


def test_a_tostring_that_overflows_the_stack_is_shown(render: Render) -> None:
    """As an error like any other."""
    code = """
      local function deep(n) if n > 0 then return (deep(n - 1)) end end
      return setmetatable({}, {__tostring = function() deep(1e9) end})
    """
    assert render(code).startswith("<error in __tostring: ")
