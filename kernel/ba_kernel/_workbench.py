"""Everything that runs cells, put together, with no ZeroMQ in it: what goes in is requests and events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ba_runtime.events import (
    Displayed,
    Event,
    Fault,
    InputRequested,
    Note,
    OutputCleared,
    Printed,
    Sink,
    SocketClosed,
    SocketOpened,
    Stuck,
)
from ba_runtime.trace import stuck

from ._beside import Beside
from ._cell import Cells
from ._defer import Loop
from ._devices import Devices
from ._display import Displays
from ._engine import Engine, LuaRuntime, new_runtime
from ._errors import Sources
from ._faults import Faults
from ._flow import Flow
from ._frontend import Publish
from ._history import History
from ._input import Input, Question
from ._live_sockets import LiveSockets
from ._output import Output
from ._panel import Panel
from ._reloaded_pages import answer_reloaded_pages
from ._trace_area import TraceArea
from ._widgets import Widgets
from ._window import Window

C = TypeVar("C", bound=Cells)


class Workbench:
    """The parts of one kernel, and the way of the runtime's events to them."""

    def __init__(
        self,
        publish: Publish,
        loop: Loop,
        question: Question,
        make: Callable[[Sink], LuaRuntime] = new_runtime,
        output: Output | None = None,
        publish_trace: Publish | None = None,
        widgets: Widgets | None = None,
    ) -> None:
        """`question` asks the user for a line; `output` replaces the one that sends messages, and
        `publish_trace` sends what shows the trace area, if that is not to go where all else goes;
        `widgets` are there if there is a front end for them.
        """
        self._loop, self._publish = loop, publish
        self._thread = threading.get_ident()  # the loop's
        self.engine = Engine(self.take, make)
        self.output = output or Output(publish, loop)
        self.area = TraceArea(publish_trace or publish, loop, self.output)
        self.input = Input(question, self.engine, self.output)
        self.live = LiveSockets(publish, loop, self.engine)
        self.sources, self._history = Sources(), History()
        self.faults = Faults(publish, loop, self.output, self.sources)
        self.displays = Displays(publish, loop, self.output, self.area)
        self.flow = Flow(self.engine, publish, loop)
        self.window = Window(self.engine, self.area.ring)
        self.devices = Devices(self.output, self.take)
        self.panel = Panel(widgets, self.window, self.area, loop)
        if widgets is not None:
            answer_reloaded_pages(widgets.comms, self.area)
        self.cells = self._running_with(Cells, self.output)

    def beside(self) -> Beside:
        """Returns what runs one cell beside the cells, with an output of its own."""
        return self._running_with(Beside, Output(self._publish, self._loop))

    def _running_with(self, kind: type[C], output: Output) -> C:
        """Returns what runs cells with these parts."""
        return kind(
            self.engine,
            self._publish,
            output,
            self.area,
            self.flow,
            self.live,
            self.input,
            self.faults,
            self.displays,
            self.sources,
            self._history,
            self.window,
            self.devices,
            self.panel,
        )

    def take(self, event: Event) -> None:
        """Takes an event of the runtime, on any thread: keeps it, wakes the main loop and returns."""
        if isinstance(event, Printed):
            self.output.write(event.text, event.stream)
        elif isinstance(event, (Displayed, OutputCleared)):
            self.displays.add(event)
        elif isinstance(event, InputRequested):
            prompt = event.prompt
            self._loop.call_soon_threadsafe(lambda: self.input.ask(prompt))
        elif isinstance(event, Stuck) and event.cell:
            self.output.write(f"\n{stuck(event)}\n".encode(), "stderr")
        elif not isinstance(event, (SocketOpened, SocketClosed)):
            self.area.add(event)
            if isinstance(event, Fault) or (isinstance(event, Note) and event.is_end):
                self.faults.add(event)

    def interrupt(self) -> None:
        """Stops what runs, in a cell or in the background. From any thread and from a signal handler."""
        self.engine.interrupt()
        self._loop.call_soon_threadsafe(self.cells.interrupt)

    def close(self) -> None:
        """Ends the live view, Lua and the lab network. From any thread."""
        if threading.get_ident() == self._thread:  # in a process that ends, once its loop has stopped
            self.panel.stop()
        self.window.close()
        self.devices.end()
        self.engine.close()
