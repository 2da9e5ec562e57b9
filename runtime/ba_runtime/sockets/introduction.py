"""What whoever begins to record is told of the sockets that there are already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from ba_runtime._reactor import Journal

from .datagram import Datagram
from .dial import Dial
from .listener import Listener
from .stream import Stream

if TYPE_CHECKING:
    from ba_runtime.observe.events import SocketKind

Endpoint: TypeAlias = Stream | Listener | Datagram | Dial


def introduce(endpoints: Iterable[Endpoint], journal: Journal) -> None:
    """Tells `journal` of each."""
    for endpoint in endpoints:
        journal.opened(
            endpoint.number,
            _kind(endpoint),
            endpoint.cell,
            None if endpoint.channel is None else endpoint.channel.sock,
            is_secure=isinstance(endpoint, Stream) and endpoint.is_secure,
        )


def _kind(endpoint: Endpoint) -> SocketKind:
    if isinstance(endpoint, Dial):
        return "client"
    if isinstance(endpoint, Stream):
        return "client" if endpoint.host is not None else "accepted"
    return "listener" if isinstance(endpoint, Listener) else "datagram"
