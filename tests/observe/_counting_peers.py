"""Peers that are not the program's, and count every byte that they see: on the wire, and above it."""

from __future__ import annotations

import contextlib
import socket
import ssl

from tests.websocket._raw import REQUEST
from tests.websocket._wire import frame

TIMEOUT_S = 20.0


class Peer:
    """A client of an echo server, over TCP; what it sends and receives is counted from its side."""

    def __init__(self, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
        """Connects."""
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        self.server = port
        self.port: int = self.socket.getsockname()[1]
        self.sent = self.received = 0  # bytes on the wire
        self.said = self.heard = 0  # bytes of what they mean

    def send_wire(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.socket.sendall(data)
        self.sent += len(data)

    def receive_wire(self) -> bytes:
        """Returns the next bytes, empty at the end."""
        data = self.socket.recv(1 << 16)
        self.received += len(data)
        return data

    def say(self, data: bytes) -> None:
        """Sends a message."""
        self.send_wire(data)

    def hear(self, size: int) -> None:
        """Waits for as much as was said."""
        while size:
            size -= len(self.receive_wire())

    def end(self) -> None:
        """Reads to the end of the connection, which the other side makes."""
        while self.receive_wire():
            pass

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


class Datagrams(Peer):
    """The same over UDP, a datagram for each message."""

    def __init__(self, port: int) -> None:
        """Makes a socket."""
        super().__init__(port, socket.SOCK_DGRAM)


class Secure(Peer):
    """The same with TLS, by OpenSSL in memory."""

    def __init__(self, port: int) -> None:
        """Connects and shakes hands, without a look at the certificate."""
        super().__init__(port)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        while not self._is_shaken():
            self._in.write(self.receive_wire())

    def _is_shaken(self) -> bool:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            self._flush()
            return True
        self._flush()
        return False

    def _flush(self) -> None:
        if data := self._out.read():
            self.send_wire(data)

    def say(self, data: bytes) -> None:
        """Sends it encrypted."""
        self._tls.write(data)
        self.said += len(data)
        self._flush()

    def hear(self, size: int) -> None:
        """Waits for the echo, decrypted."""
        while size:
            data = self._decrypted(size)
            size -= len(data)
            self.heard += len(data)

    def _decrypted(self, size: int) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            return self._tls.read(size)
        self._in.write(self.receive_wire())
        return b""


class Messages(Peer):
    """The same as a WebSocket; each message is a frame."""

    def __init__(self, port: int) -> None:
        """Connects and shakes hands."""
        super().__init__(port)
        self._buffer = b""
        self.send_wire(REQUEST)
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.receive_wire()
        self._buffer = self._buffer.partition(b"\r\n\r\n")[2]

    def say(self, data: bytes) -> None:
        """Sends it as one masked frame of binary data."""
        self.send_wire(frame(2, data, masked=True))
        self.said += len(data)

    def hear(self, size: int) -> None:
        """Waits for a frame of this size."""
        whole = len(frame(2, bytes(size)))
        while len(self._buffer) < whole:
            self._buffer += self.receive_wire()
        self._buffer = self._buffer[whole:]
        self.heard += size
