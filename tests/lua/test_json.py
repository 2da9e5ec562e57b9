"""`ba.json`: what is written, what is read, and what is refused."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ._chunks import Chunks
from ._programs import session

HELPERS = """
import "console/advice".once = function() end
json = import "json/json"

-- A value as text that tells integers, floats, strings and null apart; keys in order.
function show(v)
  if type(v) ~= "table" then
    return v == json.null and "null" or type(v) == "string" and string.format("%q", v) or tostring(v)
  end
  local keys, words = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, k in ipairs(keys) do words[i] = tostring(k) .. "=" .. show(v[k]) end
  return "{" .. table.concat(words, ",") .. "}"
end
"""


@pytest.fixture
def lua() -> Chunks:
    """A state with `json`, and `show` for values."""
    chunks = Chunks({"is_interrupting": lambda: False})
    chunks.run(HELPERS)
    return chunks


def _quote(text: bytes | str) -> str:
    """Returns a Lua string literal."""
    data = text.encode() if isinstance(text, str) else text
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def decoded(lua: Chunks, text: bytes | str) -> Any:
    """Returns `show` of the first table in the text, or nil and the reason."""
    return lua.run(f"local t, why = json.decode({_quote(text)}) if t then return show(t) end return t, why")


# ------------------------------------------------------------ encode


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("{}", b"{}"),
        ("{{}, {{}}}", b"[{},[{}]]"),
        ("{1, nil, 3}", b"[1,null,3]"),
        ("{1, x = 2}", b"[1]"),
        ("{[2.5] = 1, [10] = 2, [-1] = 3, b = 4, a = 5}", b'{"-1":3,"2":1,"10":2,"a":5,"b":4}'),
        ("{-0.0, 1 / -math.huge, 0.0}", b"[0,0,0]"),
        ("{math.mininteger, math.maxinteger}", b"[-9223372036854775808,9223372036854775807]"),
        ("{1/3, 1e100, 3.0, 123456789012345.0}", b"[0.33333333333333,1e+100,3,1.2345678901234e+14]"),
        ("{1/0, -1/0, 0/0}", b"[null,null,null]"),
        ("{true, false, json.null, print, coroutine.create(print)}", b"[true,false,null,null,null]"),
    ],
)
def test_a_table_becomes_the_text(lua: Chunks, table: str, text: bytes) -> None:
    """Arrays are what has a length; everything that JSON cannot say is null."""
    assert lua.run(f"return json.encode({table})") == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", b'""'),
        (b"plain text, [brackets] {braces} ~!", b'"plain text, [brackets] {braces} ~!"'),
        (b'a"b\\c/d', rb'"a\"b\\c\/d"'),
        (b"\b\f\n\r\t\0\x1f\x7f", rb'"\b\f\n\r\t\u0000\u001f\u007f"'),
        ("åéЖ日".encode(), rb'"\u00e5\u00e9\u0416\u65e5"'),
        ("😀".encode(), rb'"\ud83d\ude00"'),
        (b"\xff\x80x\xc3", rb'"\u00ff\u0080x\u00c3"'),
        (b"\xed\xa0\x80", rb'"\u00ed\u00a0\u0080"'),
    ],
)
def test_a_string_is_written_in_ascii(lua: Chunks, raw: bytes, text: bytes) -> None:
    """UTF-8 as code points, bytes that are none as the characters of their number."""
    assert lua.run(f"return json.encodestr({_quote(raw)})") == text


def test_more_different_characters_than_are_remembered_are_written(lua: Chunks) -> None:
    """The memory of characters is emptied when it is full, and nothing else changes."""
    text = "".join(map(chr, range(0x100, 0x3000)))
    written = lua.run(f"return json.encodestr({_quote(text)})")
    assert json.loads(written) == text


def test_a_table_within_itself_is_null(lua: Chunks) -> None:
    """But one that comes twice, side by side, is written twice."""
    assert lua.run("local t = {} t.list = {t, 1} return json.encode(t)") == b'{"list":[null,1]}'
    assert lua.run("local t = {1} return json.encode({t, t})") == b"[[1],[1]]"


def test_several_tables_are_written_one_behind_the_other(lua: Chunks) -> None:
    """A number at the end, also as text, is the size that the original wants to know."""
    assert lua.run("return json.encode({1}, {a = 2}, {}, 512)") == b'[1]{"a":2}{}'
    assert lua.run("return json.encode({1}, {a = 2}, '512')") == b'[1]{"a":2}'


def test_metamethods_have_no_say(lua: Chunks) -> None:
    """Tables are written as they are."""
    meta = "{__index = error, __len = error, __pairs = error, __tostring = error}"
    written = lua.run(f"return json.encode({{setmetatable({{1}}, {meta}), setmetatable({{a = 1}}, {meta})}})")
    assert written == b'[[1],{"a":1}]'


@pytest.mark.parametrize("key", ["true", "{}", "print"])
def test_a_key_that_is_no_name_is_refused(lua: Chunks, key: str) -> None:
    """With the original's words, whatever the key is."""
    assert lua.run(f"return json.encode({{a = {{[{key}] = 1}}}})") == (None, b"Invalid key type: number")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("json.encode()", b"bad argument #1 to 'encode' (table expected, got no value)"),
        ("json.encode(512)", b"bad argument #1 to 'encode' (table expected, got number)"),
        ("json.encode({}, 'x')", b"bad argument #2 to 'encode' (table expected, got string)"),
        ("json.encodestr({})", b"bad argument #1 to 'encodestr' (string expected, got table)"),
        ("json.decode()", b"bad argument #1 to 'decode' (string expected, got no value)"),
        ("json.parser():parse()", b"bad argument #1 to 'parse' (string expected, got no value)"),
        ("json.parser().parse({}, '')", b"bad argument #1 to 'parse' (BAJSONPARSER expected, got table)"),
    ],
)
def test_a_wrong_argument_raises_at_the_caller(lua: Chunks, call: str, message: bytes) -> None:
    """In the words of Lua's own library."""
    assert lua.error(call) == b"test:1: " + message


