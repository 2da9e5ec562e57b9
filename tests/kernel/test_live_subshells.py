"""What a real kernel answers while a cell runs: in subshells, and to questions without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ._live import PATIENCE_S, LiveKernel, Message, Ran, is_idle, shows

WAITS = "peer = ba.socket.udpcon('127.0.0.1', 9) print 'waiting' return peer:read()"


class Subshell:
    """A subshell of a kernel: `send` is as the kernel's, with the name in the header."""

    def __init__(self, kernel: LiveKernel) -> None:
        self.kernel = kernel
        reply = control(kernel, "create_subshell_request")
        assert reply["status"] == "ok"
        self.name = str(reply["subshell_id"])

    def send(self, kind: str, content: Message) -> str:
        """Sends a request of any kind, and returns its id."""
        session = self.kernel.client.session
        message = session.msg(kind, content)
        message["header"]["subshell_id"] = self.name
        self.kernel.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def execute(self, code: str, **content: object) -> str:
        """Sends a cell."""
        options = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        return self.send("execute_request", {"code": code, "stop_on_error": True, **options, **content})

    def run(self, code: str) -> Ran:
        """Runs a cell to its end."""
        return self.kernel.finish(self.execute(code))


def control(kernel: LiveKernel, kind: str, **content: object) -> Message:
    """Returns the reply to a request on the control channel."""
    client = kernel.client
    client.control_channel.send(client.session.msg(kind, content))
    reply: Message = client.get_control_msg(timeout=PATIENCE_S)["content"]
    return reply


@pytest.fixture
def subshell(kernel: LiveKernel) -> Iterator[Subshell]:
    """One that is deleted in the end."""
    made = Subshell(kernel)
    yield made
    assert control(kernel, "delete_subshell_request", subshell_id=made.name) == {"status": "ok"}


@pytest.fixture
def waiting(kernel: LiveKernel) -> Iterator[str]:
    """A cell that waits for an answer that never comes, until the test interrupts it."""
    request = kernel.send(WAITS)
    kernel.until(request, shows("waiting"))
    yield request
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "Interrupted"


def test_the_kernel_says_that_it_has_subshells(kernel: LiveKernel, subshell: Subshell) -> None:
    """They can be listed, and what does not exist is neither deleted nor served."""
    info = kernel.ask(kernel.client.kernel_info())
    assert info["supported_features"] == ["kernel subshells"]
    assert control(kernel, "list_subshell_request")["subshell_id"] == [subshell.name]
    assert control(kernel, "delete_subshell_request", subshell_id="no")["evalue"] == "there is no subshell no"
    assert control(kernel, "delete_subshell_request")["status"] == "error"
    real, subshell.name = subshell.name, "other"
    refused = subshell.run("%help")
    subshell.name = real
    assert refused.reply["evalue"] == "there is no subshell other"


@pytest.mark.usefixtures("waiting")
def test_sockets_help_and_files_are_shown_while_a_cell_waits(kernel: LiveKernel, subshell: Subshell) -> None:
    """Below the subshell's own cell; the cell that waits gets none of it."""
    shown = subshell.run("%sockets")
    (table,) = shown.of_kind("display_data")
    assert "reading" in table["data"]["text/plain"]
    assert "%timeit" in subshell.run("%help").text()
    (link,) = subshell.run("%tracelogger").of_kind("display_data")
    assert "/rtl/tracelogger/?token=" in link["data"]["text/plain"]
    assert subshell.run("%who").text() == "peer\n"
    for question in ("%help ba.socket.bind", "ba.socket.bind?"):
        assert subshell.run(question).reply["payload"][0]["source"] == "page"


def test_closing_a_socket_ends_the_wait_of_a_cell(kernel: LiveKernel, subshell: Subshell) -> None:
    """Without an interrupt."""
    request = kernel.send(WAITS)
    kernel.until(request, shows("waiting"))
    subshell.execute("%sockets close all")
    assert kernel.finish(request).result == 'nil, "socketclosed"'


