"""A UDP socket.

Datagrams are read one by one, on Lua's demand: what nobody reads stays with the system, which bounds it and
drops what is too much. Lua calls `receive` and `send_known` directly, so that a burst costs no poll for each
datagram, and an answer to an address in numbers no way through the resolver (lua/sockets/datagram.lua). A
datagram that is longer than a read is cut, as in the original.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any, TypeAlias

from ba_runtime._reactor import CHUNK_BYTES, READ, Reactor

from .channel import DatagramChannel, Watchers
from .names import Names
from .reasons import Signal

Received: TypeAlias = "tuple[bytes, bytes, int, bool] | bool | None"


class Datagram:
    """A UDP socket, to Lua under the number of its channel."""

    kind = "udp"
    queued_bytes = 0

    def __init__(self, channel: DatagramChannel, cell: int, reactor: Reactor, names: Names) -> None:
        """Takes over `channel`; `names` tells addresses."""
        self.channel = channel
        self.number = channel.number
        self.cell = cell
        self._reactor = reactor
        self._names = names
        self._make_way = reactor.make_way
        self.is_ipv6 = channel.sock.family == socket.AF_INET6
        reactor.add(channel.fileno(), self.number, self._on_ready)

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen to the channel."""
        self.channel.watch(watchers)

    def arm(self) -> None:
        """Asks to be told when a datagram waits."""
        self._reactor.want(self.channel.fileno(), READ)

    def disarm(self) -> None:
        """Leaves datagrams with the system, which drops them when its buffer is full."""
        self._reactor.want(self.channel.fileno(), 0)

    def _on_ready(self, _mask: int) -> None:
        self._reactor.emit(self.number, Signal.READABLE)

    def receive(self) -> Received:
        """Returns data, address, port and whether it is IPv6; None when none waits; False on an error."""
        try:
            data, address = self.channel.receive_from(CHUNK_BYTES)
        except BlockingIOError:
            return None
        except OSError:  # a connected socket whose peer's port is closed
            return False
        self._make_way(len(data))
        return data, address[0].encode(), address[1], self.is_ipv6

    def send(self, data: bytes) -> bool:
        """Sends to the connected peer; tells whether the system took it."""
        # The first attempt may only report an ICMP answer to an earlier datagram.
        for _ in range(2):
            with contextlib.suppress(OSError):
                return self.channel.send(data) == len(data)
        return False

    def send_known(self, data: bytes, host: bytes, port: int) -> bool | None:
        """Sends to a host that need not be looked up; None for others, else as `send_to`."""
        address = self._names.known(host, port, "udp", self.is_ipv6)
        return None if address is None else self.send_to(data, address)

    def send_to(self, data: bytes, address: tuple[Any, ...]) -> bool:
        """Sends to `address`; tells whether the system took it."""
        for _ in range(2):
            with contextlib.suppress(OSError, OverflowError):
                return self.channel.send_to(data, address) == len(data)
        return False

    def close(self) -> None:
        """Closes the socket."""
        self._reactor.remove(self.channel.fileno())
        self.channel.close()
