"""A listening TCP socket.

When the process is out of descriptors, an accept would fail forever while the listener stays readable, and
the loop would spin. A spare descriptor is given up for that moment: the connection is taken and closed at
once, so its peer learns the truth and the loop comes to rest.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from ba_runtime._descriptors import is_reserved
from ba_runtime._reactor import READ, Reactor

from .channel import ListeningChannel, Watchers
from .reasons import EXHAUSTED, Signal

if TYPE_CHECKING:
    from .tls_objects import Secure

BACKLOG = 128


class Listener:
    """A socket that takes clients, to Lua under the number of its channel."""

    kind = "listen"
    queued_bytes = 0

    def __init__(self, channel: ListeningChannel, cell: int, reactor: Reactor) -> None:
        """Takes over `channel` and listens on it. Raises OSError when that fails."""
        channel.sock.listen(BACKLOG)
        self.channel = channel
        self.number = channel.number
        self.cell = cell
        self.refused = 0
        self.secure: Secure | None = None  # puts TLS on what is accepted
        self._reactor = reactor
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        reactor.add(channel.fileno(), self.number, self._on_ready)

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen to the channel."""
        self.channel.watch(watchers)

    def arm(self) -> None:
        """Asks to be told when a client waits."""
        self._reactor.want(self.channel.fileno(), READ)

    def disarm(self) -> None:
        """Leaves clients in the system's queue."""
        self._reactor.want(self.channel.fileno(), 0)

    def accept(self) -> socket.socket | None:
        """Takes one client; None when there is none, or no descriptor for it (`refused` then counts up)."""
        try:
            client = self.channel.accept()
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
        return client

    def _refuse(self) -> None:
        self.refused += 1
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        try:
            self.channel.accept().close()
            self._spare = os.open(os.devnull, os.O_RDONLY)
        except OSError:  # somebody else took the descriptor meanwhile; the next event tries again
            return

    def _on_ready(self, _mask: int) -> None:
        self._reactor.emit(self.number, Signal.READABLE)

    def close(self) -> None:
        """Closes the listener; clients still in its queue are reset by the system."""
        self._reactor.remove(self.channel.fileno())
        self.channel.close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
