"""The one seam between a program's sockets and the system: a channel around each system socket.

Theory of operation. Whoever uses a system socket of the user's (a stream, TLS on one, a WebSocket, a
connection of the page server, a datagram socket, a listener, a dial) does it through a channel: `receive`,
`send`, `shutdown`, `close`, and what datagrams and listeners have instead. So there is one place where
what goes over the wire can be heard, and nobody who uses a socket knows whether somebody hears it.

 - **With no watcher, `receive` and `send` are the system socket's own bound methods.** The reactor and Lua
   keep them, and call C with nothing of ours in between: that is the fast path, and it costs what it did
   without a channel.
 - **A watcher wraps them.** It is given the function and returns one that does the same and notes it, so
   that a recorder pays for one call and no more. Several watchers wrap each other. A watcher must not
   change what is received or sent, nor raise; what the system raises passes through.
 - **Who keeps a function fetches it anew** when watchers change. On the Lua thread, in one step with no
   program running: `Network.watch` switches every channel, the reactor is given the new `receive`
   (`Stream.watch`), and Lua fetches `send` (`requests.watch` in lua/boot.lua). There is one moment from
   which on every byte is heard, and one after which none is. That is why this is a request to Lua and not
   a signal of each socket: signals wait in a queue behind other events, whose programs would go on writing
   past the watcher, and half of the handlers of a socket's life (a dial, a handshake, a page) take any
   signal they do not know for a failure.
 - **Layers.** A channel carries the bytes of the wire. What lies above it, and keeps no function of it,
   asks `watchers` (an empty tuple nearly always) and tells them with `passed` what these bytes mean: the
   plain data inside TLS, the messages and control frames of a WebSocket.
 - **A channel outlives its user.** When TLS is put on a stream, when a page takes its connection or gives
   it back, the channel is handed on with its number, and whoever watches sees one socket.
 - What moves no bytes (names, options, a connect) is asked of `sock` itself.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Protocol, TypeAlias, runtime_checkable

Receive: TypeAlias = Callable[[int], bytes]  # at most this much; empty at the end
Send: TypeAlias = "Callable[[bytes | memoryview], int]"  # how much the system took
ReceiveFrom: TypeAlias = "Callable[[int], tuple[bytes, Any]]"  # Any: an address depends on the family
SendTo: TypeAlias = "Callable[[bytes, Any], int]"


class Layer(Enum):
    """What bytes above the wire are."""

    PLAIN = "plain"  # inside TLS
    TEXT = "text"  # a WebSocket's message or a piece of one…
    BINARY = "binary"
    PING = "ping"  # …and its control frames; a close has its code in the first two bytes, if it has one
    PONG = "pong"
    CLOSE = "close"


class Watcher(Protocol):
    """Whoever listens to channels. Every method is called on the Lua thread, and must not wait or raise.

    `is_told` says that it gets to know otherwise what plain streams move between the system and Lua, and so
    need not be asked: a poll of the reactor receives for them, and Lua sends (observe/recorder.py).
    """

    is_told: bool

    def receiving(self, number: int, receive: Receive) -> Receive:
        """Returns what receives for a stream from now on, through `receive`."""
        ...

    def sending(self, number: int, send: Send) -> Send:
        """Returns what sends for a stream, or a connected datagram socket, from now on."""
        ...

    def receiving_from(self, number: int, receive_from: ReceiveFrom) -> ReceiveFrom:
        """Returns what receives datagrams from now on."""
        ...

    def sending_to(self, number: int, send_to: SendTo) -> SendTo:
        """Returns what sends datagrams to addresses from now on."""
        ...

    def passed(self, number: int, layer: Layer, data: bytes, is_ours: bool) -> None:
        """Hears what passed above the wire: `is_ours` when the program sent it."""
        ...


Watchers: TypeAlias = tuple[Watcher, ...]


@runtime_checkable
class Witness(Protocol):
    """A watcher that needs the sockets' lives as well as their bytes. The same rules hold."""

    def heard(self, channel: Channel, is_new: bool) -> None:
        """Is told that it hears a channel from now on; again, when other watchers come and go."""
        ...

    def connected(self, channel: Channel) -> None:
        """Hears that a connection stands which the program has asked for."""
        ...

    def refused(self, channel: Channel, peer: tuple[str, int]) -> None:
        """Hears that nobody listens at this address and port, which the program has called."""
        ...

    def shutting(self, channel: Channel, how: int) -> None:
        """Hears that the program has ended its side."""
        ...

    def closing(self, channel: Channel) -> None:
        """Hears that the program is about to close the socket, which is still open."""
        ...


