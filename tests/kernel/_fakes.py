"""Stand-ins for tests: a clock that a test moves, a front end that records, a runtime without Lua, and a desk
with all of them, where cells run in memory.

These are fakes with the behaviour of the real things, not mocks: `FakeRuntime` runs cells on a thread,
sends events to its sink and completes futures, only its language is smaller (see `FakeRuntime`).
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from ba_kernel._comms import Comms
from ba_kernel._frontend import Message, Request
from ba_kernel._widgets import Widgets
from ba_kernel._workbench import Workbench
from ba_runtime.errors import UsageError
from ba_runtime.events import (
    CaptureSummary,
    CellResult,
    ErrorReport,
    Fault,
    GlobalNames,
    InputRequested,
    LatePrint,
    Note,
    PageResult,
    Printed,
    Sink,
    SocketInfo,
    SocketOpened,
    Timing,
    Traced,
)
from ba_runtime.lab import Lab
from ba_runtime.looking import Described, Members, Path
from ba_runtime.observe import Address, Moved, Opened
from ba_runtime.observe import Event as Seen
from ba_runtime.web import HttpTrace


class FakeLoop:
    """An event loop whose time stands still until `advance`."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """Returns the time in seconds."""
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> None:
        """Runs `callback` when the time has moved on by `delay` seconds."""
        self._timers.append((self._now + delay, callback))

    def call_soon_threadsafe(self, callback: Callable[[], None], /) -> None:
        """Runs `callback` at once: a loop with nothing else to do."""
        callback()

    def advance(self, seconds: float) -> None:
        """Moves the time on, running what becomes due, in order."""
        end = self._now + seconds
        while due := sorted((timer for timer in self._timers if timer[0] <= end), key=lambda timer: timer[0]):
            self._timers.remove(due[0])
            self._now = max(self._now, due[0][0])
            due[0][1]()
        self._now = end


@dataclass(frozen=True, slots=True)
class Sent:
    """One published message."""

    kind: str
    content: Message
    parent: Message


class RecordingFrontEnd:
    """A `Publish` that keeps every message."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def __call__(self, kind: str, content: Mapping[str, object], parent: Message) -> None:
        """Keeps the message."""
        self.sent.append(Sent(kind, dict(content), parent))

    def comm(
        self,
        kind: str,
        content: Mapping[str, object],
        parent: Message,
        metadata: Mapping[str, object] | None = None,
        buffers: list[bytes] | None = None,
    ) -> None:
        """Keeps a message of a comm, with what comes besides."""
        more = {"metadata": dict(metadata or {}), "buffers": buffers or []}
        self.sent.append(Sent(kind, {**content, **more}, parent))

    def kinds(self) -> list[str]:
        """Returns the kinds of the messages in order."""
        return [message.kind for message in self.sent]

    def of_kind(self, kind: str) -> list[Message]:
        """Returns the contents of all messages of one kind."""
        return [message.content for message in self.sent if message.kind == kind]

    def area(self) -> str:
        """Returns the text of the latest snapshot of the trace area."""
        shown = [sent.content for sent in self.sent if sent.kind in ("display_data", "update_display_data")]
        return str(shown[-1]["data"]["text/plain"])

    def text(self, stream: str = "stdout") -> str:
        """Returns all that was printed to a stream."""
        return "".join(content["text"] for content in self.of_kind("stream") if content["name"] == stream)


def request(cell: int = 1, *, session: str = "page", cell_id: str | None = None, **options: bool) -> Request:
    """Returns an execute request as a front end would send it."""
    parent = {"header": {"session": session, "msg_id": f"message-{cell}", "msg_type": "execute_request"}}
    return Request(parent, [b"front-end"], cell, cell_id or f"cell-{cell}", **options)


def console_request(cell: int = 1) -> Request:
    """Returns an execute request as Jupyter Console would send it."""
    header = {"session": "console", "msg_id": f"console_{cell}", "msg_type": "execute_request"}
    return Request({"header": header}, [b"console"], cell, allow_stdin=True)


