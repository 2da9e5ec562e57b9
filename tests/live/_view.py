"""A runtime with a live view, and clients that say exactly what a test wants said.

with view() as here, here.page() as page:
    here.run("trace 'hello'")
    assert page.line().text == "hello"
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from ba_runtime import Runtime
from ba_runtime.events import Event, SocketClosed, SocketOpened
from ba_runtime.lab import Lab
from ba_runtime.live import Feed, TraceLogger
from ba_runtime.live.messages import Message
from ba_runtime.trace import Ring

TIMEOUT_S = 20.0


class Shown(NamedTuple):
    """One line as a page gets it, with its number."""

    number: int
    kind: str
    at_ms: int
    cell: int
    socket: int
    level: int
    place: str
    name: str
    text: str
    remark: str


class Answer(NamedTuple):
    """A response; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    text: str


class Page:
    """A client of the page's WebSocket, which says that it has got each batch unless it is slow."""

    def __init__(self, socket: ClientConnection, *, is_slow: bool = False) -> None:
        """Begins at the first line."""
        self._socket = socket
        self.is_slow = is_slow
        self.start()

    def start(self, session: str = "", after: int = 0) -> None:
        """Asks for lines from `after` on."""
        self.send({"type": "start", "session": session, "after": after})

    def send(self, message: object) -> None:
        """Sends a message."""
        self._socket.send(json.dumps(message))

    def receive(self) -> Message:
        """Returns the next message."""
        message: Message = json.loads(self._socket.recv(TIMEOUT_S))
        if message["type"] == "lines" and not self.is_slow:
            self.send({"type": "got", "upto": message["first"] + len(message["lines"])})
        return message

    def until(self, kind: str, is_right: Callable[[Message], bool] = lambda _: True) -> Message:
        """Returns the first message of a kind that is right."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            message = self.receive()
            if message["type"] == kind and is_right(message):
                return message
        raise AssertionError(f"no such {kind} came")

    def until_both(self, *wanted: Callable[[Message], bool]) -> None:
        """Receives messages until each of these is true of one, in whatever order they come."""
        left = list(wanted)
        while left:
            message = self.receive()
            left = [is_right for is_right in left if not is_right(message)]

    def lines(self) -> Iterator[Shown]:
        """Yields lines as they come."""
        while True:
            message = self.until("lines")
            for index, line in enumerate(message["lines"]):
                yield Shown(message["first"] + index, *line)

    def texts(self, last: str) -> list[str]:
        """Returns the texts of lines up to one that says `last`."""
        texts = []
        for line in self.lines():
            texts.append(line.text)
            if line.text == last:
                break
        return texts


class View:
    """A runtime, its ring, and its window."""

    def __init__(self, runtime: Runtime, ring: Ring, lab: Lab | None) -> None:
        """Opens the window."""
        self.running: Runtime | None = runtime
        self.lab = lab
        self.ring = ring
        self.feed = Feed(ring, self, title="program.lua")
        self.window = TraceLogger(self.feed)
        self.url = self.window.open()
        self.parts = urlsplit(self.url)
        self.query = f"?{self.parts.query}"

    @property
    def port(self) -> int:
        """Where the server listens."""
        assert self.parts.port
        return self.parts.port

    def run(self, source: str) -> Any:
        """Runs a cell and returns its result."""
        assert self.running is not None
        result = self.running.run_cell(source.encode(), name="cell[1]", cell=1).result(TIMEOUT_S)
        assert result.error is None, result.error
        return result

    def get(
        self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", host: str = ""
    ) -> Answer:
        """Asks once."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            client.putrequest(method, path, skip_host=True)
            client.putheader("Host", host or f"127.0.0.1:{self.port}")
            for name, value in (headers or {}).items():
                client.putheader(name, value)
            client.endheaders()
            response = client.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, fields, response.read().decode())
        finally:
            client.close()

    @contextmanager
    def socket(self, path: str) -> Iterator[ClientConnection]:
        """A WebSocket to a path, with the token."""
        url = f"ws://127.0.0.1:{self.port}{path}{self.query}"
        with connect(url, open_timeout=TIMEOUT_S, proxy=None, max_size=None) as socket:
            yield socket

    @contextmanager
    def page(self, *, is_slow: bool = False) -> Iterator[Page]:
        """A page that is open."""
        with self.socket("/rtl/tracelogger/live") as socket:
            yield Page(socket, is_slow=is_slow)


@contextmanager
def view(lab: Lab | None = None) -> Iterator[View]:
    """A view for the time of a `with` block."""
    ring = Ring()

    def sink(event: Event) -> None:
        if not isinstance(event, (SocketOpened, SocketClosed)):
            ring.add(event)

    with Runtime(sink) as runtime:
        if lab is not None:
            runtime.use_lab(lab)
        here = View(runtime, ring, lab)
        try:
            yield here
        finally:
            here.window.close()
            here.feed.close()
