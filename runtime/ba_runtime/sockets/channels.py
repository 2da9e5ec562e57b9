"""Where the system sockets of one Lua state come from: each is made here, and given out as a channel.

A number is given once and never used again, so that a late event can never reach a newer socket. Whoever
watches when a channel is made hears it from its first byte.
"""

from __future__ import annotations

import socket

from ba_runtime._descriptors import closed_on_error, new_socket

from .addresses import local_address
from .channel import DatagramChannel, ListeningChannel, StreamChannel, Watchers


class Channels:
    """Makes the channels of one Lua state. Every method runs on the Lua thread."""

    def __init__(self) -> None:
        """Nobody watches yet."""
        self.watchers: Watchers = ()
        self._last_number = 0

    def new_number(self) -> int:
        """Returns a number that no socket has had."""
        self._last_number += 1
        return self._last_number

    def to_connect(self, number: int, family: int) -> StreamChannel:
        """Makes a TCP socket for a connect. Raises OSError when the process is out of descriptors."""
        return StreamChannel(number, new_socket(family, socket.SOCK_STREAM), self.watchers)

    def accepted(self, client: socket.socket) -> StreamChannel:
        """Takes over a client that a listener has accepted."""
        return StreamChannel(self.new_number(), client, self.watchers)

    def to_listen(self, interface: str | None, port: int, ipv6: bool) -> ListeningChannel:
        """Makes a bound TCP socket, on this machine alone when no interface is given.

        Raises OSError or ValueError when the address cannot be had.
        """
        with closed_on_error(new_socket(_family(ipv6), socket.SOCK_STREAM)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((local_address(interface, ipv6), port))
        return ListeningChannel(self.new_number(), sock, self.watchers)

    def datagrams(self, interface: str | None, port: int, ipv6: bool) -> DatagramChannel:
        """Makes a UDP socket, bound when there is an interface or a port. Raises as `to_listen` does."""
        with closed_on_error(new_socket(_family(ipv6), socket.SOCK_DGRAM)) as sock:
            if port:  # a port of the system's choice might be somebody else's too
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port or interface is not None:
                sock.bind((local_address(interface, ipv6), port))
        return DatagramChannel(self.new_number(), sock, self.watchers)


def _family(ipv6: bool) -> socket.AddressFamily:
    return socket.AF_INET6 if ipv6 else socket.AF_INET
