"""Owns a listening TCP socket of the lab, which lets connections in, refuses them, or does not answer.

The system makes TCP's handshake, so what a program sees of it has to be arranged with the listener.

- A connect is refused where nobody listens. Then the port is kept by a socket that is bound and does not
listen.
- Nothing answers where the queue is full and nobody accepts. On Linux a listener with a backlog of 0 queues
  one connection, and the SYN of the next is dropped without an answer (tcp(7), listen(2)), as a firewall
  drops it. So the lab makes that one connection itself. Systems with a longer least queue complete the
  connect instead, and are silent after it. A client that has not given up by the time the door is opened
  gets in with its next SYN.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from enum import Enum

from ba_runtime._descriptors import closed_on_error
from ba_runtime._resolver import Endpoint

from ._service import LOOPBACK

# When file descriptors run out, the connection stays in the queue: asking again at once would spin.
_ACCEPT_PAUSE_S = 0.1


class Manner(Enum):
    """How a door treats those who want in."""

    OPEN = "open"
    REFUSING = "refusing"
    SILENT = "silent"


class Door:
    """A port on loopback. `accepted` takes every connection over, non-blocking, with the peer's address."""

    def __init__(self, accepted: Callable[[socket.socket, Endpoint], None], backlog: int) -> None:
        self.listener: socket.socket | None = None
        self.pause: asyncio.TimerHandle | None = None
        self._accepted = accepted
        self._backlog = backlog
        self._manner = Manner.OPEN
        self._address: Endpoint = (LOOPBACK, 0)
        self._filler: socket.socket | None = None

    def open(self) -> Endpoint:
        """Lets connections in, and tells where. Raises OSError."""
        self.listener = self._bound()
        ip, port = self.listener.getsockname()
        self._address = ip, port
        self._listen(self.listener)
        return self._address

    def close(self) -> None:
        """Closes the port; also after an `open` that failed."""
        self._rest()
        for sock in (self.listener, self._filler):
            if sock is not None:
                sock.close()

    def behave(self, manner: Manner) -> None:
        """Treats those who come from now on in this manner.

        Raises OSError if the port cannot be opened again; then it goes on refusing.
        """
        if manner is self._manner:
            return
        if self._manner is Manner.REFUSING:
            self._reopen()
        elif self._manner is Manner.SILENT:
            self._empty()
        self._manner = Manner.OPEN
        if manner is Manner.REFUSING:
            self._refuse()
        elif manner is Manner.SILENT:
            self._fill()
        self._manner = manner

    def _bound(self) -> socket.socket:
        with closed_on_error(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as sock:
            # For the socket that will have the same port while connections to it are open. Windows needs no
            # such leave, and means something else by it.
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind(self._address)
        return sock

    # ------------------------------------------------------------ open

    def _listen(self, listener: socket.socket) -> None:
        listener.listen(self._backlog)
        self._await_connections(listener)

    def _rest(self) -> None:
        """Accepts nobody for the time being."""
        if self.pause is not None:
            self.pause.cancel()
        if self.listener is not None:
            asyncio.get_running_loop().remove_reader(self.listener)

    def _await_connections(self, listener: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(listener, self.accept, listener)

    def accept(self, listener: socket.socket) -> bool:
        """Accepts a connection; tells whether there may be more of them."""
        loop = asyncio.get_running_loop()
        try:
            connection, address = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False  # the peer changed its mind before it was accepted
        except OSError:
            loop.remove_reader(listener)
            self.pause = loop.call_later(_ACCEPT_PAUSE_S, self._await_connections, listener)
            return False
        if self._filler is not None and address == self._filler.getsockname():
            connection.close()
            return True
        connection.setblocking(False)
        self._accepted(connection, address)
        return True

    # ------------------------------------------------------------ refusing

    def _refuse(self) -> None:
        assert self.listener is not None  # it is open
        while self.accept(self.listener):
            pass  # they were here before
        self._rest()
        self.listener.close()
        self.listener = None
        # If somebody else got the port in this very moment, it is not ours to refuse: see _reopen.
        with contextlib.suppress(OSError):
            self.listener = self._bound()

    def _reopen(self) -> None:
        if self.listener is None:
            self.listener = self._bound()
        self._listen(self.listener)

    # ------------------------------------------------------------ silent

    def _fill(self) -> None:
        assert self.listener is not None  # it is open
        while self.accept(self.listener):
            pass  # they were here before
        self._rest()
        self.listener.listen(0)
        self._filler = filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        filler.setblocking(False)
        filler.connect_ex(self._address)

    def _empty(self) -> None:
        assert self.listener is not None  # it is silent
        assert self._filler is not None
        self.listener.listen(self._backlog)
        while self.accept(self.listener):
            pass
        self._filler.close()
        self._filler = None
        self._await_connections(self.listener)
