"""The lab's conditions against the numbers that were asked for: how exact a delay is, and a rate.

A client and a server in this process, with the lab between them. One of them notes when it sends, the other
when it has received, by the same clock.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ba_runtime.lab import Conditions, Lab

from .echo import Say
from .series import Series, Target

NAME = "bench.lab.test"
DELAY_MS = 200.0
RATE_KBIT = 56.0
RATE_BYTES = 14_000  # two seconds' worth
PATIENCE_S = 60

MEASURED, ASKED = "measured", "asked for"
TO_HOST, FROM_HOST = (f"delay 200ms, {way} the host" for way in ("to", "from"))
RATE = "rate 56kbit"
TARGETS = [Target(case, MEASURED, ASKED, "0.95 to 1.05") for case in (TO_HOST, FROM_HOST, RATE)]


def measure(exchanges: int, rounds: int, say: Say) -> list[Series]:
    """Returns milliseconds for each direction, one sample for each exchange, and kbit/s for each round."""
    to_host, from_host, rates = [], [], []
    with _both_ends(Conditions(delay_s=DELAY_MS / 1000)) as (client, server):
        for number in range(exchanges):
            if number % 10 == 0:
                say(f"exchange {number + 1} of {exchanges}: a delay")
            to_host.append(_taken_s(client, server, 1) * 1000)
            from_host.append(_taken_s(server, client, 1) * 1000)
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}: {RATE}")
        with _both_ends(Conditions(rate_bps=int(RATE_KBIT * 1000))) as (client, server):
            rates.append(RATE_BYTES * 8 / 1000 / _taken_s(client, server, RATE_BYTES))
    return [
        series
        for case, unit, asked, samples in (
            (TO_HOST, "ms", DELAY_MS, to_host),
            (FROM_HOST, "ms", DELAY_MS, from_host),
            (RATE, "kbit/s", RATE_KBIT, rates),
        )
        for series in (
            Series(case, MEASURED, unit, tuple(samples)),
            Series(case, ASKED, unit, (asked,) * len(samples)),
        )
    ]


@contextmanager
def _both_ends(conditions: Conditions) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection through a lab, under conditions."""
    lab = Lab()
    lab.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            lab.add_host(NAME, port)
            with socket.create_connection(lab.routes[NAME, port, "tcp"], timeout=PATIENCE_S) as client:
                listener.settimeout(PATIENCE_S)
                server, _ = listener.accept()
                with server:
                    server.settimeout(PATIENCE_S)
                    lab.set_conditions(NAME, conditions)
                    yield client, server
    finally:
        lab.stop()


def _taken_s(sender: socket.socket, receiver: socket.socket, size: int) -> float:
    """Sends so many bytes, and returns how long it takes until the last of them is there."""
    began = time.perf_counter()
    sender.sendall(bytes(size))
    while size:
        size -= len(receiver.recv(size))
    return time.perf_counter() - began
