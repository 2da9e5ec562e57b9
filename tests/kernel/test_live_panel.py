"""The panel of a real kernel, with the messages of a page in a browser."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ba_kernel._widget_packages import ANYWIDGET, MANAGER

from ._live import PATIENCE_S, LiveKernel, Message, shows

NEVER_ENDS = "trace 'begun' print 'on' while true do end"


class Page:
    """A page that shows the panel of a kernel."""

    def __init__(self, kernel: LiveKernel) -> None:
        self._client = kernel.client
        content = {"code": "%panel", "silent": False, "store_history": True, "allow_stdin": True}
        self._send("execute_request", content)
        self.model = self.until(lambda message: "_esm" in str(message["content"]))["content"]["comm_id"]
        view = self.until(lambda message: message["msg_type"] == "display_data")
        assert self.model in str(view["content"])
        self.say("start", session="", after=0)

    def say(self, kind: str, **more: object) -> None:
        """Sends a message of the panel's view."""
        content = {"from": "view", "type": kind, **more}
        self._send("comm_msg", {"comm_id": self.model, "data": {"method": "custom", "content": content}})

    def until(self, is_it: Callable[[Message], bool]) -> Message:
        """Returns the first message for which `is_it` is true."""
        while True:
            message: Message = self._client.get_iopub_msg(timeout=PATIENCE_S)
            if is_it(message):
                return message

    def until_told(self, text: str) -> Message:
        """Returns what a message to the view says that has this text in it."""
        message = self.until(lambda one: one["msg_type"] == "comm_msg" and text in str(one["content"]))
        content: Message = message["content"]["data"]["content"]
        assert content["to"] == "view"
        return content

    def _send(self, kind: str, content: Message) -> None:
        message = self._client.session.msg(kind, content)
        message["header"]["msg_id"] = message["msg_id"] = uuid.uuid4().hex  # as browsers number them
        self._client.shell_channel.send(message)


@pytest.fixture
def error_output(tmp_path: Path) -> Path:
    """Where the kernel writes what goes wrong."""
    return tmp_path / "stderr"


@pytest.fixture
def kernel(tmp_path: Path, error_output: Path) -> Iterator[LiveKernel]:
    """A kernel whose front end has the packages for widgets."""
    for name, version in ((MANAGER, "5.0.16"), (ANYWIDGET, "0.11.0")):
        folder = tmp_path / "labextensions" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"version": version}))
    with error_output.open("w") as stderr:
        kernel = LiveKernel(env={**os.environ, "JUPYTER_PATH": str(tmp_path)}, stderr=stderr)
        yield kernel
        kernel.close()


def test_the_panel_is_live_while_a_cell_never_ends(kernel: LiveKernel, error_output: Path) -> None:
    """And is told when the kernel ends, which leaves nothing to report."""
    page = Page(kernel)
    page.until_told("hello")
    request = kernel.send(NEVER_ENDS)
    assert page.until_told("begun")["type"] == "lines"
    page.say("view", name="sockets")
    assert page.until_told("sockets")["rows"] == []
    kernel.interrupt()
    kernel.finish(request)
    kernel.client.shutdown()
    assert page.until_told("The kernel has ended.")["type"] == "link"
    kernel.manager.finish_shutdown(waittime=PATIENCE_S)
    assert error_output.read_text() == ""


def test_a_python_program_is_told_that_it_needs_a_page(kernel: LiveKernel) -> None:
    """As nbconvert is."""
    ran = kernel.run("%panel")
    assert ran.text().startswith("The panel needs a page that can show widgets")
    assert "comm_open" not in ran.kinds()
    assert any(map(shows("/rtl/tracelogger/?token="), ran.messages))
