"""Scripts of cells, and programs with magics, run by `ba-lua`."""

from __future__ import annotations

import asyncio
import io
import re
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from ba_kernel.command._bench import Bench
from ba_kernel.command._run import program
from ba_runtime.command import INTERRUPTED, STOPPED, parse, run_steps
from ba_runtime.events import CellResult

from ._command import BA_LUA, PATIENCE_S, Said, run


def script(folder: Path, *cells: str) -> str:
    """Writes a script of these cells and returns its name."""
    text = "#!/usr/bin/env ba-lua\n\n" + "\n".join(f"-- %%\n{cell}\n" for cell in cells)
    (folder / "cells.lua").write_text(text, encoding="utf-8")
    return "cells.lua"


def ran(folder: Path, *cells: str) -> Said:
    """Runs a script of these cells."""
    return run(folder, script(folder, *cells))


def test_each_cell_has_its_own_locals(tmp_path: Path) -> None:
    """Globals stay."""
    assert ran(tmp_path, "local a = 1\nb = 2", "print(a, b)") == Said("nil\t2\n", "", 0)


def test_the_value_of_a_last_expression_is_printed(tmp_path: Path) -> None:
    """In its place among the prints, as a notebook shows it; nil alone is not worth a line."""
    said = ran(tmp_path, "print 'one'\n1 + 1, 'text'", "nil", "{a = 1}\n", "print 'two'")
    assert said == Said('one\n2, "text"\n{a = 1}\ntwo\n', "", 0)


def test_a_cell_may_end_with_return_and_use_goto(tmp_path: Path) -> None:
    """Each is a chunk of its own, with labels of its own."""
    cell = "for i = 1, 2 do if i == 1 then goto next end print(i) ::next:: end"
    assert ran(tmp_path, cell, cell + "\nreturn 5") == Said("2\n2\n5\n", "", 0)


def test_each_cell_gets_the_arguments(tmp_path: Path) -> None:
    """As `...` and in `arg`."""
    name = script(tmp_path, "print(...)", "local a = ...\nprint(a, arg[0], #arg)")
    assert run(tmp_path, name, "x", "y") == Said("x\ty\nx\tcells.lua\t2\n", "", 0)


def test_an_error_names_the_line_of_the_script(tmp_path: Path) -> None:
    """And ends it, with the code that the shell takes for failure."""
    said = ran(tmp_path, "function f()\n  error 'boom'\nend", "print 'before'\nf()", "print 'never'")
    assert said.out == "before\n"
    assert said.code == 1
    assert said.err == (
        "ba-lua: cells.lua:5: boom\nstack traceback:\n\t[C]: in function 'error'\n"
        "\tcells.lua:5: in function 'f'\n\tcells.lua:10: in main chunk\n"
    )


def test_a_syntax_error_spoils_its_own_cell_only(tmp_path: Path) -> None:
    """Those above it have run, as in a notebook."""
    said = ran(tmp_path, "print 'before'", "x = = 1")
    assert said == Said("before\n", "ba-lua: cells.lua:7: unexpected symbol near '='\n", 1)


def test_os_exit_ends_the_script(tmp_path: Path) -> None:
    """With its code."""
    assert ran(tmp_path, "os.exit(3)", "print 'never'") == Said("", "", 3)


def test_magics_are_obeyed(tmp_path: Path) -> None:
    """The lab answers, with its clock."""
    said = ran(
        tmp_path,
        "--%lab on 2026-01-01T12:00:00Z",
        "local s = ba.socket.connect('time.nist.gov', 37)\n"
        "print(os.date('!%F %T', ba.socket.n2h(4, s:read()) - 2208988800))",
        "--%lab off\n--%lab status",
    )
    assert "Their clock stands at 2026-01-01T12:00:00Z.\n2026-01-01 12:00:00\n" in said.out
    assert said.code == 0


def test_a_program_without_cells_has_magics_at_its_top(tmp_path: Path) -> None:
    """It is a plain program otherwise: what it returns is not printed."""
    (tmp_path / "lab.lua").write_text("-- about\n--%lab on\nprint(ba.socket.toip 'echo.lab.test')\nreturn 5")
    said = run(tmp_path, "lab.lua")
    assert said.out.endswith("127.0.0.1\n")
    assert said.code == 0


