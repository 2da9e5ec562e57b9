"""`ba-lua --tracelogger`: the trace of a program in a browser, whoever runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

PATIENCE_S = 30
LINK = re.compile(r"TraceLogger: http://(127\.0\.0\.1:\d+)(/rtl/tracelogger/)(\?token=[\w-]{43})\n")
PROGRAM = "trace 'hello' io.read() print 'end'"
BA_LUA = {
    "the command": "from ba_kernel.command.__main__ import main; import sys; sys.exit(main(sys.argv[1:]))",
    "the runtime alone": "import runpy; runpy.run_module('ba_runtime', run_name='__main__', alter_sys=True)",
}


@contextmanager
def started(folder: Path, how: str, source: str, option: str) -> Iterator[subprocess.Popen[str]]:
    """A program that is waiting for a line."""
    (folder / "program.lua").write_text(source, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", BA_LUA[how], option, "program.lua"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(link: str) -> tuple[str, list[object]]:
    """Returns the title, and the first line of the trace, as a page gets them."""
    found = LINK.fullmatch(link)
    assert found, link
    host, path, query = found.groups()
    with connect(f"ws://{host}{path}live{query}", proxy=None) as page:
        page.send(json.dumps({"type": "start"}))
        hello = json.loads(page.recv(PATIENCE_S))
        lines = json.loads(page.recv(PATIENCE_S))
        return hello["title"], lines["lines"][0]


@pytest.mark.parametrize("how", BA_LUA)
@pytest.mark.parametrize("head", ["", "--%sockets\n"], ids=["a program", "cells"])
def test_the_link_is_printed_and_the_trace_is_there(tmp_path: Path, how: str, head: str) -> None:
    """Besides on stderr; the program goes on as ever."""
    with started(tmp_path, how, head + PROGRAM, "--tracelogger") as process:
        assert process.stderr
        link = process.stderr.readline()
        assert process.stderr.readline() == f" {head.count(chr(10)) + 1}: hello\n"
        title, line = first_line(link)
        assert title == "program.lua"
        assert line[5:8] == [f"program.lua:{head.count(chr(10)) + 1}", "", "hello"]
        out, err = process.communicate("\n", PATIENCE_S)
        assert out.endswith("end\n")
        assert err == ""
        assert process.returncode == 0


def test_a_port_can_be_chosen(tmp_path: Path) -> None:
    """The one that was free a moment ago; when it is taken, the program does not run."""
    with started(tmp_path, "the runtime alone", PROGRAM, "--tracelogger") as first:
        assert first.stderr
        found = LINK.fullmatch(first.stderr.readline())
        assert found
        port = found[1].partition(":")[2]
        with started(tmp_path, "the runtime alone", PROGRAM, f"--tracelogger={port}") as second:
            _, err = second.communicate("\n", PATIENCE_S)
            assert err == "ba-lua: cannot serve the TraceLogger: Address already in use\n"
            assert second.returncode == 1


@pytest.mark.parametrize("port", ["", "x", "-1", "65536", "123456"])
def test_what_is_no_port_is_said(tmp_path: Path, port: str) -> None:
    """With an example."""
    with started(tmp_path, "the runtime alone", PROGRAM, f"--tracelogger={port}") as process:
        _, err = process.communicate("", PATIENCE_S)
        assert "'--tracelogger' needs a port from 0 to 65535, such as --tracelogger=9443" in err
        assert f"not '{port}'" in err
        assert process.returncode == 1
