"""The prompt where standard input is not a terminal, as when a script drives `ba-lua -i`."""

from __future__ import annotations

from pathlib import Path

from ._command import run


def test_lines_are_read_as_cells(tmp_path: Path) -> None:
    """Prompts go to stdout, as `lua -i` does it; a block ends where it is complete."""
    said = run(tmp_path, "-i", stdin="x = 5\nx + 1\nfor i = 1, 2 do\n  print(i)\nend\n")
    assert said.out.split("\n", 1)[1] == "[1]> [2]> 6\n[3]>   >>   >> 1\n2\n[4]> \n"
    assert (said.err, said.code) == ("", 0)


def test_errors_do_not_end_it(tmp_path: Path) -> None:
    """They are shown without colours, which only a terminal has."""
    said = run(tmp_path, "-i", stdin="error 'boom'\n%nosuch\nprint 'after'\n")
    assert "after\n" in said.out
    assert said.err.startswith("LuaError: cell[1]:1: boom  (cell [1], line 1)\n----> 1 error 'boom'\n")
    assert "MagicError: unknown magic %nosuch" in said.err
    assert said.code == 0


def test_os_exit_ends_it(tmp_path: Path) -> None:
    """With its code; what follows is not run."""
    said = run(tmp_path, "-i", stdin="os.exit(4)\nprint 'never'\n")
    assert "never" not in said.out
    assert (said.err, said.code) == ("", 4)


def test_a_program_reads_the_lines_below(tmp_path: Path) -> None:
    """The prompt goes on with what it has left."""
    said = run(tmp_path, "-i", stdin="io.read()\nfor the program\n'for the prompt'\n")
    assert '"for the program"\n[2]> "for the prompt"\n' in said.out


def test_the_input_may_end_in_a_block(tmp_path: Path) -> None:
    """Lua says what is missing."""
    said = run(tmp_path, "-i", stdin="for i = 1, 2 do\n")
    assert "'end' expected near <eof>" in said.err
    assert said.code == 0


def test_the_trace_says_which_cell_it_is_of(tmp_path: Path) -> None:
    """Errors of the background as well; the prompt has numbered them."""
    said = run(
        tmp_path,
        "-i",
        stdin="trace 'hi'\nba.socket.event(function() error 'oops' end)\n%trace wait 2\n",
    )
    assert said.err.startswith("[1]:1  hi\n[2]  Lua error in Cosocket: cell[2]:1: oops\n")


def test_a_script_of_cells_comes_before_the_prompt(tmp_path: Path) -> None:
    """Numbers go on behind its last cell."""
    (tmp_path / "cells.lua").write_text("-- %%\nx = 5\n-- %%\nx\n", encoding="utf-8")
    said = run(tmp_path, "-i", "cells.lua", stdin="x + 1\n")
    assert said.out.split("\n", 1)[1] == "5\n[3]> 6\n[4]> \n"


def test_what_goes_on_is_drawn_when_it_ends(tmp_path: Path) -> None:
    """`%flow on` has nothing to show yet."""
    said = run(tmp_path, "-i", stdin="%flow on\nlocal l = ba.socket.bind(0) l:close()\n%flow off\n")
    assert "listen" in said.out.partition("[3]> ")[2]
