"""A capture: every byte on the wire of a program's sockets, in a pcapng file that Wireshark opens.

Theory of operation. On the Lua thread a watcher hears the channels and puts what it hears in a queue; another
thread makes packets of it (`_packets.py`) and writes them. So a slow disk does not stop the program.

 - **The queue is bounded** (`_capture_file.py`). What does not fit is dropped and counted: as a
   gap in the connection's sequence numbers, and in the summary.
 - **Keys come before what they decrypt**, as readers that go through the file once want it. A connection's
   keys are known only after the bytes that bring them have been decrypted, which happens on the Lua thread
   right after `receive` has returned. So the latest thing heard is held until the next one is, or the end.
 - **A disk that is full** ends the writing, not the program: the file is cut to its last whole block.
 - A host of the lab has an address of a documentation network (RFC 5737), and the port that it was called at.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any

from ba_runtime._resolver import Answer, Endpoint, Kind, Route
from ba_runtime.sockets.channel import (
    Channel,
    DatagramChannel,
    Layer,
    ListeningChannel,
    Receive,
    ReceiveFrom,
    Send,
    SendTo,
    StreamChannel,
)
from ba_runtime.tls.keylog import KeyLog

from ._capture_file import QUEUE_ITEMS, Writer
from ._heard import Datagram, End, Ended, Gone, Heard, Lost, Moved, Named, Opened, Refused, Secrets

DOCUMENTATION_NETWORKS = ("198.51.100", "203.0.113")
RESET = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)

RouteOf = Callable[[Endpoint, Kind], "Route | None"]


class Capture:
    """A witness of the channels. Every method but the first runs on the Lua thread."""

    is_told = False

    def __init__(self, writer: Writer, keys: KeyLog, route_of: RouteOf) -> None:
        """Hears for `writer`; `route_of` tells whom of the lab an address stands for."""
        self._writer = writer
        self._keys = keys
        self._route_of = route_of
        self._channels: dict[int, Channel] = {}
        self._is_open: set[int] = set()
        self._listening: dict[int, int] = {}  # ports by socket
        self._named: set[tuple[str, str]] = set()
        self._lab: dict[str, str] = {}
        self._held: tuple[Heard, int] | None = None
        self._lost: dict[tuple[int, bool], int] = {}

    # ------------------------------------------------------------ the queue

    def _note(self, heard: Heard, size: int = 0) -> None:
        self.flush()
        self._held = heard, size

    def flush(self) -> None:
        """Hands over what is held, after the keys that may be needed for it."""
        held, self._held = self._held, None
        if held is None:
            return
        lines = self._keys.take()
        if lines:
            self._writer.put(Secrets(lines), 0)
        heard, size = held
        if isinstance(heard, (Moved, Ended)):
            lost = self._lost.pop((heard.number, heard.is_ours), 0)
            if lost:
                self._writer.put(Lost(heard.number, heard.is_ours, lost), 0)
        if not self._writer.put(heard, size) and isinstance(heard, Moved):
            key = heard.number, heard.is_ours
            self._lost[key] = self._lost.get(key, 0) + size

    # ------------------------------------------------------------ sockets

    def heard(self, channel: Channel, is_new: bool) -> None:
        """A channel is heard from now on; what is connected already was accepted, if it `is_new`."""
        if channel.number in self._channels:
            return
        self._channels[channel.number] = channel
        if isinstance(channel, ListeningChannel):
            self._listening[channel.number] = channel.sock.getsockname()[1]
        elif isinstance(channel, StreamChannel):
            with contextlib.suppress(OSError):  # it connects, and `connected` will follow
                local, peer = channel.sock.getsockname()[:2], channel.sock.getpeername()[:2]
                self._open(channel.number, local, peer, not is_new and self._is_client(local, peer))

    def _is_client(self, local: End, peer: End) -> bool:
        """Guesses who has called whom; a client's port is one of the high ones."""
        if local[1] in self._listening.values():
            return False
        return peer[1] in self._listening.values() or local[1] > peer[1]

    def connected(self, channel: Channel) -> None:
        """A connection that the program has asked for stands."""
        with contextlib.suppress(OSError):  # it is gone already
            sock = channel.sock
            self._open(channel.number, sock.getsockname()[:2], sock.getpeername()[:2], is_client=True)

    def refused(self, channel: Channel, peer: End) -> None:
        """Nobody listens where the program has called."""
        with contextlib.suppress(OSError):
            local = channel.sock.getsockname()
            self._note(Refused((local[0], local[1]), self._shown(peer, "tcp")))

    def _open(self, number: int, local: End, peer: End, is_client: bool) -> None:
        self._is_open.add(number)
        self._note(Opened(number, local, self._shown(peer, "tcp"), is_client))

    def _shown(self, peer: End, kind: Kind) -> End:
        """Returns a peer as the capture has it: for a host of the lab, its name's address and port."""
        route = self._route_of((peer[0], peer[1]), kind)
        if route is None:
            return peer
        name, port, _ = route
        if name not in self._lab:
            network, host = divmod(len(self._lab), 254)
            if network == len(DOCUMENTATION_NETWORKS):
                return peer
            self._lab[name] = f"{DOCUMENTATION_NETWORKS[network]}.{host + 1}"
            self.named(self._lab[name], name)
        return self._lab[name], port

    def named(self, address: str, name: str) -> None:
        """The program, or the lab, knows an address by a name."""
        if (address, name) not in self._named and len(self._named) < QUEUE_ITEMS:
            self._named.add((address, name))
            self._note(Named(address, name))

    def resolved(self, name: str, answer: Answer) -> None:
        """The program has asked for a name."""
        for _, address in answer.addresses:
            if address[0] != name and self._route_of((address[0], address[1]), "tcp") is None:
                self.named(address[0], name)

    def shutting(self, channel: Channel, how: int) -> None:
        """The program ends its side."""
        if how != socket.SHUT_RD:
            self._note(Ended(channel.number, True, False))

    def closing(self, channel: Channel) -> None:
        """The program closes; with data that it has not read, or told not to linger, the system resets."""
        self._channels.pop(channel.number, None)
        self._listening.pop(channel.number, None)
        if channel.number not in self._is_open:
            return
        self._is_open.discard(channel.number)
        is_reset = False
        with contextlib.suppress(OSError):
            is_reset = bool(channel.sock.recv(1, socket.MSG_PEEK))
        self._note(Ended(channel.number, True, is_reset))
        self._note(Gone(channel.number))

    # ------------------------------------------------------------ bytes

    def receiving(self, number: int, receive: Receive) -> Receive:
        """Hears what a stream receives, its end and its reset."""

        def heard(size: int) -> bytes:
            try:
                data = receive(size)
            except OSError as error:
                self._broken(number, error)
                raise
            if data:
                self._note(Moved(number, False, data), len(data))
            else:
                self._note(Ended(number, False, False))
            return data

        return heard

    def sending(self, number: int, send: Send) -> Send:
        """Hears what a stream, or a connected datagram socket, sends."""
        channel = self._channels[number]
        is_datagram = isinstance(channel, DatagramChannel)

        def heard(data: bytes | memoryview) -> int:
            try:
                sent = send(data)
            except OSError as error:
                self._broken(number, error)
                raise
            if is_datagram:
                self._sent(channel, bytes(data), channel.sock.getpeername())
            else:
                self._note(Moved(number, True, bytes(data[:sent])), sent)
            return sent

        return heard

    def _broken(self, number: int, error: OSError) -> None:
        if error.errno in RESET and number in self._is_open:
            self._note(Ended(number, False, True))

    def receiving_from(self, number: int, receive_from: ReceiveFrom) -> ReceiveFrom:
        """Hears datagrams that are received."""
        channel = self._channels[number]

        def heard(size: int) -> tuple[bytes, Any]:
            data, address = receive_from(size)
            peer = self._shown((address[0], address[1]), "udp")
            self._note(Datagram(peer, self._own(channel, address[0]), data, False), len(data))
            return data, address

        return heard

    def sending_to(self, number: int, send_to: SendTo) -> SendTo:
        """Hears datagrams that are sent to addresses."""
        channel = self._channels[number]

        def heard(data: bytes, address: Any) -> int:
            sent = send_to(data, address)
            self._sent(channel, data, address)
            return sent

        return heard

    def _sent(self, channel: Channel, data: bytes, address: Any) -> None:
        peer = self._shown((address[0], address[1]), "udp")
        self._note(Datagram(self._own(channel, address[0]), peer, data, True), len(data))

    @staticmethod
    def _own(channel: Channel, peer: str) -> End:
        """Returns a datagram socket's own end: the loopback's, to a peer there, if it is bound everywhere."""
        address, port = channel.sock.getsockname()[:2]
        is_loopback = peer == "::1" or peer.startswith("127.")
        if address in ("0.0.0.0", "::") and is_loopback:
            address = "::1" if address == "::" else "127.0.0.1"
        return address, port

    def passed(self, number: int, layer: Layer, data: bytes, is_ours: bool) -> None:
        """Does nothing: a capture has what is on the wire."""
