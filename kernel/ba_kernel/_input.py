"""`io.read` of a cell: a question to the user, without making anyone else wait.

ipykernel's own `raw_input` blocks the main loop until the user has typed; here the question is sent, and the
answer comes as one more message, so output, traces and interrupts go on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from zmq.eventloop.zmqstream import ZMQStream

from ba_runtime.text import readable

from ._engine import Engine
from ._frontend import Request
from ._output import Output

if TYPE_CHECKING:
    from jupyter_client.session import Session
    from tornado.ioloop import IOLoop

# What front ends send for end of file; IPython's kernel agreed on it with them.
END_OF_FILE = "\x04"
NO_INPUT = b"io.read: this front end cannot ask for input, so io.read returns end of file\n"


# Sends a question to the front end that sent the request; true hides what is typed.
Question: TypeAlias = Callable[[str, Request, bool], None]


class Input:
    """Asks the front end of the running cell for one line at a time. On the main loop only."""

    def __init__(self, question: Question, engine: Engine, output: Output) -> None:
        self._question = question
        self._engine = engine
        self._output = output
        self._request: Request | None = None
        self._is_asking = False
        self._secret: asyncio.Future[str] | None = None  # what the kernel itself has asked for

    def begin(self, request: Request) -> None:
        """A cell starts: questions go to the front end that sent it."""
        self._request = request
        self._is_asking = False

    def end(self) -> None:
        """The cell has ended, and front ends take away the question: whoever still waits gets end of file."""
        self._request = None
        if self._is_asking:
            self._is_asking = False
            self._engine.reply_input(None)

    def ask(self, prompt: bytes) -> None:
        """Sends the question, after what was printed before it."""
        request = self._request
        if request is None or not request.allow_stdin:
            self._output.write(NO_INPUT, "stderr")
            self._engine.reply_input(None)
            return
        self._output.flush()
        self._is_asking = True
        self._question(readable(prompt), request, False)

    async def secret(self, prompt: str) -> str | None:
        """Asks for something that is not shown as it is typed; returns None if this front end cannot ask."""
        request = self._request
        if request is None or not request.allow_stdin:
            return None
        self._output.flush()
        self._secret = asyncio.get_running_loop().create_future()
        self._question(prompt, request, True)
        try:
            return await self._secret
        finally:
            self._secret = None

    def answered(self, value: str) -> None:
        """Gives the user's answer to whoever asked; a late one, to an interrupted cell, is dropped."""
        if self._secret is not None and not self._secret.done():
            self._secret.set_result(value)
        elif self._is_asking:
            self._is_asking = False
            line = None if value == END_OF_FILE else value.encode("utf-8", "surrogatepass") + b"\n"
            self._engine.reply_input(line)


class StdinChannel:
    """The ZeroMQ side of it: the stdin channel, on the main loop."""

    # pyzmq's socket has a type parameter that says nothing here.
    def __init__(self, socket: Any, session: Session, io_loop: IOLoop) -> None:
        self._session = session
        self._stream = ZMQStream(socket, io_loop)

    def question(self, prompt: str, request: Request, is_secret: bool) -> None:
        """Sends an input_request; front ends do not show what is typed for a secret."""
        content = {"prompt": prompt, "password": is_secret}
        self._session.send(self._stream, "input_request", content, parent=request.parent, ident=request.ident)

    def on_answer(self, answered: Callable[[str], None]) -> None:
        """Calls `answered` with the value of every input_reply that comes."""

        def received(frames: list[bytes]) -> None:
            _, parts = self._session.feed_identities(frames)
            try:
                value = self._session.deserialize(parts)["content"]["value"]
            except (KeyError, TypeError, ValueError):
                return  # unsigned, or not an answer: whoever sent it, it is not our front end
            answered(str(value))

        self._stream.on_recv(received)
