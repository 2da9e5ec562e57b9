"""The kernel's parts with a console in place of a front end.

What a program prints goes out at once, byte by byte, on the thread that writes it: nothing is collected, so
nothing has to be bounded, and a reader that is slow slows the program down. What a magic or a value shows
is written as text. The trace area collects lines for `%trace wait` and `save`, but is not shown: its lines
are on stderr already.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from ba_kernel._defer import Loop
from ba_kernel._engine import LuaRuntime
from ba_kernel._frontend import Message, Publish
from ba_kernel._output import Output
from ba_kernel._trace_html import text_line
from ba_kernel._workbench import Workbench
from ba_runtime import MAX_MEMORY, Runtime
from ba_runtime.command import Console, Writer
from ba_runtime.events import (
    CellResult,
    DeviceTraced,
    ErrorReport,
    Event,
    Fault,
    LatePrint,
    Note,
    PageResult,
    PortTaken,
    Printed,
    Sink,
    Stuck,
    Traced,
)
from ba_runtime.trace import lines_of

# The header of a request of Jupyter Console, which has no cells and shows no updates either.
CONSOLE: Message = {"header": {"session": "console", "msg_id": "console_0"}}


def _to_nobody(kind: str, content: Mapping[str, object], parent: Message) -> None:
    """Sends nothing."""


class ProgramRuntime(Runtime):
    """A runtime that remembers how its latest cell ended, and gives each cell the program's arguments."""

    def __init__(self, sink: Sink, *, max_memory: int, arguments: tuple[bytes, ...]) -> None:
        super().__init__(sink, max_memory=max_memory)
        self._arguments = arguments
        self.latest: Future[CellResult] | Future[PageResult] | None = None

    def run_cell(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ()
    ) -> Future[CellResult]:
        """Runs Lua text, as any runtime does."""
        ended = super().run_cell(source, name=name, cell=cell, arguments=arguments or self._arguments)
        self.latest = ended
        return ended

    def run_page(self, source: bytes, *, name: str, cell: int, path: str | None = None) -> Future[PageResult]:
        """Runs a page, as any runtime does."""
        ended = super().run_page(source, name=name, cell=cell, path=path)
        self.latest = ended
        return ended

    def take_error(self) -> ErrorReport | None:
        """Returns the error of the cell that ran since this was asked last."""
        latest, self.latest = self.latest, None
        return latest.result().error if latest is not None and latest.done() else None


class Straight(Output):
    """Output that goes straight to the console."""

    def __init__(self, publish: Publish, loop: Loop, out: Writer, err: Writer) -> None:
        super().__init__(publish, loop)
        self._streams = {"stdout": out, "stderr": err}

    def write(self, text: bytes, stream: str = "stdout") -> None:
        """Writes at once, on any thread."""
        if self.keeps(text, stream):
            return
        with contextlib.suppress(BrokenPipeError, ValueError):  # whoever read it went away
            self._streams[stream].write(text)
            self._streams[stream].flush()

    def add(self, text: str, parent: Message) -> bool:
        """Writes at once; no cell is over for a console."""
        self.write(text.encode("utf-8", "surrogatepass"), "stderr")
        return True

    def insert(self, show: Callable[[], None]) -> None:
        """Shows it at once, as all before it is written."""
        show()


class Bench(Workbench):
    """The kernel's parts for a command line."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        out: Writer,
        err: Writer,
        ask: Callable[[], None],
        *,
        max_memory: int = MAX_MEMORY,
        arguments: tuple[bytes, ...] = (),
    ) -> None:
        """`ask` is called, on the Lua thread, when a program wants a line of input."""
        self.shows_values = True
        self.names_cells = False  # in the trace, which otherwise looks as the server writes it
        self.on_error: Callable[[Mapping[str, object]], None] = lambda content: None
        self._console = Console(out, err, ask)

        def make(sink: Sink) -> LuaRuntime:
            return ProgramRuntime(sink, max_memory=max_memory, arguments=arguments)

        output = Straight(self._publish, loop, out, err)
        super().__init__(self._publish, loop, lambda *_: None, make, output, _to_nobody)
        self.area.pause()  # nobody looks at it, so nothing is to be drawn

    def take(self, event: Event) -> None:
        """Writes an event of the runtime; what belongs in the trace is also counted and kept."""
        if isinstance(event, Printed) and self.output.keeps(event.text, event.stream):
            return
        is_trace = isinstance(event, (Traced, DeviceTraced, LatePrint, Fault, Note, PortTaken, Stuck))
        if is_trace and self.names_cells and not isinstance(event, Stuck):  # whose advice is about kernels
            text = "".join(f"{text_line(line, 0)}\n" for line in lines_of(event))
            self.output.write(text.encode("utf-8", "surrogateescape"), "stderr")
        else:
            self._console(event)
        if is_trace:
            self.area.add(event)

    @property
    def runtime(self) -> ProgramRuntime:
        """The running Lua state, started now if there was none."""
        runtime = self.engine.runtime
        assert isinstance(runtime, ProgramRuntime)  # as made above
        return runtime

    def take_error(self) -> ErrorReport | None:
        """Returns the Lua error of the cell that has just ended."""
        return self.runtime.take_error() if self.engine.running else None

    def _publish(self, kind: str, content: Mapping[str, object], parent: Message) -> None:
        """Writes what is shown; an update of it would need a screen."""
        if kind == "error":
            self.on_error(content)
        elif kind == "display_data" or (kind == "execute_result" and self.shows_values):
            data = content["data"]
            text = data.get("text/plain") if isinstance(data, Mapping) else None
            if text:
                self.output.write(f"{text}\n".encode("utf-8", "surrogateescape"))
