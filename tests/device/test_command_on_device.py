"""`ba-lua --device URL FILE.lua`: the program there, its output here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ._server import PATIENCE_S, Served, served


def run(program: Path, device: Served, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program on a device."""
    secret = {"BA_LUA_DEVICE_SECRET": device.secret, **environment}
    command = [sys.executable, "-m", "ba_kernel.command", "--device", device.url, program.name]
    return subprocess.run(
        command,
        cwd=program.parent,
        env=os.environ | secret,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_program_prints_here_and_traces_here(tmp_path: Path) -> None:
    """To stdout and stderr, as `ba-lua` alone does; nothing else, and nothing twice."""
    program = tmp_path / "p.lua"
    program.write_text(
        'print("hello")\ntrace("now")\nba.socket.event(function() trace("later") end)\nba.sleep(200)\n'
    )
    with served(tmp_path, "--tracelogger") as device:
        ran = run(program, device)
    assert (ran.returncode, ran.stdout) == (0, "hello\n")
    assert ran.stderr.split() == ["2:", "now", "3:", "later"]


def test_an_error_names_the_programs_line(server: Served, tmp_path: Path) -> None:
    """The stack ends where the page begins."""
    program = tmp_path / "p.lua"
    program.write_text("local function f()\n  error('deep')\nend\nf()\n")
    ran = run(program, server)
    assert ran.returncode == 1
    assert "ba-lua: p.lua:2: deep\nstack traceback:\n" in ran.stderr
    assert "cells.lsp" not in ran.stderr
    assert "the trace of 127.0.0.1" in ran.stderr  # it has no TraceLogger, which is said


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("wrong", "answers 404: the secret is wrong"),
        ("no\nsecret", "consists of letters"),
        ("", "needs its secret"),
    ],
)
def test_without_the_secret_nothing_runs(server: Served, tmp_path: Path, secret: str, words: str) -> None:
    """And what to do is said."""
    program = tmp_path / "p.lua"
    program.write_text("print(1)")
    ran = run(program, server, BA_LUA_DEVICE_SECRET=secret)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_ctrl_c_ends_the_program_there_too(server: Served, tmp_path: Path) -> None:
    """With the exit code that shells know."""
    program = tmp_path / "p.lua"
    program.write_text("print('on') while true do end")
    command = [sys.executable, "-m", "ba_kernel.command", "--device", server.url, str(program)]
    environment = os.environ | {"BA_LUA_DEVICE_SECRET": server.secret}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"Traceback" not in err
    program.write_text("print('again')")
    assert run(program, server).stdout == "again\n"


@pytest.mark.parametrize("options", [["-e", "x = 1"], ["-i"], ["--serve", "."]])
def test_options_for_programs_here_are_refused(server: Served, options: list[str]) -> None:
    """Rather than ignored."""
    command = [sys.executable, "-m", "ba_kernel.command", "--device", server.url, *options, "x.lua"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ran.returncode == 1
    assert "takes no other options" in ran.stderr
