"""What leaves the runtime: frozen events, handed to one sink on the Lua thread.

A sink is any callable that takes one event. It runs on the Lua thread, so it must return at once and must
not call back into the runtime. All text is the bytes that Lua had; whoever shows it decides how to decode
it. `cell` is the execution count of the cell that the code belongs to, or 0 if it belongs to no cell (a
cosocket belongs to the cell that made it, for as long as it lives). `socket` is the number of the socket
whose cosocket's code it is, as in `SocketInfo`, or 0 for other code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias


class Printed(NamedTuple):
    """`print`, `io.write`, `io.stderr:write` of a cell that is still running: its response.

    A tuple, because making one takes a third of the time that a frozen dataclass takes, and no other event is
    made as often.
    """

    cell: int
    text: bytes
    stream: Literal["stdout", "stderr"] = "stdout"


@dataclass(frozen=True, slots=True)
class LatePrint:
    """`print` by code whose cell has already ended: there is no response left, so it belongs to the trace."""

    cell: int
    text: bytes
    socket: int = 0


@dataclass(frozen=True, slots=True)
class Traced:
    """One call of `trace` or `tracep`, or a line about a page's request.

    `source` is the chunk of the calling code (`cell[3]`, a file name), `line` its line (-1 when called
    through pcall), `name` the calling function's name as Lua knows it (may be empty), `prefix` false when
    tracep asked for no `NAME LINE:`. `socket` is the number of the socket whose cosocket this is, or
    through which the request came; 0 for none.
    """

    cell: int
    source: str
    line: int
    name: str
    text: bytes
    priority: int = 5
    prefix: bool = True
    socket: int = 0


@dataclass(frozen=True, slots=True)
class DeviceTraced:
    """A line of the trace of a device that a notebook is connected to. `device` is its name, its host's."""

    device: str
    text: bytes


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """Why a cell, or something in the background, ended early.

    `message` is Lua's, position included. `source` and `line` are where user code was at fault (`""`, 0 when
    unknown). `traceback` holds the Lua stack, innermost first, one string for each frame, without
    the runtime's own frames. `kind` distinguishes errors in the source text (`syntax`), errors in running
    code (`runtime`), a stop by the user (`interrupt`), the memory limit (`memory`) and `os.exit` (`exit`).
    `hint` is a line that tells what mends it, without anything unprintable; empty where that is not known.
    """

    kind: Literal["syntax", "runtime", "interrupt", "memory", "exit"]
    message: bytes
    source: str = ""
    line: int = 0
    traceback: tuple[bytes, ...] = ()
    exit_code: int = 0
    hint: str = ""


def forms(flat: tuple[bytes, ...]) -> tuple[tuple[str, bytes], ...]:
    """Returns MIME types and data in pairs, as Lua hands them over flat."""
    return tuple((name.decode("ascii"), data) for name, data in zip(flat[::2], flat[1::2], strict=True))


def frames(traceback: bytes) -> tuple[bytes, ...]:
    """Returns the frames of a traceback as Lua words it, without the line above them."""
    return tuple(frame.strip() for frame in traceback.split(b"\n")[1:])


