"""A real kernel in a process of its own, and what a front end sees of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

# A Jupyter message is nested JSON without a type.
Message: TypeAlias = dict[str, Any]

# Far more than anything here takes: a test that waits so long has found a fault.
PATIENCE_S = 30.0
# What takes an idle machine some milliseconds takes a busy one less than this.
SOON_S = 5.0


@dataclass
class Ran:
    """What came back for one execute request."""

    reply: Message
    messages: list[Message] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Message]:
        """Returns the contents of the messages of one kind."""
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    def kinds(self) -> list[str]:
        """Returns the kinds of all messages that show something."""
        quiet = ("status", "execute_input")
        return [message["msg_type"] for message in self.messages if message["msg_type"] not in quiet]

    def text(self, stream: str = "stdout") -> str:
        """Returns all that was printed to a stream."""
        return "".join(content["text"] for content in self.of_kind("stream") if content["name"] == stream)

    @property
    def result(self) -> str | None:
        """The cell's value as text, None if it showed none."""
        results = self.of_kind("execute_result")
        return str(results[0]["data"]["text/plain"]) if results else None

    @property
    def status(self) -> str:
        """`ok` or `error`."""
        return str(self.reply["status"])


class LiveKernel:
    """A kernel process with one front end."""

    def __init__(self, **how: object) -> None:
        """Starts the process; `how` is for `subprocess.Popen`."""
        self.manager = KernelManager(kernel_name="ba-lua")
        self.manager.start_kernel(**how)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE_S)

    def close(self) -> None:
        """Ends the process and the channels."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def send(self, code: str, *, cell_id: str | None = None, **content: object) -> str:
        """Sends an execute request, and returns the id that everything about it carries."""
        options = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        metadata = {"cellId": cell_id} if cell_id else {}
        asked = {"code": code, "stop_on_error": False, **options, **content}
        message = self.client.session.msg("execute_request", asked, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def until(self, request: str, is_last: Callable[[Message], bool]) -> list[Message]:
        """Returns the messages about a request up to the first for which `is_last` is true."""
        messages: list[Message] = []
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE_S)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if is_last(message):
                return messages

    def finish(self, request: str) -> Ran:
        """Returns all that is still to come for a request."""
        messages = self.until(request, is_idle)
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == request:
                return Ran(reply["content"], messages)

    def run(self, code: str, *, cell_id: str | None = None, **content: object) -> Ran:
        """Runs a cell to its end."""
        return self.finish(self.send(code, cell_id=cell_id, **content))

    def ask(self, request: str) -> Message:
        """Returns the content of the shell reply to a request."""
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == request:
                content: Message = reply["content"]
                return content

    def interrupt(self) -> None:
        """Sends SIGINT, as a front end's stop button does."""
        self.manager.interrupt_kernel()


def is_idle(message: Message) -> bool:
    """Whether this message ends a request."""
    return bool(message["msg_type"] == "status" and message["content"]["execution_state"] == "idle")


def shows(text: str) -> Callable[[Message], bool]:
    """Returns a test for a message that prints or displays `text`."""

    def test(message: Message) -> bool:
        content = message["content"]
        plain = content.get("data", {}).get("text/plain", "")
        return text in content.get("text", "") or text in plain

    return test


def seconds(work: Callable[[], object]) -> float:
    """Returns how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
