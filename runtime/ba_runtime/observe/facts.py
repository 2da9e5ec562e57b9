"""What a first reading of a recording tells: who uses a socket, and which two are one conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .events import Address, Connected, Connecting, Event, Moved, Opened, Resolved, Secured, Waits

MESSAGES = frozenset(("text", "binary", "ping", "pong", "close"))


@dataclass(frozen=True, slots=True)
class Names:
    """What the events do not say.

    `handles` has the global that holds a socket, `lab` the host and the port that an address of the lab's
    stands for. What is in `known` was there before, and so is not seen to open. `is_timed` is False where
    times would differ on every run, so that a saved picture stays the same.
    """

    handles: Mapping[int, str] = field(default_factory=dict)
    lab: Mapping[Address, tuple[str, int]] = field(default_factory=dict)
    known: frozenset[int] = frozenset()
    is_timed: bool = True


@dataclass(slots=True)
class Task:
    """Code that waits: what it is, whose code, and the sockets that it waited for, in order."""

    kind: str
    cell: int
    sockets: dict[int, None]


class Facts:
    """Everything about the sockets of a recording that does not depend on the moment."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.opened: dict[int, Opened] = {}
        self.connecting: dict[int, Connecting] = {}
        self.tasks: dict[int, Task] = {}
        self.users: dict[int, int] = {}  # the first task that waits for a socket
        self.mates: dict[int, int] = {}
        self.layers: dict[int, set[str]] = {}
        self.secured: set[int] = set()
        self.sends: set[int] = set()
        self.ports: dict[int, int] = {}  # the datagram socket at a port
        self.peers: dict[int, Address] = {}
        self.hosts: dict[str, str] = {}  # the name that an address was looked up by
        self._ends: dict[tuple[Address, Address], int] = {}
        for event in events:
            self._learn(event)

    def _learn(self, event: Event) -> None:
        if isinstance(event, Opened):
            self.opened[event.socket] = event
            self._pair(event.socket, event.local, event.peer)
        elif isinstance(event, Connecting):
            self.connecting[event.socket] = event
        elif isinstance(event, Connected):
            self._pair(event.socket, event.local, event.peer)
        elif isinstance(event, Resolved):
            self.hosts.update(dict.fromkeys(event.addresses, event.name))
        elif isinstance(event, Secured):
            self.secured.add(event.socket)
        elif isinstance(event, Moved):
            self.layers.setdefault(event.socket, set()).add(event.layer)
            if event.is_ours:
                self.sends.add(event.socket)
        elif isinstance(event, Waits):
            task = self.tasks.setdefault(event.task, Task(event.kind, event.cell, {}))
            if event.socket:
                task.sockets[event.socket] = None
                self.users.setdefault(event.socket, event.task)

    def _pair(self, socket: int, local: Address | None, peer: Address | None) -> None:
        """Finds the other end. A port may be used again, so an end that has been found is taken out."""
        is_datagram = self.kind(socket) == "datagram"
        if is_datagram and local:
            self.ports[local.port] = socket
        if peer:
            self.peers[socket] = peer
        if not local or not peer or is_datagram:
            return
        mate = self._ends.pop((peer, local), None)
        if mate is None or mate == socket:
            self._ends[local, peer] = socket
        else:
            self.mates[socket], self.mates[mate] = mate, socket

    def kind(self, socket: int) -> str:
        """Returns what a socket is; `client` where nobody knows."""
        opened = self.opened.get(socket)
        return opened.kind if opened else "client"

    def is_hidden(self, event: Moved) -> bool:
        """Whether bytes on the wire are shown better by the plain data or the messages they carry."""
        layers = self.layers.get(event.socket, set())
        is_http = event.head.startswith((b"GET ", b"HTTP/"))
        if layers & MESSAGES and event.layer in ("wire", "plain") and not is_http:
            return True
        if event.layer != "wire":
            return False
        # A TLS record begins with its type, 20 to 23, and 3 (RFC 8446, section 5.1).
        is_record = len(event.head) > 1 and 20 <= event.head[0] <= 23 and event.head[1] == 3
        return "plain" in layers or (event.socket in self.secured and is_record)
