"""What can be seen of a program's sockets: one frozen object for each thing that happened.

Whoever records makes them, on the Lua thread; whoever draws, lists or saves reads them. They hold only
plain values, so they can be kept indefinitely and read on any thread.

Every event has the time at which it happened, in seconds of the monotonic clock, and the number of the socket
that it happened to (0 for none). A socket keeps its number for life: through a TLS handshake, and when a page
takes over its connection. `us` is the program, and `peer` is whoever is at the other end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

HEAD_BYTES = 256  # how much of what moved an event keeps


class Address(NamedTuple):
    """A numeric address and a port."""

    host: str
    port: int


SocketKind: TypeAlias = Literal["client", "listener", "accepted", "datagram", "page"]
Layer: TypeAlias = Literal["wire", "plain", "text", "binary", "ping", "pong", "close"]
Closer: TypeAlias = Literal["us", "peer", "reset", "collector", "error", "interrupt", "end"]
Mishap: TypeAlias = Literal["lost", "duplicated", "reordered", "refused", "reset", "cut"]


@dataclass(frozen=True, slots=True)
class Observed:
    """Something that happened. `at_s` is monotonic; `socket` is 0 for none."""

    at_s: float
    socket: int


@dataclass(frozen=True, slots=True)
class Opened(Observed):
    """Code of `cell` made a socket; `parent` is the listener that accepted it, or 0.

    The addresses are None where they are not known yet. The two ends of a connection on this machine know
    each other by them: one's `local` is the other's `peer`.
    """

    kind: SocketKind
    cell: int
    parent: int = 0
    local: Address | None = None
    peer: Address | None = None


@dataclass(frozen=True, slots=True)
class Resolved(Observed):
    """A name was looked up, with the addresses found or the resolver's error message."""

    name: str
    addresses: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Connecting(Observed):
    """A connect begins. `name` is what the program asked for, `peer` where it goes."""

    name: str
    peer: Address
    is_in_lab: bool = False


@dataclass(frozen=True, slots=True)
class Connected(Observed):
    """A connection was established."""

    local: Address
    peer: Address


@dataclass(frozen=True, slots=True)
class Secured(Observed):
    """A TLS handshake has succeeded.

    `name` is the server name that was asked for, `trust` what the documented `trusted()` returns.
    """

    version: str
    cipher: str
    name: str = ""
    alpn: str = ""
    trust: str = ""
    is_resumed: bool = False


@dataclass(frozen=True, slots=True)
class Moved(Observed):
    """Bytes went over the wire, or what they mean above it did.

    `is_ours` tells who sent them. `head` holds the first of `length` bytes. `peer` is a datagram's other end.
    """

    is_ours: bool
    layer: Layer
    length: int
    head: bytes
    peer: Address | None = None


@dataclass(frozen=True, slots=True)
class Waits(Observed):
    """A cell, a cosocket or another task begins to wait, in a call such as `read`.

    `limit_s` is None for a wait without a limit. `task` distinguishes simultaneous waits. `cell` is the cell
    whose code waits.
    """

    task: int
    kind: str
    cell: int
    call: str
    limit_s: float | None = None


@dataclass(frozen=True, slots=True)
class WentOn(Observed):
    """The same task continues. `outcome` is empty if it got what it waited for, else the reason."""

    task: int
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Closed(Observed):
    """A socket was closed. `reason` is the documented word that the program got, if any."""

    by: Closer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failed(Observed):
    """A connect, a handshake or a bind failed, for this documented reason."""

    reason: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Erred(Observed):
    """Code of a cell has raised an error in the background."""

    cell: int
    text: str


@dataclass(frozen=True, slots=True)
class Misbehaved(Observed):
    """The lab's network did something on purpose to `length` bytes between the program and `name`."""

    what: Mishap
    name: str
    is_ours: bool
    length: int = 0


Event: TypeAlias = (
    Opened
    | Resolved
    | Connecting
    | Connected
    | Secured
    | Moved
    | Waits
    | WentOn
    | Closed
    | Failed
    | Erred
    | Misbehaved
)
