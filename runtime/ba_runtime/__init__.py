"""The Barracuda App Server's Lua API for sockets, on lupa, without Jupyter.

    with Runtime(print) as runtime:
        runtime.run_cell(b"return ba.version()", name="demo", cell=1).result()

Where things are: `runtime.py` the face for other threads, `events.py` what leaves the runtime, `_loop.py` the
Lua thread, `_reactor.py` and `sockets/` the network, `_lua.py` the door to lupa, `lua/` the API itself,
`web/` the page server, `lab/` servers that answer for the documentation's host names, `syntax/` what front
ends ask about a text, `docs.py` what they show about a name, `text.py` bytes as safe text, `trace/`
the lines of the trace, `live/` the TraceLogger, `plot/` charts.
"""

from ._lua import Compiler
from .errors import BaError, RuntimeClosed, UsageError
from .events import (
    CaptureSummary,
    CellResult,
    Displayed,
    ErrorReport,
    Event,
    Fault,
    GlobalName,
    GlobalNames,
    InputRequested,
    LatePrint,
    Note,
    OutputCleared,
    PageResult,
    PortTaken,
    Printed,
    Sink,
    SocketClosed,
    SocketInfo,
    SocketOpened,
    Timing,
    Traced,
)
from .runtime import MAX_MEMORY, Runtime

__all__ = [
    "MAX_MEMORY",
    "BaError",
    "CaptureSummary",
    "CellResult",
    "Compiler",
    "Displayed",
    "ErrorReport",
    "Event",
    "Fault",
    "GlobalName",
    "GlobalNames",
    "InputRequested",
    "LatePrint",
    "Note",
    "OutputCleared",
    "PageResult",
    "PortTaken",
    "Printed",
    "Runtime",
    "RuntimeClosed",
    "Sink",
    "SocketClosed",
    "SocketInfo",
    "SocketOpened",
    "Timing",
    "Traced",
    "UsageError",
]
