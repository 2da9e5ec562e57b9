"""No wake-up of the reactor is lost, however it falls between the reactor's own steps."""

from __future__ import annotations

import select
import socket
from typing import cast

from ba_runtime._reactor import Reactor


class Racing:
    """The reading end of the wake-up pair; another thread posts just before and just after each read."""

    def __init__(self, reactor: Reactor) -> None:
        """Takes the place of the reactor's own."""
        self._reactor = reactor
        self.sock = reactor._wake_out
        self.done: list[str] = []
        reactor._wake_out = cast(socket.socket, self)  # of which only `recv` is used

    def recv(self, size: int) -> bytes:
        """Reads, between two posts."""
        self._reactor.post(lambda: self.done.append("before"))
        data = self.sock.recv(size)
        self._reactor.post(lambda: self.done.append("after"))
        return data


def test_a_wake_while_the_last_one_is_read_is_not_lost() -> None:
    """What is posted meanwhile is done in the same poll, and the next post ends a poll that waits."""
    reactor = Reactor()
    racing = Racing(reactor)
    for _ in range(3):
        racing.done.clear()
        reactor.post(lambda: None)
        assert select.select([racing.sock], [], [], 0)[0], "a poll that waits would go on waiting"
        reactor.poll(0)
        assert racing.done == ["before", "after"]
    reactor._wake_out = racing.sock
    reactor.close()
