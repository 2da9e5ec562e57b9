"""`ba-lua` and the keyboard."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a test cannot press Ctrl-C there")

# A program that the first Ctrl-C does not stop, as Lua may be inside one C function for minutes.
STUCK = """
import os, time
from ba_runtime._ctrl_c import CtrlC
with CtrlC(lambda: os.write(2, b"first\\n")):
    os.write(2, b"ready\\n")
    time.sleep(60)
"""
BA_LUA = "from ba_kernel.command import main; import sys; sys.exit(main(sys.argv[1:]))"
PATIENCE_S = 30


def _start(folder: Path, program: str, *options: str) -> subprocess.Popen[str]:
    (folder / "program.lua").write_text(program, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", BA_LUA, *options, "program.lua"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "ready" in process.stderr.readline()
    return process


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said


def test_the_first_ctrl_c_stops_the_program(tmp_path: Path) -> None:
    """And says where it was."""
    process = _start(tmp_path, "trace 'ready' while true do end")
    process.send_signal(signal.SIGINT)
    code, said = _end(process)
    assert code == 130
    assert "interrupted" in said
    assert "Traceback" not in said


def test_the_second_ctrl_c_ends_what_the_first_cannot_stop() -> None:
    """At once, and without a word of Python's."""
    with subprocess.Popen([sys.executable, "-c", STUCK], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for word in ("ready", "first"):
            assert process.stderr.readline() == f"{word}\n"
            process.send_signal(signal.SIGINT)
        assert _end(process) == (130, "")


def test_a_call_that_nothing_stops_is_named_and_ended(tmp_path: Path) -> None:
    """A pattern that backtracks for as long as anybody waits: the first Ctrl-C tells, the second ends it."""
    said = "interrupted"
    while "interrupted" in said:  # the signal was faster than the program, which had not begun the call yet
        process = _start(tmp_path, "trace 'ready'; (('a'):rep(3000)):find(('a*'):rep(8) .. 'b')")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.readline()
        if "interrupted" in said:
            assert _end(process)[0] == 130
    assert "single call of `find`" in said
    process.send_signal(signal.SIGINT)
    assert _end(process) == (130, "")


def test_ctrl_c_ends_a_program_that_stays(tmp_path: Path) -> None:
    """Its cosockets wait for nothing that will come."""
    program = "ba.socket.bind(0):event(function(s) trace 'ready' s:accept() end)"
    process = _start(tmp_path, program, "--stay")
    process.send_signal(signal.SIGINT)
    code, said = _end(process)
    assert code == 130
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_explained(tmp_path: Path) -> None:
    """As a remark on stderr, after the program's own."""
    # It continues when its input ends, so that all of the remark is read by `_end`.
    program = "trace 'ready' io.read() a = ba.socket.bind(0) _, p = a:sockname() ba.socket.bind(p)"
    process = _start(tmp_path, program)
    code, said = _end(process)
    assert code == 0
    assert said.startswith("-- port ")
    assert said.endswith(" is held by the listener of cell [1]\n")


def test_ctrl_c_ends_a_program_that_waits_for_input(tmp_path: Path) -> None:
    """Though nobody ever types anything, and without a word of Python's."""
    process = _start(tmp_path, "trace 'ready' io.read()")
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_S)  # the end of the input comes later
    code, said = _end(process)
    assert code == 130
    assert said.startswith("ba-lua: interrupted\n")
    assert "Python" not in said


def test_input_is_read_line_by_line(tmp_path: Path) -> None:
    """Several that come at once, one that is long, and the last without its newline; then comes the end."""
    process = _start(
        tmp_path, "trace 'ready' for i = 1, 4 do trace(#(io.read 'L' or '')) end trace(io.read())"
    )
    said = process.communicate("one\n\n" + "x" * 200_000 + "\nlast", PATIENCE_S)[1]
    assert [line.split(": ")[1] for line in said.splitlines()] == ["4", "1", "200001", "4", "nil"]
    assert process.returncode == 0


def test_hints_are_below_errors(tmp_path: Path) -> None:
    """In the background, of the program itself, and of one that does not compile."""
    program = "trace 'ready' ba.socket.event(function() pirnt() end) local n = 'x' + 1"
    code, said = _end(_start(tmp_path, program))
    assert code == 1
    background, own = said.split("ba-lua: ")
    assert background.endswith("\nhint: did you mean print?\n\n")
    assert own.endswith("\nhint: texts are joined by .. and not by +\n")
    (tmp_path / "program.lua").write_text("n += 1", encoding="utf-8")
    broken = subprocess.run(
        [sys.executable, "-c", BA_LUA, "program.lua"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert broken.stderr.split("\n")[1] == "hint: there is no += in Lua; write n = n + …"
