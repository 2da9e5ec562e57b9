"""The prompt of `ba-lua` at a real terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo terminals", allow_module_level=True)

from ._person import Person

WITHOUT_PROMPT_TOOLKIT = (
    "import sys; sys.modules['prompt_toolkit'] = None; "
    "from ba_kernel.command import main; sys.exit(main(sys.argv[1:]))"
)
CTRL_C, CTRL_D, UP, LEFT = "\x03", "\x04", "\x1b[A", "\x1b[D"


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person who has started `ba-lua` and sees its prompt."""
    with Person(tmp_path) as person:
        person.see_last("[1]>")
        yield person


def test_no_arguments_at_a_terminal_give_a_prompt(person: Person) -> None:
    """Below what it is, and how to leave it; Ctrl-D leaves."""
    assert person.glass.shown()[0].startswith("Lua 5.4 with the ba.socket API")
    assert "Ctrl-D" in person.glass.shown()[1]
    person.type(CTRL_D)
    assert person.leave() == 0


@pytest.mark.parametrize("word", ["exit", "quit()"])
def test_exit_leaves_too(person: Person, word: str) -> None:
    """Unless the program has such a function."""
    person.type(f"{word.removesuffix('()')} = print\r", f"{word.removesuffix('()')}('mine')\r")
    person.see_line("mine")
    person.type(f"{word.removesuffix('()')} = nil\r", f"{word}\r")
    assert person.leave() == 0


def test_values_are_shown_as_cells_show_them(person: Person) -> None:
    """Tables with what is in them; statements and nil show nothing."""
    person.type("x = {1, 'two'}\r")
    person.see_last("[2]>")
    person.type("x, #x\r")
    person.see_line('{1, "two"}, 2')
    person.type("print('printed')\r", "io.write('no newline')\r")
    lines = person.see_last("[5]>")
    assert lines[-4:] == ["printed", "[4]> io.write('no newline')", "no newline", "[5]>"]


def test_a_block_is_typed_line_by_line(person: Person) -> None:
    """The return key runs what is complete; a line of a block is indented."""
    person.type("for i = 1, 2 do\r")
    person.see_last("  >>")
    person.type("print(i * 100)\r")
    person.see(lambda lines: lines[-2:] == ["  >>   print(i * 100)", "  >>"])
    person.type("end\r")
    person.see(lambda lines: lines[-3:] == ["100", "200", "[2]>"])


def test_several_lines_can_be_edited_and_come_back(person: Person) -> None:
    """As one entry of the history."""
    person.type("function f()\r", "return 'f'\r", "end\r")
    person.see_last("[2]>")
    person.type(UP)
    person.see(lambda lines: lines[-3].startswith("[2]> function f()"))
    person.type("\r")
    person.see_last("[3]>")
    person.type("f()\r")
    person.see_line('"f"')


def test_the_history_outlives_the_process(tmp_path: Path) -> None:
    """In a file that nobody else may read."""
    with Person(tmp_path) as person:
        person.see_last("[1]>")
        person.type("secret = 'kept'\r")
        person.see_last("[2]>")
        person.type(CTRL_D)
        assert person.leave() == 0
    with Person(tmp_path) as person:
        person.see_last("[1]>")
        person.type(UP)
        person.see_last("[1]> secret = 'kept'")
    assert os.stat(tmp_path / "state" / "ba-lua" / "history").st_mode & 0o077 == 0


def test_tab_completes(person: Person) -> None:
    """Names that only the running Lua knows, and magics."""
    person.type("my_own_name = 5\r")
    person.see_last("[2]>")
    person.type("my_o\t")
    person.see_last("[2]> my_own_name")
    person.type(CTRL_C, "%lab statu\t")
    person.see_last("[2]> %lab status")


def test_ctrl_c_gives_up_the_line(person: Person) -> None:
    """And nothing else."""
    person.type("x = 5\r")
    person.see_last("[2]>")
    person.type("half a li", CTRL_C, "x\r")
    person.see_line("5")


def test_ctrl_c_stops_what_runs_again_and_again(person: Person) -> None:
    """Everything else is kept."""
    person.type("x = 5\r")
    for number in (2, 3):
        person.see_last(f"[{number}]>")
        person.type("trace'runs' while true do end\r")
        person.see_line(f"[{number}]:1  runs")
        person.type(CTRL_C)
    person.see_last("[4]>")
    person.type("x\r")
    person.see_line("5")


def test_ctrl_c_at_the_prompt_stops_the_background(person: Person) -> None:
    """A timer that spins would keep every cell from running."""
    person.type("t = ba.timer(function() trace'spins' while true do end end); x = t:set(1)\r")
    person.see_line("[1]:1  spins")
    person.see_last("[2]>")
    person.type(CTRL_C)
    person.see(lambda lines: any("interrupted" in line for line in lines))
    person.type("2 + 3\r")
    person.see_line("5")


def test_what_cannot_be_stopped_is_ended_by_a_second_ctrl_c(person: Person) -> None:
    """The first says which call it is."""
    person.type("trace'begins'; (('a'):rep(3000)):find(('a*'):rep(8) .. 'b')\r")
    person.see_line("[1]:1  begins")
    person.type(CTRL_C)
    person.see(lambda lines: any("a single call of `find`" in line for line in lines))
    person.type(CTRL_C)
    assert person.leave() == 130