@dataclass
class FakeRecording:
    """A recording that holds what the test puts into it."""

    kept: list[Seen] = field(default_factory=list)
    dropped: int = 0
    is_busy: bool = False
    has_ended: bool = False

    @property
    def begun(self) -> Future[None]:
        """Is done, unless Lua is busy."""
        return self._done()

    def events(self) -> tuple[Seen, ...]:
        """Returns what there is."""
        return tuple(self.kept)

    def end(self) -> Future[None]:
        """Remembers that it has ended."""
        self.has_ended = True
        return self._done()

    def _done(self) -> Future[None]:
        future: Future[None] = Future()
        if not self.is_busy:
            future.set_result(None)
        return future


@dataclass
class FakeRuntime:
    """A runtime whose cells are lines such as `print hello`, `trace hello`, `value 1` or `spin on`.

    `move hello` sends a datagram from a socket of its own, which recordings see. `late`, `fault` and `note`
    send those events; `error` fails the cell, `broken 2` its compilation in line 2;
    `spin on` goes on until it is interrupted;
    `read` prints the answer of the user; `listen on` opens a socket that accepts,
    `idle on` one without a system socket.
    """

    sink: Sink
    names: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    values: dict[Path, str] = field(default_factory=dict)
    is_busy: bool = False
    is_closed: bool = False
    counts_instructions: bool = False

    def __post_init__(self) -> None:
        self.ran: list[tuple[bytes, str, int]] = []
        self.open: list[SocketInfo] = []
        self.asked = 0  # for the sockets
        self._stop = threading.Event()
        self._answers: Queue[bytes | None] = Queue()
        self.arguments: tuple[bytes, ...] = ()
        self.computed_s: list[float] = []
        self.remembered: list[tuple[int, bytes]] = []
        self.names_made = GlobalNames(0, ())
        self.hosts: set[str] = set()
        self.root: bytes | None = None
        self.served: list[str] = []
        self.capturing: str | None = None
        self.there: list[Seen] = []  # sockets that a recording begins with
        self.recordings: list[FakeRecording] = []
        self.http_trace = HttpTrace()
        self.trace_level = 5

    def start(self) -> None:
        """Has nothing to start."""

    def run_cell(self, source: bytes, *, name: str, cell: int) -> Future[CellResult]:
        """Runs the lines on a thread of their own."""
        self.ran.append((source, name, cell))
        self._stop.clear()
        future: Future[CellResult] = Future()

        def work() -> None:
            try:
                future.set_result(self._run(source, name, cell))
            except Exception as fault:
                future.set_exception(fault)

        threading.Thread(target=work, daemon=True).start()
        return future

    def run_page(self, source: bytes, *, name: str, cell: int, path: str | None = None) -> Future[PageResult]:
        """Answers with the text; a first word may be `status NUMBER`, `type TYPE`, `error` or `listen`."""
        self.ran.append((source, name, cell))
        status, kind, error = 200, "text/html; charset=utf-8", None
        body = source.replace(b"<?lsp ?>\n", b"")
        for number, line in enumerate(source.split(b"\n"), 1):
            word, _, text = line.partition(b" ")
            if word == b"status":
                status = int(text)
            elif word == b"type":
                kind = text.decode()
            elif word == b"error":
                status, error = 500, self._failed(text, name, number, cell).error
            elif word in (b"listen", b"idle"):
                self.send(word, text, name, number, cell)
        url = f"http://127.0.0.1:9357{path}" if path else None
        future: Future[PageResult] = Future()
        future.set_result(PageResult(cell, status, kind, body, error, url))
        return future

    def run_program(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ()
    ) -> Future[CellResult]:
        """Runs the lines as a cell's."""
        self.arguments = arguments
        return self.run_cell(source, name=name, cell=cell)

    def time_cell(
        self, source: bytes, *, name: str, cell: int, loops: int = 0, repeats: int
    ) -> Future[Timing]:
        """Has taken a microsecond for each loop, and twice as long in the last run."""
        self.ran.append((source, name, cell))
        loops = loops or 1_000
        runs = (loops * 1e-6,) * (repeats - 1) + (loops * 2e-6,)
        error = self._failed(b"no", name, 1, cell).error if b"error" in source else None
        future: Future[Timing] = Future()
        future.set_result(Timing(cell, loops, () if error else runs, error))
        return future

    def processor_time(self) -> Future[float]:
        """Returns the times that the test set, one after the other; never, while busy."""
        return self._answer(self.computed_s.pop(0) if self.computed_s else 0.0)

    def remember(self, cell: int, text: bytes) -> None:
        """Keeps the text."""
        self.remembered.append((cell, text))

    def globals(self) -> Future[GlobalNames]:
        """Returns the globals that the test set; never, while busy."""
        return self._answer(self.names_made)

    def serve(self, folder: str) -> Future[int]:
        """Remembers the folder; there is none called `nowhere`."""
        self.served.append(folder)
        future: Future[int] = Future()
        if folder == "nowhere":
            future.set_exception(UsageError("cannot find folder 'nowhere'"))
        else:
            future.set_result(9357)
        return future

    def interrupt(self) -> None:
        """Stops `spin`, and anyone who waits for `is_busy` to end."""
        self._stop.set()

    def reply_input(self, line: bytes | None) -> None:
        """Answers `read`."""
        self._answers.put(line)

    def members(self, path: Path, prefix: str = "", most: int = 2000) -> Future[Members]:
        """Returns the names that the test put at `path`, as functions of a table; never, while busy."""
        names = [(name, "function") for name in self.names.get(path, ()) if name.startswith(prefix)]
        return self._answer(Members("table" if names else "nil", tuple(names[:most])))

    def describe(self, path: Path) -> Future[Described | None]:
        """Returns the value that the test put at `path`, a string; never, while busy."""
        value = self.values.get(path)
        return self._answer(None if value is None else Described("string", value))

    def sockets(self) -> Future[tuple[SocketInfo, ...]]:
        """Returns what `listen` opened; never, while busy."""
        self.asked += 1
        return self._answer(tuple(self.open))

    def close_sockets(
        self, *, socket: int | None = None, cell: int | None = None
    ) -> Future[tuple[SocketInfo, ...]]:
        """Closes as the real one does; never answers while busy."""
        is_all = socket is None and cell is None
        closed = [one for one in self.open if is_all or one.socket == socket or one.cell == cell]
        self.open = [one for one in self.open if one not in closed]
        return self._answer(tuple(closed))

    def trace_http(self, wanted: HttpTrace) -> None:
        """Remembers what is to be traced of the page server's traffic."""
        self.http_trace = wanted

    def set_trace_level(self, level: int, asker: str = "") -> None:
        """Remembers up to which priority lines are wanted."""
        self.trace_level = level

    def record(self) -> FakeRecording:
        """Begins a recording, which `move` in a cell adds to."""
        self.recordings.append(FakeRecording(list(self.there), is_busy=self.is_busy))
        return self.recordings[-1]

    def use_lab(self, lab: Lab | None) -> None:
        """Remembers the lab's host names and its root."""
        self.hosts = set() if lab is None else {host for host, _, _ in lab.routes}
        self.root = None if lab is None else lab.ca_pem

    def capture(self, path: str) -> None:
        """Remembers the file; one called `taken` exists already."""
        if path == "taken":
            raise UsageError("taken exists already; delete it or choose another name")
        self.capturing = path

    def end_capture(self) -> CaptureSummary | None:
        """Has written three packets, and none of what came after."""
        path, self.capturing = self.capturing, None
        return (
            None if path is None else CaptureSummary(path, 3, 1500, "cannot write a: No space left on device")
        )

    def close(self, timeout_s: float = 2) -> None:
        """Remembers that it is over."""
        self.is_closed = True

    def _answer(self, value: Any) -> Future[Any]:  # the three callers give it their types
        future: Future[Any] = Future()
        if not self.is_busy:
            future.set_result(value)
        return future

    def _run(self, source: bytes, name: str, cell: int) -> CellResult:
        values: list[bytes] = []
        for number, line in enumerate(source.split(b"\n"), 1):
            word, _, text = line.strip().partition(b" ")
            if word == b"value":
                values.append(text)
            elif word == b"error":
                return self._failed(b"%s:%d: %s" % (name.encode(), number, text), name, number, cell)
            elif word == b"broken":  # "broken 2": the compiler stumbles in line 2
                report = ErrorReport("syntax", b"%s:%s: bad" % (name.encode(), text), name, int(text))
                return CellResult(cell, error=report)
            elif word == b"spin":  # "spin on", as a lone name is an expression, which cells return
                self._stop.wait()
                return CellResult(cell, error=ErrorReport("interrupt", b"interrupted!"))
            elif word not in (b"", b"return") and not word.startswith(b"--"):
                self.send(word, text, name, number, cell)
        return CellResult(cell, tuple(values))

    def _failed(self, message: bytes, name: str, line: int, cell: int) -> CellResult:
        frames = (b"%s:%d: in main chunk" % (name.encode(), line),)
        return CellResult(cell, error=ErrorReport("runtime", message, name, line, frames))

    def send(self, word: bytes, text: bytes, name: str, line: int, cell: int) -> None:
        """Sends the event that a word stands for."""
        if word == b"print":
            self.sink(Printed(cell, text + b"\n"))
        elif word == b"warn":
            self.sink(Printed(cell, text + b"\n", "stderr"))
        elif word == b"trace":
            self.sink(Traced(cell, name, line, "", text))
        elif word == b"tracep":  # "tracep 8 hello"
            priority, _, said = text.partition(b" ")
            if int(priority) <= self.trace_level:
                self.sink(Traced(cell, name, line, "", said, int(priority), socket=7))
        elif word == b"late":
            self.sink(LatePrint(cell, text + b"\n"))
        elif word == b"fault":
            self.sink(Fault(cell, text))
        elif word == b"note":
            self.sink(Note(cell, text.decode()))
        elif word == b"read":
            self.sink(InputRequested(cell, text))
            self.sink(Printed(cell, b"read: %r\n" % self._answers.get(timeout=10)))
        elif word == b"listen":
            doing = "waiting for a client"
            self.open.append(
                SocketInfo(1, "listener", "accept", "127.0.0.1:80", "", 0, 0, 0.0, cell, doing=doing)
            )
            self.sink(SocketOpened(cell, 1, "listen"))
        elif word == b"move":
            opened = Opened(0.0, 7, "datagram", cell)
            moved = Moved(0.5, 7, True, "wire", len(text), text, Address("192.0.2.1", 53))
            for recording in self.recordings:
                recording.kept += [] if recording.has_ended else [opened, moved]
        elif word == b"idle":
            self.open.append(SocketInfo(0, "cosocket", "exec", "", "", 0, 0, 0.0, cell, doing="running"))
        else:
            raise ValueError(f"not a line of the fake runtime: {word!r}")


