"""Who holds a port that cannot be bound: most often an earlier run of the same cell."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ba_runtime.events import PortTaken, Sink

from .addresses import EVERYWHERE, local_address

if TYPE_CHECKING:
    from .datagram import Datagram
    from .dial import Dial
    from .listener import Listener
    from .stream import Stream

    Holder = Stream | Listener | Datagram | Dial

IN_USE = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)})
# A program may try one port after the other; what was told is forgotten then.
MOST_TOLD = 1_000


class Ports:
    """Tells, once for each cell, who holds a port that the cell wanted."""

    def __init__(self, holders: Callable[[], Iterable[Holder]], sink: Sink) -> None:
        """`holders` returns the sockets of the program as they are now."""
        self._holders = holders
        self._sink = sink
        self._page_server = 0
        self._told: set[PortTaken] = set()

    def held_by_page_server(self, port: int) -> None:
        """Remembers which port that has; it is no socket of the program's."""
        self._page_server = port

    def tell(
        self,
        cell: int,
        error: Exception,
        kind: socket.SocketKind,
        interface: str | None,
        ipv6: bool,
        port: int,
    ) -> None:
        """Tells which of our own sockets holds the port, if `error` says that it is in use."""
        if not isinstance(error, OSError) or error.errno not in IN_USE:
            return
        taken = self._taken(cell, kind, local_address(interface, ipv6), port)
        if taken is None:  # another program's: what is traced must not depend on what else runs here
            return
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        if taken not in self._told:
            self._told.add(taken)
            self._sink(taken)

    def _taken(self, cell: int, kind: socket.SocketKind, address: str, port: int) -> PortTaken | None:
        if kind is socket.SOCK_STREAM and port == self._page_server:
            return PortTaken(cell, port, "pages")
        for holder in self._holders():
            if _holds(holder, kind, address, port):
                return PortTaken(cell, port, holder.kind, holder.cell, holder.number)
        return None


def _holds(holder: Holder, kind: socket.SocketKind, address: str, port: int) -> bool:
    if holder.channel is None or holder.channel.sock.type != kind:
        return False
    try:
        its_address, its_port = holder.channel.sock.getsockname()[:2]
    except OSError:
        return False
    both = {its_address, address}
    return its_port == port and (len(both) == 1 or not EVERYWHERE.isdisjoint(both))