# ------------------------------------------------------------ decode


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" [ ] ", b"{}"),
        ('\r\n\t{"a" :\t[ 1 ,2 , true,false ,null ] }\n', b"{a={1=1,2=2,3=true,4=false,5=null}}"),
        ('{"a":1,"a":2}', b"{a=2}"),
        ("[0,-0,-7,1234567,12345678,12345678901234,1234567890123456]",
         b"{1=0,2=0,3=-7,4=1234567,5=12345678,6=12345678901234,7=1234567890123456}"),
        ("[-9223372036854775808,9223372036854775807,9223372036854775808]",
         b"{1=-9223372036854775808,2=9223372036854775807,3=-9223372036854775808}"),
        ("[18446744073709551615,-9223372036854775809,18446744073709551616]",
         b"{1=-1,2=9223372036854775807,3=0}"),
        ("[01,-01,00,1.,0.,-.5,1e,1e+,1.5e]",
         b"{1=1,2=-1,3=0,4=1.0,5=0.0,6=-0.5,7=1.0,8=1.0,9=1.5}"),
        ("[-,--1,1.2.3,1e2e3,-.]", b"{1=0,2=1,3=1.2,4=100.0,5=-0.0}"),
        ("['a', 'it\"s', {'k':1}]", b'{1="a",2="it\\"s",3={k=1}}'),
        ('{"a":1,}', b"{a=1}"),
        ('{"a":{"b":2 ,\n},}', b"{a={b=2}}"),
        ('{"":1}', b"{1=1}"),
        ('{"a":2,"":{"":3}}', b"{1={1=3},a=2}"),
        ("/* a */[1/*b*/,//c\n2 /**/ , /***/3]// d", b"{1=1,2=2,3=3}"),
        ('{/*a*/"k"/*b*/:/*c*/1/*d*/,/*e*/"l":2,//f\n}', b"{k=1,l=2}"),
        (r'["\v"]', b'{1="\\11"}'),
        ("[1.0,-0.5,21.25,1e3,1E-2,2.5e+1,0.0]", b"{1=1.0,2=-0.5,3=21.25,4=1000.0,5=0.01,6=25.0,7=0.0}"),
        (r'["\"\\\/\b\f\n\r\t"]', b'{1="\\"\\\\/\\8\\12\\\n\\13\\9"}'),
        (r'["\u0041\u00e5\u20AC\ud83d\ude00","\n1234\\u0041"]', '{1="Aå€😀",2="\\\n1234\\\\u0041"}'.encode()),
        ('["naïve €"]', '{1="naïve €"}'.encode()),
    ],
)  # fmt: skip
def test_a_text_becomes_the_table(lua: Chunks, text: str, shown: bytes) -> None:
    """Integers stay integers, with the 64 lowest bits; of a name that comes twice the last counts.

    And what is no JSON is read as the original reads it.
    """
    assert decoded(lua, text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[",
        "[1",
        "[1,",
        '{"a',
        '{"a"',
        '{"a":',
        '{"a":1',
        '["\\',
        "5",
        "-",
        "tru",
        '"x',
        '[1]{"a":',
        '["\\u00',
        "['x",
        "[/",
        "[/*",
        "[/* *",
        "[//",
        "[1 // ]",
        "[1] /",
        "[1] /* x",
        '{"a":1,',
        '{"a":1,/**/',
        "[-",
        "[1e",
    ],
)
def test_a_text_that_ends_too_early_needs_more(lua: Chunks, text: str) -> None:
    """Also when there are complete tables before."""
    assert decoded(lua, text) == (None, b"needmoredata")


