"""Owns the UDP sockets of the lab: one for each service, with what is on its way to it and from it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from ba_runtime._descriptors import closed_on_error
from ba_runtime._resolver import Endpoint

from ._link import Link
from ._post import Datagram, Post
from ._service import LOOPBACK, Host

MAX_DATAGRAM = 65_535  # what the length field of UDP can say


class Mailbox:
    """The UDP port of a host, which `received` gets the datagrams of, when they have arrived.

    Datagrams are refused where no socket takes them: the system then tells the sender by ICMP. A socket
    that is connected keeps the port and takes datagrams from its one peer only, so one that is connected to
    itself refuses everybody.
    """

    def __init__(self, link: Link, host: Host, received: Callable[[Datagram], None]) -> None:
        """Opens nothing yet."""
        self._link = link
        self._host = host
        self._received = received
        self._socket: socket.socket | None = None
        self._is_refusing = False
        self._address: Endpoint = (LOOPBACK, 0)
        self._posts: tuple[Post, ...] = ()

    def open(self) -> Endpoint:
        """Begins to receive, and tells where. Raises OSError."""
        self._socket = self._bound()
        ip, port = self._socket.getsockname()
        self._address = ip, port
        asyncio.get_running_loop().add_reader(self._socket, self._receive, self._socket)
        self._to_host = Post(self._link, self._link.to_host, self._host, self._received)
        self._from_host = Post(self._link, self._link.from_host, self._host, self._return)
        self._posts = self._to_host, self._from_host
        self._link.watch(self._changed)
        self._changed()
        return self._address

    def close(self) -> None:
        """Closes the socket, and loses what is on its way; also after an `open` that failed."""
        self._link.unwatch(self._changed)
        for post in self._posts:
            post.close()
        self._close_socket()

    def send(self, datagram: Datagram, *, is_answer: bool) -> None:
        """Sends a datagram of the host's to its peer."""
        self._from_host.send(datagram, is_answer=is_answer)

    def _bound(self) -> socket.socket:
        with closed_on_error(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.setblocking(False)
            sock.bind(self._address)
        return sock

    def _close_socket(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _changed(self) -> None:
        conditions = self._link.conditions
        is_refusing = conditions.is_refusing and not conditions.is_cut
        if is_refusing == self._is_refusing:
            return
        self._close_socket()
        self._socket = self._bound()
        if is_refusing:
            self._socket.connect(self._address)
        else:
            asyncio.get_running_loop().add_reader(self._socket, self._receive, self._socket)
        self._is_refusing = is_refusing

    def _receive(self, sock: socket.socket) -> None:
        # Whatever goes wrong with one datagram is over with it: a full buffer, a peer that has gone.
        with contextlib.suppress(OSError):
            data, peer = sock.recvfrom(MAX_DATAGRAM)
            self._to_host.send(Datagram(data, peer))

    def _return(self, datagram: Datagram) -> None:
        # Nothing is kept: what the system will not take at this moment is lost, as UDP may lose it.
        with contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.sendto(datagram.data, datagram.peer)


class DatagramService:
    """Answers datagrams with `answer`, which gives None where silence is the answer.

    `link` is the way to the host, an undisturbed one when it is None.
    """

    def __init__(
        self, host: Host, answer: Callable[[bytes], bytes | None], *, link: Link | None = None
    ) -> None:
        """Opens nothing yet."""
        self.host = host
        self.served = 0
        self._answer = answer
        self._mailbox = Mailbox(link or Link(host.name), host, self._received)

    async def open(self) -> Endpoint:
        """Begins to receive, see `Service`."""
        return self._mailbox.open()

    async def close(self) -> None:
        """Closes the socket, see `Service`."""
        self._mailbox.close()

    def _received(self, request: Datagram) -> None:
        answer = self._answer(request.data)
        if answer is not None:
            self.served += 1  # before it is sent: whoever has the answer finds it in the count
            self._mailbox.send(Datagram(answer, request.peer), is_answer=True)
