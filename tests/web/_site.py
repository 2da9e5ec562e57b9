"""A runtime with a page server, and clients of it that say exactly what a test wants said.

with site() as here, client(here.port) as browser:
    browser.send(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    assert browser.response().status == 404
"""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import cast

from ba_runtime import Runtime
from ba_runtime.web import Limits
from tests.lua._programs import TIMEOUT_S, Recorder, Session

# Makes a directory of a function; what a page leaves behind goes with its runtime.
HELPERS = """
local dirs = {}
function serve(name, f)
  if dirs[name] then
    dirs[name]:unlink()
  end
  local dir = ba.create.dir(name)
  dir:setfunc(function(_ENV, path)
    local answered = f(_ENV, path)
    return answered == nil or answered
  end)
  dir:insert()
  dirs[name] = dir
end
"""


class Site(Session):
    """A session whose page server listens."""

    def __init__(self, runtime: Runtime, recorder: Recorder) -> None:
        """Defines the helpers."""
        super().__init__(runtime, recorder)
        self.run(HELPERS)
        self.port = int(self.value("mako.port"))

    def keep_little_in_the_system(self) -> None:
        """Makes the system's buffers of new connections small, so that what a client leaves waits here."""
        door = self.runtime._thread._web._door
        assert door is not None
        door.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        door.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def page(self, code: str, name: str = "page") -> None:
        """Puts Lua code behind /page/: the body of a directory's function."""
        result = self.run(f"serve({name!r}, function(_ENV, path) {code} end)")
        assert result.error is None, result.error


@contextmanager
def site(limits: Limits | None = None) -> Iterator[Site]:
    """A runtime for the time of a `with` block."""
    recorder = Recorder()
    with Runtime(recorder, web_limits=limits) as runtime:
        yield Site(runtime, recorder)


@contextmanager
def folder(path: Path, files: dict[str, str | bytes]) -> Iterator[Site]:
    """A site that serves these files."""
    write(path, files)
    with site() as here:
        assert here.runtime.serve(str(path)).result(TIMEOUT_S) == here.port
        yield here


def write(path: Path, files: dict[str, str | bytes]) -> None:
    """Writes files below a folder."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Reader(io.BufferedReader):
    """What came of a connection, for one response after the other; each closes it when it was read."""

    def makefile(self, _mode: str) -> _Reader:
        """Returns itself, as if it were the socket."""
        return self

    def close(self) -> None:
        """Stays open."""


class Client:
    """One connection."""

    def __init__(self, port: int, *, receive_bytes: int | None = None) -> None:
        """Connects; the system keeps about `receive_bytes` for the client, if that is given."""
        self.sock = socket.socket()
        self.sock.settimeout(TIMEOUT_S)
        if receive_bytes is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        try:
            self.sock.connect(("127.0.0.1", port))
        except OSError:
            self.sock.close()
            raise
        self._reader = _Reader(socket.SocketIO(self.sock, "r"))

    def send(self, data: bytes) -> None:
        """Sends these bytes."""
        self.sock.sendall(data)

    def get(self, path: str, *fields: str, method: str = "GET", body: bytes = b"") -> Response:
        """Sends a request and reads the response."""
        self.send(request(path, *fields, method=method, body=body))
        return self.response(method)

    def response(self, method: str = "GET") -> Response:
        """Reads one response, as Python's own client does."""
        # Typed as a socket, of which only `makefile` is used.
        parsed = HTTPResponse(cast(socket.socket, self._reader), method=method)
        parsed.begin()
        headers = {name.lower(): value for name, value in parsed.getheaders()}
        return Response(parsed.status, headers, parsed.read())

    def rest(self) -> bytes:
        """Reads to the end; a reset is one too."""
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := self._reader.read1():
                data += piece
        return data

    def close(self) -> None:
        """Hangs up."""
        self.sock.close()


@contextmanager
def client(port: int, *, receive_bytes: int | None = None) -> Iterator[Client]:
    """A connection for the time of a `with` block."""
    connection = Client(port, receive_bytes=receive_bytes)
    try:
        yield connection
    finally:
        connection.close()


def get(port: int, path: str, *fields: str, method: str = "GET", body: bytes = b"") -> Response:
    """Asks once, on a connection of its own."""
    with client(port) as browser:
        return browser.get(path, *fields, method=method, body=body)


def request(
    path: str, *fields: str, method: str = "GET", body: bytes = b"", host: str = "localhost"
) -> bytes:
    """Returns a request's bytes; a body is plain text unless a field says what it is."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
        if not any(field.lower().startswith("content-type:") for field in fields):
            lines.append("Content-Type: text/plain")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
