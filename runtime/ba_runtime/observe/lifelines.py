"""Who takes part in a conversation, and what a reader calls them.

A lifeline is whoever uses a socket: the cell or the cosocket that waits for it. What talks from outside is
a lifeline of its own. Numbers of sockets and ports that the system chose appear in no name, since they are
different on every run.
"""

from __future__ import annotations

from typing import TypeAlias

from .diagram import Lifeline, LifelineKind
from .events import Address
from .facts import Facts, Names, Task
from .words import shown

# Linux hands out ports from here on for those who do not ask for one.
FIRST_EPHEMERAL = 32_768
NAME_CHARACTERS = 32

Key: TypeAlias = tuple[str | int, ...]


class Lifelines:
    """The lifelines of one picture, in the order in which they first take part."""

    def __init__(self, facts: Facts, names: Names) -> None:
        self._facts = facts
        self._names = names
        self._found: dict[Key, int] = {}
        self._taken: dict[str, int] = {}
        self._owners: dict[int, Key] = {}
        self.all: list[Lifeline] = []

    def uses(self, socket: int, task: int) -> None:
        """From now on `task` uses the socket."""
        self._owners[socket] = self._key_of_task(task)

    def of_task(self, task: int) -> int:
        """Returns the lifeline of code that waits."""
        return self._line(self._key_of_task(task))

    def of_cell(self, cell: int) -> int:
        """Returns the lifeline of a cell."""
        return self._line(("cell", cell))

    def of_socket(self, socket: int) -> int:
        """Returns the lifeline of whoever uses a socket."""
        owner = self._owner(socket)
        mate = self._facts.mates.get(socket)
        is_own_peer = mate is not None and owner == self._owner(mate)
        if is_own_peer and self._facts.kind(socket) == "accepted":
            return self._line(("socket", socket))
        return self._line(owner)

    def of_peer(self, socket: int, peer: Address | None = None) -> int:
        """Returns the lifeline at the other end; `peer` is a datagram's."""
        mate = self._facts.mates.get(socket) or self.own_datagram(socket, peer)
        if mate:
            return self.of_socket(mate)
        connecting = self._facts.connecting.get(socket)
        if peer is None and connecting is not None:
            listener = self._listener(connecting.peer)
            if listener:
                return self.of_socket(listener)
            port = self._names.lab.get(connecting.peer, ("", connecting.peer.port))[1]
            return self._line(("host", connecting.name, port, connecting.is_in_lab))
        opened = self._facts.opened.get(socket)
        if opened and opened.kind == "accepted":
            return self._line(("outside", socket))
        peer = peer or self._facts.peers.get(socket)
        return self._line(("peer", peer.host, peer.port) if peer else ("unknown", socket))

    def own_datagram(self, socket: int, peer: Address | None) -> int:
        """Returns the program's own socket that a datagram goes to or comes from, or 0."""
        if self._facts.kind(socket) != "datagram":
            return 0
        peer = peer or self._facts.peers.get(socket)
        is_here = peer is not None and (peer.host.startswith("127.") or peer.host == "::1")
        if peer is None or not is_here or peer in self._names.lab:
            return 0
        return self._facts.ports.get(peer.port, 0)

    def _listener(self, address: Address) -> int:
        """Returns the program's own listener at an address, or 0."""
        return next(
            (
                number
                for number, opened in self._facts.opened.items()
                if opened.kind == "listener"
                and opened.local
                and opened.local.port == address.port
                # One that listens everywhere answers at every address of this machine.
                and opened.local.host in (address.host, "0.0.0.0", "::", "")
            ),
            0,
        )

    def _owner(self, socket: int) -> Key:
        owner = self._owners.get(socket)
        if owner is not None:
            return owner
        if socket in self._facts.users:
            return self._key_of_task(self._facts.users[socket])
        opened = self._facts.opened.get(socket)
        if opened is None:
            return ("socket", socket)
        if opened.kind == "page" or (opened.kind == "listener" and not opened.cell):
            return ("pages", 0)
        if opened.kind in ("listener", "accepted"):
            return (opened.kind if opened.kind == "listener" else "socket", socket)
        return ("cell", opened.cell)

    def _key_of_task(self, task: int) -> Key:
        known = self._facts.tasks[task]
        return ("cell", known.cell) if known.kind == "cell" else ("task", task)

    def _line(self, key: Key) -> int:
        if key not in self._found:
            name, kind = self._name(key)
            self._found[key] = len(self.all)
            self.all.append(Lifeline(self._once(shown(name, NAME_CHARACTERS)), kind))
        return self._found[key]

    def _once(self, name: str) -> str:
        """Numbers the second one of a name and those after it."""
        self._taken[name] = self._taken.get(name, 0) + 1
        return name if self._taken[name] == 1 else f"{name} #{self._taken[name]}"

    def _name(self, key: Key) -> tuple[str, LifelineKind]:
        kind, what = key[0], key[1]
        if kind == "cell":
            return (f"cell [{what}]" if what else "background"), "cell"
        if kind == "task":
            return self._task_name(self._facts.tasks[int(what)])
        if kind == "pages":
            return "page server", "listener"
        if kind == "listener":
            return self._listener_name(int(what)), "listener"
        if kind == "socket":
            return self._socket_name(int(what)), "socket"
        if kind == "host":
            return f"{_with_port(str(what), int(key[2]))}{' (lab)' if key[3] else ''}", "peer"
        if kind == "peer":
            if known := self._names.lab.get(Address(str(what), int(key[2]))):
                return f"{_with_port(*known)} (lab)", "peer"
            return _with_port(self._facts.hosts.get(str(what), str(what)), int(key[2])), "peer"
        return ("client" if kind == "outside" else "peer"), "peer"

    def _task_name(self, task: Task) -> tuple[str, LifelineKind]:
        first = next(iter(task.sockets), 0)
        if first and self._facts.kind(first) == "listener":
            return self._listener_name(first), "listener"
        handle = next((self._names.handles[s] for s in task.sockets if s in self._names.handles), "")
        return f"{task.kind} [{task.cell}] {handle}".rstrip(), "cosocket"

    def _listener_name(self, socket: int) -> str:
        opened = self._facts.opened[socket]
        return _with_port("listener ", opened.local.port).strip() if opened.local else "listener"

    def _socket_name(self, socket: int) -> str:
        opened = self._facts.opened.get(socket)
        handle = self._names.handles.get(socket, "")
        if opened is None:
            return handle or "socket"
        return f"{opened.kind} [{opened.cell}] {handle}".rstrip()


def _with_port(name: str, port: int) -> str:
    return f"{name}:{port}" if port < FIRST_EPHEMERAL else name
