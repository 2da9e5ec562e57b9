"""What the text around a cursor says, before anything is run."""

from __future__ import annotations

import pytest

from ba_runtime.syntax import WINDOW, Context, Made, Place, Reading, Table, Value, Where


def read(marked: str) -> Reading:
    """Reads a text up to the first `|` in it."""
    return Reading(marked.replace("|", "", 1), marked.index("|"))


def at(marked: str) -> Context:
    """Returns what stands around the mark."""
    return read(marked).context


def owner(marked: str) -> Value:
    """Returns the value that the word at the mark is a member of."""
    return read(marked).owner


def call_at(marked: str) -> str | None:
    """Returns the name of what is called around the mark."""
    reading = read(marked)
    value, separator, name = reading.called
    path = ".".join(map(str, value.path)) if isinstance(value, Place) else ""
    return f"{path}{separator}{name}" if reading.context.call and name else None


@pytest.mark.parametrize(
    ("marked", "prefix"), [("|", ""), ("co|", "co"), ("x = en|", "en"), ("x..y|", "y"), ("a, b|", "b")]
)
def test_a_word_is_a_name(marked: str, prefix: str) -> None:
    """A variable or a keyword."""
    assert (at(marked).where, at(marked).prefix) == (Where.NAME, prefix)


@pytest.mark.parametrize(
    ("marked", "path", "separator", "prefix"),
    [
        ("ba.socket.co|", ("ba", "socket"), ".", "co"),
        ("ba.socket.|", ("ba", "socket"), ".", ""),
        ("ba . socket\n.co|", ("ba", "socket"), ".", "co"),
        ("s:re|", ("s",), ":", "re"),
        ("s:|", ("s",), ":", ""),
        ("page.s:re|", ("page", "s"), ":", "re"),
        ("t['k'].x|", ("t", "k"), ".", "x"),
        ('t["a b"].c[2].x|', ("t", "a b", "c", 2), ".", "x"),
        ("f(a, b.c|)", ("b",), ".", "c"),
        ("-- note\nba.s|", ("ba",), ".", "s"),
        ("--[[ note ]] ba.s|", ("ba",), ".", "s"),
        ("'text' .. ba.s|", ("ba",), ".", "s"),
        ("goto x end y.z|", ("y",), ".", "z"),
        ("(a).x|", ("a",), ".", "x"),
    ],
)
def test_a_dotted_word_has_a_path(
    marked: str, path: tuple[str | int, ...], separator: str, prefix: str
) -> None:
    """Constant keys only; blanks, comments and line ends between them do not matter."""
    context = at(marked)
    assert (context.where, context.separator, context.prefix) == (Where.MEMBER, separator, prefix)
    assert owner(marked) == Place(path)


@pytest.mark.parametrize(
    "marked",
    [
        "f().x|",
        "f():x|",
        "f'a'.x|",
        "f{}.x|",
        "t[i].x|",
        "t[i + 1].x|",
        "t['a\\n'].x|",
        "f(a)[1].x|",
        "local s = f()\ns:x|",
        "local function f(s) s:x|",
        "local s\ns:x|",
        "local s = s:x|",
        "s:x| = 1",
        "...:x|",
    ],
)
def test_where_nothing_is_known_there_is_no_value(marked: str) -> None:
    """Nothing is called to find out. A variable that is being declared is still the one before."""
    assert owner(marked) in (None, Place(("s",)))


@pytest.mark.parametrize(
    "marked", ["12|", "x = 1.|", "-- ba.s|", "-- ba.s|\nx", "--[[ ba.s| ]]", "--[[ ba.s|"]
)
def test_inside_numbers_and_comments_there_is_nothing(marked: str) -> None:
    """No word, so that there is nothing to complete."""
    context = at(marked)
    assert (context.where, context.prefix) == (Where.NOTHING, "")
    assert context.start == context.end == marked.index("|")


@pytest.mark.parametrize("marked", ["x = 'ba.s|'", "x = 'ba.s|", "x = [[ba.s|]]", "f('a\\n|"])
def test_inside_a_string_that_is_no_argument_there_is_nothing(marked: str) -> None:
    """Nor in one with escapes, whose text is not what it stands for."""
    assert at(marked).where is Where.NOTHING


@pytest.mark.parametrize(
    ("marked", "prefix", "argument", "name"),
    [
        ("require 'so|'", "so", 1, "require"),
        ('require"|', "", 1, "require"),
        ("require('so|", "so", 1, "require"),
        ("io.open(name, 'r|')", "r", 2, "io.open"),
        ("f(g(1, 2), {3, 4}, '|", "", 3, "f"),
        ("dir:open [[a/b|", "a/b", 1, "dir:open"),
    ],
)
def test_a_string_is_an_argument(marked: str, prefix: str, argument: int, name: str) -> None:
    """Of a call with or without parentheses; arguments are counted from 1."""
    context = at(marked)
    assert (context.where, context.prefix) == (Where.ARGUMENT, prefix)
    assert context.call is not None
    assert (context.call.argument, call_at(marked)) == (argument, name)


