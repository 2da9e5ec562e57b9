"""Owns the host that never answers a connect: a listener whose queue is full, and who never accepts.

On Linux a listener with a backlog of 0 queues one connection, and the SYN of the next is dropped without an
answer (tcp(7), listen(2)), as a firewall drops it. So the lab makes that one connection itself. Systems with
a longer least queue complete the connect instead, and are silent after it.
"""

from __future__ import annotations

import asyncio
import socket

from ba_runtime._resolver import Endpoint

from ._service import LOOPBACK, Host

_FILL_TIMEOUT_S = 5  # it takes microseconds; this is for a computer whose loopback does not work at all


class SilentService:
    """Listens, and lets nobody in."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.served = 0  # for ever: nobody is served here
        self._sockets: list[socket.socket] = []

    async def open(self) -> Endpoint:
        listener = self._socket()
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        filler = self._socket()
        ip, port = listener.getsockname()
        connect = asyncio.get_running_loop().sock_connect(filler, (ip, port))
        await asyncio.wait_for(connect, _FILL_TIMEOUT_S)
        return ip, port

    async def close(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _socket(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sockets.append(sock)
        sock.setblocking(False)
        return sock


def no_answer(request: bytes) -> None:
    """Answers no datagram: the host is silent over UDP too."""
