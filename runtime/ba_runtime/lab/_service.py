"""Owns the words that the lab's protocols and its sockets share; does no I/O.

A protocol over TCP is a `Conversation`: one object a connection, which takes bytes and gives a `Turn`. A
protocol over UDP is a function from datagram to datagram. A `Service` carries either of them over real
sockets; the table of all services is in `network.py`. A protocol inside another, such as TLS, can be a
conversation that wraps one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ba_runtime._resolver import Endpoint, Kind

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Host:
    """What the user asks for: a name (lower case), a port and a kind; and, for people, what answers there."""

    name: str
    port: int
    kind: Kind
    what: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What a conversation does next: send `data`, and end if this `is_last`.

    `served` is how many requests were answered by it.
    """

    data: bytes = b""
    served: int = 0
    is_last: bool = False


class Conversation(Protocol):
    """One side of one connection. Neither method may fail or wait."""

    def opened(self) -> Turn:
        """Says what comes first, when the connection has just been made."""
        ...

    def received(self, data: bytes) -> Turn:
        """Says what follows upon `data`, where empty data means that the peer has ended.

        Not called any more after the last turn.
        """
        ...


class Service(Protocol):
    """Something that listens on loopback for one host. Lives on the lab's thread."""

    @property
    def host(self) -> Host: ...

    @property
    def served(self) -> int:
        """How many requests were answered; may be read on any thread."""
        ...

    async def open(self) -> Endpoint:
        """Begins to listen and tells where. Raises OSError."""
        ...

    async def close(self) -> None:
        """Closes every socket, listening or connected; also after an `open` that failed."""
        ...