@pytest.mark.parametrize(
    "text",
    [
        *("nonsense", '"x"', "5 ", "true ", "null ", "]", "}", ",", ":", "[1]x", "[1],[2]", "[,]", "[1,]"),
        *("[1 2]", '{"a" 1}', '{"a":1,,}', "{a:1}", "[1,/**/]", '{"a":1 "b":2}', "[1}", '{"a":1]', "{,}"),
        *("[.5]", "[+1]", "[0x10]", "[1-2]", "[-1-2]", "[1.-2]", "[-a]"),
        *("[NaN]", "[Infinity]", "[True]", "[truefalse]", "[nul]", "['x' 'y']"),
        *('{"a"}', "[1//2\n3]", "[ -- x\n1]", "[/ 1]", "[\0]", "[\x01]", "[\f1]", "[\v1]", "[1\f]"),
        *(r'["\x41"]', r'["\u12"]', r'["\u12g4"]', r'["\ "]', "[1" + "0" * 2000),
    ],
)  # fmt: skip
def test_a_text_that_is_no_json_is_refused(lua: Chunks, text: str) -> None:
    """Scalars at the top level too."""
    assert decoded(lua, text) == (None, b"parse")


def test_every_table_is_one_result(lua: Chunks) -> None:
    """With or without blanks between them."""
    assert lua.run("return select('#', json.decode('[1][2] {}\\n[]'))") == 4


def test_null_is_one_userdata(lua: Chunks) -> None:
    """The same wherever it comes from."""
    assert lua.run("return type(json.null), tostring(json.null)") == (b"userdata", b"userdata: null")
    assert lua.run("return json.decode('[null]')[1] == json.null") is True


def _random_document(source: random.Random, depth: int) -> Any:
    kind = source.randrange(8 if depth else 6)
    if kind == 0:
        return source.choice(
            [True, False, source.randint(-(1 << 63), (1 << 63) - 1), source.randint(-9, 9999999)]
        )
    if kind == 1:
        return round(source.uniform(-1000, 1000), source.randint(1, 7))
    if kind == 2:
        return source.random() * 10 ** source.randint(-20, 20)
    if kind < 6:
        return "".join(source.choice('abc "\\/\n\tåЖ日😀\x7f0123') for _ in range(source.randrange(12)))
    if kind == 6:
        return [_random_document(source, depth - 1) for _ in range(source.randrange(1, 6))]
    return {
        f"key {i}\n\u20ac"[: source.randint(5, 8)] + str(i): _random_document(source, depth - 1)
        for i in range(3)
    }


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])
def test_what_python_writes_is_read_and_written_again(lua: Chunks, seed: int, style: dict[str, Any]) -> None:
    """Nothing is lost but what %.14g drops of a number; whole floats become integers."""
    document = [_random_document(random.Random(seed), 5)]
    text = json.dumps(document, **style)
    written = lua.run(f"return json.encode(json.decode({_quote(text)}))")
    assert json.loads(written) == json.loads(text, parse_float=lambda word: float(f"{float(word):.14g}"))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":"), (" ,\n", " : ")])
