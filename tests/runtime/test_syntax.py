"""Whether a cell is finished, and that no text makes the questions about it expensive."""

from __future__ import annotations

import pytest

from ba_runtime import Compiler
from ba_runtime.syntax import cell_chunk, is_complete
from ba_runtime.syntax._cell import MAX_STARTS

COMPILER = Compiler()


@pytest.mark.parametrize(
    ("source", "status", "indent"),
    [
        ("", "complete", ""),
        ("x = 1", "complete", ""),
        ("1 + 1", "complete", ""),
        ("=x", "complete", ""),
        ("f()", "complete", ""),
        ("x = 1\nt.x, 2", "complete", ""),
        ("#!/usr/bin/lua\nx = 1", "complete", ""),
        ("1 +", "incomplete", ""),
        ("=1 +", "incomplete", ""),
        ("x =", "incomplete", ""),
        ("x = 1\ny +", "incomplete", ""),
        ("t.", "incomplete", ""),
        ("for i = 1, 3 do", "incomplete", "  "),
        ("for i = 1,", "incomplete", ""),
        ("while x", "incomplete", ""),
        ("if x then\n  f()\nelse", "incomplete", "  "),
        ("function f(a)\n  if a then", "incomplete", "    "),
        ("f(", "incomplete", "  "),
        ("f({", "incomplete", "    "),
        ("f(function()", "incomplete", "    "),
        ("x = 1 {1,", "incomplete", "  "),
        ("function() return 1", "incomplete", "  "),
        ("repeat f()", "incomplete", "  "),
        ("x = [[a\n  b", "incomplete", ""),
        ("if x then s = [==[", "incomplete", ""),
        ("x = 1 --[[ a", "incomplete", ""),
        ("1 --[[ a", "incomplete", ""),
        ("x = 'abc", "incomplete", ""),
        ("x = 'abc\\\n", "incomplete", ""),
        ("x = 'abc\ny = 1", "invalid", ""),
        ("x = = 1", "invalid", ""),
        ("end", "invalid", ""),
        ("f())", "invalid", ""),
        ("if x then y + ", "invalid", ""),
        ("f(function() x +", "invalid", ""),
        ("break", "invalid", ""),
        ("goto nowhere", "invalid", ""),
        ("x = '\\q'", "invalid", ""),
        ("é", "invalid", ""),
    ],
)
def test_completeness(source: str, status: str, indent: str) -> None:
    """Incomplete is what more text could make right; the indent counts what is open."""
    found = is_complete(source, COMPILER)
    assert (found.status, found.indent) == (status, indent)


class CountingCompiler:
    """Compiles, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def check(self, source: bytes, name: bytes) -> bytes | None:
        self.count += 1
        return COMPILER.check(source, name)

    def dump(self, source: bytes) -> bytes | None:
        self.count += 1
        return COMPILER.dump(source)


@pytest.mark.parametrize(
    ("source", "most"),
    [
        ("t[1] = f(1) + 2\n" * 5000, 2),
        ("t[1] = f(1) + 2\n" * 5000 + "f(1)", 4),
        ("t[1] = f(1) + 2\n" * 5000 + "t.x + 1", 2),
        ("x = 1" + " + f(1)" * 5000, 2),
        ("x = 1\n" * 5000 + "y z", 2),
        ("x = {\n" + "  'a',\n" * 5000 + "}", 2),
        ("f 'a'" + " (b) 'c' {}" * 5000, 1 + MAX_STARTS * 3),
        ("x = 'a'" + " 'c' {}" * 5000, 1 + MAX_STARTS * 3),
    ],
)
def test_a_huge_cell_is_compiled_a_few_times(source: str, most: int) -> None:
    """However long the text and however ambiguous; each time takes a few milliseconds."""
    compiler = CountingCompiler()
    cell_chunk(source, compiler)
    assert compiler.count <= most
    is_complete(source, compiler)
    assert compiler.count <= most * 3


@pytest.mark.parametrize(
    "source", ["(" * 5000, "{" * 5000, "f(" * 5000, "if x then " * 5000, ")" * 5000, "- " * 5000]
)
def test_deep_nesting_does_no_harm(source: str) -> None:
    """Nothing here recurses; Lua's parser has a limit of its own."""
    assert cell_chunk(source, COMPILER) == source.encode()
    assert is_complete(source, COMPILER).status in ("incomplete", "invalid")
