"""All system sockets of one Lua state, and the functions that Lua calls on them.

A socket is a number to Lua (`channels.py`). Every function here is in the crossing table under its own name
(see `_crossing.py`), takes and returns plain values, and never raises on what a network or a user can do.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from ba_runtime._descriptors import closed_on_error
from ba_runtime._later import later
from ba_runtime._reactor import Journal, Reactor
from ba_runtime._resolver import Answer, Resolver
from ba_runtime.events import Note, Sink, SocketClosed, SocketOpened

from .addresses import EVERYWHERE, Name, local_name, peer_name
from .channel import Channel, StreamChannel, Watchers
from .channels import Channels
from .datagram import Datagram, Received
from .dial import Dial
from .introduction import Endpoint, introduce
from .listener import Listener
from .names import Names, host_text
from .options import ORIGINAL_FAILURE, failure, set_option
from .port_holder import Ports
from .reasons import EXHAUSTED, TEXT, Signal
from .stream import Stream, Write
from .tls_calls import TlsCalls
from .tls_objects import TlsObjects

if TYPE_CHECKING:
    from ba_runtime.observe.events import SocketKind

SendKnown: TypeAlias = "Callable[[bytes, bytes, int], bool | None]"

CALLS = (  # the methods that Lua may call
    *("tcp_connect", "tcp_listen", "tcp_accept", "udp_open", "udp_calls", "udp_send", "udp_send_to"),
    *("resolve", "resolved_address", "resolver_words", "sender", "send", "queued", "arm", "disarm"),
    *("sockname", "peername", "setoption", "upgrade", "tcp_finish"),
)


def _text(value: object) -> str | None:
    """An address or a name from Lua; other types do not count, as documented for `intf`."""
    return host_text(value) if isinstance(value, bytes) else None


class Network:
    """The sockets of one Lua state. Every method runs on the Lua thread."""

    def __init__(self, reactor: Reactor, resolver: Resolver, sink: Sink) -> None:
        """Sockets report to `reactor`, names go through `resolver`, openings and closings to `sink`."""
        self._reactor = reactor
        self.names = Names(reactor, resolver)
        self.channels = Channels()
        self._sink = sink
        self._endpoints: dict[int, Endpoint] = {}
        self._born: dict[int, float] = {}
        self._told: set[str] = set()
        self.ports = Ports(self._endpoints.values, sink)
        self.tls_objects = TlsObjects(reactor)
        self.tls_calls = TlsCalls(self._endpoints)

    def functions(self) -> dict[str, Callable[..., object]]:
        """Returns what Lua may call, by name."""
        return {
            **self.tls_objects.functions(),
            **self.tls_calls.functions(),
            **{name: getattr(self, name) for name in CALLS},
            "close": self.close_socket,
            "is_in_lab": self.names.is_in_lab,
            "ws_open": later("ba_runtime.sockets.websocket", "opener", self._endpoints),
        }

    # ------------------------------------------------------------ opening

    def tcp_connect(
        self,
        cell: int,
        host: bytes,
        port: int,
        interface: object,
        ipv6: bool,
        context: int = 0,
        alpn: bytes | None = None,
    ) -> int:
        """Starts to connect, with TLS when there is a context; the number will tell how it went."""
        number = self.channels.new_number()
        secure = self.tls_objects.announcing(context, host_text(host), port, alpn) if context else None

        def connected(channel: StreamChannel) -> None:
            if secure is None:
                plain = Stream(channel, cell, self._reactor)
                plain.host, plain.port = host_text(host), port
                self.opened(plain)
                self._reactor.emit(number, Signal.CONNECTED)
            else:
                stream = secure(channel, cell)
                self.opened(stream)
                self._reactor.emit(number, Signal.HANDSHAKING)
                stream.start()

        dial = Dial(number, cell, _text(interface), self.channels, self._reactor, connected)
        self._endpoints[number] = dial
        self._born[number] = monotonic()
        self.names.note_called(number, host, port)
        if self._reactor.journal is not None:
            dial.name, dial.is_in_lab = host_text(host), self.names.is_in_lab(host)
            self._reactor.journal.opened(number, "client", cell, None)
        self.names.look_up(host, port, "tcp", ipv6, dial.resolved)
        return number

    def tcp_listen(self, cell: int, port: int, interface: object, ipv6: bool, context: int = 0) -> int | None:
        """Listens, with TLS when there is a context; None when the address cannot be bound."""
        address = _text(interface)
        secure = self.tls_objects.accepting(context) if context else None
        try:
            with closed_on_error(self.channels.to_listen(address, port, ipv6)) as channel:
                listener = Listener(channel, cell, self._reactor)
        except (OSError, ValueError) as error:
            self._not_bound(cell, error, socket.SOCK_STREAM, address, ipv6, port)
            return None
        listener.secure = secure
        if address in EVERYWHERE:
            self._tell_exposed(cell, "port", channel, address)
        self._note_opened(channel, "listener", cell)
        return self.opened(listener)

    def tcp_accept(self, number: int, cell: int) -> int | None:
        """Takes a client from a listener; None when there is none after all."""
        listener = self._endpoints.get(number)
        if not isinstance(listener, Listener):
            return None
        refused = listener.refused
        client = listener.accept()
        if listener.refused > refused:
            self.tell_once(cell, "a client was turned away because the process is out of file descriptors")
        if client is None:
            return None
        channel = self.channels.accepted(client)
        self._note_opened(channel, "accepted", cell, number)
        if listener.secure is not None:
            return self.opened(listener.secure(channel, cell))
        return self.opened(Stream(channel, cell, self._reactor))

    def upgrade(self, number: int, context: int, alpn: bytes | None = None, received: bytes = b"") -> bool:
        """Puts TLS on a connection; `received` is what came already. False when there is none to put it on.

        CONNECTED or TLS_FAILED then comes as an event.
        """
        plain = self._endpoints.get(number)
        if not isinstance(plain, Stream) or plain.is_secure or plain.queued_bytes:
            return False
        secure = self.tls_objects.announcing(context, plain.host, plain.port, alpn)
        channel, _ = plain.detach()
        stream = secure(channel, plain.cell)
        self._endpoints[number] = stream
        stream.start(received)
        return True

    def udp_open(
        self, cell: int, host: object, port: int, interface: object, local_port: int, ipv6: bool
    ) -> tuple[int, Signal | None]:
        """Makes a UDP socket, connected when `host` is given.

        Returns the number and RESOLVED, CANNOT_RESOLVE or CANNOT_CONNECT; the number and None when one of
        these comes as an event; or 0 and the signal that says why there is no socket.
        """
        address = _text(interface)
        try:
            channel = self.channels.datagrams(address, local_port, ipv6)
        except (OSError, ValueError) as error:
            self._not_bound(cell, error, socket.SOCK_DGRAM, address, ipv6, local_port)
            is_exhausted = isinstance(error, OSError) and error.errno in EXHAUSTED
            return 0, Signal.NO_RESOURCES if is_exhausted else Signal.CANNOT_BIND
        if address in EVERYWHERE:
            self._tell_exposed(cell, "UDP port", channel, address)
        self._note_opened(channel, "datagram", cell)
        endpoint = Datagram(channel, cell, self._reactor, self.names)
        number = self.opened(endpoint)
        if not isinstance(host, bytes):
            return number, Signal.RESOLVED
        self.names.note_called(number, host, port)

        def connect(answer: Answer) -> Signal:
            if not answer.addresses:
                self._note_failed(number, Signal.CANNOT_RESOLVE, answer.error)
                return self.names.keep_words(number, answer)
            try:
                channel.sock.connect(answer.addresses[0][1])
            except OSError:
                self._note_failed(number, Signal.CANNOT_CONNECT)
                return Signal.CANNOT_CONNECT
            if self._reactor.journal is not None:
                self._reactor.journal.connected(number, channel.sock)
            return Signal.RESOLVED

        return number, self.names.ask(number, host, port, "udp", ipv6, connect)

    def opened(self, endpoint: Stream | Listener | Datagram) -> int:
        """Takes over a socket that is open; returns its number."""
        self._endpoints[endpoint.number] = endpoint
        self._born[endpoint.number] = monotonic()
        self._sink(SocketOpened(endpoint.cell, endpoint.number, endpoint.kind))
        return endpoint.number

    # ------------------------------------------------------------ names

    def resolve(self, host: bytes) -> tuple[int, Signal | None]:
        """Resolves a name to its first address, which `resolved_address` then tells by this number.

        RESOLVED or CANNOT_RESOLVE comes with the number, or as an event under it.
        """
        number = self.channels.new_number()
        return number, self.names.ask_address(number, host)

    def resolved_address(self, number: int) -> bytes | None:
        """Returns, once, the address that `resolve` has found."""
        return self.names.take_address(number)

    def resolver_words(self, number: int) -> bytes | None:
        """Returns why a name has not been resolved, as the system puts it; None when that is not known."""
        endpoint = self._endpoints.get(number)
        return endpoint.words if isinstance(endpoint, Dial) else self.names.take_words(number)

    # ------------------------------------------------------------ using

    def sender(self, number: int) -> tuple[Write | None, Write | None]:
        """Returns what Lua calls directly to write, the fast path: the channel's `send`, or one with TLS."""
        endpoint = self._endpoints.get(number)
        return endpoint.sender() if isinstance(endpoint, Stream) else (None, None)

    def send(self, number: int, data: bytes) -> int:
        """Sends or queues; returns the bytes that wait now, -1 when the connection is lost."""
        endpoint = self._endpoints.get(number)
        return endpoint.send(data) if isinstance(endpoint, Stream) else -1

    def queued(self, number: int) -> int:
        """Returns the bytes that wait to be sent."""
        endpoint = self._endpoints.get(number)
        return endpoint.queued_bytes if endpoint is not None else 0

    def udp_calls(self, number: int) -> tuple[Callable[[], Received], SendKnown] | tuple[None, None]:
        """Returns what Lua calls directly to receive, and to send where nothing need be looked up."""
        endpoint = self._endpoints.get(number)
        return (endpoint.receive, endpoint.send_known) if isinstance(endpoint, Datagram) else (None, None)

    def udp_send(self, number: int, data: bytes) -> bool:
        """Sends one datagram to the connected peer."""
        endpoint = self._endpoints.get(number)
        return isinstance(endpoint, Datagram) and endpoint.send(data)

    def udp_send_to(self, number: int, data: bytes, host: bytes, port: int) -> tuple[int, Signal | None]:
        """Sends one datagram: RESOLVED (sent), CANNOT_RESOLVE or CANNOT_CONNECT (the system refused it).

        The signal comes with a number, or as an event under that number.
        """
        endpoint = self._endpoints.get(number)
        if not isinstance(endpoint, Datagram):
            return 0, Signal.CANNOT_CONNECT
        ticket = self.channels.new_number()

        def send(answer: Answer) -> Signal:
            if not answer.addresses:
                return self.names.keep_words(ticket, answer)
            is_sent = endpoint.send_to(data, answer.addresses[0][1])
            return Signal.RESOLVED if is_sent else Signal.CANNOT_CONNECT

        return ticket, self.names.ask(ticket, host, port, "udp", endpoint.is_ipv6, send)

    def arm(self, number: int) -> None:
        """Asks for data, clients or datagrams."""
        endpoint = self._endpoints.get(number)
        if endpoint is not None and not isinstance(endpoint, Dial):
            endpoint.arm()

    def disarm(self, number: int) -> None:
        """Leaves them with the system for now."""
        endpoint = self._endpoints.get(number)
        if endpoint is not None and not isinstance(endpoint, Dial):
            endpoint.disarm()

    def sockname(self, number: int) -> Name:
        """Returns the local address, port, and whether it is IPv6."""
        return self._name(number, local_name)

    def peername(self, number: int) -> Name:
        """Returns the peer's address, port, and whether it is IPv6."""
        return self._name(number, peer_name)

    def _name(self, number: int, name_of: Callable[[socket.socket], Name]) -> Name:
        endpoint = self._endpoints.get(number)
        return None if endpoint is None or endpoint.channel is None else name_of(endpoint.channel.sock)

    def called(self, number: int) -> tuple[str, int] | None:
        """Returns which host and port the program called with this socket; None if it called nobody."""
        return self.names.called(number)

    def age_s(self, number: int) -> float:
        """Returns for how many seconds the socket has been open, 0 for none."""
        born = self._born.get(number)
        return 0.0 if born is None else monotonic() - born

    def setoption(
        self, number: int, name: bytes, on: bool, a: object = None, b: object = None
    ) -> bool | tuple[None, bytes, int]:
        """Sets an option by its documented name; True, or nil, text, code."""
        endpoint = self._endpoints.get(number)
        if endpoint is None or endpoint.channel is None:
            return failure(ORIGINAL_FAILURE)
        return set_option(endpoint.channel.sock, name, on, a, b)

    def tcp_finish(self, number: int) -> bool:
        """Tells a TCP connection's peer that nothing more will come; what it sends is still read."""
        endpoint = self._endpoints.get(number)
        return isinstance(endpoint, Stream) and endpoint.finish()

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen to every channel, those to come as well; Lua must fetch every `sender` anew."""
        self.channels.watchers = watchers
        for endpoint in self._endpoints.values():
            endpoint.watch(watchers)

    # ------------------------------------------------------------ what is recorded

    def introduce(self, journal: Journal) -> None:
        """Tells whoever begins to record of the sockets that there are."""
        introduce(self._endpoints.values(), journal)

    def _note_opened(self, channel: Channel, kind: SocketKind, cell: int, parent: int = 0) -> None:
        if self._reactor.journal is not None:
            self._reactor.journal.opened(channel.number, kind, cell, channel.sock, parent)

    def _note_failed(self, number: int, signal: Signal, words: str = "") -> None:
        if self._reactor.journal is not None:
            self._reactor.journal.failed(number, TEXT[signal], words)

    def _not_bound(
        self,
        cell: int,
        error: Exception,
        kind: socket.SocketKind,
        address: str | None,
        ipv6: bool,
        port: int,
    ) -> None:
        self._note_failed(0, Signal.CANNOT_BIND, str(error))
        self.ports.tell(cell, error, kind, address, ipv6, port)

    # ------------------------------------------------------------ closing

    def is_plain_stream(self, number: int) -> bool:
        """Tells whether it is a TCP connection without TLS."""
        endpoint = self._endpoints.get(number)
        return isinstance(endpoint, Stream) and not endpoint.is_secure

    def release(self, number: int) -> Endpoint | None:
        """Lets go of a socket without closing it; returns it, None for a number that is closed already."""
        endpoint = self._endpoints.pop(number, None)
        self._born.pop(number, None)
        self.names.forget(number)
        if endpoint is not None and not isinstance(endpoint, Dial):
            self._sink(SocketClosed(endpoint.cell, number))
        return endpoint

    def close_socket(self, number: int, by: bytes | None = None, reason: bytes | None = None) -> None:
        """Closes; a number that is closed already is ignored.

        `by` and `reason` are for whoever records: whose doing it is (an `observe.events.Closer`), by default
        the program's, and the documented word that the program got.
        """
        endpoint = self.release(number)
        if endpoint is not None:
            endpoint.close()
            journal = self._reactor.journal
            if journal is not None:
                if isinstance(endpoint, Dial) and reason and not endpoint.has_failed:
                    journal.failed(number, reason.decode())
                journal.closed(number, by, reason)

    def close_all(self) -> None:
        """Closes what is left when the runtime ends."""
        for number in list(self._endpoints):
            self.close_socket(number, b"end")

    def _tell_exposed(self, cell: int, what: str, channel: Channel, interface: str | None) -> None:
        port = channel.sock.getsockname()[1]
        self.tell_once(cell, f"other machines can reach {what} {port} (intf={interface!r})")

    def tell_once(self, cell: int, remark: str) -> bool:
        """Makes a remark in the trace; False if it was made before."""
        if remark in self._told:
            return False
        self._told.add(remark)
        self._sink(Note(cell, remark))
        return True
