"""The client of the TLS servers: `tls_load.py PORT PURPOSE [CONNECTIONS WARM_UP_S SECONDS]`.

Prints round trips and seconds for an echo, megabytes and seconds for a transfer.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import TypeVar

TOTAL = 100_000_000
TRANSFERS = 5  # one takes some 60 ms, which is as much as other things on a machine take now and then
BLOCK = b"x" * 100_000
SIZE = 64
T = TypeVar("T")


def main() -> None:
    """Runs one measurement."""
    port, purpose = int(sys.argv[1]), sys.argv[2]
    if purpose == "echo":
        print(*_echo(port, int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])))
        return
    transfer = {"upload": _upload, "download": _download}[purpose]
    taken_s = sum(transfer(port) for _ in range(TRANSFERS))
    print(TRANSFERS * TOTAL / 1e6, taken_s)


def _connected(port: int) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# ---------------------------------------------------------------- transfers


class _Client:
    """A TLS client that can encrypt before the time is taken and decrypt after it."""

    def __init__(self, port: int) -> None:
        self.sock = _connected(port)
        self.incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self.incoming, self._outgoing)
        self._until_done(self._tls.do_handshake)
        self.sock.sendall(self._outgoing.read())

    def _until_done(self, step: Callable[[], T]) -> T:
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                return step()
            self.sock.sendall(self._outgoing.read())
            received = self.sock.recv(1 << 16)
            if not received:
                sys.exit("tls_load: the server has hung up")
            self.incoming.write(received)

    def encrypted(self, *messages: bytes) -> bytes:
        for message in messages:
            self._tls.write(message)
        return self._outgoing.read()

    def read(self, size: int) -> bytes:
        return self._until_done(lambda: self._tls.read(size))


def _upload(port: int) -> float:
    client = _Client(port)
    client.sock.sendall(client.encrypted(b"upload"))
    if client.read(5) != b"ready":
        sys.exit("tls_load: a wrong greeting")
    data = client.encrypted(*[BLOCK] * (TOTAL // len(BLOCK)))
    start = time.perf_counter()
    client.sock.sendall(data)
    if client.read(4) != b"done":
        sys.exit("tls_load: a wrong answer")
    taken_s = time.perf_counter() - start
    client.sock.close()
    return taken_s


def _download(port: int) -> float:
    client = _Client(port)
    ask = client.encrypted(b"download")
    received, filled = memoryview(bytearray(TOTAL)), 0
    start = time.perf_counter()
    client.sock.sendall(ask)
    while filled < TOTAL:  # of the ciphertext, which is a seven-hundredth longer
        size = client.sock.recv_into(received[filled:])
        if not size:
            sys.exit("tls_load: the server has hung up")
        filled += size
    taken_s = time.perf_counter() - start
    client.incoming.write(received)
    left = TOTAL
    while left > 0:
        data = client.read(1 << 16)
        if data.strip(BLOCK[:1]):
            sys.exit("tls_load: wrong data")
        left -= len(data)
    client.sock.close()
    return taken_s


# ---------------------------------------------------------------- echo


def _echo(port: int, connections: int, warm_up_s: float, seconds: float) -> tuple[int, float]:
    message = bytes(range(SIZE))
    selector = selectors.DefaultSelector()
    ends: list[Callable[[], None]] = []
    for _ in range(connections):
        connection = _context().wrap_socket(_connected(port))
        connection.sendall(b"echo")
        if connection.recv(5) != b"ready":
            sys.exit("tls_load: a wrong greeting")
        selector.register(connection, selectors.EVENT_READ, connection)
        ends.append(connection.close)
        connection.sendall(message)
    start = time.perf_counter() + warm_up_s
    end = start + seconds
    in_flight, round_trips = connections, 0
    while in_flight:
        ready = selector.select(5)
        if not ready:
            sys.exit("tls_load: the server is silent")
        now = time.perf_counter()
        for key, _ in ready:
            # A message is one record, so this waits at most for the rest of one.
            if key.data.recv(SIZE) != message:
                sys.exit("tls_load: a wrong answer")
            if now < end:
                round_trips += now >= start
                key.data.sendall(message)
            else:
                in_flight -= 1
    for close in ends:
        close()
    return round_trips, seconds


if __name__ == "__main__":
    main()
