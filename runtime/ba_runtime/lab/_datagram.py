"""Owns the UDP sockets of the lab: one for each service, one answer at most for each datagram."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from ba_runtime._resolver import Endpoint

from ._service import LOOPBACK, Host

_MAX_DATAGRAM = 65_535  # what the length field of UDP can say


class DatagramService:
    """Answers datagrams with `answer`, which gives None where silence is the answer.

    Nothing is kept: an answer that the system will not take at this moment is lost, as UDP may lose it.
    """

    def __init__(self, host: Host, answer: Callable[[bytes], bytes | None]) -> None:
        self.host = host
        self.served = 0
        self._answer = answer
        self._socket: socket.socket | None = None

    async def open(self) -> Endpoint:
        self._socket = sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((LOOPBACK, 0))
        asyncio.get_running_loop().add_reader(sock, self._receive, sock)
        ip, port = sock.getsockname()
        return ip, port

    async def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()

    def _receive(self, sock: socket.socket) -> None:
        # Whatever goes wrong with one datagram is over with it: a full buffer, a peer that has gone.
        with contextlib.suppress(OSError):
            request, peer = sock.recvfrom(_MAX_DATAGRAM)
            answer = self._answer(request)
            if answer is not None:
                self.served += 1  # before it is sent: whoever has the answer finds it in the count
                sock.sendto(answer, peer)