def test_what_a_magic_says_stands_before_what_its_lua_prints(tmp_path: Path) -> None:
    """And what it says at the end of the cell, behind."""
    said = ran(tmp_path, "--%time\n--%lab off\nprint 'Lua'")
    assert re.fullmatch(r"The lab network is off.*\nLua\nTime: \d.*\n", said.out)


def test_a_magic_that_fails_ends_the_script(tmp_path: Path) -> None:
    """It says where, as an error of Lua's does."""
    said = ran(tmp_path, "x = 1", "--%trace wait 1 0.01\ntrace = trace", "print 'never'")
    assert said == Said("", "ba-lua: cells.lua:7: %trace wait: 0 of 1 lines arrived within 0.01 s\n", 1)


def test_unknown_magics_are_named_once_and_skipped(tmp_path: Path) -> None:
    """A page of an unknown kind is skipped with its text."""
    said = ran(tmp_path, "--%gone\nprint(1)", "--%gone again\nprint(2)", "--[==[%%lost\ntext\n]==]")
    assert said.out == "1\n2\n"
    assert said.err == (
        "-- %gone is not known to ba-lua and is skipped\n-- %%lost is not known to ba-lua and is skipped\n"
    )
    assert said.code == 0


def test_a_page_is_written_and_served(tmp_path: Path) -> None:
    """Its lines have the script's numbers."""
    said = ran(
        tmp_path,
        "--[==[%%lsp /hi.lsp\n<p><?lsp=request:data 'n' or debug.getinfo(1).currentline?></p>\n]==]",
        "local http = require 'httpc'.create()\n"
        "http:request{url = 'http://127.0.0.1:' .. mako.port .. '/hi.lsp', query = {n = 'you'}}\n"
        "print(http:read 'a')",
    )
    assert re.fullmatch(r"<p>5</p>\nServed at http://127\.0\.0\.1:\d+/hi\.lsp\n<p>you</p>\n", said.out), said
    assert said.code == 0


def test_traces_go_to_stderr_and_can_be_waited_for(tmp_path: Path) -> None:
    """As `%trace wait` waits in a notebook; the other words change nothing that could be seen."""
    said = ran(
        tmp_path,
        "--%trace wait 2\n--%trace here\nlocal n = 0\n"
        "t = ba.timer(function() n = n + 1 trace('tick', n) return true end)\nx = t:set(1)",
        "print 'after'",
    )
    assert said.err.startswith(" 7: tick\t1\n 7: tick\t2\n")
    assert said.out == "after\n"


def test_a_picture_is_text(tmp_path: Path) -> None:
    """Below what its cell printed."""
    cell = "--%flow\nlocal l = ba.socket.bind(0)\nprint 'bound'\nl:close()"
    said = ran(tmp_path, cell)
    assert said.out.startswith("bound\n")
    assert "listen" in said.out


def test_a_live_table_is_written_once(tmp_path: Path) -> None:
    """At the end of its cell."""
    said = ran(tmp_path, "--%sockets live\na = ba.socket.bind(0)", "--%sockets off")
    assert re.match(r"id .*\n 1  listener  a ", said.out)
    assert said.code == 0


def test_output_is_bytes_and_without_a_limit(tmp_path: Path) -> None:
    """A notebook has both a limit and no room for controls; a pipe has not."""
    name = script(tmp_path, "io.write('\\0\\27\\255')", "io.write(('x'):rep(3000000))")
    done = subprocess.run([*BA_LUA, name], cwd=tmp_path, capture_output=True, timeout=PATIENCE_S)
    assert done.stdout == b"\0\x1b\xff" + b"x" * 3_000_000


def test_standard_input_is_the_programs(tmp_path: Path) -> None:
    """Line by line, in a cell as elsewhere."""
    name = script(tmp_path, "print(io.read())", "print(io.read 'n', io.read())")
    assert run(tmp_path, name, stdin="one\n2 three\n") == Said("one\n2\t three\n", "", 0)


