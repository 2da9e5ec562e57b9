"""The client of the TLS servers: `tls_load.py PORT PURPOSE [CONNECTIONS WARM_UP_S SECONDS]`.

Prints round trips and seconds for an echo, megabytes and seconds for a transfer.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import sys
import time
from collections.abc import Callable

TOTAL = 100_000_000
TRANSFERS = 5  # one takes some 60 ms, which is as much as other things on a machine take now and then
BLOCK = b"x" * 100_000
SIZE = 64


def main() -> None:
    """Runs one measurement."""
    port, purpose = int(sys.argv[1]), sys.argv[2]
    if purpose == "echo":
        print(*_echo(port, int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])))
        return
    transfer = {"upload": _upload, "download": _download}[purpose]
    taken_s = 0.0
    for _ in range(TRANSFERS):
        with _connected(port, purpose) as connection:
            start = time.perf_counter()
            transfer(connection)
            taken_s += time.perf_counter() - start
    print(TRANSFERS * TOTAL / 1e6, taken_s)


def _connected(port: int, purpose: str) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = context.wrap_socket(plain)
    connection.sendall(purpose.encode())
    if purpose != "download" and connection.recv(5) != b"ready":
        sys.exit("tls_load: a wrong greeting")
    return connection


def _upload(connection: ssl.SSLSocket) -> None:
    for _ in range(TOTAL // len(BLOCK)):
        connection.sendall(BLOCK)
    if connection.recv(4) != b"done":
        sys.exit("tls_load: a wrong answer")


def _download(connection: ssl.SSLSocket) -> None:
    buffer = bytearray(1 << 16)
    left = TOTAL
    while left > 0:
        size = connection.recv_into(buffer)
        if not size:
            sys.exit("tls_load: the server has hung up")
        left -= size


def _echo(port: int, connections: int, warm_up_s: float, seconds: float) -> tuple[int, float]:
    message = bytes(range(SIZE))
    selector = selectors.DefaultSelector()
    ends: list[Callable[[], None]] = []
    for _ in range(connections):
        connection = _connected(port, "echo")
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