def test_objects_that_are_almost_alike_keep_their_own_keys(
    lua: Chunks, seed: int, separators: tuple[str, str]
) -> None:
    """The reader expects the keys that came before; here they come in any order, or others do.

    The values are of every kind, for a key says nothing of its value either.
    """
    source = random.Random(seed)
    names = [*"abcd", " ", "key with \\", 'and "', *(f"rare {i}" for i in range(200))]
    values = [*range(9), -1.5, "text", "", True, False, None, [1], ["a", 2], {"a": "b"}]
    document = [
        {name: source.choice(values) for name in source.sample(names[: source.choice([4, 7, 207])], k=3)}
        for _ in range(300)
    ]
    text = json.dumps(document, separators=separators)
    assert json.loads(lua.run(f"return json.encode(json.decode({_quote(text)}))")) == document


@pytest.mark.parametrize("digits", range(1, 20))
def test_a_number_is_the_nearest_float(lua: Chunks, digits: int) -> None:
    """Bit for bit what Python reads, for any number of digits before and after the point."""
    source = random.Random(digits)
    words = [
        f"{source.randint(1, 10**digits)}.{source.randint(0, 10**n)}" for n in range(1, 18) for _ in range(5)
    ]
    numbers = lua.run(f"return table.unpack(json.decode('[{','.join(words)}]'))")
    assert list(numbers) == [float(word) for word in words]


# ------------------------------------------------------------ in pieces

PIECES = (
    r'  {"na\u00efme" : "\ud83d\ude00\"\\", "list":[1,-2.5e1,true , null,[],{}]}[12][{"x":{"y":""}}]'
    r'[{"x":{"y":""},"z":1},{"x":2,"z":3}]  '
)


def test_any_cut_gives_the_same_tables(lua: Chunks) -> None:
    """The text in two pieces, cut at every place."""
    lua.run(f"""
      text = {_quote(PIECES)}
      whole = show({{json.decode(text)}})
      for cut = 0, #text do
        local parser, found = json.parser(), {{}}
        for _, piece in ipairs {{text:sub(1, cut), text:sub(cut + 1)}} do
          local ok, list = parser:parse(piece, true)
          assert(ok == true)
          table.move(list or {{}}, 1, list and #list or 0, #found + 1, found)
        end
        assert(show(found) == whole, cut)
      end
    """)


def test_a_text_can_come_byte_by_byte(lua: Chunks) -> None:
    """Each table comes with the byte that completes it."""
    assert (
        lua.run(f"""
      local parser, complete = json.parser(), {{}}
      local text = {_quote(PIECES)}
      for i = 1, #text do
        if select("#", parser:parse(text:sub(i, i))) == 2 then complete[#complete + 1] = text:sub(i, i) end
      end
      return table.concat(complete)
    """)
        == b"}]]]"
    )


def test_parse_returns_true_alone_until_a_table_is_complete(lua: Chunks) -> None:
    """Then the tables, or one list of them."""
    lua.run("p = json.parser()")
    assert lua.run("return p:parse('[1'), select('#', p:parse(','))") == (True, 1)
    assert lua.run("local ok, a, b = p:parse('2][3][4') return ok, show(a), show(b)") == (
        True,
        b"{1=1,2=2}",
        b"{1=3}",
    )
    assert lua.run("local ok, list = p:parse('][5]', true) return ok, show(list)") == (
        True,
        b"{1={1=4},2={1=5}}",
    )
    assert lua.run("return p:parse('', true)") is True


def test_a_fault_ends_a_parser_for_good(lua: Chunks) -> None:
    """Even a good text is refused afterwards."""
    assert lua.run("p = json.parser() return p:parse('[1,]')") == (None, b"parse")
    assert lua.run("return p:parse('[1]')") == (None, b"parse")


