"""Errors of the background in a real kernel: at the cell whose code it is, and at one that waits."""

from __future__ import annotations

import time

from ._live import SOON_S, LiveKernel, Message, shows

TYPO = "ba.socket.event(function(s)\n  s:read(100)\n  s.rea()\nend)"


def stderr(message: Message) -> bool:
    """Whether a message writes to the error stream of its cell."""
    return bool(message["msg_type"] == "stream" and message["content"]["name"] == "stderr")


def test_a_typo_in_a_cosocket_shows_at_its_cell_soon(kernel: LiveKernel) -> None:
    """After the cell has ended, with all frames, though the server has none of a runtime error."""
    request = kernel.send(TYPO)
    kernel.finish(request)
    start = time.monotonic()
    text = kernel.until(request, stderr)[-1]["content"]["text"]
    assert time.monotonic() - start < SOON_S
    head, *lines = text.split("\n")
    assert head.startswith("Lua error in Cosocket: cell[")
    assert "attempt to call a nil value (field 'rea')" in head
    assert "----> 3   s.rea()" in lines
    assert ":3: in function <cell[" in text


def test_a_cell_that_waits_for_a_failed_cosocket_says_so_at_once(kernel: LiveKernel) -> None:
    """It waits forever, but nobody needs to guess why."""
    request = kernel.send(TYPO + "\nwhile not done do ba.sleep(50) end")
    assert "----> 3   s.rea()" in kernel.until(request, stderr)[-1]["content"]["text"]
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "Interrupted"


def test_another_cell_that_waits_says_so_too(kernel: LiveKernel) -> None:
    """With the message, and where the whole report is."""
    kernel.run("ba.socket.event(function(s) while not go do s:read(10) end s.rea() end)")
    request = kernel.send("go = true while not done do ba.sleep(50) end")
    text = kernel.until(request, stderr)[-1]["content"]["text"]
    assert "field 'rea'" in text
    assert "shows the whole report]" in text
    kernel.interrupt()
    kernel.finish(request)


def test_a_cell_that_runs_again_gets_the_errors_of_its_own_code(kernel: LiveKernel) -> None:
    """What the first execution has left behind still answers the first."""
    code = "local mine = (runs or 0) + 1 runs = mine\nba.socket.event(function(s)\n"
    code += "  while go ~= mine do s:read(10) end\n  error('run ' .. mine)\nend)"
    first = kernel.send(code, cell_id="a")
    kernel.finish(first)
    second = kernel.send(code, cell_id="a")
    kernel.finish(second)
    kernel.run("go = 2")
    kernel.until(second, shows("run 2"))
    kernel.run("go = 1")
    kernel.until(first, shows("run 1"))


def test_timers_jobs_and_pages_show_their_errors_at_their_cells_too(kernel: LiveKernel) -> None:
    """Everything that a cell leaves in the background."""
    for code in (
        "t = ba.timer(function() error('no luck') end) t:set(10)",
        "ba.thread.run(function() ba.sleep(10) error('no luck') end)",
        "ba.socket.event(function(s) s:read(10) coroutine.yield() end)",
        "d = ba.create.dir('d') d:setfunc(function() error('no luck') end) d:insert()\n"
        "s = ba.socket.connect('127.0.0.1', mako.port) s:write('GET /d/ HTTP/1.0\\r\\n\\r\\n')",
    ):
        request = kernel.send(code)
        text = kernel.until(request, stderr)[-1]["content"]["text"]
        assert "no luck" in text or "Invalid yield" in text
        assert "stack traceback:" in text


def test_a_dropped_cosocket_is_seen_by_the_cell_that_waits_for_it(kernel: LiveKernel) -> None:
    """It waited again on a lost connection, which is no error, but it never does what it was to do."""
    request = kernel.send(
        "l = ba.socket.bind(0) l:event(function(s) s:accept():close() end) local _, port = l:sockname()\n"
        "ba.socket.event(function(s)\n  ba.socket.connect('127.0.0.1', port)\n"
        "  s:read() s:disable() done = true\nend)\nwhile not done do ba.sleep(50) end"
    )
    assert "a cosocket was dropped" in kernel.until(request, stderr)[-1]["content"]["text"]
    kernel.interrupt()
    kernel.finish(request)
