"""Python's own HTTP server, with a few paths that say what it was sent.

with serving() as server: ... server.url("/file") ..., server.uploads
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FILE = bytes(range(256)) * 1500  # larger than any buffer on the way
CHANGED = "Tue, 14 Nov 2023 22:13:20 GMT"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Served

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _head(self, status: int, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def do_HEAD(self) -> None:
        """Describes the file."""
        self._describe()

    def _describe(self) -> bool:
        if self.path == "/file":
            self._head(
                200,
                ("Content-Length", str(len(FILE))),
                ("Last-Modified", CHANGED),
                ("Content-Type", "application/octet-stream"),
            )
            return True
        if self.path == "/chunks":
            self._head(200, ("Transfer-Encoding", "chunked"))
            return True
        self._head(404, ("Content-Length", "4" if self.command == "GET" else "0"))
        if self.command == "GET":
            self.wfile.write(b"none")
        return False

    def do_GET(self) -> None:
        """Sends the file, at once or in chunks; /broken hangs up in the middle of it."""
        if self.path == "/broken":
            self._head(200, ("Content-Length", str(len(FILE))))
            self.wfile.write(FILE[:100_000])
            self.close_connection = True
        elif self._describe() and self.path == "/file":
            self.wfile.write(FILE)
        elif self.path == "/chunks":
            for at in range(0, len(FILE), 50_000):
                piece = FILE[at : at + 50_000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def _take(self) -> None:
        if self.path == "/refuse":
            self._head(413, ("Content-Length", "8"), ("Connection", "close"))
            self.wfile.write(b"too much")
            self.close_connection = True
            return
        body = self._chunks() if self.headers["Transfer-Encoding"] else self._sized()
        kind = "chunked" if self.headers["Transfer-Encoding"] else "sized"
        if self.path == "/up":
            self.server.uploads.append((self.command, kind, body))
        self._head(201, ("Content-Length", "5"))
        self.wfile.write(b"taken")

    do_PUT = do_POST = _take

    def _sized(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class Served(ThreadingHTTPServer):
    """The server, and what was uploaded to its path /up: method, "sized" or "chunked", and the body."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listens on loopback."""
        self.uploads: list[tuple[str, str, bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to report."""

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.server_port}{path}"


@contextmanager
def serving() -> Iterator[Served]:
    """A server for the time of a `with` block."""
    with Served() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(20)
