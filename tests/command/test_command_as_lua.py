"""Options, arguments, messages and exit codes are those of `lua5.4`: the same command lines in both.

What `lua5.4` says is written here, and one test asks it again where it is installed. Two things differ on
purpose: a traceback has no frame below the main chunk, and our list of options is longer.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ._command import Said, run

FILES = {
    "echo.lua": "print(..., select('#', ...)) print(arg[-1], arg[0], arg[1], #arg)",
    "fails.lua": "print 'begins'\nlocal function f()\n  error 'boom'\nend\nf()",
    "wrong.lua": "print 'never'\nlocal = 1",
    "shebang.lua": "#!/usr/bin/env lua\nprint(debug.getinfo(1).currentline)",
    "mark.lua": "\ufeffprint 'after a byte order mark'",
    "leaves.lua": "io.write 'bye' os.exit(7)",
    "module.lua": "return {name = ...}",
    "broken.lua": "error 'in a module'",
}

# The arguments, the standard input, and what comes of it.
CASES: dict[str, tuple[list[str], str, Said]] = {
    "arguments": (["echo.lua", "a", "b c", "--", "-x"], "", Said("a\t4\nba-lua\techo.lua\ta\t4\n", "", 0)),
    "no arguments": (["echo.lua"], "", Said("nil\t0\nba-lua\techo.lua\tnil\t0\n", "", 0)),
    "options before": (
        ["-W", "-e", "x = 1", "echo.lua", "-e"],
        "",
        Said("-e\t1\nx = 1\techo.lua\t-e\t1\n", "", 0),
    ),
    "two dashes": (["--", "echo.lua", "a"], "", Said("a\t1\n--\techo.lua\ta\t1\n", "", 0)),
    "stdin": (
        ["-", "a", "b"],
        "print(...) print(arg[0], arg[1], arg[-1])",
        Said("a\tb\n-\ta\tba-lua\n", "", 0),
    ),
    "stdin by itself": ([], "print('from stdin', ...)", Said("from stdin\n", "", 0)),
    "an error in stdin": (
        [],
        "\nerror 'boom'",
        Said(
            "",
            "ba-lua: stdin:2: boom\nstack traceback:\n\t[C]: in function 'error'\n\tstdin:2: in main chunk\n",
            1,
        ),
    ),
    "a file called a dash": (
        ["--", "-"],
        "print 'never'",
        Said("", "ba-lua: cannot open -: No such file or directory\n", 1),
    ),
    "a statement": (
        ["-e", "print(arg[0] ~= nil, arg[1], arg[2])"],
        "print 'never'",
        Said("true\t-e\tprint(arg[0] ~= nil, arg[1], arg[2])\n", "", 0),
    ),
    "statements in order": (
        ["-e", "x = 1", "-eprint(x)", "-e", "print(x + 1)", "echo.lua"],
        "",
        Said("1\n2\nnil\t0\nprint(x + 1)\techo.lua\tnil\t0\n", "", 0),
    ),
    "a statement's error": (
        ["-e", "error 'boom'", "-e", "print 'never'"],
        "",
        Said(
            "",
            "ba-lua: (command line):1: boom\nstack traceback:\n"
            "\t[C]: in function 'error'\n\t(command line):1: in main chunk\n",
            1,
        ),
    ),
    "an expression": (["-e", "return 5"], "", Said("", "", 0)),
    "not Lua": (["-e", "x@"], "", Said("", "ba-lua: (command line):1: syntax error near '@'\n", 1)),
    "a library": (["-l", "module", "-e", "print(module.name)"], "", Said("module\n", "", 0)),
    "a library by another name": (
        ["-l", "m=module", "-e", "print(m.name, module)"],
        "",
        Said("module\tnil\n", "", 0),
    ),
    "a library attached": (["-lmodule", "-e", "print(module.name)"], "", Said("module\n", "", 0)),
    "a library with stdin": (["-l", "module"], "print(module.name)", Said("module\n", "", 0)),
    "a library that fails": (
        ["-l", "broken"],
        "print 'never'",
        Said(
            "",
            "ba-lua: ./broken.lua:1: in a module\nstack traceback:\n"
            "\t[C]: in function 'error'\n\t./broken.lua:1: in main chunk\n"
            "\t(command line):1: in main chunk\n",
            1,
        ),
    ),
    "warnings": (["-W", "-e", "warn 'careful'"], "", Said("", "Lua warning: careful\n", 0)),
    "an error": (
        ["fails.lua"],
        "",
        Said(
            "begins\n",
            "ba-lua: fails.lua:3: boom\nstack traceback:\n"
            "\t[C]: in function 'error'\n\tfails.lua:3: in local 'f'\n\tfails.lua:5: in main chunk\n",
            1,
        ),
    ),
    "an error after a statement": (
        ["-e", "print 'first'", "fails.lua"],
        "",
        Said(
            "first\nbegins\n",
            "ba-lua: fails.lua:3: boom\nstack traceback:\n"
            "\t[C]: in function 'error'\n\tfails.lua:3: in local 'f'\n\tfails.lua:5: in main chunk\n",
            1,
        ),
    ),
    "a syntax error": (["wrong.lua"], "", Said("", "ba-lua: wrong.lua:2: <name> expected near '='\n", 1)),
    "a first line with a hash": (["shebang.lua"], "", Said("2\n", "", 0)),
    "a byte order mark": (["mark.lua"], "", Said("after a byte order mark\n", "", 0)),
    "os.exit": (["leaves.lua"], "", Said("bye", "", 7)),
    "os.exit in a statement": (["-e", "os.exit(false)", "-e", "print 'never'"], "", Said("", "", 1)),
    "no such file": (
        ["missing.lua"],
        "",
        Said("", "ba-lua: cannot open missing.lua: No such file or directory\n", 1),
    ),
    "a folder": (["."], "", Said("", "ba-lua: cannot read .: Is a directory\n", 1)),
    "an unknown option": (["-x"], "", Said("", "ba-lua: unrecognized option '-x'\n", 1)),
    "an unknown long option": (["--foo"], "", Said("", "ba-lua: unrecognized option '--foo'\n", 1)),
    "too much of an option": (["-vx"], "", Said("", "ba-lua: unrecognized option '-vx'\n", 1)),
    "a statement is missing": (["-e"], "", Said("", "ba-lua: '-e' needs argument\n", 1)),
    "an option in place of a statement": (["-e", "-v"], "", Said("", "ba-lua: '-e' needs argument\n", 1)),
    "a library is missing": (["-l"], "", Said("", "ba-lua: '-l' needs argument\n", 1)),
}
# Where we differ from lua: an error in a program from standard input is one for the shell, too; and a library
# is required by a line of Lua and not of C.
DIFFERENT = ("an error in stdin", "a library that fails")

_USAGE = re.compile(r"usage: .*", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the programs."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def told(said: Said) -> Said:
    """Returns what was said without what differs on purpose."""
    out, err = (text.replace("lua5.4", "ba-lua") for text in said[:2])
    return Said(out, _USAGE.sub("", err).replace("\n\t[C]: in ?\n", "\n"), said.code)


@pytest.mark.parametrize("case", CASES)
def test_a_command_line_does_what_lua_does_with_it(case: str, folder: Path) -> None:
    """Output, messages and the exit code."""
    arguments, stdin, expected = CASES[case]
    assert told(run(folder, *arguments, stdin=stdin)) == expected


@pytest.mark.skipif(shutil.which("lua5.4") is None, reason="needs lua5.4 to compare with")
def test_lua_itself_says_the_same(folder: Path) -> None:
    """What is expected above is what the installed interpreter says."""
    for case, (arguments, stdin, expected) in CASES.items():
        if case not in DIFFERENT:
            assert told(run(folder, *arguments, stdin=stdin, command=("lua5.4",))) == expected, case


def test_many_arguments_arrive(folder: Path) -> None:
    """As many as a shell makes of a star in a full folder."""
    many = tuple(map(str, range(20_000)))
    assert run(folder, "echo.lua", *many).out.endswith("\t20000\nba-lua\techo.lua\t0\t20000\n")


def test_arguments_are_bytes(folder: Path) -> None:
    """What is not UTF-8 arrives as it is."""
    (folder / "bytes.lua").write_text("print(#arg[1], arg[1]:byte(1, -1))", encoding="utf-8")
    odd = b"\xff\xc3\xa4".decode("utf-8", "surrogateescape")
    assert run(folder, "bytes.lua", odd).out == "3\t255\t195\t164\n"


def test_a_long_path_is_shortened_as_lua_does(folder: Path) -> None:
    """Its end says which file it is."""
    path = folder / ("a" * 70) / "deep.lua"
    path.parent.mkdir()
    path.write_text("error 'boom'", encoding="utf-8")
    assert f"ba-lua: ...{str(path)[-56:]}:1: boom\n" in run(folder, str(path)).err
