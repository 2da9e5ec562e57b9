"""What a text assigns, and comments that begin its lines, as tools read them."""

from __future__ import annotations

import pytest

from ba_runtime.syntax import Assignment, assignments, line_starts, long_comment_text

TEXTS = {
    "constants": (
        "a = 1 b = 'two' c = true d = nil e = -1.5 f = {1, {2}}",
        [
            ("a", "1", "number"),
            ("b", "'two'", "string"),
            ("c", "true", "boolean"),
            ("d", "nil", "nil"),
            ("e", "-1.5", "number"),
            ("f", "{1, {2}}", "table"),
        ],
    ),
    "expressions": (
        "a = 1 + 2 b = f(x) c = x.y[1] d = function() local z = 1 end e = 'a' .. b f = {}.x",
        [
            ("a", "1 + 2", ""),
            ("b", "f(x)", ""),
            ("c", "x.y[1]", ""),
            ("d", "function() local z = 1 end", "function"),
            ("e", "'a' .. b", ""),
            ("f", "{}.x", ""),
        ],
    ),
    "statements between": (
        "a = 1 print(a) b = 2; if a then b = 3 end for i = 1, 2 do c = 1 end d = 4 return d",
        [("a", "1", "number"), ("b", "2", "number"), ("d", "4", "number")],
    ),
    "lines": ("a = {\n  1, -- one\n  2,\n}\n", [("a", "{ 1, -- one 2, }", "table")]),
    "fields and lists": ("t.a = 1 x, y = 1, 2 local function f() end", []),
    "half of it": ("a = ", []),
    "not Lua": ("= = 1 ) end a = 1", []),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_assignments_to_single_names_are_found(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Each with its text, and its type if it is a constant."""
    assert [(one.name, one.value, one.type) for one in assignments(text)] == expected


def test_a_comment_belongs_to_what_it_stands_behind() -> None:
    """In the same line; a local says that it is one."""
    text = "-- above\na = 1 -- of a\nlocal b <const> = 2 --of b\nc = 3;\n-- of nothing\nd = 4"
    assert assignments(text) == (
        Assignment("a", "1", "number", "of a"),
        Assignment("b", "2", "number", "of b", is_local=True),
        Assignment("c", "3", "number"),
        Assignment("d", "4", "number"),
    )


def test_comments_that_begin_a_line_are_found() -> None:
    """Not those in strings and long comments, nor behind Lua."""
    text = "-- one\nx = [[\n-- no]] -- no\n  -- no\n--[[\n-- no\n]]\n-- two \n"
    assert list(line_starts(text)) == [(0, "-- one"), (7, "-- two")]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("--[[a\nb]]", "a\nb"),
        ("--[==[]]]==]", "]]"),
        ("--[[a]] x", None),
        ("--[[a", None),
        ("-- a", None),
        ("", None),
    ],
)
def test_a_long_comment_has_a_text(text: str, inside: str | None) -> None:
    """If it is one, and nothing else is there."""
    assert long_comment_text(text) == inside
