"""Owns the way on from the lab to a server of the user's, over TCP and over UDP.

The lab cannot change what the user's sockets do. So a program that is to reach the user's own server under
conditions connects to the lab, which carries everything on to the server, from a port of its own. That is
the one difference the server sees: another address than the program's.

A program is connected to the lab before the lab is to the server, as with any port that is forwarded. So
the lab looks first whether anybody listens (`listens`): if not, the program is sent to the server's own
port, and is refused there. If the server goes away in between, the connection is reset. Datagrams to nobody
are lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from ba_runtime._resolver import Endpoint

from ._connections import Connections
from ._datagram import MAX_DATAGRAM, Mailbox
from ._link import Link
from ._passage import CHUNK, FarEnd, reset_on_close, send_at_once
from ._pipe import Mark, Pipe
from ._post import Datagram
from ._service import LOOPBACK, Host

_MAX_PEERS = 64  # of a UDP relay; the one that was silent for the longest makes room
_MAX_CONNECTIONS = 100


class StreamRelay(Connections):
    """Carries every connection on to a port of the loopback interface. It counts connections."""

    def __init__(self, host: Host, port: int, *, link: Link, idle_s: float) -> None:
        """Opens nothing yet. `port` is the server's; else as for `Connections`."""
        super().__init__(host, link, idle_s, _MAX_CONNECTIONS)
        self._port = port

    def _far_end(self) -> FarEnd:
        return _Onward(self._port, self._count)


class _Onward:
    """The connection to the user's server, at the far end of one to the lab."""

    def __init__(self, port: int, count: Callable[[int], None]) -> None:
        self._port = port
        self._count = count

    async def run(self, to_host: Pipe, from_host: Pipe) -> bool:
        await to_host.get()  # that it was opened
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            server.setblocking(False)
            await asyncio.get_running_loop().sock_connect(server, (LOOPBACK, self._port))
            send_at_once(server)
            self._count(1)
            await _both(_carry_in(to_host, server), _carry_out(server, from_host))
            return True
        except OSError:
            reset_on_close(server)
            await from_host.put(Mark.RESET)
            return False
        except asyncio.CancelledError:
            reset_on_close(server)
            raise
        finally:
            server.close()


def listens(port: int) -> bool:
    """Tells whether a server may be listening at a port of the loopback interface, without connecting to it.

    A server would see a connection that nobody uses. Instead this tries to have the port itself, for a few
    microseconds: nobody can while somebody listens there.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            # Old connections of the port must not count. On other systems this option would also let us in
            # beside a server that listens on all interfaces; so there, old connections count for a minute.
            if sys.platform == "linux":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((LOOPBACK, port))
    except OSError:  # it is taken, or not ours to have, or there is no descriptor to find out
        return True
    return False


async def _both(*works: Coroutine[object, object, None]) -> None:
    """Runs both; the first that fails ends the other."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _carry_in(to_host: Pipe, server: socket.socket) -> None:
    """Sends what arrives to the server. Raises OSError when there was a reset at either end."""
    loop = asyncio.get_running_loop()
    while isinstance(item := await to_host.get(), bytes):
        await loop.sock_sendall(server, item)
    if item is Mark.RESET:
        raise ConnectionResetError
    server.shutdown(socket.SHUT_WR)


async def _carry_out(server: socket.socket, from_host: Pipe) -> None:
    """Sends what the server says on its way. Raises OSError when it has reset the connection."""
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(server, CHUNK):
        await from_host.put(data)
    await from_host.put(Mark.ENDED)


@dataclass(slots=True)
class _Peer:
    """A program that sends datagrams: the lab's socket for it, and how many answers it is owed."""

    sock: socket.socket
    owed: int = 0


class DatagramRelay:
    """Carries every datagram on to a port of the loopback interface. It counts those that come back.

    Each peer has a socket of its own towards the server, so that the server can answer it, and can also
    send to it unasked, as long as the peer is among the last 64.
    """

    def __init__(self, host: Host, port: int, *, link: Link) -> None:
        """Opens nothing yet. `port` is the server's."""
        self.host = host
        self.served = 0
        self._port = port
        self._mailbox = Mailbox(link, host, self._forward)
        self._peers: OrderedDict[Endpoint, _Peer] = OrderedDict()

    async def open(self) -> Endpoint:
        """Begins to receive, see `Service`."""
        return self._mailbox.open()

    async def close(self) -> None:
        """Closes every socket, see `Service`."""
        self._mailbox.close()
        while self._peers:
            self._forget()

    def _forward(self, datagram: Datagram) -> None:
        # Nobody listens at the port, or there is no descriptor: the datagram is lost.
        with contextlib.suppress(OSError):
            peer = self._peer(datagram.peer)
            peer.sock.send(datagram.data)
            peer.owed += 1

    def _peer(self, address: Endpoint) -> _Peer:
        if address in self._peers:
            self._peers.move_to_end(address)
            return self._peers[address]
        if len(self._peers) >= _MAX_PEERS:
            self._forget()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect((LOOPBACK, self._port))
        except OSError:
            sock.close()
            raise
        peer = self._peers[address] = _Peer(sock)
        asyncio.get_running_loop().add_reader(sock, self._return, peer, address)
        return peer

    def _forget(self) -> None:
        """Closes the socket of the peer that was silent for the longest."""
        _, peer = self._peers.popitem(last=False)
        asyncio.get_running_loop().remove_reader(peer.sock)
        peer.sock.close()

    def _return(self, peer: _Peer, address: Endpoint) -> None:
        with contextlib.suppress(OSError):  # what came is that nobody listens
            data = peer.sock.recv(MAX_DATAGRAM)
            self.served += 1
            is_answer = peer.owed > 0
            peer.owed -= is_answer
            self._mailbox.send(Datagram(data, address), is_answer=is_answer)
