"""Cells that wait behind another one: what an interrupt, an error, and a restart do to them."""

from __future__ import annotations

import pytest

from ._live import PATIENCE_S, LiveKernel, Message, Ran, shows

TEN = [f"print 'cell {i}'" for i in range(10)]


def send_all(kernel: LiveKernel, cells: list[str]) -> tuple[list[str], list[Message]]:
    """Sends cells as Run All does, each of which stops the rest by an error, and waits until they are there.

    The question comes behind them in the same channel, and is answered while a cell runs. Returns the
    requests, and the messages that have come meanwhile.
    """
    requests = [kernel.send(code, stop_on_error=True) for code in cells]
    return requests, _until_idle(kernel, str(kernel.client.is_complete("x")))


def finish_all(kernel: LiveKernel, requests: list[str]) -> dict[str, Ran]:
    """Returns what became of each request, which are answered in their order."""
    messages = _until_idle(kernel, requests[-1])
    replies: list[Message] = []
    while len(replies) < len(requests):
        reply = kernel.client.get_shell_msg(timeout=PATIENCE_S)
        replies += [reply] if reply["msg_type"] == "execute_reply" else []
    assert [reply["parent_header"]["msg_id"] for reply in replies] == requests
    return {
        request: Ran(
            reply["content"], [one for one in messages if one["parent_header"].get("msg_id") == request]
        )
        for request, reply in zip(requests, replies, strict=True)
    }


def _until_idle(kernel: LiveKernel, request: str) -> list[Message]:
    messages: list[Message] = []
    while True:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE_S)
        messages.append(message)
        content, about = message["content"], message["parent_header"].get("msg_id")
        if about == request and content.get("execution_state") == "idle":
            return messages


@pytest.mark.parametrize("how", ["signal", "message"])
def test_an_interrupt_aborts_the_cells_that_wait(kernel: LiveKernel, how: str) -> None:
    """As ipykernel does; none of them shows anything or is counted, and the next one runs."""
    first = kernel.send("print 'waiting' ba.sleep(60000)", stop_on_error=True)
    kernel.until(first, shows("waiting"))
    waiting, _ = send_all(kernel, TEN)
    if how == "signal":
        kernel.interrupt()
    else:
        kernel.client.control_channel.send(kernel.client.session.msg("interrupt_request", {}))
        kernel.client.get_control_msg(timeout=PATIENCE_S)
    ran = finish_all(kernel, [first, *waiting])
    stopped = ran.pop(first)
    assert stopped.reply["ename"] == "Interrupted"
    assert [one["ename"] for one in stopped.of_kind("error")] == ["Interrupted"]
    assert [one.status for one in ran.values()] == ["aborted"] * 10
    assert {kind for one in ran.values() for kind in one.kinds()} == set()
    after = kernel.run("return 'after'")
    assert after.result == '"after"'
    assert after.reply["execution_count"] == stopped.reply["execution_count"] + 1


def test_cells_that_do_not_stop_on_errors_run_after_an_interrupt(kernel: LiveKernel) -> None:
    """One press of the stop button stops one cell."""
    first = kernel.send("print 'waiting' ba.sleep(60000)")
    kernel.until(first, shows("waiting"))
    second = kernel.send("return 'second'")
    kernel.interrupt()
    ran = finish_all(kernel, [first, second])
    assert ran[first].reply["ename"] == "Interrupted"
    assert ran[second].result == '"second"'


def test_an_interrupt_in_the_middle_of_a_run_keeps_what_has_been_shown(kernel: LiveKernel) -> None:
    """The cells before it have run, those behind it have not."""
    cells = [*TEN[:4], "print 'waiting' ba.sleep(60000)", *TEN[5:]]
    requests, messages = send_all(kernel, cells)
    while not any(map(shows("waiting"), messages)):
        messages.append(kernel.client.get_iopub_msg(timeout=PATIENCE_S))
    kernel.interrupt()
    ran = finish_all(kernel, requests)
    assert [ran[request].status for request in requests] == [*["ok"] * 4, "error", *["aborted"] * 5]
    shown = [one["content"]["text"] for one in messages if one["msg_type"] == "stream"]
    assert shown == [*(f"cell {i}\n" for i in range(4)), "waiting\n"]


def test_a_restart_forgets_the_cells_that_wait(new_kernel: LiveKernel) -> None:
    """The new process runs what it is sent, and nothing else."""
    first = new_kernel.send("print 'waiting' ba.sleep(60000)")
    new_kernel.until(first, shows("waiting"))
    send_all(new_kernel, TEN)
    new_kernel.manager.restart_kernel()
    new_kernel.client.wait_for_ready(timeout=PATIENCE_S)
    ran = new_kernel.run("return 'after'")
    assert (ran.result, ran.reply["execution_count"]) == ('"after"', 1)
    last = new_kernel.send("print 'last'")
    messages = _until_idle(new_kernel, last)
    shown = [message["content"]["text"] for message in messages if message["msg_type"] == "stream"]
    assert shown == ["last\n"]