class Desk:
    """A workbench with a fake runtime and a front end that records. Made inside a running event loop."""

    def __init__(self) -> None:
        self.front = RecordingFrontEnd()
        self.runtimes: list[FakeRuntime] = []
        self.questions: list[str] = []
        self.comms = Comms(self.front.comm)
        self.is_exhausted = False  # there is no descriptor for a runtime
        self.bench = Workbench(
            self.front,
            asyncio.get_running_loop(),
            lambda prompt, _request, _is_secret: self.questions.append(prompt),
            self._make,
            widgets=Widgets(self.comms),
        )
        self._cell = 0

    @property
    def runtime(self) -> FakeRuntime:
        """The runtime of the moment."""
        self.bench.engine.warm_up()
        return self.runtimes[-1]

    async def run(
        self,
        code: str,
        *,
        store_history: bool = True,
        expressions: dict[str, str] | None = None,
        session: str = "page",
        cell_id: str | None = None,
        is_console: bool = False,
        **options: bool,
    ) -> Message:
        """Runs one cell and returns the content of its reply."""
        self._cell += 1
        is_stored = store_history and not options.get("is_silent", False)
        asked = request(self._cell, session=session, cell_id=cell_id, is_stored=is_stored, **options)
        if is_console:
            asked = console_request(self._cell)
        return await self.bench.cells.run(code, asked, expressions=expressions or {})

    def _make(self, sink: Sink) -> FakeRuntime:
        if self.is_exhausted:
            raise OSError(errno.EMFILE, "Too many open files")
        self.runtimes.append(FakeRuntime(sink))
        return self.runtimes[-1]


def play(scene: Callable[[Desk], Coroutine[object, object, None]]) -> None:
    """Runs a test that is a coroutine, at a desk of its own; a lab that it left on ends with it."""

    async def run() -> None:
        desk = Desk()
        try:
            await scene(desk)
        finally:
            desk.bench.close()

    asyncio.run(run())
