"""`--tracelogger`: a program's trace in a browser window, as well as on stderr."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from ba_runtime.errors import UsageError
from ba_runtime.events import Event, Note, PortTaken, Sink, Stuck

if TYPE_CHECKING:
    from ba_runtime.lab import Lab
    from ba_runtime.live import TraceLogger
    from ba_runtime.runtime import Runtime
    from ba_runtime.trace import Ring


VARIABLE = "BA_LUA_TRACELOGGER"


class Opened(Protocol):
    """Something that can be opened at a port, and then has a link."""

    def open(self, port: int) -> str: ...


class Window:
    """A context in which the window can be opened, if the command line asks for it."""

    def __init__(self, port: int | None, title: str) -> None:
        """`port` is where it is served, 0 for any, None if it is not asked for."""
        self._port = port
        self._title = title
        self._ring: Ring | None = None
        self._logger: TraceLogger | None = None
        self.running: Runtime | None = None
        self.lab: Lab | None = None

    def sink(self, console: Sink) -> Sink:
        """Returns a sink that hands on to the console, and keeps what belongs in the trace."""
        if self._port is None:
            return console
        from ba_runtime.trace import Ring

        ring = self._ring = Ring()

        def take(event: Event) -> None:
            console(event)
            # These two also carry advice for users of a kernel, which is of no use here.
            ring.add(Note(event.cell, event.text) if isinstance(event, (PortTaken, Stuck)) else event)

        return take

    def open(self, runtime: Runtime) -> None:
        """Prints the link to stderr. Raises UsageError if the page cannot be served."""
        if self._ring is None or self._port is None:
            return
        from ba_runtime.live import Feed, TraceLogger

        self.running = runtime
        self._logger = TraceLogger(Feed(self._ring, self, self._title))
        announce(self._logger, self._port)

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._logger is not None:
            self._logger.close()
            self._logger.feed.close()


def announce(logger: Opened, port: int) -> None:
    """Opens a TraceLogger and prints its link to stderr. Raises UsageError if that is not possible."""
    try:
        url = logger.open(port)
    except OSError as error:
        raise UsageError(f"cannot serve the TraceLogger: {error.strerror or error}") from error
    print(f"TraceLogger: {url}", file=sys.stderr, flush=True)
    # Pages of the program can tell, which is how a notebook that uses it as a device finds its trace.
    os.environ[VARIABLE] = url.replace("/tracelogger/", "/tracelogger.service/", 1)
