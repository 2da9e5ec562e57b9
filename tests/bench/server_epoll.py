"""An echo server as small and fast as plain Python allows: one epoll loop, no objects of its own. Linux."""

from __future__ import annotations

import select
import socket


def main() -> None:
    """Prints the port, and serves until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == listener.fileno():
                connection, _ = listener.accept()
                connection.setblocking(False)
                connections[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
                continue
            connection = connections[descriptor]
            data = connection.recv(8192)
            if data:
                connection.send(data)  # the load has one message in flight, so it fits
            else:
                del connections[descriptor]
                connection.close()


if __name__ == "__main__":
    main()
