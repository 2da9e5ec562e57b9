"""A server on loopback whose every connection follows a script, so that a test says each byte of an answer.

with Server(answer(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")) as server: ... server.port, server.requests
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

TIMEOUT_S = 20


class Peer:
    """A client's connection, as a script sees it."""

    def __init__(self, sock: socket.socket, requests: list[bytes]) -> None:
        """Requests are added to `requests`."""
        self._sock = sock
        self._buffer = b""
        self._requests = requests

    def head(self) -> bytes:
        """Waits for a request's head; b"" when the client has hung up."""
        while b"\r\n\r\n" not in self._buffer:
            data = self._receive()
            if not data:
                return b""
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self._requests.append(head)
        return head

    def body(self, size: int) -> bytes:
        """Waits for so many bytes."""
        while len(self._buffer) < size:
            data = self._receive()
            if not data:
                break
            self._buffer += data
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body

    def until(self, end: bytes) -> bytes:
        """Waits for `end` and returns all up to it."""
        while end not in self._buffer:
            data = self._receive()
            if not data:
                break
            self._buffer += data
        body, found, self._buffer = self._buffer.partition(end)
        return body + found

    def say(self, data: bytes) -> None:
        """Sends; that the client has hung up does not matter."""
        with contextlib.suppress(OSError):
            self._sock.sendall(data)

    def end(self) -> None:
        """Ends our side: the client reads an end, and can still be read."""
        self._sock.shutdown(socket.SHUT_WR)

    def await_end(self) -> None:
        """Waits until the client hangs up."""
        while self._receive():
            pass

    def anything(self) -> bytes:
        """Returns what comes next; b"" when the client has hung up."""
        data, self._buffer = self._buffer, b""
        return data or self._receive()

    def _receive(self) -> bytes:
        try:
            return self._sock.recv(65536)
        except OSError:
            return b""


Script = Callable[[Peer], None]


class Server:
    """Listens until it is closed; connection n follows script n, and later ones the last."""

    def __init__(self, *scripts: Script, context: ssl.SSLContext | None = None) -> None:
        """With a context it speaks TLS."""
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts = scripts
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            sock.settimeout(TIMEOUT_S)
            self._open.append(sock)
            thread = threading.Thread(target=self._follow, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _follow(self, sock: socket.socket, script: Script) -> None:
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            script(Peer(sock, self.requests))
        except OSError:  # a handshake that the client broke off
            pass
        finally:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def __enter__(self) -> Server:
        """Is running already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hangs up on everybody."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(TIMEOUT_S)


def answer(*answers: bytes, size: int = 0) -> Script:
    """A script that gives one answer for each request, whose bodies are `size` long, and hangs up."""

    def script(peer: Peer) -> None:
        for text in answers:
            if not peer.head():
                return
            peer.body(size)
            peer.say(text)

    return script


def silence(peer: Peer) -> None:
    """A script that never says a word."""
    peer.head()
    peer.await_end()


def echo(peer: Peer) -> None:
    """A script that answers any number of requests with the path that they asked for."""
    while head := peer.head():
        path = head.split(b" ")[1]
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))


@contextlib.contextmanager
def answering(*answers: bytes, size: int = 0) -> Iterator[Server]:
    """A server with one such script."""
    with Server(answer(*answers, size=size)) as server:
        yield server
