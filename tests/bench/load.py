"""Echo load where there is no C compiler: the same arguments and output as `load.c`, several times slower."""

from __future__ import annotations

import selectors
import socket
import sys
import time

SIZE = 64


def main() -> None:
    """Runs `load.py PORT CONNECTIONS WARM_UP_S SECONDS`."""
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    warm_up_s, seconds = float(sys.argv[3]), float(sys.argv[4])
    selector = selectors.DefaultSelector()
    message = bytes(range(SIZE))
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, connection)
        connection.sendall(message)
    start = time.perf_counter() + warm_up_s
    end = start + seconds
    in_flight, round_trips = connections, 0
    while in_flight:
        ready = selector.select(5)
        if not ready:
            sys.exit("load: the server is silent")
        now = time.perf_counter()
        for key, _ in ready:
            # Readable, so this waits at most for the rest of one message.
            if key.data.recv(SIZE, socket.MSG_WAITALL) != message:
                sys.exit("load: a wrong answer")
            if now < end:
                round_trips += now >= start
                key.data.sendall(message)
            else:
                in_flight -= 1
    print(round_trips, seconds)


if __name__ == "__main__":
    main()
