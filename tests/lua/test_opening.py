"""Names of pipes and the like: whatever opens a file says no instead of waiting for the other end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ._programs import message_of, run_well, session, traced

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")

REFUSED = "not a regular file"
READERS = {
    "io.open": "return select(2, io.open 'pipe')",
    "io.open to write": "return select(2, io.open('pipe', 'w'))",
    "io.open to append": "return select(2, io.open('pipe', 'a+b'))",
    "io.lines": "return select(2, pcall(io.lines, 'pipe'))",
    "io.input": "return select(2, pcall(io.input, 'pipe'))",
    "io.output": "return select(2, pcall(io.output, 'pipe'))",
    "loadfile": "return select(2, loadfile 'pipe')",
    "dofile": "return select(2, pcall(dofile, 'pipe'))",
    "a name with a NUL in it": r"return select(2, io.open 'pipe\0.txt')",
    "package.searchpath": "return select(2, package.searchpath('pipe', './?'))",
    "require": "return select(2, pcall(require, 'module'))",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two pipes at whose other end nobody is."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "module.lua")
    return tmp_path


@pytest.mark.parametrize("how", READERS)
def test_a_pipe_is_refused(how: str) -> None:
    """With a reason, and at once: nothing could call Lua back from there."""
    with session() as lua:
        values = lua.run(READERS[how]).values
    assert REFUSED in values[0].decode()


def test_an_io_refuses_a_pipe_too() -> None:
    """In the words of its own."""
    assert traced("trace(ba.openio('home'):open 'pipe')")[0].startswith("nil\tnoaccess")


def test_devices_that_answer_at_once_are_files() -> None:
    """Programs read zeros and random bytes, and write to nowhere."""
    run_well("""
    assert(#io.open('/dev/zero'):read(5) == 5 and io.open('/dev/null'):read('a') == '')
    assert(io.open('/dev/null', 'w'):write('x'))
    """)


def test_what_is_missing_or_a_folder_fails_as_in_lua() -> None:
    """With the system's words and numbers."""
    assert traced("trace(io.open 'none') trace(io.open('.', 'w'))") == [
        "nil\tnone: No such file or directory\t2",
        "nil\t.: Is a directory\t21",
    ]


def test_searchpath_is_luas_own(folder: Path) -> None:
    """Separators, templates and what was tried."""
    (folder / "a").mkdir()
    (folder / "a/b%1.lua").touch()
    run_well(r"""
    assert(package.searchpath("a.b%1", "./none/?;./?.lua") == "./a/b%1.lua")
    assert(package.searchpath("a-b%1", "./?.lua", "-") == "./a/b%1.lua")
    assert(package.searchpath("a/b%1", "./?.lua", "") == "./a/b%1.lua")
    local found, tried = package.searchpath("x.y", "./?.lua;/none/?/init.lua", ".", "_")
    assert(found == nil and tried == "no file './x_y.lua'\n\tno file '/none/x_y/init.lua'", tried)
    """)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("io.open()", "bad argument #1 to 'open' (string expected, got no value)"),
        ("io.open('x', 'zz')", "bad argument #2 to 'open' (invalid mode)"),
        ("io.lines('none')", "cannot open file 'none' (No such file or directory)"),
        ("for l in io.lines('none') do end", "cannot open file 'none' (No such file or directory)"),
        ("io.input('none')", "cannot open file 'none' (No such file or directory)"),
        ("io.output('none/x')", "cannot open file 'none/x' (No such file or directory)"),
        ("io.output({})", "bad argument #1 to 'output' (FILE* expected, got table)"),
        ("io.write(nil)", "bad argument #1 to 'write' (string expected, got nil)"),
        ("io.write('', {})", "bad argument #2 to 'write' (string expected, got table)"),
        ("io.stdout:write('', nil)", "bad argument #2 to 'write' (string expected, got nil)"),
        ("io.stdout.write(5)", "bad argument #1 to 'write' (FILE* expected, got number)"),
        ("io.read('x')", "bad argument #1 to 'read' (invalid format)"),
        ("io.read('l', nil)", "bad argument #2 to 'read' (string expected, got nil)"),
        ("io.stdin:read('n', 'z')", "bad argument #2 to 'read' (invalid format)"),
        ("io.stdout:seek('bogus')", "bad argument #1 to 'seek' (invalid option 'bogus')"),
        ("io.stdout:setvbuf()", "bad argument #1 to 'setvbuf' (string expected, got no value)"),
        ("io.close(5)", "bad argument #1 to 'close' (FILE* expected, got number)"),
        ("io.type()", "bad argument #1 to 'type' (value expected)"),
        ("io.output('f') io.output():close() io.write('x')", "default output file is closed"),
        ("io.input('/dev/null') io.input():close() io.read()", "default input file is closed"),
        ("local f = io.tmpfile() f:close() io.close(f)", "attempt to use a closed file"),
    ],
)
def test_errors_of_the_io_library_are_luas_and_blame_the_caller(call: str, message: str) -> None:
    """No line of the runtime's own Lua appears."""
    assert message_of(f"\n{call}\n") == f"program:2: {message}"


def test_what_precedes_a_bad_argument_is_written() -> None:
    """As in Lua, whose arguments are written one after the other."""
    with session() as lua:
        lua.run("pcall(io.write, 'a', 1, {}) pcall(io.stdout.write, io.stdout, 'b', nil)")
        assert lua.recorder.printed == b"a1b"


def test_a_default_output_is_written_to() -> None:
    """Numbers too, and it is given back."""
    assert traced(
        "local f = io.tmpfile() io.output(f) trace(io.write('x', 1, 2.5) == f) f:seek 'set' trace(f:read 'a')"
    ) == ["true", "x12.5"]


def test_eighty_thousand_arguments_are_written_at_once() -> None:
    """In one piece; the time does not grow with the square of their number."""
    with session() as lua:
        lua.run("io.write(('x'):rep(80000):byte(1, -1))")
        assert lua.recorder.printed == b"120" * 80000
        assert len([event for event in lua.recorder.events if type(event).__name__ == "Printed"]) == 1