@pytest.mark.parametrize(
    ("marked", "where"),
    [
        ("ba.socket.connect(h, p, {sh|", Where.OPTION),
        ("ba.socket.connect(h, p, {shark = c, |", Where.OPTION),
        ("f{|", Where.OPTION),
        ("ba.socket.connect(h, p, {shark = c|", Where.NAME),
        ("f{a = {b|", Where.NAME),
        ("t = {sh|", Where.NAME),
        ("t['k|", Where.KEY),
        ("goto l|", Where.LABEL),
        ("local s <c|", Where.ATTRIBUTE),
        ("a <c|", Where.NAME),
        ("function na|", Where.NOTHING),
        ("for i|", Where.NOTHING),
    ],
)
def test_what_can_stand_at_the_cursor(marked: str, where: Where) -> None:
    """The tokens before it tell."""
    assert at(marked).where is where


@pytest.mark.parametrize(
    ("declaration", "kind"),
    [
        ("local x = ba.socket.connect('h', 80)", "socket"),
        ("local x <const> = ba.socket.bind(0)", "socket"),
        ("local x <close> = assert(ba.socket.udpcon())", "socket"),
        ("x = ba.timer(f)", "timer"),
        ("local x x = ba.timer(f)", "timer"),
        ("local x = f() x = 'a' .. 1", "string"),
        ("local x = f() or ba.timer(f)", "timer"),
        ("local x = f and ba.timer(f)", "timer"),
        ("local y = ba.timer(f) local x = y", "timer"),
        ("local a, x = f(), ('s')", "string"),
        ("local c = ba.crypto.symmetric('GCM', k, i) local d, x = c:encrypt('d')", "string"),
        ("local b = ba.socket local x = b.connect('h', 1)", "socket"),
        ("local t = {x = ba.timer(f)} local x = t.x", "timer"),
        ("local t = {} t.x = ba.timer(f) local x = t.x", "timer"),
        ("local socket = require 'socket' local x = socket.tcp()", "tcp"),
        ("local x = require 'httpc'.create()", "httpc"),
        ("local x = require('httpm').create{timeout = 1}", "httpm"),
        ("for x in ('a b'):gmatch('%a') do", "string"),
        ("ba.socket.event(function(x)", "socket"),
        ("l:event(function(x, y)", "socket"),
        ("ba.socket.event(function(l) while true do local x = l:accept()", "socket"),
        ("do local x = f() end local x = ba.timer(f) if y then", "timer"),
        ("if y then local x = f() else local x = ba.timer(f)", "timer"),
        ("local x = setmetatable(ba.openio(), m)", "io"),
        ("local f = io.open('n') local x = f:read('a')", "string"),
        ("local x = response:deferred()", ""),
    ],
)
def test_a_variable_has_the_kind_of_what_it_was_given(declaration: str, kind: str) -> None:
    """What documented functions return, in all forms in which a variable gets a value."""
    assert owner(f"{declaration}\nx:|") == (Made(kind) if kind else None)


def test_a_name_is_what_it_is_in_its_block() -> None:
    """Outside, it may be a global."""
    assert owner("do local x = ba.timer(f) end x:|") == Place(("x",))
    assert owner("if a then local x = 's' elseif b then x:|") == Place(("x",))
    assert owner("local x = 's' do local x = ba.timer(f) end x:|") == Made("string")


def test_a_table_in_the_text_is_known_by_its_fields() -> None:
    """Those of its constructor, and those that are given to it later."""
    reading = read("local t = {1, a = 2, f = function() end; c = 4} t.d = 5 function t:m() end t.|")
    assert isinstance(reading.owner, Table)
    assert list(reading.values.fields(reading.owner)) == ["a", "f", "c", "d", "m"]


def test_the_kinds_of_a_running_state_are_used_as_far_as_they_are_told() -> None:
    """What would have helped is asked for."""
    reading = read("local c = server:accept() c:|")
    assert reading.owner is None
    assert reading.values.asked == {("server",)}
    reading.know({("server",): "socket"})
    assert reading.owner == Made("socket")


def test_what_is_given_needs_no_declaration() -> None:
    """Such as a page's request."""
    assert Reading("request:", 8, given={"request": "request"}).owner == Made("request")


