"""What is said of texts that do not compile."""

from __future__ import annotations

import pytest

from ba_runtime.hints import Hints

from ._notebook import hint

MISTAKES = {
    "x = 1 != 2": "!= is written ~= in Lua",
    "x = a <> b": "<> is written ~= in Lua",
    "x = a === b": "=== is written == in Lua",
    "x = !b": "! is written not in Lua, as in not x",
    "x = a && b": "&& is written and in Lua",
    "x = a || b": "|| is written or in Lua",
    "x = a ? b : c": "there is no ? : in Lua; write condition and a or b",
    "f = x => x": "there is no => in Lua; write function(x) return … end",
    "x += 1": "there is no += in Lua; write x = x + …",
    "t.a.n -= 1": "there is no -= in Lua; write t.a.n = t.a.n - …",
    "s ..= 'x'": "there is no ..= in Lua; write s = s .. …",
    "x++": "there is no ++ in Lua; write x = x + 1",
    "// hello\nx = 1": "-- begins a comment in Lua; // divides",
    "x = 1 // set it\ny = 2": "-- begins a comment in Lua; // divides",
    "/* hello */": "a comment is written -- to the end of the line, or --[[ … ]] in Lua",
    "# hello": "-- begins a comment in Lua; # is a length",
    "if x = 5 then end": "== compares, and = assigns",
    "while (x = 5) do end": "== compares, and = assigns",
    "x == 5": "= assigns, and == compares",
    "print(\u201chi\u201d)": "\u201c is not a quotation mark to Lua; use \" or '",
    "x = 5 \u2013 3": "\u2013 is not a minus sign to Lua; use -",
    "x = a \u2264 b": "\u2264 is written <= in Lua",
    "x\u00a0= 1": "an invisible character (U+00A0) is in this line; delete it",
    "gr\u00f6\u00dfe = 1": "names consist of the letters a to z and A to Z, digits and _",
    "x = `a`": "texts are written in \"…\", in '…' or in [[…]]",
    "while true do continue end": "there is no continue in Lua; write goto continue, and ::continue:: before"
    " the end of the loop",
    "var x = 5": "variables are declared by the word local: local x",
    "def f(x)": "functions are written function f(…) … end",
    "if a then\nelif b then\nend": "the word is elseif in Lua",
    "import socket": 'modules are loaded by require, such as local httpc = require "httpc"',
    "switch x": "there is no switch in Lua; write if … then … elseif … then … end",
    "print x": "arguments are put in brackets: print(x)",
    'print "a" .. x\ny = 1': 'print "…" is a call by itself; put brackets around all of it: print("…" .. …)',
    "for (i = 0; i < 3; i++) { }": "loops are written for i = 1, 10 do … end, or for key, value in"
    " pairs(t) do … end",
    "if (x) { print(1) }": "blocks have no braces in Lua: if … then … end",
    "while (x) { print(1) }": "blocks have no braces in Lua: while … do … end",
    "function f() { print(1) }": "blocks have no braces in Lua: function f(…) … end",
    "local 5x = 3": "a name cannot begin with a digit",
    "if a then\n  x = 1\nelse if b then\n  x = 2\nend": "elseif is one word; the else if in line 3 begins a"
    " block that needs an end of its own",
    "if a then\n  x = 1": "the if that begins in line 1 has no end",
    "function f()\n  if x then\n    y = 1\nend": "the if that begins in line 2 has no end",
    "for i = 1, 3 do\n  while x do\n    y = 1\nend": "the while that begins in line 2 has no end",
    "x = 1\nrepeat\n  y = 1": "the repeat that begins in line 2 has no until",
    "s:event(function(s)\n  while true do\n    s:read()\nend)\nx = (": "",
    "x = 1\nend": "there is one end too many: no block is open here",
    "return 1\nx = 2": "return must be the last statement of its block; elsewhere write do return end",
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_a_text_that_does_not_compile_has_its_hint(text: str) -> None:
    """Each in a notebook of its own."""
    assert hint(text) == MISTAKES[text]


UNKNOWN = (
    "x =",
    "f(1, 2",
    "t = {1 2}",
    "x = 'abc",
    "goto nowhere",
    "break",
    "x = 5 5",
    "a.b:c = 5",
    "local x <const> = 1\nx = 2",
    "x = 7 // 2 y z",
    "for i = 1, 3 print(i) end",
    "if x print(1) end",
    'x = "a != b" .. ) -- continue && var',
    "local function f(x) x.y(",
    "x = 1 ; ; ) end",
)


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_text_of_which_nothing_is_known_has_no_hint(text: str) -> None:
    """Lua's own message says it, or nobody can."""
    assert hint(text) == ""


def test_a_message_that_fits_no_text_has_no_hint() -> None:
    """A line that is not there, a chunk that is not known, and words that are not Lua's."""
    hints = Hints()
    hints.keep(b"cell[1]", b"x != 1", is_page=False)
    assert hints.syntax(b"cell[1]:1: unexpected symbol near '!'", "cell[1]") == "!= is written ~= in Lua"
    for message, name in (
        (b"cell[1]:7: unexpected symbol near '!'", "cell[1]"),
        (b"cell[2]:1: unexpected symbol near '!'", "cell[2]"),
        (b"\xff\x00: near '!'", "cell[1]"),
        (b"", "cell[1]"),
    ):
        assert hints.syntax(message, name) == ""
