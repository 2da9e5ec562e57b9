"""Interrupts, input, completion while Lua is busy, and the end of a real kernel."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from ba_kernel.__main__ import main

from ._live import PATIENCE_S, SOON_S, LiveKernel, Message, seconds, shows

SPIN = "x = 42 print('spinning') "
LOOPS = (
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "ba.sleep(60000)",
    "local s = ba.socket.udpcon() s:event(function(s) s:read() end) ba.sleep(60000)",
    "table.sort({1, 2, 3}, function() while true do end end)",
)
# A cosocket that gives control back once and then never again.
LISTENER = "ba.socket.bind(0):event(function(s) s:accept() end)"
RUNAWAY = "ba.socket.event(function(s) s:read(1) trace('off') while true do end end)"


@pytest.mark.parametrize("loop", LOOPS)
def test_an_interrupt_is_quick_and_keeps_the_state(kernel: LiveKernel, loop: str) -> None:
    """Whatever the cell does, it stops, and variables survive."""
    request = kernel.send(SPIN + loop)
    kernel.until(request, shows("spinning"))
    kernel.interrupt()
    stopped: list[Message] = []
    # A few milliseconds, but for a busy machine.
    assert seconds(lambda: stopped.append(kernel.finish(request).reply)) < SOON_S
    assert stopped[0]["ename"] == "Interrupted"
    assert kernel.run("return x").result == "42"


def test_an_interrupt_message_does_the_same(kernel: LiveKernel) -> None:
    """Front ends that cannot send signals send it on the control channel."""
    request = kernel.send(SPIN + LOOPS[0])
    kernel.until(request, shows("spinning"))
    client = kernel.client
    client.control_channel.send(client.session.msg("interrupt_request", {}))
    assert client.get_control_msg(timeout=PATIENCE_S)["content"] == {"status": "ok"}
    assert kernel.finish(request).reply["ename"] == "Interrupted"


def test_an_interrupt_of_nothing_changes_nothing(kernel: LiveKernel) -> None:
    """The stop button may be pressed at any time."""
    kernel.interrupt()
    kernel.client.control_channel.send(kernel.client.session.msg("interrupt_request", {}))
    kernel.client.get_control_msg(timeout=PATIENCE_S)
    assert kernel.run("return 1").result == "1"


def test_something_that_runs_away_between_cells_can_be_stopped(new_kernel: LiveKernel) -> None:
    """Completion answers meanwhile with what the text alone tells."""
    request = new_kernel.send(RUNAWAY)
    new_kernel.finish(request)
    new_kernel.finish(new_kernel.send("%trace wait 1"))
    names = new_kernel.ask(new_kernel.client.complete("local abc\nab"))["matches"]
    assert names == ["abc"]
    assert "connect" in new_kernel.ask(new_kernel.client.complete("ba.socket."))["matches"]
    new_kernel.interrupt()
    assert new_kernel.run("return 1").result == "1"


def test_waiting_for_traces_can_be_interrupted(kernel: LiveKernel) -> None:
    """A magic is a part of its cell."""
    request = kernel.send("%trace wait 99 60\nprint('started')")
    kernel.until(request, shows("started"))
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "Interrupted"


def test_io_read_asks_and_others_go_on(kernel: LiveKernel) -> None:
    """While the user types, a cosocket works and its traces appear."""
    request = kernel.send(
        "print('ask') ba.timer(function() trace('tick') end):set(50, true) return io.read()",
        allow_stdin=True,
    )
    question = kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    assert question["msg_type"] == "input_request"
    assert question["parent_header"]["msg_id"] == request
    kernel.until(request, shows("tick"))
    kernel.client.input("grüße")
    assert kernel.finish(request).result == '"grüße"'


def test_end_of_file_is_nil(kernel: LiveKernel) -> None:
    """Front ends send it as control-D."""
    request = kernel.send("return io.read(), 1", allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    kernel.client.input("\x04")
    assert kernel.finish(request).result == "nil, 1"


def test_io_read_can_be_interrupted_and_a_late_answer_is_dropped(kernel: LiveKernel) -> None:
    """The answer to a question that nobody asks any more goes nowhere."""
    request = kernel.send("io.read()", allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "Interrupted"
    kernel.client.input("late")
    request = kernel.send("return io.read()", allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    kernel.client.input("right")
    assert kernel.finish(request).result == '"right"'


def test_io_read_without_a_user_is_end_of_file(kernel: LiveKernel) -> None:
    """nbconvert has nobody to ask, and says so."""
    ran = kernel.run("return io.read(), 1", allow_stdin=False)
    assert ran.result == "nil, 1"
    assert "cannot ask for input" in ran.text("stderr")


# One call of a C function of Lua's, which nothing can stop.
STUCK = "local s, p = ('a'):rep(100000), ('.-'):rep(6) .. 'b' print('on') string.find(s, p)"


@pytest.mark.parametrize("before", ["return 1", LISTENER, RUNAWAY])
def test_shutdown_takes_less_time_than_jupyter_gives(new_kernel: LiveKernel, before: str) -> None:
    """Sockets, cosockets and loops do not keep the process."""
    new_kernel.run(before)
    assert seconds(lambda: _shut_down(new_kernel)) < new_kernel.manager.shutdown_wait_time


@pytest.mark.parametrize("cell", ["print('on') while true do end", STUCK])
def test_shutdown_takes_less_time_than_jupyter_gives_while_a_cell_spins(
    new_kernel: LiveKernel, cell: str
) -> None:
    """Also in the middle of a cell, and when Lua cannot be stopped: half a second is all that it gets."""
    new_kernel.until(new_kernel.send(cell), shows("on"))
    assert seconds(lambda: _shut_down(new_kernel)) < new_kernel.manager.shutdown_wait_time


def test_a_restart_is_a_fresh_state(new_kernel: LiveKernel) -> None:
    """In a new process, under the same connection."""
    new_kernel.run("x = 1")
    new_kernel.manager.restart_kernel()
    new_kernel.client.wait_for_ready(timeout=PATIENCE_S)
    assert new_kernel.run("return x, 1").result == "nil, 1"


def _shut_down(kernel: LiveKernel) -> None:
    """Asks for the end, and waits for that of the process."""
    process = kernel.manager.provisioner
    assert process is not None
    kernel.client.shutdown()
    assert kernel.client.get_control_msg(timeout=PATIENCE_S)["content"]["status"] == "ok"
    child: subprocess.Popen[bytes] = getattr(process, "process")  # noqa: B009 - the base class has none
    assert child.wait(timeout=PATIENCE_S) == 0


def test_a_kernel_ends_when_its_parent_is_gone() -> None:
    """No process is left behind by a front end that crashed."""
    program = (
        "import os, jupyter_client\n"
        "jupyter_client.manager.start_new_kernel(kernel_name='ba-lua')\n"
        "os._exit(1)\n"
    )
    # The kernel inherits the pipe, so reading it to its end waits for the kernel too.
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False, timeout=PATIENCE_S)


def test_a_kernel_can_be_started_by_hand(tmp_path: Path) -> None:
    """It writes down how to connect, and cleans up when Jupyter's shutdown comes."""
    file = tmp_path / "connect.json"
    command = [sys.executable, "-m", "ba_kernel", "-f", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr
        assert str(file) in process.stderr.readline().decode()
        client = BlockingKernelClient()
        client.load_connection_info(json.loads(file.read_text()))
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE_S)
        client.shutdown()
        assert process.wait(timeout=PATIENCE_S) == 0
        client.stop_channels()
    assert not file.exists()


def test_help_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to start instead."""
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "jupyter lab" in capsys.readouterr().out


def test_a_signal_before_the_first_cell_does_no_harm() -> None:
    """It may come before Lua is there."""
    kernel = LiveKernel()
    try:
        kernel.manager.signal_kernel(signal.SIGINT)
        assert kernel.run("return 1").result == "1"
    finally:
        kernel.close()