def test_a_script_comes_from_standard_input(tmp_path: Path) -> None:
    """As any program may."""
    assert run(tmp_path, stdin="-- %%\nlocal a = 1\n-- %%\na, 2, ...\n") == Said("nil, 2\n", "", 0)
    assert run(tmp_path, "-", "x", stdin="-- %%\n...\n") == Said('"x"\n', "", 0)


def test_statements_come_before_cells(tmp_path: Path) -> None:
    """And share their globals."""
    assert run(tmp_path, "-e", "x = 5", script(tmp_path, "x")) == Said("5\n", "", 0)


def test_a_script_stays_until_its_cosockets_have_ended(tmp_path: Path) -> None:
    """With `--stay`."""
    name = script(tmp_path, "ba.socket.event(function(s) ba.sleep(300) trace 'done' end)")
    assert "done" in run(tmp_path, "--stay", name).err


# A magic that waits when the signal comes: a moment after the cell's Lua has ended.
WAITS = "--%trace wait 2\nt = ba.timer(function() trace 'ready' end)\nx = t:set(200)"


@pytest.mark.skipif(sys.platform == "win32", reason="a test cannot press Ctrl-C there")
@pytest.mark.parametrize("cell", ["trace 'ready' while true do end", WAITS])
def test_ctrl_c_stops_a_script(cell: str, tmp_path: Path) -> None:
    """In its Lua, and while a magic waits."""
    command = [*BA_LUA, script(tmp_path, cell, "print 'never'")]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "ready" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out == ""


class _Steps:
    """A runtime in which every text ends at once, and well."""

    def __init__(self) -> None:
        self.ran: list[bytes] = []

    def run_cell(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ()
    ) -> Future[CellResult]:
        """Remembers the text."""
        self.ran.append(source)
        ended: Future[CellResult] = Future()
        ended.set_result(CellResult(cell))
        return ended

    def serve(self, folder: str) -> Future[int]:
        """Serves nothing."""
        return Future()

    def capture(self, path: str) -> None:
        """Writes nothing."""


def test_ctrl_c_between_two_texts_ends_a_command_line() -> None:
    """Nothing is running then that could be interrupted."""
    runtime = _Steps()
    options = parse(("ba-lua", "-e", "a = 1", "-e", "b = 2"))
    assert run_steps(runtime, options, lambda: bool(runtime.ran)) is STOPPED
    assert runtime.ran == [b"a = 1"]


def test_ctrl_c_between_two_cells_ends_a_script(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """As it does in one of them."""
    script(tmp_path, "'first'", "'never'")
    file, out = tmp_path / "cells.lua", io.BytesIO()

    async def run_script() -> int | None:
        bench = Bench(asyncio.get_running_loop(), out, io.BytesIO(), lambda: None)
        try:
            options = parse(("ba-lua", str(file)))
            return await program(bench, options, file.read_text(), lambda: bool(out.getvalue()))
        finally:
            bench.close()

    assert asyncio.run(run_script()) == INTERRUPTED
    assert out.getvalue() == b'"first"\n'
    assert "interrupted" in capfd.readouterr().err


def test_the_other_options_work_with_cells(tmp_path: Path) -> None:
    """A folder is served, what is sent is captured, and memory is limited."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "hello.txt").write_text("hello from a file")
    name = script(
        tmp_path,
        "local s = ba.socket.connect('127.0.0.1', mako.port)\n"
        "s:write 'GET /hello.txt HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n'\n"
        "local all = '' repeat local d = s:read() all = all .. (d or '') until not d\n"
        "print(all:match '[^\\n]+$')",
        "local t = ('x'):rep(40000000)",
    )
    said = run(tmp_path, "--serve", "site", "--capture", "seen.pcapng", "--max-memory=20", name)
    assert said.out == "hello from a file\n"
    assert "not enough memory" in said.err
    assert said.code == 1
    assert b"hello from a file" in (tmp_path / "seen.pcapng").read_bytes()
