"""Widgets: models of the Jupyter widget protocol (version 2.1), without the package `ipywidgets`.

A model is a comm whose state says which JavaScript class shows it. A page that is loaded again has lost its
models and asks for all of them on a comm of its own, whose target is `jupyter.widget.control`; a page that is
older asks each model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._comms import Comm, Comms
from ._frontend import Message

TARGET = "jupyter.widget"
CONTROL = "jupyter.widget.control"
VERSION = {"version": "2.1.0"}
MIME_TYPE = "application/vnd.jupyter.widget-view+json"

Receive = Callable[[object], None]


class Widget:
    """One model, open in every page that shows the notebook."""

    def __init__(self, comms: Comms, state: Message, receive: Receive | None = None) -> None:
        """`receive` gets what pages send with `model.send`."""
        self.state = state
        self._receive = receive
        data = {"state": state, "buffer_paths": []}
        self._comm = Comm(comms, TARGET, data=data, metadata=VERSION)
        self._comm.on_msg(self._take)

    @property
    def model_id(self) -> str:
        """What a view and other models call it."""
        return str(self._comm.comm_id)

    def on_close(self, closed: Callable[[], None]) -> None:
        """Calls `closed` when a front end has closed the model."""
        self._comm.on_close(lambda _message: closed())

    def send(self, content: Message) -> None:
        """Sends what `model.on("msg:custom")` gets, in every page."""
        self._comm.send({"method": "custom", "content": content})

    def close(self) -> None:
        """Removes it from every page."""
        self._comm.close()

    def _take(self, message: Message) -> None:
        data = _data(message)
        if data.get("method") == "request_state":
            self._comm.send({"method": "update", "state": self.state, "buffer_paths": []})
        elif data.get("method") == "custom" and self._receive is not None:
            self._receive(data.get("content"))


class Widgets:
    """The widgets of one kernel."""

    def __init__(self, comms: Comms) -> None:
        """Answers pages that ask for the widgets."""
        self.comms = comms
        self._open: dict[str, Widget] = {}
        comms.register_target(CONTROL, self._control)

    def open(self, state: dict[str, Any], receive: Receive | None = None) -> Widget:
        """Makes a widget; `receive` gets what pages send with `model.send`."""
        widget = Widget(self.comms, state, receive)
        self._open[widget.model_id] = widget
        return widget

    def close(self, widget: Widget) -> None:
        """Removes a widget from every page."""
        self._open.pop(widget.model_id, None)
        widget.close()

    def _control(self, comm: Any, _message: Message) -> None:
        def take(message: Message) -> None:
            if _data(message).get("method") == "request_states":
                states = {name: _described(widget.state) for name, widget in self._open.items()}
                comm.send({"method": "update_states", "states": states, "buffer_paths": []})

        comm.on_msg(take)


def _data(message: Message) -> Message:
    data = message["content"].get("data")
    return data if isinstance(data, dict) else {}


def _described(state: Message) -> Message:
    return {
        "model_name": state["_model_name"],
        "model_module": state["_model_module"],
        "model_module_version": state["_model_module_version"],
        "state": state,
        "buffers": [],
    }
