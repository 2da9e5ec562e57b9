"""The lab's silent host: a connect that is neither accepted nor refused."""

from __future__ import annotations

import select
import socket
import sys

import pytest

from ba_runtime.lab import Lab

# Long enough to see what loopback does in microseconds, short enough to wait for what must not happen.
MOMENT_S = 0.2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems queue more connections than the lab makes")
def test_a_connect_to_the_silent_host_does_not_complete(lab: Lab) -> None:
    """Several at once neither, so that connect timeouts can be tried without a firewall."""
    address = lab.routes["silent.lab.test", 9, "tcp"]
    clients = [socket.socket() for _ in range(5)]
    try:
        for client in clients:
            client.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.connect(address)
        _, writable, failed = select.select([], clients, clients, MOMENT_S)
        assert (writable, failed) == ([], [])
    finally:
        for client in clients:
            client.close()


def test_a_datagram_to_the_silent_host_is_not_answered(lab: Lab) -> None:
    """Nor is it refused: the read can only time out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(lab.routes["silent.lab.test", 9, "udp"])
        client.send(b"anybody there?")
        readable, _, failed = select.select([client], [], [client], MOMENT_S)
        assert (readable, failed) == ([], [])