class Channel:
    """A system socket, number `number` to Lua, with those who listen to it."""

    __slots__ = ("_is_new", "number", "sock", "watchers")

    def __init__(self, number: int, sock: socket.socket, watchers: Watchers = ()) -> None:
        """Takes over `sock` and makes it non-blocking."""
        sock.setblocking(False)
        self.number = number
        self.sock = sock
        self._is_new = True
        self.watch(watchers)
        self._is_new = False

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen from now on, and nobody else."""
        self.watchers = watchers
        for witness in self._witnesses():
            witness.heard(self, self._is_new)

    def _witnesses(self) -> Iterator[Witness]:
        return (one for one in self.watchers if isinstance(one, Witness))

    def connected(self) -> None:
        """Must be called when a connection that the program has asked for stands."""
        for witness in self._witnesses():
            witness.connected(self)

    def failed(self, code: int, address: tuple[Any, ...]) -> None:
        """Must be called when a connect to this address has failed with this `errno`."""
        if code == errno.ECONNREFUSED:
            for witness in self._witnesses():
                witness.refused(self, (address[0], address[1]))

    def passed(self, layer: Layer, data: bytes, is_ours: bool) -> None:
        """Tells them what passed above the wire."""
        for watcher in self.watchers:
            watcher.passed(self.number, layer, data, is_ours)

    def fileno(self) -> int:
        """Returns the descriptor."""
        return self.sock.fileno()

    def close(self) -> None:
        """Closes the system socket; whoever waits for its descriptor must have forgotten it."""
        for witness in self._witnesses():
            witness.closing(self)
        self.sock.close()


class StreamChannel(Channel):
    """A connected TCP socket, or one that connects.

    `receive` and `send` raise BlockingIOError when the system has, or takes, nothing now; and OSError.
    `receive_in_poll` is `receive` for the reactor, when what it returns is what the poll returns, and
    `send_by_lua` is `send` for Lua: there is nothing of a watcher in them that is told of it otherwise.
    """

    __slots__ = ("receive", "receive_in_poll", "send", "send_by_lua")
    receive: Receive
    receive_in_poll: Receive
    send: Send
    send_by_lua: Send

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen from now on; `receive` and `send` are other functions then."""
        super().watch(watchers)
        self.receive = self.receive_in_poll = self.sock.recv
        self.send = self.send_by_lua = self.sock.send
        for watcher in watchers:
            self.receive = watcher.receiving(self.number, self.receive)
            self.send = watcher.sending(self.number, self.send)
            if not watcher.is_told:
                self.receive_in_poll = watcher.receiving(self.number, self.receive_in_poll)
                self.send_by_lua = watcher.sending(self.number, self.send_by_lua)

    def receive_into(self, buffer: memoryview) -> int:
        """Receives as `receive` does, into `buffer`; returns how much."""
        if not self.watchers:
            return self.sock.recv_into(buffer)
        data = self.receive(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def shutdown(self, how: int) -> None:
        """Ends one side or both (`socket.SHUT_WR`, `SHUT_RDWR`). Raises OSError when it is gone already."""
        self.sock.shutdown(how)
        for witness in self._witnesses():
            witness.shutting(self, how)


class DatagramChannel(Channel):
    """A UDP socket. Its functions raise as a stream's do, and OSError for what ICMP said earlier."""

    __slots__ = ("receive_from", "send", "send_to")
    receive_from: ReceiveFrom
    send: Send
    send_to: SendTo

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen from now on; the functions are others then."""
        super().watch(watchers)
        self.receive_from, self.send, self.send_to = self.sock.recvfrom, self.sock.send, self.sock.sendto
        for watcher in watchers:
            self.receive_from = watcher.receiving_from(self.number, self.receive_from)
            self.send = watcher.sending(self.number, self.send)
            self.send_to = watcher.sending_to(self.number, self.send_to)


class ListeningChannel(Channel):
    """A bound TCP socket that takes clients."""

    __slots__ = ()

    def accept(self) -> socket.socket:
        """Takes one client. Raises BlockingIOError when there is none, and OSError."""
        return self.sock.accept()[0]
