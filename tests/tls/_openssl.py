"""Runs the program `openssl` as a peer, and an engine on a real socket, blocking.

A driver as small as can be: it shows all that an engine asks of whoever drives it.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ba_runtime.tls import Context, Engine, Event, HandshakeDone, State

from ._authority import Issued
from ._pair import data_of

PATIENCE_S = 30

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the program openssl is not installed"
)


class Wire:
    """An engine and its socket."""

    def __init__(self, sock: socket.socket, engine: Engine) -> None:
        """Takes the socket over and starts the engine."""
        sock.settimeout(PATIENCE_S)
        self.engine = engine
        self._sock = sock
        self.events = engine.start()
        self._flush(engine.take())

    def _flush(self, data: bytes) -> None:
        if data:
            self._sock.sendall(data)

    def until(self, is_enough: Callable[[list[Event]], bool]) -> Wire:
        """Receives until the events so far are enough, or the connection is over."""
        while not is_enough(self.events) and self.engine.state is not State.OVER:
            try:
                received = self._sock.recv(65536)
            except ConnectionResetError:
                received = b""
            self.events += self.engine.receive(received)
            try:
                self._flush(self.engine.take())
            except OSError:  # the peer has gone; what it said before is still to be read
                continue
        return self

    def shake_hands(self) -> Wire:
        """Receives until the handshake is done, or has failed."""
        return self.until(lambda events: HandshakeDone() in events)

    def until_data(self, expected: bytes) -> Wire:
        """Receives until `expected` has come, or the end."""
        return self.until(lambda events: expected in data_of(events))

    def send(self, data: bytes) -> None:
        """Sends."""
        self._flush(self.engine.send(data))

    def close(self) -> None:
        """Says goodbye and closes the socket."""
        with suppress(OSError):
            self._flush(self.engine.close())
        self._sock.close()


def files(directory: Path, name: str, one: Issued, *chain: Issued) -> list[str]:
    """Writes certificate, key and chain; returns the options that name them."""
    certificate, key, rest = (directory / f"{name}.{kind}" for kind in ("pem", "key", "chain"))
    certificate.write_bytes(one.pem)
    key.write_bytes(one.key_pem())
    rest.write_bytes(b"".join(each.pem for each in chain))
    return ["-cert", str(certificate), "-key", str(key), *(["-cert_chain", str(rest)] if chain else [])]


def _start(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["openssl", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
    )


@contextmanager
def server(cwd: Path, *arguments: str) -> Iterator[int]:
    """Runs `openssl s_server` on a port of the system's choice, which is given."""
    process = _start("s_server", "-accept", "127.0.0.1:0", *arguments, cwd=cwd)
    assert process.stdout is not None
    with process:
        try:
            for line in process.stdout:
                found = re.match(rb"ACCEPT .*:(\d+)$", line.strip())
                if found:
                    yield int(found[1])
                    break
            else:
                pytest.fail("openssl s_server did not start")
        finally:
            process.kill()


@contextmanager
def connect(port: int, context: Context, alpn: tuple[str, ...] = ()) -> Iterator[Wire]:
    """Connects an engine to a server."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock:
        wire = Wire(sock, Engine(context, "localhost", port, alpn))
        yield wire
        wire.close()


@contextmanager
def client(
    cwd: Path, context: Context, typed: bytes, *arguments: str, alpn: tuple[str, ...] = ()
) -> Iterator[tuple[Wire, subprocess.Popen[bytes]]]:
    """Runs `openssl s_client`, which types `typed`, against an engine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        port = listener.getsockname()[1]
        process = _start("s_client", "-connect", f"127.0.0.1:{port}", *arguments, cwd=cwd)
        assert process.stdin is not None
        with process:
            try:
                process.stdin.write(typed)
                process.stdin.flush()
                with listener.accept()[0] as sock:
                    wire = Wire(sock, Engine(context, alpn=alpn))
                    yield wire, process
                    wire.close()
            finally:
                process.kill()
