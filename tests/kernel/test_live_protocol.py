"""A real kernel and the protocol beside plain cells: counts, aborts, comms, odd text, long errors."""

from __future__ import annotations

import json

import pytest

from ._live import PATIENCE_S, LiveKernel, Message

HALF_AN_EMOJI = "\ud83d"
TRIES = 60


@pytest.fixture
def scripted(new_kernel: LiveKernel) -> LiveKernel:
    """A kernel whose front end packs messages as JavaScript does: whatever is not ASCII is an escape."""
    new_kernel.client.session.pack = lambda message: json.dumps(message, default=str).encode()
    return new_kernel


def test_half_an_emoji_is_answered(scripted: LiveKernel) -> None:
    """A cell that was cut in the middle of a letter runs, and is echoed as it came."""
    ran = scripted.run(f"x = '{HALF_AN_EMOJI}' return #x")
    assert ran.result == "3"
    assert HALF_AN_EMOJI in ran.of_kind("execute_input")[0]["code"]


def test_half_an_emoji_may_be_anywhere(scripted: LiveKernel) -> None:
    """In an error, a magic, a completion, an inspection and in the history, the kernel answers."""
    assert HALF_AN_EMOJI in scripted.run(f"%{HALF_AN_EMOJI}").reply["evalue"]
    assert scripted.run(f"error('{HALF_AN_EMOJI}')").status == "error"
    assert scripted.run(f"%trace save /nowhere/{HALF_AN_EMOJI}").status == "error"
    client = scripted.client
    assert "string" in scripted.ask(client.complete(f"'{HALF_AN_EMOJI}' .. str", 10))["matches"]
    assert scripted.ask(client.inspect(f"'{HALF_AN_EMOJI}' .. print", 9))["found"]
    assert scripted.ask(client.is_complete(f"x = '{HALF_AN_EMOJI}'"))["status"] == "complete"
    assert HALF_AN_EMOJI in scripted.ask(client.history(hist_access_type="tail", n=3))["history"][0][2]


def test_only_what_is_stored_is_counted(new_kernel: LiveKernel) -> None:
    """A silent request and one without history have the number of the cell before them."""
    first = new_kernel.run("return 1").reply["execution_count"]
    unstored = new_kernel.run("return 1", store_history=False).reply["execution_count"]
    silent = new_kernel.run("return 1", silent=True, store_history=True).reply["execution_count"]
    second = new_kernel.run("return 1").reply["execution_count"]
    assert (first, unstored, silent, second) == (1, 1, 1, 2)


def test_requests_that_are_not_cells_leave_the_lines_of_cells_alone(new_kernel: LiveKernel) -> None:
    """An error shows the line of the cell it is in, whatever a front end has sent silently since."""
    new_kernel.run("function f()\n  error('from f')\nend")
    new_kernel.run("-- one\n-- two\n-- three", silent=True)
    new_kernel.run("-- one\n-- two\n-- three", store_history=False)
    ran = new_kernel.run("f()")
    assert "cell [1], line 2" in ran.reply["traceback"][0]
    assert "error('from f')" in ran.reply["traceback"][1]


def test_an_error_of_an_unstored_request_shows_its_own_line(new_kernel: LiveKernel) -> None:
    """It is called a request and not a cell, as no cell in the notebook has its text."""
    ran = new_kernel.run("local x\nerror('mine')", store_history=False)
    assert ran.reply["evalue"] == "request[1]:2: mine"
    assert "error('mine')" in ran.reply["traceback"][1]


def test_a_cell_that_is_sent_because_of_an_error_runs(kernel: LiveKernel) -> None:
    """However soon it comes: only cells that were there before the error's reply are aborted."""
    for _ in range(TRIES):
        kernel.ask(kernel.send("error('on purpose')", stop_on_error=True))
        assert kernel.ask(kernel.send("x = 1", stop_on_error=True))["status"] == "ok"


