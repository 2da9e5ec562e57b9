"""`jupyter console` at a real terminal: trace lines appear as they come, and `exit` leaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ._runs import KERNELSPEC

if sys.platform == "win32":
    pytest.skip("there are no pseudo terminals", allow_module_level=True)

PATIENCE_S = 60
TICKS = (
    'ba.socket.udpcon("127.0.0.1", 9):event(function(s) for n = 1, 3 do s:read(1500) trace("tick", n) end end)'
)


# Without it a console looks for messages only while a cell runs.
LISTENS = "--ZMQTerminalInteractiveShell.include_other_output=True"


@pytest.fixture(params=[()])
def console(request: pytest.FixtureRequest) -> Iterator[Any]:  # pexpect ships no types
    """A console whose prompt is there."""
    import pexpect

    command = ["-m", "jupyter_console", "--kernel", KERNELSPEC["name"], *request.param]
    environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = pexpect.spawn(
        sys.executable, command, env=environment, encoding="utf-8", dimensions=(50, 160), timeout=PATIENCE_S
    )
    try:
        process.expect_exact("In [")
        yield process
    finally:
        process.close(force=True)


@pytest.mark.parametrize(
    ("console", "ending"),
    [((), " ba.sleep(6000)"), ((LISTENS,), "")],
    ids=["while a cell runs", "at the prompt"],
    indirect=["console"],
)
def test_trace_lines_appear_as_they_come(console: Any, ending: str) -> None:
    """Each once; the area with all of them comes when it is asked for."""
    console.send(f"{TICKS}{ending}\r")
    for number in (1, 2, 3):
        console.expect(rf"tick\s+{number}\r?\n")
        assert "trace: " not in console.before
        if number > 1:
            assert "tick" not in console.before
    console.send("%trace here\r")
    console.expect_exact("trace: 3 lines")
    console.send("%panel\r")
    console.expect_exact("The panel needs a page that can show widgets")
    console.expect_exact("/rtl/tracelogger/?token=")


@pytest.mark.parametrize("word", ["exit", "quit"])
def test_exit_and_quit_leave(console: Any, word: str) -> None:
    """Without a question, and with the kernel."""
    import pexpect

    console.send(f"{word}\r")
    console.expect(pexpect.EOF)
    console.wait()
    assert console.exitstatus == 0
