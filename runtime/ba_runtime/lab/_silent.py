"""Owns the host that never answers: a door at which nobody answers, and datagrams that vanish."""

from __future__ import annotations

from ba_runtime._resolver import Endpoint

from ._door import Door, Manner
from ._service import Host


class SilentService:
    """Listens, and lets nobody in."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.served = 0  # forever: nobody is served here
        self._door = Door(lambda connection, _: connection.close(), backlog=0)

    async def open(self) -> Endpoint:
        address = self._door.open()
        self._door.behave(Manner.SILENT)
        return address

    async def close(self) -> None:
        self._door.close()


def no_answer(request: bytes) -> None:
    """Answers no datagram: the host is silent over UDP too."""
