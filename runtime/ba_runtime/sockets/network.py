"""All system sockets of one Lua state, and the functions that Lua calls on them.

A socket is a number to Lua: given once, never used again, so that a late event can never reach a newer
socket. Every function here is in the crossing table under its own name (see `_crossing.py`), takes and
returns plain values, and never raises on what a network or a user can do.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic
from typing import TypeAlias

from ba_runtime._descriptors import new_socket
from ba_runtime._later import later
from ba_runtime._reactor import Reactor
from ba_runtime._resolver import Answer, Resolver
from ba_runtime.events import Note, Sink, SocketClosed, SocketOpened

from .addresses import EVERYWHERE, Name, local_address, local_name, peer_name
from .datagram import Datagram
from .dial import Dial
from .listener import Listener
from .names import Names, host_text
from .options import ORIGINAL_FAILURE, failure, set_option
from .port_holder import Ports
from .reasons import EXHAUSTED, Signal
from .stream import Stream
from .tls_calls import TlsCalls
from .tls_objects import TlsObjects

Endpoint: TypeAlias = Stream | Listener | Datagram | Dial
Send: TypeAlias = Callable[[bytes], int]

CALLS = (  # the methods that Lua may call
    *("tcp_connect", "tcp_listen", "tcp_accept", "udp_open", "udp_receive", "udp_send", "udp_send_to"),
    *("resolve", "resolved_address", "resolver_words", "sender", "send", "queued", "arm", "disarm"),
    *("sockname", "peername", "setoption", "upgrade"),
)


def _text(value: object) -> str | None:
    """An address or a name from Lua; other types do not count, as documented for `intf`."""
    return host_text(value) if isinstance(value, bytes) else None


class Network:
    """The sockets of one Lua state. Every method runs on the Lua thread."""

    def __init__(self, reactor: Reactor, resolver: Resolver, sink: Sink) -> None:
        """Sockets report to `reactor`, names go through `resolver`, openings and closings to `sink`."""
        self._reactor = reactor
        self._names = Names(reactor, resolver)
        self._sink = sink
        self._endpoints: dict[int, Endpoint] = {}
        self._last_number = 0
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
        number = self.new_number()
        secure = self.tls_objects.announcing(context, host_text(host), port, alpn) if context else None

        def connected(sock: socket.socket) -> None:
            if secure is None:
                plain = Stream(number, cell, sock, self._reactor)
                plain.host, plain.port = host_text(host), port
                self.opened(plain)
                self._reactor.emit(number, Signal.CONNECTED)
            else:
                stream = secure(number, cell, sock)
                self.opened(stream)
                self._reactor.emit(number, Signal.HANDSHAKING)
                stream.start()

        dial = Dial(number, cell, _text(interface), self._reactor, connected)
        self._endpoints[number] = dial
        self._names.look_up(host, port, "tcp", ipv6, dial.resolved)
        return number

    def tcp_listen(self, cell: int, port: int, interface: object, ipv6: bool, context: int = 0) -> int | None:
        """Listens, with TLS when there is a context; None when the address cannot be bound."""
        address = _text(interface)
        try:
            sock = new_socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            return None
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((local_address(address, ipv6), port))
            listener = Listener(self.new_number(), cell, sock, self._reactor)
            listener.secure = self.tls_objects.accepting(context) if context else None
        except (OSError, ValueError) as error:
            sock.close()
            self.ports.tell(cell, error, socket.SOCK_STREAM, address, ipv6, port)
            return None
        if address in EVERYWHERE:
            self.tell_once(cell, f"other machines can reach port {sock.getsockname()[1]} (intf={address!r})")
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
        number = self.new_number()
        if listener.secure is not None:
            return self.opened(listener.secure(number, cell, client))
        return self.opened(Stream(number, cell, client, self._reactor))

    def upgrade(self, number: int, context: int, alpn: bytes | None = None, received: bytes = b"") -> bool:
        """Puts TLS on a connection; `received` is what came already. False when there is none to put it on.

        CONNECTED or TLS_FAILED then comes as an event.
        """
        plain = self._endpoints.get(number)
        if type(plain) is not Stream or plain.queued_bytes:
            return False
        secure = self.tls_objects.announcing(context, plain.host, plain.port, alpn)
        self._reactor.remove(plain.sock.fileno())
        stream = secure(number, plain.cell, plain.sock)
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
            sock = new_socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            return 0, Signal.NO_RESOURCES if error.errno in EXHAUSTED else Signal.CANNOT_BIND
        try:
            sock.setblocking(False)
            if local_port:  # a port of the system's choice might be somebody else's too
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if local_port or address is not None:
                sock.bind((local_address(address, ipv6), local_port))
        except (OSError, ValueError) as error:
            sock.close()
            self.ports.tell(cell, error, socket.SOCK_DGRAM, address, ipv6, local_port)
            return 0, Signal.CANNOT_BIND
        if address in EVERYWHERE:
            its_port = sock.getsockname()[1]
            self.tell_once(cell, f"other machines can reach UDP port {its_port} (intf={address!r})")
        endpoint = Datagram(self.new_number(), cell, sock, self._reactor)
        number = self.opened(endpoint)
        if not isinstance(host, bytes):
            return number, Signal.RESOLVED

        def connect(answer: Answer) -> Signal:
            if not answer.addresses:
                return self._names.keep_words(number, answer)
            try:
                endpoint.sock.connect(answer.addresses[0][1])
            except OSError:
                return Signal.CANNOT_CONNECT
            return Signal.RESOLVED

        return number, self._names.ask(number, host, port, "udp", ipv6, connect)

    def opened(self, endpoint: Stream | Listener | Datagram) -> int:
        """Takes over a socket that is open; returns its number."""
        self._endpoints[endpoint.number] = endpoint
        self._born[endpoint.number] = monotonic()
        self._sink(SocketOpened(endpoint.cell, endpoint.number, endpoint.kind))
        return endpoint.number

    def new_number(self) -> int:
        """Returns a number that no socket has had."""
        self._last_number += 1
        return self._last_number

    # ------------------------------------------------------------ names

    def resolve(self, host: bytes) -> tuple[int, Signal | None]:
        """Resolves a name to its first address, which `resolved_address` then tells by this number.

        RESOLVED or CANNOT_RESOLVE comes with the number, or as an event under it.
        """
        number = self.new_number()
        return number, self._names.ask_address(number, host)

    def resolved_address(self, number: int) -> bytes | None:
        """Returns, once, the address that `resolve` has found."""
        return self._names.take_address(number)

    def resolver_words(self, number: int) -> bytes | None:
        """Returns why a name has not been resolved, as the system puts it; None when that is not known."""
        endpoint = self._endpoints.get(number)
        return endpoint.words if isinstance(endpoint, Dial) else self._names.take_words(number)

    # ------------------------------------------------------------ using

    def sender(self, number: int) -> tuple[Send | None, Send | None]:
        """Returns what Lua calls directly to write, the fast path: the system's `send`, or one with TLS."""
        endpoint = self._endpoints.get(number)
        if not isinstance(endpoint, Stream):
            return None, None
        return (endpoint.sock.send, None) if type(endpoint) is Stream else (None, endpoint.send)

    def send(self, number: int, data: bytes) -> int:
        """Sends or queues; returns the bytes that wait now, -1 when the connection is lost."""
        endpoint = self._endpoints.get(number)
        return endpoint.send(data) if isinstance(endpoint, Stream) else -1

    def queued(self, number: int) -> int:
        """Returns the bytes that wait to be sent."""
        endpoint = self._endpoints.get(number)
        return endpoint.queued_bytes if endpoint is not None else 0

    def udp_receive(self, number: int) -> tuple[bytes, bytes, int, bool] | bool | None:
        """Returns data, address, port, is-IPv6; None when none waits, False on an error."""
        endpoint = self._endpoints.get(number)
        return endpoint.receive() if isinstance(endpoint, Datagram) else False

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
        ticket = self.new_number()

        def send(answer: Answer) -> Signal:
            if not answer.addresses:
                return self._names.keep_words(ticket, answer)
            is_sent = endpoint.send_to(data, answer.addresses[0][1])
            return Signal.RESOLVED if is_sent else Signal.CANNOT_CONNECT

        is_ipv6 = endpoint.sock.family == socket.AF_INET6
        return ticket, self._names.ask(ticket, host, port, "udp", is_ipv6, send)

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
        return None if endpoint is None or endpoint.sock is None else name_of(endpoint.sock)

    def age_s(self, number: int) -> float:
        """Returns for how many seconds the socket has been open, 0 for none."""
        born = self._born.get(number)
        return 0.0 if born is None else monotonic() - born

    def setoption(
        self, number: int, name: bytes, on: bool, a: object = None, b: object = None
    ) -> bool | tuple[None, bytes, int]:
        """Sets an option by its documented name; True, or nil, text, code."""
        endpoint = self._endpoints.get(number)
        if endpoint is None or endpoint.sock is None:
            return failure(ORIGINAL_FAILURE)
        return set_option(endpoint.sock, name, on, a, b)

    # ------------------------------------------------------------ closing

    def is_plain_stream(self, number: int) -> bool:
        """Tells whether it is a TCP connection, and nothing (TLS, WebSocket frames) is put on it."""
        return type(self._endpoints.get(number)) is Stream

    def release(self, number: int) -> Endpoint | None:
        """Lets go of a socket without closing it; returns it, None for a number that is closed already."""
        endpoint = self._endpoints.pop(number, None)
        self._born.pop(number, None)
        self._names.forget(number)
        if endpoint is not None and not isinstance(endpoint, Dial):
            self._sink(SocketClosed(endpoint.cell, number))
        return endpoint

    def close_socket(self, number: int) -> None:
        """Closes; a number that is closed already is ignored."""
        endpoint = self.release(number)
        if endpoint is not None:
            endpoint.close()

    def close_all(self) -> None:
        """Closes what is left when the runtime ends."""
        for number in list(self._endpoints):
            self.close_socket(number)

    def tell_once(self, cell: int, remark: str) -> bool:
        """Makes a remark in the trace; False if it was made before."""
        if remark in self._told:
            return False
        self._told.add(remark)
        self._sink(Note(cell, remark))
        return True
