"""The socket table: what Lua knows of its socket objects, and what the system says about each."""

from __future__ import annotations

from ba_runtime.events import SocketInfo

from .addresses import Name
from .network import Network

COLUMNS = 6  # of what Lua sends (lua/inspect/look.lua): number, kind, state, bytes in and out, cell


def socket_rows(network: Network, flat: bytes) -> tuple[SocketInfo, ...]:
    """Returns a row for each socket object, in the order of their numbers.

    `flat` is one text with a NUL behind every field, so that any number of rows crosses as one value.
    """
    fields = flat.decode().split("\0")[:-1]
    rows = (_row(network, *columns) for columns in zip(*[iter(fields)] * COLUMNS, strict=True))
    return tuple(sorted(rows, key=lambda row: row.socket))


def _row(
    network: Network, number: str, kind: str, state: str, received: str, sent: str, cell: str
) -> SocketInfo:
    socket = int(number)
    return SocketInfo(
        socket,
        kind,
        state,
        _written(network.sockname(socket)),
        _written(network.peername(socket)),
        int(received),
        int(sent),
        network.age_s(socket),
        int(cell),
        network.tls_calls.version(socket),
    )


def _written(name: Name) -> str:
    if name is None:
        return ""
    address = name[0].decode()
    return f"[{address}]:{name[1]}" if name[2] else f"{address}:{name[1]}"
