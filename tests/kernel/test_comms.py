"""Comms and widgets in memory: who opens and closes them, and what is sent."""

from __future__ import annotations

import logging

import pytest
from comm.base_comm import BaseComm

from ba_kernel._comms import MOST_COMMS, Comm, Comms
from ba_kernel._frontend import Message
from ba_kernel._widgets import Widgets

from ._fakes import RecordingFrontEnd

STATE = {
    **{"_model_name": "AnyModel", "_model_module": "anywidget", "_model_module_version": "~0.11.*"},
    "value": 1,
}


class Line:
    """The front end's side: what it says about comms goes to `comms`."""

    def __init__(self) -> None:
        self.front = RecordingFrontEnd()
        self.comms = Comms(self.front.comm)
        self.opened: list[BaseComm] = []
        self.heard: list[object] = []

    def send(self, kind: str, comm_id: object, data: Message | None = None, target: str = "echo") -> Message:
        """Sends a message about a comm, and returns it."""
        content = {"comm_id": comm_id, "data": data or {}, "target_name": target}
        message: Message = {"header": {"msg_id": f"{kind} {comm_id}"}, "content": content}
        getattr(self.comms, kind)(None, [], message)
        return message

    def serve(self) -> None:
        """Lets the target "echo" answer every message with the same."""

        def opened(comm: BaseComm, _message: Message) -> None:
            self.opened.append(comm)
            comm.on_msg(lambda message: comm.send(message["content"]["data"], buffers=[b"bytes"]))
            comm.on_close(lambda message: self.heard.append(message["content"]["data"]))

        self.comms.register_target("echo", opened)


def test_a_comm_carries_messages_both_ways() -> None:
    """An answer belongs to the message that caused it; what is said unasked belongs to no request."""
    line = Line()
    line.serve()
    line.send("comm_open", "c1")
    asked = line.send("comm_msg", "c1", {"x": 1})
    line.opened[0].send({"x": 2})
    answer, unasked = line.front.sent
    assert answer.content == {"comm_id": "c1", "data": {"x": 1}, "metadata": {}, "buffers": [b"bytes"]}
    assert answer.parent == asked
    assert (unasked.content["data"], unasked.parent) == ({"x": 2}, {})
    line.send("comm_close", "c1", {"why": "done"})
    assert line.heard == [{"why": "done"}]
    assert line.comms.comms == {}
    line.send("comm_msg", "c1", {"x": 3})
    assert len(line.front.sent) == 2


def test_a_comm_that_the_kernel_opens_is_there_until_one_side_closes_it() -> None:
    """Closing twice says it once."""
    line = Line()
    comm = Comm(line.comms, "page", data={"a": 1}, metadata={"version": "1"})
    assert line.comms.comms == {comm.comm_id: comm}
    comm.close()
    comm.close()
    opened, closed = line.front.sent
    assert (opened.kind, opened.content["target_name"], opened.content["data"]) == (
        *("comm_open", "page"),
        {"a": 1},
    )
    assert (closed.kind, closed.content["comm_id"]) == ("comm_close", comm.comm_id)
    assert line.comms.comms == {}


def test_a_comm_for_an_unknown_target_is_closed() -> None:
    """At once, as an answer."""
    line = Line()
    message = line.send("comm_open", "c1")
    (closed,) = line.front.sent
    assert (closed.kind, closed.content["comm_id"], closed.parent) == ("comm_close", "c1", message)
    assert line.comms.comms == {}


def test_a_target_or_a_message_that_fails_is_reported_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """A comm whose opening has failed is closed."""
    line = Line()

    def fails(*_: object) -> None:
        raise ValueError("on purpose")

    line.comms.register_target("fails", fails)
    line.comms.register_target("later", lambda comm, message: comm.on_msg(fails))
    with caplog.at_level(logging.ERROR):
        line.send("comm_open", "c1", target="fails")
        line.send("comm_open", "c2", target="later")
        line.send("comm_msg", "c2")
    assert line.front.kinds() == ["comm_close"]
    assert list(line.comms.comms) == ["c2"]
    assert len(caplog.records) == 2


def test_an_id_that_is_in_use_or_none_opens_nothing() -> None:
    """The comm that has it goes on."""
    line = Line()
    line.serve()
    ours = Comm(line.comms, "page")
    for comm_id in (ours.comm_id, None, 7, ["list"]):
        line.send("comm_open", comm_id)
        line.send("comm_msg", None if comm_id == ours.comm_id else comm_id)
    assert line.opened == []
    assert line.front.kinds() == ["comm_open"]
    assert line.comms.get_comm(ours.comm_id) is ours


def test_front_ends_have_a_bounded_number_of_comms() -> None:
    """The oldest of theirs is closed, and never one of the kernel's."""
    line = Line()
    line.serve()
    ours = Comm(line.comms, "page")
    for number in range(MOST_COMMS + 1):
        line.send("comm_open", f"c{number}")
    assert [sent.content["comm_id"] for sent in line.front.sent if sent.kind == "comm_close"] == ["c0"]
    assert len(line.comms.comms) == MOST_COMMS + 1
    assert line.comms.get_comm(ours.comm_id) is ours


def test_a_page_that_is_loaded_again_is_told_of_all_widgets() -> None:
    """On a comm of its own; an older page asks the widget itself."""
    line = Line()
    widgets = Widgets(line.comms)
    widget = widgets.open(STATE)
    gone = widgets.open(STATE)
    widgets.close(gone)
    line.send("comm_open", "control", target="jupyter.widget.control")
    line.send("comm_msg", "control", {"method": "request_states"})
    states = line.front.sent[-1].content["data"]
    assert states["method"] == "update_states"
    assert states["states"] == {
        widget.model_id: {
            **{"model_name": "AnyModel", "model_module": "anywidget", "model_module_version": "~0.11.*"},
            **{"state": STATE, "buffers": []},
        }
    }
    line.send("comm_msg", widget.model_id, {"method": "request_state"})
    assert line.front.sent[-1].content["data"] == {"method": "update", "state": STATE, "buffer_paths": []}


def test_a_widget_gets_what_its_pages_send() -> None:
    """Custom messages; whatever else a page says about a model is ignored."""
    line = Line()
    heard: list[object] = []
    widget = Widgets(line.comms).open(STATE, heard.append)
    for data in (
        *({"method": "custom", "content": {"x": 1}}, {"method": "update", "state": {"value": 2}}),
        *({"method": "custom", "content": [1]}, {}),
    ):
        line.send("comm_msg", widget.model_id, data)
    assert heard == [{"x": 1}, [1]]
    assert widget.state == STATE