def test_cells_that_wait_behind_an_error_are_aborted(kernel: LiveKernel) -> None:
    """All of a Run All, and none that comes later."""
    requests = [kernel.send("error('on purpose')", stop_on_error=True)]
    requests += [kernel.send("return 1", stop_on_error=True) for _ in range(3)]
    statuses = [kernel.finish(request).status for request in requests]
    assert statuses == ["error", "aborted", "aborted", "aborted"]
    assert kernel.run("return 2").result == "2"


def test_cells_that_wait_at_shutdown_are_aborted(new_kernel: LiveKernel) -> None:
    """They have not failed, and there is nothing to report; the one that runs says why it ends."""
    running = new_kernel.send("print('on') ba.sleep(60000)")
    new_kernel.until(running, lambda message: message["msg_type"] == "stream")
    waiting = new_kernel.send("return 1")
    new_kernel.client.shutdown(restart=True)
    assert new_kernel.ask(running)["ename"] == "RuntimeClosed"
    assert new_kernel.ask(waiting)["status"] == "aborted"


def test_a_comm_that_nobody_knows_is_closed(kernel: LiveKernel) -> None:
    """A widget's front end waits for an answer; messages to a comm that is not open are dropped."""
    client = kernel.client

    def send(kind: str) -> list[Message]:
        message = client.session.msg(kind, {"comm_id": "c1", "target_name": "jupyter.widget", "data": {}})
        client.shell_channel.send(message)
        return kernel.until(
            message["header"]["msg_id"], lambda m: m["content"].get("execution_state") == "idle"
        )

    closed = [message["content"] for message in send("comm_open") if message["msg_type"] == "comm_close"]
    assert closed == [{"comm_id": "c1", "data": {}}]
    assert [message["msg_type"] for message in send("comm_msg")] == ["status", "status"]
    assert [message["msg_type"] for message in send("comm_close")] == ["status", "status"]


def test_exit_is_a_name_like_any_other_in_a_notebook(kernel: LiveKernel) -> None:
    """Only a console has somebody who wants to leave it."""
    ran = kernel.run("exit")
    assert (ran.status, ran.reply["payload"]) == ("ok", [])
    assert kernel.run("exit = 1 return exit").result == "1"


def test_a_huge_error_is_shown_by_its_ends(kernel: LiveKernel) -> None:
    """A response body that ends up as an error message does not end up in the notebook."""
    ran = kernel.run("error('begin' .. ('x'):rep(1e7) .. 'end', 0)")
    message = ran.reply["evalue"]
    assert message.startswith("begin")
    assert message.endswith("end")
    assert "bytes omitted" in message
    assert len(json.dumps(ran.reply)) < 100_000


def test_an_expression_that_does_not_end_is_given_up(kernel: LiveKernel) -> None:
    """The front end that asked learns why, and the next cell runs."""
    spin = "(function() while true do end end)()"
    ran = kernel.run("x = 1", user_expressions={"a": spin, "b": "x"})
    assert ran.reply["user_expressions"]["a"]["ename"] == "Timeout"
    assert ran.reply["user_expressions"]["b"]["data"] == {"text/plain": "1"}
    assert kernel.run("return x").result == "1"


@pytest.mark.parametrize("is_interrupted", [False, True], ids=["the cell ends", "the cell is interrupted"])
def test_a_question_that_nobody_answers_does_not_outlive_its_cell(
    kernel: LiveKernel, is_interrupted: bool
) -> None:
    """Whoever asked in the background gets end of file; an answer that is too late goes nowhere."""
    wait = "ba.sleep(60000)" if is_interrupted else "repeat ba.sleep(1) until asked"
    request = kernel.send(
        f"ba.timer(function() asked = true got = io.read() or 'none' end):set(1, true) {wait}",
        allow_stdin=True,
    )
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    if is_interrupted:
        kernel.interrupt()
    kernel.finish(request)
    kernel.client.input("late")
    assert kernel.run("repeat ba.sleep(1) until got return got").result == '"none"'
    request = kernel.send("return io.read()", allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    kernel.client.input("right")
    assert kernel.finish(request).result == '"right"'
