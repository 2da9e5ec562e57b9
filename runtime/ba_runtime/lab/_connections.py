"""Owns the TCP port of one host: its door, and the connections that came in; knows nothing of what answers.

Theory of operation. Each connection is a task that runs a `Passage` (`_passage.py`) to what answers it. It
uses the loop's socket calls and not asyncio's streams, because conversations buffer for themselves, and
because this way every socket is owned from the moment it is accepted: `close` leaves nothing behind for the
garbage collector, where `start_server` loses a connection that is being accepted while the server closes.

Everything is bounded: the number of connections (more are closed at once), what is read at a time and what
is on its way, how long a peer may be silent or refuse to take an answer, and how long the end of a
connection takes.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod

from ba_runtime._resolver import Endpoint

from ._door import Door, Manner
from ._link import Link
from ._passage import FarEnd, Passage
from ._service import Host


class Connections(ABC):
    """A `Service` over TCP. What answers a connection is made by `_far_end`."""

    def __init__(self, host: Host, link: Link | None, idle_s: float, max_connections: int) -> None:
        """Opens nothing yet.

        `link` is the way to the host, an undisturbed one when it is None. `idle_s` is how many seconds a
        peer may neither send nor take anything; `max_connections` how many may be open at a time.
        """
        self.host = host
        self.served = 0
        self._link = link or Link(host.name)
        self._idle_s = idle_s
        self._max_connections = max_connections
        self._door = Door(self._accepted, max_connections)
        self._connections: dict[asyncio.Task[None], tuple[socket.socket, Passage]] = {}

    @abstractmethod
    def _far_end(self) -> FarEnd:
        """Makes what answers one connection."""

    async def open(self) -> Endpoint:
        """Begins to listen, see `Service`."""
        address = self._door.open()
        self._link.watch(self._changed)
        self._changed()
        return address

    async def close(self) -> None:
        """Closes everything, see `Service`."""
        self._link.unwatch(self._changed)
        self._door.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _changed(self) -> None:
        conditions = self._link.conditions
        if conditions.is_cut:
            self._door.behave(Manner.SILENT)
        else:
            self._door.behave(Manner.REFUSING if conditions.is_refusing else Manner.OPEN)

    def _accepted(self, connection: socket.socket, peer: Endpoint) -> None:
        if len(self._connections) >= self._max_connections:
            connection.close()
            return
        passage = Passage(self._link, self.host, connection, peer, self._far_end(), self._idle_s)
        task = asyncio.get_running_loop().create_task(passage.run())
        self._connections[task] = connection, passage
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Here and not in the task, which may be cancelled before its first line has run.
        connection, passage = self._connections.pop(task)
        passage.close()
        connection.close()

    def _count(self, served: int) -> None:
        self.served += served
