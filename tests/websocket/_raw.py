"""The other end as a plain socket, so that a test decides about every byte and packet."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ba_runtime.websocket import accept_upgrade
from tests.lua._programs import Session

REQUEST = (
    b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TIMEOUT_S = 20


class Raw:
    """A socket that reads exactly what is asked for."""

    def __init__(self, connection: socket.socket) -> None:
        """Takes over `connection`."""
        self.socket = connection
        connection.settimeout(TIMEOUT_S)

    def send(self, data: bytes) -> None:
        """Sends all of it."""
        self.socket.sendall(data)

    def read(self, count: int) -> bytes:
        """Returns `count` bytes, fewer at the end."""
        parts = []
        while count and (data := self.socket.recv(min(count, 1 << 16))):
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def rest(self) -> bytes:
        """Returns everything up to the end."""
        return self.read(1 << 40)

    def head(self) -> bytes:
        """Returns an HTTP head."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        return head


@contextmanager
def raw_client(port: int, early: bytes = b"") -> Iterator[Raw]:
    """A client whose handshake is done; `early` is in one packet with the request."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        client = Raw(connection)
        client.send(REQUEST + early)
        assert client.head().startswith(b"HTTP/1.1 101 ")
        yield client


@contextmanager
def raw_server(fresh: Session, early: bytes = b"") -> Iterator[Raw]:
    """The server's end of the program's global `c`; `early` is in one packet with the response."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT_S)
        cell = fresh.start(f'c = dial("ws://127.0.0.1:{listener.getsockname()[1]}/")')
        connection, _ = listener.accept()
        with connection:
            server = Raw(connection)
            lines = server.head().split(b"\r\n")[1:-2]
            headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
            server.send(accept_upgrade("GET", headers) + early)
            result = cell()
            assert result.error is None, result.error
            yield server