@pytest.mark.parametrize(
    "text",
    [
        "local x = x.a " * 50,
        "local a = b local b = a " * 50,
        "a = a.a a = a(a) a = a or a " * 50,
        "local t = {t = {}} t.t = t.t " * 50,
        "(" * 500,
        "{" * 500,
        "function " * 500,
        "end ) ] } until else elseif " * 50,
        "x = " + "a .. " * 2000 + "a",
        "local x = " + "(" * 300 + "'s'" + ")" * 300,
    ],
)
def test_any_text_is_read(text: str) -> None:
    """Circles, what is never closed, and what is closed without having been opened."""
    likely = (None, Made("string"), *(Place(path) for path in (("x",), ("a",), ("t", "t", "t"))))
    for end in (" x:", " a.", " t.t.t:"):
        assert Reading(text + end, len(text + end)).owner in likely
    for end in (" f(", " local x = "):
        assert Reading(text + end, len(text + end)).callee is None


def test_of_a_long_text_the_end_is_read() -> None:
    """What is declared further up is not seen."""
    filler = "print 'x'\n" * (WINDOW // 5)
    assert owner(f"local s = ba.timer(f)\n{filler}s:|") == Place(("s",))
    assert owner(f"{filler}local s = ba.timer(f)\ns:|") == Made("timer")
    context = at(f"{filler}ba.so|")
    assert (context.start, context.prefix) == (len(filler) + 3, "so")
    assert at("x" * (2 * WINDOW) + ".y|").prefix == "y"


def test_the_word_reaches_beyond_the_cursor() -> None:
    """What is replaced is the whole word, what is matched is its beginning."""
    context = at("ba.sock|et.connect")
    assert (context.start, context.end, context.prefix) == (3, 9, "sock")


def test_offsets_count_code_points() -> None:
    """As Jupyter's do; a character outside the BMP is one."""
    context = at("x = '😀é' ba.so|")
    assert (context.start, context.end) == (12, 14)


def test_a_cursor_outside_the_text_is_moved_into_it() -> None:
    """Front ends may have another idea of the text's length."""
    assert Reading("ba.so", 99).context.prefix == "so"
    assert Reading("ba.so", -1).context.prefix == ""


@pytest.mark.parametrize(
    ("marked", "name"),
    [
        ("ba.socket.connect('x',|", "ba.socket.connect"),
        ("ba.socket.connect(|)", "ba.socket.connect"),
        ("ba.socket.connect('x|', 80)", "ba.socket.connect"),
        ("ba.socket.connect('x', (1 + |", "ba.socket.connect"),
        ("ba.socket.connect('x', 80, {timeout=|", "ba.socket.connect"),
        ("ba.socket.udpcon{port=|", "ba.socket.udpcon"),
        ("f(g(1), h(2), |", "f"),
        ("f(g(|", "g"),
        ("s:read(|", "s:read"),
        ("f():read(5, |", ":read"),
        ("x = t[f(|", "f"),
        ("ba.socket.event(function() x() end, |", "ba.socket.event"),
        ("ba.socket.con|nect('x')", None),
        ("f(x)|", None),
        ("f(x)(|", None),
        ("t['f'](|", None),
        ("if (|", None),
        ("{1, |", None),
        ("function f(|", None),
        ("function a.b:c(|", None),
        ("local function f(|", None),
        ("f(function() |", None),
        ("f(function() x = (|", None),
        ("f(\nlocal x = |", None),
        ("f(x, -- |", None),
    ],
)
def test_the_innermost_call_is_named(marked: str, name: str | None) -> None:
    """A call whose arguments the cursor is among, in a string too; heads and bodies of functions are none."""
    assert call_at(marked) == name


def test_variables_are_those_of_the_blocks_around_the_cursor() -> None:
    """All forms that declare a name, each name once and in order; a block's names end with it."""
    source = """
      local a, b <const>, a = 1
      local function f(x, ...) end
      function g(y) end
      function t.u:m(p) for i = 1, 2 do end for k, v in pairs(t) do |
    """
    assert read(source).local_names() == ("a", "b", "f", "g", "self", "p", "k", "v")


def test_a_name_still_being_typed_is_not_seen() -> None:
    """Nor is what stands behind the cursor, or in a comment."""
    assert read("local ab -- local c\nlocal de| local f").local_names() == ("ab",)


def test_keywords_are_those_that_make_sense() -> None:
    """Of those that end a block, only what ends the one that is open."""
    assert "end" not in read("x|").keywords()
    assert {"end", "else", "elseif"} <= set(read("if a then |").keywords())
    assert "until" in read("repeat |").keywords()
    assert "end" not in read("repeat |").keywords()
    assert read("x = |").keywords() == ("false", "function", "nil", "not", "true")
    assert read("local |").keywords() == ("function",)


def test_labels_may_be_anywhere() -> None:
    """Below the goto too."""
    assert read("::top:: goto |\n::bottom::").labels() == ("top", "bottom")


@pytest.mark.parametrize(
    "source", ["", "local", "function", "for", "function(", "local x <", "local x,", "function a:"]
)
def test_half_a_declaration_does_no_harm(source: str) -> None:
    """The text is being written, after all."""
    assert set(read(f"{source} |").local_names()) <= {"x", "self", "a"}
