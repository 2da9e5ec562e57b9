"""The page server: one listener on loopback, its connections, and the functions that Lua calls.

It listens from the first time that somebody wants to know its port. Lua hears through the listener's number:
a connection's number when that one's request is whole, 0 when the first connection has come, so that Lua
begins to sweep (`web_sweep`, every few seconds for as long as there are connections; nothing else needs a
clock). While a request is answered, DRAINED and SEND_FAILED come under the connection's own number.

No request has a thread, and none of these connections is a socket object, until a page takes one
(`web_take`). What only connections need, h11 first, is imported for the first one (`_later.py` says why).
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ba_runtime._descriptors import closed_on_error
from ba_runtime._later import later
from ba_runtime._reactor import Journal, Reactor
from ba_runtime.events import Sink
from ba_runtime.sockets import Network
from ba_runtime.sockets.addresses import local_name, peer_name
from ba_runtime.sockets.channel import Channel, StreamChannel, Watchers
from ba_runtime.sockets.listener import Listener
from ba_runtime.sockets.reasons import in_words
from ba_runtime.sockets.stream import Stream
from ba_runtime.sockets.table import PageRow

from .access import Access
from .folder import content_type, look_up
from .limits import Limits
from .memory import Memory
from .outcome import Refusal
from .tracing import HttpTrace, Tracing

if TYPE_CHECKING:
    from ba_runtime.observe.events import SocketKind

    from .connection import Connection

PORT_VARIABLE = "BA_LUA_PORT"
ADDRESS = "127.0.0.1"
MOST_TOLD = 50  # refusals that differ; a page that means harm could make up any number
KEEP_ALIVE = [
    (b"Keep-Alive", b"Keep-Alive")
]  # in the answer to a WebSocket's handshake, as the server has it
ACCEPTS = 64  # clients taken in one go, so that a crowd of them does not keep everybody else waiting
_SORRY = b"503 Service Unavailable\nThe page server has reached its limit of connections. Try again later.\n"
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_SORRY), _SORRY)
)


class _Door(Listener):
    """The listener: takes clients by itself, since Lua need not know of them yet."""

    enter: Callable[[socket.socket], None]

    def _on_ready(self, _mask: int) -> None:
        for _ in range(ACCEPTS):
            client = self.accept()
            if client is None:
                return
            self.enter(client)


class WebServer:
    """All that the page server holds. Every method runs on the Lua thread."""

    def __init__(self, reactor: Reactor, network: Network, limits: Limits, access: Access) -> None:
        """Opens nothing yet. `network` gets the connections that pages take, and gives others."""
        self._reactor = reactor
        self._network = network
        self._limits = limits
        self._access = access
        self._memory = Memory()
        self._door: _Door | None = None
        self._connections: dict[int, Connection] = {}
        self.tracing: Tracing | None = None  # while somebody wants to see the traffic
        self._told = 0

    def functions(self) -> dict[str, Callable[..., object]]:
        """Returns what Lua may call, by name."""
        return {
            "web_listen": self.listen,
            "web_sweep": self.sweep,
            "web_request": self.request,
            "web_body": self.body,
            "web_names": self.names,
            "web_respond": self.respond,
            "web_head": self.head,
            "web_data": self.data,
            "web_end": self.end,
            "web_abort": self.abort,
            "web_take": self.take,
            "web_adopt": self.adopt,
            "web_form": self.form,
            "web_error_page": later("ba_runtime.web.heads", "error_page"),
            "web_file": look_up,
            "web_content_type": content_type,
        }

    # ------------------------------------------------------------ clients

    def listen(self) -> tuple[int, int] | tuple[None, bytes]:
        """Begins to listen; returns the number for events and the port, or None and what is wrong."""
        if self._door is None:
            wanted = os.environ.get(PORT_VARIABLE, "") or "0"
            try:
                self._door = self._open_door(int(wanted))
            except (OSError, ValueError, OverflowError) as fault:
                return None, _no_port(wanted, fault).encode()
            self._network.ports.held_by_page_server(self._door.channel.sock.getsockname()[1])
            self._door.enter = self._enter
            if self._reactor.journal is not None:
                self.introduce(self._reactor.journal)
            self._door.arm()
        return self._door.number, self._door.channel.sock.getsockname()[1]

    def _open_door(self, port: int) -> _Door:
        with closed_on_error(self._network.channels.to_listen(ADDRESS, port, ipv6=False)) as channel:
            return _Door(channel, 0, self._reactor)

    def _note_opened(self, channel: Channel, kind: SocketKind) -> None:
        if self._reactor.journal is not None:
            parent = self._door.number if self._door is not None else 0
            self._reactor.journal.opened(channel.number, kind, 0, channel.sock, parent)

    def _note_closed(self, number: int, by: bytes) -> None:
        if self._reactor.journal is not None:
            self._reactor.journal.closed(number, by)

    def introduce(self, journal: Journal) -> None:
        """Tells whoever begins to record of the listener and of the connections."""
        if self._door is not None:
            journal.opened(self._door.number, "listener", 0, self._door.channel.sock)
            for one in self._connections.values():
                journal.opened(one.number, "page", 0, one.channel.sock, self._door.number)

    def _enter(self, client: socket.socket) -> None:
        channel = self._network.channels.accepted(client)
        self._note_opened(channel, "page")
        if len(self._connections) >= self._limits.connections:
            with contextlib.suppress(OSError):
                channel.send(FULL)
            channel.close()
            self._note_closed(channel.number, b"us")
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._add(channel)

    def _add(self, channel: StreamChannel) -> Connection:
        from .connection import Connection

        assert self._door is not None
        connection = Connection(channel, self._reactor, self, self._limits, self._access, self._memory)
        if not self._connections:
            self._reactor.emit(self._door.number, 0)
        self._connections[channel.number] = connection
        return connection

    def trace(self, wanted: HttpTrace, sink: Sink) -> None:
        """Traces these parts of the traffic to `sink` from now on; with none of them, nothing."""
        self.tracing = Tracing(wanted, sink) if any(wanted) else None

    def watch(self, watchers: Watchers) -> None:
        """Lets these listen to the listener and to every connection."""
        if self._door is not None:
            self._door.watch(watchers)
        for connection in self._connections.values():
            connection.watch(watchers)

    def rows(self, is_meant: Callable[[int], bool] | None = None) -> tuple[PageRow, ...]:
        """Returns what the socket table says of connections that no page has taken, or of some of them."""
        now = monotonic()
        return tuple(
            PageRow(
                connection.number,
                connection.doing,
                local_name(connection.channel.sock),
                peer_name(connection.channel.sock),
                now - connection.born,
            )
            for connection in self._connections.values()
            if is_meant is None or is_meant(connection.number)
        )

    def drop(self, rows: Iterable[PageRow]) -> None:
        """Closes the connections with these rows, whatever they are doing."""
        for row in rows:
            connection = self._connections.get(row.number)
            if connection is not None:
                connection.drop()

    def sweep(self) -> float | None:
        """Ends what has taken too long; returns in how many seconds to come again, None for no need."""
        now = monotonic()
        for connection in list(self._connections.values()):
            if connection.deadline is not None and connection.deadline <= now:
                connection.expire()
        return self._limits.sweep_s if self._connections else None

    def close_all(self) -> None:
        """Stops: closes the listener and every connection."""
        for connection in list(self._connections.values()):
            connection.close()
            self._note_closed(connection.number, b"end")
        self._connections.clear()
        if self._door is not None:
            self._door.close()
            self._note_closed(self._door.number, b"end")
            self._door = None

    # ------------------------------------------------------------ what connections say

    def requested(self, connection: Connection) -> None:
        """A request is whole: Lua is to answer it."""
        assert self._door is not None
        if self.tracing is not None and connection.request is not None:
            peer = peer_name(connection.channel.sock)
            self.tracing.requested(connection.number, peer[0] if peer else b"?", connection.request)
        self._reactor.emit(self._door.number, connection.number)

    def refused(self, refusal: Refusal) -> None:
        """Traces a refusal that the user can do something about: the browser says nothing of why."""
        if not refusal.told or self._told > MOST_TOLD:
            return
        text = f"refused a request ({refusal.status}): {refusal.told}"
        if self._told == MOST_TOLD:
            text = f"refused {MOST_TOLD} different requests; further ones are not traced"
        self._told += self._network.tell_once(0, f"the page server {text}")

    def closed(self, connection: Connection, by: bytes | None = None) -> None:
        """A connection is gone, or without `by` somebody else's."""
        self._connections.pop(connection.number, None)
        if self.tracing is not None:
            self.tracing.closed(connection.number)
        if by is not None:
            self._note_closed(connection.number, by)

    def is_full(self) -> bool:
        """Tells whether the bodies that are arriving are too much together."""
        return sum(one.held_bytes for one in self._connections.values()) > self._limits.bodies_bytes

    # ------------------------------------------------------------ requests and responses

    def request(self, number: int) -> tuple[object, ...]:
        """Returns method, path, query, version, whether it has a body, wants a WebSocket, and its headers.

        The headers are one text (`Request.lines`), which most pages never take apart. Nothing when the client
        has gone meanwhile.
        """
        connection = self._connections.get(number)
        if connection is None or connection.request is None:
            return ()
        method, path, query, version, _, body, is_websocket, _, lines = connection.request
        return method, path, query, version, bool(body), is_websocket, lines

    def body(self, number: int) -> bytes:
        """Returns the body of a request, once: Lua has it then."""
        connection = self._connections.get(number)
        if connection is None or connection.request is None:
            return b""
        request = connection.request
        connection.request = request._replace(body=b"")
        return request.body

    def names(self, number: int) -> tuple[object, ...]:
        """Returns the peer's address, port and whether that is IPv6, then our own; nothing for none."""
        connection = self._connections.get(number)
        if connection is None:
            return ()
        try:
            sock = connection.channel.sock
            peer, own = sock.getpeername(), sock.getsockname()
        except OSError:
            return ()
        return peer[0].encode(), peer[1], False, own[0].encode(), own[1], False

    def respond(self, number: int, status: int, body: bytes, is_sized: bool, *headers: bytes) -> int:
        """Sends a whole response; returns the bytes that wait for the client, -1 when it is gone."""
        connection = self._connections.get(number)
        return -1 if connection is None else connection.answer(status, headers, body, is_sized=is_sized)

    def head(self, number: int, status: int, length: int | None, *headers: bytes) -> int:
        """Begins a response whose body follows (`Protocol.head`); returns the same."""
        connection = self._connections.get(number)
        return -1 if connection is None else connection.head(status, headers, length)

    def data(self, number: int, data: bytes) -> int:
        """Sends a piece of the body; returns the same."""
        connection = self._connections.get(number)
        return -1 if connection is None else connection.data(data)

    def end(self, number: int) -> int:
        """Ends the response; returns the same."""
        connection = self._connections.get(number)
        return -1 if connection is None else connection.end()

    def abort(self, number: int) -> None:
        """Closes the connection, so that its client sees that the response is not complete."""
        connection = self._connections.get(number)
        if connection is not None:
            connection.drop()

    def form(self, text: bytes) -> tuple[bytes, ...] | bool:
        """Returns the names and values of a query or a form, flat and decoded; False for too many.

        A field without a name is dropped, and of `a=1;b=2` the server makes one, `a` with the value `2`.
        """
        if b";" in text:
            text = b"&".join(map(_before_semicolons, text.split(b"&")))
        try:
            pairs = parse_qsl(
                text.decode("latin-1"),
                keep_blank_values=True,
                encoding="latin-1",  # so that any bytes come through
                max_num_fields=self._limits.form_fields,
            )
        except ValueError:
            return False
        return tuple(part.encode("latin-1") for pair in pairs if pair[0] for part in pair)

    # ------------------------------------------------------------ connections that change hands

    def take(
        self, number: int, cell: int, upgrades: bool, subprotocol: bytes | None = None
    ) -> tuple[bool, bytes]:
        """Makes a connection whose request is being answered a plain stream of the same number.

        With `upgrades` the client's wish for a WebSocket is granted first, and its wish for `subprotocol`, if
        it has that. Returns whether that was possible, and what arrived after the request.
        """
        connection = self._connections.get(number)
        if connection is None or connection.request is None:
            return False, b""
        answer = b""
        if upgrades:
            from ba_runtime.websocket import NotAnUpgrade, accept_upgrade

            try:
                method = connection.request.method.decode("latin-1")
                answer = accept_upgrade(method, connection.request.headers, subprotocol, more=KEEP_ALIVE)
            except NotAnUpgrade:
                return False, b""
        channel, unsent, early = connection.release()
        stream = Stream(channel, cell, self._reactor)
        self._network.opened(stream)
        if unsent or answer:
            stream.send(unsent + answer)
        return True, early

    def adopt(self, number: int, received: bytes) -> bool:
        """Makes a plain stream a connection of the page server, `received` being what came already."""
        if self._door is None or not self._network.is_plain_stream(number):
            return False
        stream = self._network.release(number)
        assert isinstance(stream, Stream)
        channel, unsent = stream.detach()
        connection = self._add(channel)
        if unsent:
            connection.send(unsent)
        if received:
            connection.feed(received)
        return True


def _before_semicolons(field: bytes) -> bytes:
    first, *others = field.split(b";")
    values = [value for _, equals, value in (other.partition(b"=") for other in others) if equals]
    return first.partition(b"=")[0] + b"=" + values[-1] if values else first


def _no_port(wanted: str, fault: Exception) -> str:
    where = "" if wanted == "0" else f" on port {wanted}"
    why = (
        in_words(fault) if isinstance(fault, OSError) else f"{PORT_VARIABLE} must be a number from 0 to 65535"
    )
    return f"the page server cannot listen{where}: {why}"
