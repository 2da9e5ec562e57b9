"""What the text around a cursor says; in these texts `|` is the cursor."""

from __future__ import annotations

import pytest

from ba_runtime.syntax import Context, context_at, local_names


def at(marked: str) -> Context:
    return context_at(marked.replace("|", ""), marked.index("|"))


def call_at(marked: str) -> str | None:
    call = at(marked).call
    return call.text if call else None


@pytest.mark.parametrize(
    ("marked", "path", "separator", "prefix"),
    [
        ("|", (), "", ""),
        ("co|", (), "", "co"),
        ("x = en|", (), "", "en"),
        ("ba.socket.co|", ("ba", "socket"), ".", "co"),
        ("ba.socket.|", ("ba", "socket"), ".", ""),
        ("ba . socket\n.co|", ("ba", "socket"), ".", "co"),
        ("s:re|", ("s",), ":", "re"),
        ("s:|", ("s",), ":", ""),
        ("page.s:re|", ("page", "s"), ":", "re"),
        ("t['k'].x|", ("t", "k"), ".", "x"),
        ('t["a b"].c[2].x|', ("t", "a b", "c", 2), ".", "x"),
        ("x..y|", (), "", "y"),
        ("f(a, b.c|)", ("b",), ".", "c"),
        ("-- note\nba.s|", ("ba",), ".", "s"),
        ("--[[ note ]] ba.s|", ("ba",), ".", "s"),
        ("'text' .. ba.s|", ("ba",), ".", "s"),
        ("goto x end y.z|", ("y",), ".", "z"),
    ],
)
def test_a_dotted_word_has_a_path(
    marked: str, path: tuple[str | int, ...], separator: str, prefix: str
) -> None:
    """Constant keys only; blanks, comments and line ends between them do not matter."""
    context = at(marked)
    assert (context.path, context.separator, context.prefix) == (path, separator, prefix)


@pytest.mark.parametrize(
    "marked",
    [
        "f().x|",
        "f():x|",
        "(a).x|",
        "('a'):x|",
        "f'a'.x|",
        "f{}.x|",
        "t[i].x|",
        "t[i + 1].x|",
        "t['a\\n'].x|",
        "f(a)[1].x|",
        "s:read.x|",
        "12|",
        "x = 1.|",
    ],
)
def test_the_member_of_an_unknown_value_has_no_path(marked: str) -> None:
    """Nothing is called to find out, and a number has no members."""
    assert at(marked).path is None


@pytest.mark.parametrize(
    "marked",
    [
        "x = 'ba.s|'",
        "x = 'ba.s|",
        "-- ba.s|",
        "-- ba.s|\nx",
        "--[[ ba.s| ]]",
        "--[[ ba.s|",
        "#!/bin/ba.s|",
        "x = [[ba.s|]]",
    ],
)
def test_inside_strings_and_comments_there_is_nothing(marked: str) -> None:
    """No word and no path, so that there is nothing to complete."""
    context = at(marked)
    assert (context.path, context.prefix) == (None, "")
    assert context.start == context.end == marked.index("|")


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
    assert context_at("ba.so", 99).prefix == "so"
    assert context_at("ba.so", -1).prefix == ""


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


def test_locals_parameters_and_functions_are_seen() -> None:
    """All forms that declare a name, each name once and in order."""
    source = """
      local a, b <const>, a = 1
      local function f(x, ...) end
      function g(y) end
      function t.u:m(p) for i = 1, 2 do end for k, v in pairs(t) do end end
      f(function(q) end)
    """
    assert local_names(source, len(source)) == (*"abfxgy", "self", *"pikvq")


def test_a_name_still_being_typed_is_not_seen() -> None:
    """Nor is what stands behind the cursor, or in a comment."""
    assert local_names("local ab -- local c\nlocal de local f", 26) == ("ab",)


@pytest.mark.parametrize(
    "source", ["", "local", "function", "for", "function(", "local x <", "local x,", "function a:"]
)
def test_half_a_declaration_does_no_harm(source: str) -> None:
    """The text is being written, after all."""
    assert set(local_names(source + " ", len(source) + 1)) <= {"x", "self", "a"}