@pytest.mark.parametrize("unit", ["x", r"\n", r"\u00e5", r"\\"])
def test_a_long_string_in_small_pieces_costs_its_length(lua: Chunks, unit: str) -> None:
    """A hundred thousand pieces of three bytes; if each looked at all before it, this would take minutes."""
    assert lua.run(f"""
      local text = '["' .. ({_quote(unit)}):rep(300000 // {len(unit)}) .. '"]'
      local parser, list = json.parser(), nil
      for i = 1, #text, 3 do
        list = select(2, parser:parse(text:sub(i, i + 2)))
      end
      return list[1] == json.decode(text)[1] and #list[1] > 0
    """)


# ------------------------------------------------------------ bounds


@pytest.mark.parametrize(
    ("limit", "level"),
    [
        ("", 16),
        (", true", 16),
        (", nil", 16),
        (", 0", 8),
        (", -5", 8),
        (", 8.9", 8),
        (", 20", 20),
        (", 500", 500),
    ],
)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_text_is_too_deep_at_the_sixteenth_level_or_the_limit(
    lua: Chunks, limit: str, level: int, opening: str, closing: str
) -> None:
    """And one level less is read; a limit under 8 is 8."""
    lua.run(f"function nested(n) return ('{opening}'):rep(n - 1) .. '{{}}' .. ('{closing}'):rep(n - 1) end")
    assert lua.run(f"return type(json.decode(nested({level - 1}){limit}))") == b"table"
    assert lua.run(f"return json.decode(nested({level}){limit})") == (None, b"stack")


def test_a_parser_has_a_limit_too(lua: Chunks) -> None:
    """The same, and the parser is broken behind it."""
    assert lua.run("p = json.parser() return p:parse(('['):rep(15))") is True
    assert lua.run("return p:parse('[')") == (None, b"stack")
    assert lua.run("return p:parse(']')") == (None, b"stack")
    assert lua.run("p = json.parser(30) return p:parse(('['):rep(29))") is True
    assert lua.run("return p:parse('[')") == (None, b"stack")


def test_what_is_too_deep_is_explained_once() -> None:
    """The trace names the limit and how to set it."""
    with session() as fresh:
        fresh.run("for _ = 1, 2 do ba.json.decode(('['):rep(16)) end")
        assert [text for text in fresh.recorder.notes if "level" in text] == [
            "JSON is read to the 15th level only, as on the server: a larger limit goes behind the text in"
            " ba.json.decode, and into ba.json.parser()"
        ]


def test_a_thousand_levels_are_read_and_written_and_no_more(lua: Chunks) -> None:
    """Whatever the limit; a hundred thousand, in either direction, crash nothing."""
    decode = "json.decode(('['):rep(1000) .. (']'):rep(1000), 1 << 62)"
    assert lua.run(f"return json.encode({decode}) ~= nil") is True
    for depth in (1001, 100000):
        read = f"json.decode(('['):rep({depth}) .. (']'):rep({depth}), {depth + 1})"
        assert lua.run(f"return {read}") == (None, b"stack")
        nested = f"local t = {{}} for i = 2, {depth} do t = {{t}} end"
        assert lua.run(f"{nested} return json.encode(t)") == (None, b"malloc")


def test_a_number_is_no_key(lua: Chunks) -> None:
    """The original's word for it is "mem"."""
    assert decoded(lua, "{1:2}") == decoded(lua, '{"a":1,-2:3}') == (None, b"mem")


def test_false_leaves_out_what_is_null(lua: Chunks) -> None:
    """Members are missing and list items move up, at every level; true, a number or nothing keeps them."""
    text = '[null,1,[null],{"a":null,"b":[null,2,null,3,null],"":null}][null]'
    assert lua.run(f"local a, b = json.decode('{text}', false) return show(a), #a, show(b)") == (
        b"{1=1,2={},3={b={1=2,2=3}}}",
        3,
        b"{}",
    )
    for option in ("", ", true", ", nil", ", 16", ", 'x'"):
        shown = lua.run(f'return show(json.decode(\'{{"a":null,"b":[1,null]}}\'{option}))')
        assert shown == b"{a=null,b={1=1,2=null}}"