def test_an_error_shows_its_line_and_the_stack(person: Person) -> None:
    """As below a cell."""
    person.type("error 'boom'\r")
    lines = person.see_last("[2]>")
    assert "LuaError: cell[1]:1: boom  (cell [1], line 1)" in lines
    assert "----> 1 error 'boom'" in lines
    assert "stack traceback:" in lines


def test_cosockets_go_on_while_a_line_is_typed(person: Person) -> None:
    """What they trace appears above the line, which stays whole."""
    cosocket = "ba.socket.event(function(s) for i = 1, 3 do s:read(200) trace(i) end end)"
    person.type(f"{cosocket}; x = 1\r")
    person.see_last("[2]>")
    person.type("return 'as it ")
    person.see(lambda lines: lines[-2:] == ["[1]:1  2", "[2]> return 'as it"])
    person.type("was'\r")
    person.see_line('"as it was"')


def test_a_program_reads_from_the_terminal(person: Person) -> None:
    """A line that can be edited; Ctrl-C stops the program, and the next line is the prompt's."""
    person.type("trace'asks' io.read()\r")
    person.see_line("[1]:1  asks")
    person.type("typd", LEFT, "e\r")
    person.see_line('"typed"')
    person.type("trace'asks' io.read()\r")
    person.see_line("[2]:1  asks")
    person.type(CTRL_C)
    person.see_last("[3]>")
    person.type("'the next'\r")
    person.see_line('"the next"')


def test_nobody_reads_while_a_line_is_typed(person: Person) -> None:
    """A timer that asks gets the end of the input, and a remark says so."""
    person.type("t = ba.timer(function() trace('got', not io.read()) end); x = t:set(1)\r")
    person.see_line("[1]:1  got      true")
    assert any(line.startswith("io.read: a line is being typed") for line in person.glass.shown())
    person.type("6 * 7\r")
    person.see_line("42")


def test_magics_work(person: Person) -> None:
    """All of the kernel's."""
    person.type("%lab on\r")
    person.see_last("[2]>")
    person.type("ba.socket.toip 'pool.ntp.org'\r")
    person.see_line('"127.0.0.1"')


def test_help_and_proposals_appear(person: Person) -> None:
    """As in a front end: help is written, and a file that is loaded can be edited before it runs."""
    person.type("%help ba.sleep\r")
    person.see(lambda lines: any(line.startswith("ba.sleep") for line in lines) and lines[-1] == "[2]>")
    person.type("%%writefile a.lua\r")
    person.see(lambda lines: lines[-1].endswith(">>"))
    person.type("print('from a file')\r", "\r")
    person.see_last("[3]>")
    person.type("%load a.lua\r")
    person.see(lambda lines: lines[-2:] == ["[4]> -- %load a.lua", "  >> print('from a file')"])
    person.type("\r")
    person.see_line("from a file")


def test_os_exit_leaves(person: Person) -> None:
    """With its code."""
    person.type("os.exit(9)\r")
    assert person.leave() == 9


def test_the_prompt_comes_after_the_program(tmp_path: Path) -> None:
    """With its globals, its arguments and its cosockets."""
    (tmp_path / "program.lua").write_text("x = ...\nprint 'ran'", encoding="utf-8")
    with Person(tmp_path, "-e", "y = 'and'", "-i", "program.lua", "argument") as person:
        lines = person.see_last("[3]>")
        assert lines[-2:] == ["ran", "[3]>"]
        person.type("x, y, arg[0]\r")
        person.see_line('"argument", "and", "program.lua"')


def test_a_program_that_fails_leaves_no_prompt(tmp_path: Path) -> None:
    """As with `lua -i`."""
    (tmp_path / "program.lua").write_text("error 'boom'", encoding="utf-8")
    with Person(tmp_path, "-i", "program.lua") as person:
        assert person.leave() == 1
        assert "ba-lua: program.lua:1: boom" in person.glass.shown()


def test_control_characters_are_written_out(person: Person) -> None:
    """A program cannot move the cursor; colours pass."""
    person.type("print('a\\27[2Jb')\r")
    person.see_line("a\\x1b[2Jb")


def test_without_prompt_toolkit_lines_are_read_plainly(tmp_path: Path) -> None:
    """And it says what to install; Ctrl-C gives up a line, and stops what runs."""
    with Person(tmp_path, python=("-c", WITHOUT_PROMPT_TOOLKIT)) as person:
        lines = person.see_last("[1]>")
        assert any("pip install prompt_toolkit" in line for line in lines)
        person.type("half")
        person.see_last("[1]> half")
        person.type(CTRL_C)
        person.see(lambda lines: lines[-2:] == ["[1]> half^C", "[1]>"])
        person.type("for i = 1, 1 do\r")
        person.see_last("  >>")
        person.type("print('in', i) end\r")
        person.see_last("[2]>")
        person.type("trace'runs' while true do end\r")
        person.see_line("[2]:1  runs")
        person.type(CTRL_C)
        person.see_last("[3]>")
        person.type(CTRL_D)
        assert person.leave() == 0