@dataclass(frozen=True, slots=True)
class Fault:
    """An error that ended something in the background: a cosocket, a thread job, a timer.

    `text` is the report in the server's wording: `Lua error in Cosocket: FILE:LINE: MESSAGE` and a traceback,
    which lacks the innermost frame; a timer's report has no traceback. `error` leaves nothing out. It is None
    if the runtime itself failed.
    """

    cell: int
    text: bytes
    error: ErrorReport | None = None
    socket: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of the runtime itself, such as a difference from the device that just took effect.

    `is_end` tells that something in the background has ended because of it, as it would after an error.
    """

    cell: int
    text: str
    is_end: bool = False
    socket: int = 0


@dataclass(frozen=True, slots=True)
class CaptureSummary:
    """What a capture has written: packets, bytes it had to drop, and why it ended early, if it did."""

    path: str
    packets: int
    dropped_bytes: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Stuck:
    """An interrupt has had no effect for two seconds: Lua is inside a single call of a C function, which
    nothing can stop.

    `call` is the function's name, or "" if it is unknown. An interrupt causes at most one of these.
    """

    cell: int
    call: str

    @property
    def text(self) -> str:
        """What to tell the user, except for what to do about it."""
        which = f"a single call of `{self.call}`" if self.call else "a single call of a library function"
        return f"The program cannot be stopped: it is inside {which}, which Lua cannot interrupt."


@dataclass(frozen=True, slots=True)
class PortTaken:
    """`bind` or `udpcon` has failed in `cell` because another socket of the same program holds the port.

    `kind` is the kind of that socket (listen, tcp, udp), `socket` its number, and `holder` the cell that made
    it. For the page server, `kind` is `pages`, and there are no numbers.
    """

    cell: int
    port: int
    kind: str
    holder: int = 0
    socket: int = 0

    @property
    def text(self) -> str:
        """What holds the port."""
        return f"port {self.port} is held by {_HOLDERS.get(self.kind, 'a socket')}" + (
            f" of cell [{self.holder}]" if self.holder else ""
        )


_HOLDERS = {
    "listen": "the listener",
    "tcp": "a connection",
    "udp": "the UDP socket",
    "pages": "the page server",
}


@dataclass(frozen=True, slots=True)
class Displayed:
    """`display` shows something that is more than text, in the output of `cell`.

    `forms` are ways to show it, of which a front end chooses: MIME types and data, `text/plain` among them.
    `output` is its number. With `is_update` it replaces what this output shows, wherever that is.
    """

    cell: int
    output: int
    forms: tuple[tuple[str, bytes], ...]
    is_update: bool = False


@dataclass(frozen=True, slots=True)
class OutputCleared:
    """`clear_output`: what `cell` has shown goes, with `waits` only when it shows something else."""

    cell: int
    waits: bool


@dataclass(frozen=True, slots=True)
class InputRequested:
    """A cell called `io.read`; answer with `Runtime.reply_input`."""

    cell: int
    prompt: bytes


@dataclass(frozen=True, slots=True)
class SocketOpened:
    """A system socket was created by code of `cell`. `kind` is tcp, listen or udp."""

    cell: int
    socket: int
    kind: str


@dataclass(frozen=True, slots=True)
class SocketClosed:
    """A system socket was closed."""

    cell: int
    socket: int


Event: TypeAlias = (
    Printed
    | LatePrint
    | Traced
    | DeviceTraced
    | Fault
    | Note
    | Stuck
    | PortTaken
    | Displayed
    | OutputCleared
    | InputRequested
    | SocketOpened
    | SocketClosed
)
Sink: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class CellResult:
    """How a cell ended. `values` are what it returned, each as readable text; `error` says why it failed.

    `forms` are other ways to show its only value, as in `Displayed`; empty where there are none.
    """

    cell: int
    values: tuple[bytes, ...] = ()
    error: ErrorReport | None = None
    forms: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a statement took: `loops` of it in each run, and the seconds of each run.

    There are no runs if `error` says why it could not be measured.
    """

    cell: int
    loops: int
    runs_s: tuple[float, ...]
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class GlobalName:
    """A global that a program has made: its name, its type, and its value in one short line."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class GlobalNames:
    """The first of them by name, and how many there are altogether."""

    count: int
    names: tuple[GlobalName, ...]


@dataclass(frozen=True, slots=True)
class PageResult:
    """The response of a page that ran as a cell.

    `status` is 500 when it failed, and `error` then says why; `body` is what it had written by then. `url` is
    where the page server now serves it, or None if it was given no path. `headers` are those of the
    response, in order, names and values.
    """

    cell: int
    status: int
    content_type: str
    body: bytes
    error: ErrorReport | None = None
    url: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class SocketInfo:
    """One socket object, for the socket table. Times are in seconds, counts in bytes.

    `socket` is 0 for one that has no system socket. `kind` is listener, client (a connection that no
    cosocket owns), cosocket, udp, websocket, or page: a connection of the page server, which is no socket
    object, and whose bytes nobody counts. `state` is the documented word, `doing` says it plainly.

    `peer_name` is the host and port that the program called, where it is not `peer` itself; `local_name` is
    what another socket of the program called this end. `partner` is the other end of a conversation of which
    both ends are ours, 0 for none. `tls` is the version in use, `yes` where none has been agreed yet (a
    listener, a handshake that goes on), empty without TLS; `trust` is `trusted` or why the peer is not.
    `holder` is the global that holds the object, or the field of a global table; empty where none was found.
    """

    socket: int
    kind: str
    state: str
    local: str
    peer: str
    bytes_in: int | None
    bytes_out: int | None
    age_s: float
    cell: int
    tls: str = ""
    doing: str = ""
    trust: str = ""
    local_name: str = ""
    peer_name: str = ""
    partner: int = 0
    holder: str = ""