@pytest.mark.parametrize("as_list", ["1", "'x'", "false", "nil"])
def test_a_list_is_only_for_the_boolean_true(lua: Chunks, as_list: str) -> None:
    """Anything else gives the tables themselves."""
    assert lua.run(f"local ok, t = json.parser():parse('[7]', {as_list}) return t[1]") == 7
    assert lua.run("local ok, t = json.parser():parse('[7]', true) return t[1][1]") == 7


@pytest.mark.parametrize("comment", ["/*" + "x" * 5000 + "**/", "//" + "*/" * 2500 + "\\n"])
def test_a_long_comment_in_small_pieces_ends_where_it_ends(lua: Chunks, comment: str) -> None:
    """Cut at every byte, and between its last two."""
    lua.run(f"text = '[1,{comment}2]' p = json.parser()")
    lua.run("for i = 1, #text do ok, t = p:parse(text:sub(i, i)) end")
    assert lua.run("return ok, show(t)") == (True, b"{1=1,2=2}")


def test_a_number_in_pieces_has_a_thousand_characters_at_most(lua: Chunks) -> None:
    """To be exact, 1024 may have come before its end does: no number that anybody wrote is longer."""
    lua.run("function begun(n) p = json.parser() return p:parse('[' .. ('1'):rep(n)) end")
    assert lua.run("return begun(1024)") is True
    assert lua.run("return #select(2, p:parse(']'))") == 1
    assert lua.run("return begun(1025)") == (None, b"parse")


def test_a_call_returns_no_more_than_a_hundred_thousand_tables(lua: Chunks) -> None:
    """A list may be longer."""
    assert lua.run("return select('#', json.decode(('{}'):rep(100000)))") == 100000
    assert lua.run("return json.decode(('{}'):rep(100001))") == (None, b"malloc")
    assert lua.run("return json.parser():parse(('{}'):rep(100001))") == (None, b"malloc")
    assert lua.run("return #select(2, json.parser():parse(('{}'):rep(100001), true))") == 100001


def test_reading_leaves_the_collector_as_it_was(lua: Chunks) -> None:
    """Running, or stopped by the program; after success and after failure."""
    lua.run("text = '[' .. (' '):rep(1 << 20)")
    program = "json.decode(text .. ']') json.decode(text .. 'x') return collectgarbage('isrunning')"
    assert lua.run(program) is True
    assert lua.run(f"collectgarbage('stop') {program}") is False


def test_a_text_too_large_for_the_memory_is_an_error_and_no_more() -> None:
    """The program hears of it, and the next cell works."""
    with session(max_memory=64 << 20) as fresh:
        program = "return select(2, pcall(ba.json.decode, '[' .. ('{},'):rep(5000000) .. '{}]'))"
        assert b"not enough memory" in fresh.run(program).values[0]
        assert fresh.value("#ba.json.decode('[1,2]')") == "2"


@pytest.mark.parametrize(
    "work",
    [
        "local t = {} for i = 1, 60 do t = {t, t} end trace('go') ba.json.encode(t)",
        "local s = '[' .. ('1,'):rep(20000000) .. '1]' trace('go') while true do ba.json.decode(s) end",
    ],
)
def test_an_interrupt_ends_long_work(work: str) -> None:
    """A structure that has grown out of hand, and a long text."""
    with session() as fresh:
        wait = fresh.start(work)
        fresh.recorder.wait_for_trace("go")
        fresh.runtime.interrupt()
        error = wait().error
        assert error is not None
        assert error.kind == "interrupt"
        assert fresh.value("1") == "1"


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("local t = {} t.a = t return t", b'{"a":null}'),
        ("local t = {1} t[2] = t return t", b"[1,null]"),
        ("local t = {} t.a = {b = t} return t", b'{"a":{"b":null}}'),
        ("local t = {} t.a = {} t.a.b = t.a return t", b'{"a":{"b":null}}'),
        ("local t = {1} return {t, t, {t}}", b"[[1],[1],[[1]]]"),
        ("local t = {1} return {{t}, t}", b"[[[1]],[1]]"),
        ("local t = {1} return t, t", b"[1][1]"),
    ],
)
def test_a_table_within_itself_is_null_and_beside_itself_is_not(
    lua: Chunks, program: str, text: bytes
) -> None:
    """At every depth, and where the path to it has been another before."""
    assert lua.run(f"return json.encode((function() {program} end)())") == text
