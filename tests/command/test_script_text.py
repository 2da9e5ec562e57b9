"""A notebook's cells in a script, and the cells of a script: what goes in comes out, line for line."""

from __future__ import annotations

import random

import pytest

from ba_kernel._script import HEADER, cells_of, code_to_script, has_cells, has_magics, prose_to_script

CELLS = {
    "Lua": "local x = 1\nprint(x)",
    "a magic": "%lab on 2026-01-01T12:00:00Z",
    "magics, comments and Lua": "-- first\n%lab off\n\n%flow\nprint 'hi'\n",
    "a page": "%%lsp /time.lsp\n<p>]==] and ]===]</p>\n%not a magic\n-- %% nor a mark",
    "a page below a magic": "%flow save x.svg\n%%lsp\n<?lsp print(1) ?>",
    "a page without a text": "%%lsp",
    "Lua below a magic of two signs": "%%time\n-- slow\nfor i = 1, 10 do end",
    "a file": "%%writefile a.txt\nlocal = 1\n  -- as it is",
    "a mark in a string": "s = [[\n-- %%\n]]\nprint(s)",
    "per cent signs in Lua": "print(5 % 3)\n%lab on",
}
# What is written with a space more, because it would mean something else.
CHANGED = {
    "a mark in a comment": ("x = 1\n-- %% not a cell\nx = 2", "x = 1\n--  %% not a cell\nx = 2"),
    "a magic in a comment": ("--%lab on\nx = 1", "-- %lab on\nx = 1"),
    "a page in a comment": ("--[[%%lsp\n]] x = 1", "--[[ %%lsp\n]] x = 1"),
}


def again(*parts: str) -> list[str]:
    """Returns the cells of a script of these parts."""
    return [cell.source for cell in cells_of("\n".join((HEADER, *parts)))]


@pytest.mark.parametrize("source", CELLS.values(), ids=CELLS)
def test_a_cell_comes_back_from_a_script(source: str) -> None:
    """As it was, but for empty lines at its end."""
    assert again(code_to_script(source), code_to_script("print 'after'")) == [
        source.rstrip("\n"),
        "print 'after'",
    ]


@pytest.mark.parametrize(("source", "expected"), CHANGED.values(), ids=CHANGED)
def test_what_looks_like_a_mark_gets_a_space(source: str, expected: str) -> None:
    """It is a comment in the notebook, and stays one in the script."""
    assert again(code_to_script(source)) == [expected]


def test_text_is_left_out() -> None:
    """Also text about marks and magics."""
    prose = prose_to_script("# Title\n\n%% of it\n%lab on")
    assert all(line.startswith("-- ") or line == "--" for line in prose.splitlines())
    assert again(prose, code_to_script("x = 1"), prose_to_script("%% raw", "raw")) == ["x = 1"]


def test_a_cells_lines_have_the_numbers_of_the_script() -> None:
    """So a message about a cell says where it is in the file."""
    script = "\n".join((HEADER, code_to_script("%lab on\nx = 1"), code_to_script("%%lsp\n<p>here</p>\n")))
    lines = script.split("\n")
    for cell in cells_of(script):
        placed = cell.placed.split("\n")
        for number in range(cell.line, len(placed)):
            assert placed[number] in lines[number]


def test_lua_above_the_first_mark_is_a_cell() -> None:
    """What is only comments there is not."""
    assert [cell.source for cell in cells_of("-- about\nx = 1\n-- %%\ny = 2")] == ["-- about\nx = 1", "y = 2"]
    assert [cell.source for cell in cells_of("-- about\n\n-- %% [markdown]\n-- text\n-- %%\ny = 2")] == [
        "y = 2"
    ]


def test_a_program_without_marks_is_one_cell() -> None:
    """Whose magics are at its top."""
    program = "-- a program\n--%lab on\nx = 1\n--%lab off"
    assert not has_cells(program)
    assert has_magics(program)
    assert [cell.source for cell in cells_of(program)] == ["-- a program\n%lab on\nx = 1\n--%lab off"]


@pytest.mark.parametrize(
    "program", ["x = 1 --%lab on", "-- %lab on", "print('--%lab on')", "x = 5\n--%lab on", "--%"]
)
def test_a_plain_program_has_neither_cells_nor_magics(program: str) -> None:
    """A magic is a comment without a space, above all Lua."""
    assert not has_cells(program)
    assert not has_magics(program)


def test_magics_can_be_skipped() -> None:
    """A page that is skipped takes its text with it; the lines stay where they were."""
    script = "\n".join((HEADER, code_to_script("%gone a\n%lab on\nx = 1"), code_to_script("%%gone\n<p>")))
    sources = [cell.source for cell in cells_of(script, lambda name: name.endswith("gone"))]
    assert sources == ["\n%lab on\nx = 1"]


def test_any_text_comes_back() -> None:
    """Cells that are made of everything that could be mistaken."""
    chance = random.Random(1)
    pieces = [
        "%lab on",
        "%%lsp",
        "x = 1",
        "-- %%",
        "--%a",
        "--[[",
        "]]",
        "]==]",
        "",
        "  ",
        "-- ",
        "'",
        '"',
        "\\",
    ]
    for _ in range(2000):
        source = "\n".join(chance.choices(pieces, k=chance.randint(1, 6)))
        script = code_to_script(source)
        once = [cell.source for cell in cells_of(script)]
        twice = [cell.source for one in once for cell in cells_of(code_to_script(one))]
        assert twice == once
        assert len(once) <= 1
