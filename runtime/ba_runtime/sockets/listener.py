"""A listening TCP socket.

When the process is out of descriptors, an accept would fail for ever while the listener stays readable, and
the loop would spin. A spare descriptor is given up for that moment: the connection is taken and closed at
once, so its peer learns the truth and the loop comes to rest.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from ba_runtime._descriptors import is_reserved
from ba_runtime._reactor import READ, Reactor

from .reasons import EXHAUSTED, Signal

if TYPE_CHECKING:
    from .tls_objects import Secure

BACKLOG = 128


class Listener:
    """A bound socket, number `number` to Lua."""

    kind = "listen"
    queued_bytes = 0

    def __init__(self, number: int, cell: int, sock: socket.socket, reactor: Reactor) -> None:
        """Takes over the bound, non-blocking `sock` and listens on it. Raises OSError when that fails."""
        sock.listen(BACKLOG)
        self.number = number
        self.cell = cell
        self.sock = sock
        self.refused = 0
        self.secure: Secure | None = None  # puts TLS on what is accepted
        self._reactor = reactor
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        reactor.add(sock.fileno(), number, self._on_ready)

    def arm(self) -> None:
        """Asks to be told when a client waits."""
        self._reactor.want(self.sock.fileno(), READ)

    def disarm(self) -> None:
        """Leaves clients in the system's queue."""
        self._reactor.want(self.sock.fileno(), 0)

    def accept(self) -> socket.socket | None:
        """Takes one client; None when there is none, or no descriptor for it (`refused` then counts up)."""
        try:
            client, _ = self.sock.accept()
        except BlockingIOError:
            return None
        except OSError as error:  # the client gave up already, or no descriptor is left
            if error.errno in EXHAUSTED:
                self._refuse()
            return None
        if is_reserved(client.fileno()):
            self.refused += 1
            client.close()
            return None
        client.setblocking(False)
        return client

    def _refuse(self) -> None:
        self.refused += 1
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        try:
            self.sock.accept()[0].close()
            self._spare = os.open(os.devnull, os.O_RDONLY)
        except OSError:  # somebody else took the descriptor meanwhile; the next event tries again
            return

    def _on_ready(self, _mask: int) -> None:
        self._reactor.emit(self.number, Signal.READABLE)

    def close(self) -> None:
        """Closes the listener; clients still in its queue are reset by the system."""
        self._reactor.remove(self.sock.fileno())
        self.sock.close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
