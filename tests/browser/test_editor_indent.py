"""Where the editor lets a line of Lua begin: after Enter, and when a closing word has been typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._modules import Modules

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]

# Takes pairs of the lines before a line, and its text; returns where the lines begin.
INDENT = """\
const { Indenter } = await load("lua_indent");
return argument.map(([before, text]) => {
  const indenter = new Indenter(2);
  before.forEach(line => indenter.read(line, /^ */.exec(line)[0].length));
  return indenter.indentation(text);
});"""
# Takes a program's lines; returns those that would be put elsewhere.
MOVED = """\
const { Indenter } = await load("lua_indent");
const indenter = new Indenter(2);
return argument.filter(line => {
  const [text, indent] = [line.trim(), /^ */.exec(line)[0].length];
  const wanted = indenter.indentation(text);
  indenter.read(line, indent);
  return text && wanted !== null && wanted !== indent;
});"""

# A program as it is written, line by line; each is where it is put.
PROGRAMS = {
    "blocks": """\
for i = 1, 3 do
  while i > 2 do
    repeat
      i = i - 1
    until i < 1
  end
end
do
  local x = 1
end
print(i)""",
    "conditions": """\
if a then
  b()
elseif c
  and d then
  e()
else
  f()
end
if a then return end
print(a)""",
    "callbacks": """\
ba.socket.event(function(s)
  s:event(function(c)
    print(c)
  end, "r")
end)
local t = {
  host = "x",
  f = function()
    return 1
  end,
  {
    2,
  },
}
call({
  1,
})""",
    "statements over lines": """\
local a, b =
  1,
  2
local c = a
  + b
  - 1
return trace(
  "a"
    .. "b",
  a
)""",
    "loops with a long head": """\
for name, value in
  pairs(t) do
  print(name)
end
while a
  or b do
  c()
end
if a
  and b
then
  c()
end""",
    "what only looks like code": """\
print "if then ("
-- do (
x = 1 -- {
y = [[ function(
]]
z = 2""",
    "labels and blank lines": """\
do

  ::again::
  goto again

end
x = 1""",
}
# Whoever indents by three is followed, and so is whoever begins further in; only first lines are moved.
OTHER_TASTE = """\
  function f()
     local x = 1
     if x then
        return x
     end
     return 2
  end
  f()"""


@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_begin_where_their_block_does(modules: Modules, name: str) -> None:
    """Each line of a program in good style stays where it is."""
    assert modules.run(MOVED, PROGRAMS[name].split("\n")) == []


def test_lines_follow_those_before_them_in_their_block(modules: Modules) -> None:
    """Whatever the first one's indentation is."""
    moved = modules.run(MOVED, OTHER_TASTE.split("\n"))
    assert [line.strip() for line in moved] == ["function f()", "local x = 1", "return x"]


def test_the_runtimes_own_modules_stay_as_they_are(modules: Modules) -> None:
    """Thousands of lines, each put where it stands already."""
    for path in sorted((ROOT / "runtime").rglob("*.lua")):
        assert modules.run(MOVED, path.read_text(encoding="utf-8").split("\n")) == [], path.name


# What is before the line, what is in it already, and where it begins.
MOMENTS = [
    ("ba.socket.event(function(s)", ")", 2),  # the editor has typed the bracket
    ("x = {", "}", 0),
    ("if x then\n  y()\n  ", "end", 0),
    ("if x then\n  y()", "else", 0),
    ("if x then\n  y()", "endless = 1", 2),
    ("repeat\n  y()", "until x", 0),
    ("repeat\n  y()", "end", 2),  # it ends nothing
    ("while x do", "else", 2),
    ("end end )", "", 0),
    ("if x then\n  foo(1,\n  ", "end", 0),  # nobody has closed the bracket
    ("x = 'open", "", 0),
    ("a = 1\nlocal x =", "", 2),
    ("s.\n", "end", 2),
]


@pytest.mark.parametrize(("before", "text", "indent"), MOMENTS)
def test_an_unfinished_program_is_indented_as_far_as_it_goes(
    modules: Modules, before: str, text: str, indent: int
) -> None:
    """What is missing, or too many, does not confuse the lines below."""
    assert modules.run(INDENT, [[before.split("\n"), text]]) == [indent]


def test_lines_of_a_string_or_comment_are_left_alone(modules: Modules) -> None:
    """White space in them means something."""
    inside = [[["x = [[ do"], "y"], [["--[==[ do", "]]"], "end"], [['x = "a\\z'], "b"]]
    assert modules.run(INDENT, inside) == [None] * 3
