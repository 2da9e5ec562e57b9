"""Comms over the real protocol: with a target, without one, and while a cell runs."""

from __future__ import annotations

from ._live import PATIENCE_S, LiveKernel, Message, is_idle, shows

CONTROL = "jupyter.widget.control"


def send(kernel: LiveKernel, kind: str, comm_id: object, data: object = None, target: str = CONTROL) -> str:
    """Sends a message about a comm, and returns its id."""
    client = kernel.client
    content = {"comm_id": comm_id, "target_name": target, "data": data or {}}
    message = client.session.msg(kind, content)
    client.shell_channel.send(message)
    return str(message["header"]["msg_id"])


def asked(kernel: LiveKernel, kind: str, comm_id: object, data: object = None) -> list[Message]:
    """Returns what came of a message, but for the kernel's states."""
    messages = kernel.until(send(kernel, kind, comm_id, data), is_idle)
    return [message for message in messages if message["msg_type"] != "status"]


def open_comms(kernel: LiveKernel, **content: object) -> Message:
    """Returns the kernel's answer to the question which comms there are."""
    message = kernel.client.session.msg("comm_info_request", content)
    kernel.client.shell_channel.send(message)
    comms: Message = kernel.ask(message["header"]["msg_id"])["comms"]
    return comms


def test_a_comm_is_open_until_it_is_closed(kernel: LiveKernel) -> None:
    """`comm_info` says so, and can be asked for one target."""
    asked(kernel, "comm_open", "c1")
    assert open_comms(kernel)["c1"] == {"target_name": CONTROL}
    assert "c1" in open_comms(kernel, target_name=CONTROL)
    assert "c1" not in open_comms(kernel, target_name="other")
    (states,) = asked(kernel, "comm_msg", "c1", {"method": "request_states"})
    assert states["content"]["data"]["method"] == "update_states"
    asked(kernel, "comm_close", "c1")
    assert "c1" not in open_comms(kernel)


def test_comms_are_answered_while_a_cell_computes(kernel: LiveKernel) -> None:
    """In their order; a cell that never ends does not hold them up."""
    cell = kernel.send("print 'on' while true do end")
    kernel.until(cell, shows("on"))
    opened = send(kernel, "comm_open", "c2")
    request = send(kernel, "comm_msg", "c2", {"method": "request_states"})
    kernel.until(opened, is_idle)
    assert "comm_msg" in [message["msg_type"] for message in kernel.until(request, is_idle)]
    kernel.interrupt()
    assert kernel.finish(cell).reply["ename"] == "Interrupted"
    asked(kernel, "comm_close", "c2")


def test_messages_that_make_no_sense_end_nothing(kernel: LiveKernel) -> None:
    """Ids that are none, data that is none, a subshell that does not exist."""
    nonsense: tuple[object, ...] = (None, 7, ["x"], {})
    for comm_id in nonsense:
        for kind in ("comm_open", "comm_msg", "comm_close"):
            assert asked(kernel, kind, comm_id) == []
    asked(kernel, "comm_open", "c3")
    assert asked(kernel, "comm_msg", "c3", "text") == []
    message = kernel.client.session.msg("comm_msg", {"comm_id": "c3", "data": {}})
    message["header"]["subshell_id"] = "no"
    kernel.client.shell_channel.send(message)
    assert [one["msg_type"] for one in kernel.until(message["header"]["msg_id"], is_idle)] == ["status"] * 2
    kernel.client.kernel_info()
    assert kernel.client.get_shell_msg(timeout=PATIENCE_S)["msg_type"] == "kernel_info_reply"
    asked(kernel, "comm_close", "c3")
    assert kernel.run("return 1").result == "1"