def test_a_cell_beside_takes_nothing_from_the_one_that_runs(kernel: LiveKernel, subshell: Subshell) -> None:
    """Its output and its questions to the user stay its own."""
    request = kernel.send(
        WAITS.replace("return peer:read()", "peer:read() return io.read()"), allow_stdin=True
    )
    kernel.until(request, shows("waiting"))
    subshell.run("%help")
    subshell.run("%nothing")
    subshell.execute("%sockets close all")
    question = kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    assert question["parent_header"]["msg_id"] == request
    kernel.client.input("answer")
    ran = kernel.finish(request)
    assert ran.result == '"answer"'
    assert ran.kinds() == ["execute_result"]


@pytest.mark.usefixtures("waiting")
def test_questions_are_answered_while_a_cell_waits(kernel: LiveKernel, subshell: Subshell) -> None:
    """In a subshell, and without one, as editors ask."""
    client = kernel.client
    for reply in (
        kernel.ask(subshell.send("complete_request", {"code": "peer:rea", "cursor_pos": 8})),
        kernel.ask(client.complete("peer:rea")),
    ):
        assert reply["matches"] == ["read"]
    assert kernel.ask(client.inspect("ba.socket.bind"))["found"]
    assert kernel.ask(client.is_complete("for"))["status"] == "incomplete"
    assert kernel.ask(client.history(hist_access_type="tail", n=1))["history"]
    assert kernel.ask(client.kernel_info())["implementation"] == "ba-lua-kernel"


def test_a_front_end_that_looks_at_the_last_state_sees_a_busy_kernel(
    kernel: LiveKernel, waiting: str
) -> None:
    """Each question is over, and the cell is not."""
    question = kernel.client.complete("peer:rea")
    states: list[tuple[str, str]] = []
    while len(states) < 3:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE_S)
        assert message["msg_type"] == "status"
        states.append((message["parent_header"]["msg_id"], message["content"]["execution_state"]))
    assert states == [(question, "busy"), (question, "idle"), (waiting, "busy")]
    assert kernel.ask(question)["status"] == "ok"


def test_lua_in_a_subshell_waits_for_its_turn(kernel: LiveKernel, subshell: Subshell) -> None:
    """And says so; when nothing runs there is nothing to wait for."""
    assert subshell.run("x = 5 return x").result == "5"
    request = kernel.send(WAITS)
    kernel.until(request, shows("waiting"))
    behind = subshell.execute("return x + 1")
    kernel.until(behind, shows("Lua runs one cell at a time"))
    kernel.interrupt()
    assert kernel.ask(request)["ename"] == "Interrupted"
    assert kernel.finish(behind).result == "6"


def test_an_error_aborts_the_cells_of_its_own_subshell(kernel: LiveKernel, subshell: Subshell) -> None:
    """Not those of the notebook."""
    request = kernel.send(WAITS)
    kernel.until(request, shows("waiting"))
    queued = kernel.send("return 1")
    failing, aborted = subshell.execute("%nothing"), subshell.execute("%help")
    assert kernel.ask(failing)["ename"] == "MagicError"
    assert kernel.ask(aborted)["status"] == "aborted"
    kernel.interrupt()
    assert kernel.ask(request)["ename"] == "Interrupted"
    assert kernel.finish(queued).result == "1"


def test_there_is_a_limit(kernel: LiveKernel) -> None:
    """A program that makes subshells in a loop is told."""
    made = [control(kernel, "create_subshell_request") for _ in range(101)]
    assert made[-1]["evalue"] == "there are 100 subshells, the limit; delete some of them"
    for reply in made[:-1]:
        control(kernel, "delete_subshell_request", subshell_id=reply["subshell_id"])
    assert control(kernel, "list_subshell_request")["subshell_id"] == []


def test_a_request_of_a_subshell_is_over_when_it_says_idle(kernel: LiveKernel, subshell: Subshell) -> None:
    """As every request is."""
    request = subshell.execute("%help")
    messages = kernel.until(request, is_idle)
    states = [one["content"]["execution_state"] for one in messages if one["msg_type"] == "status"]
    assert states == ["busy", "idle"]
    kernel.ask(request)
