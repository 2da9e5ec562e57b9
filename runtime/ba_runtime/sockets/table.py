"""The socket table: what Lua knows of its socket objects, and what the system says about each.

Two sockets of ours are one conversation when each has the other's address as its peer's. The name that a
program called is its peer's; where that is a socket of ours, it is the name of that one's own end as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from ba_runtime.events import SocketInfo

from .addresses import Name
from .network import Network

Rows: TypeAlias = tuple[SocketInfo, ...]

COLUMNS = 8  # of what Lua sends (lua/inspect/socket_table.lua)


class PageRow(NamedTuple):
    """A connection of the page server, which is no socket object."""

    number: int
    doing: str
    local: Name
    peer: Name
    age_s: float


def socket_rows(network: Network, flat: bytes, pages: Iterable[PageRow] = ()) -> Rows:
    """Returns a row for each socket object and each of `pages`, in the order of their numbers.

    `flat` is one text with a NUL behind every field, so that any number of rows crosses as one value.
    """
    fields = flat.decode("utf-8", "replace").split("\0")[:-1]
    rows = [_row(network, *columns) for columns in zip(*[iter(fields)] * COLUMNS, strict=True)]
    rows += [_page_row(page) for page in pages]
    return tuple(sorted(_related(rows), key=lambda row: (row.socket, row.holder)))


def _row(
    network: Network,
    number: str,
    kind: str,
    state: str,
    doing: str,
    received: str,
    sent: str,
    cell: str,
    holder: str,
) -> SocketInfo:
    socket = int(number)
    peer = _written(network.peername(socket))
    return SocketInfo(
        socket,
        kind,
        state,
        _written(network.sockname(socket)),
        peer,
        int(received),
        int(sent),
        network.age_s(socket),
        int(cell),
        network.tls_calls.version(socket),
        doing=doing,
        trust=network.tls_calls.trust(socket),
        peer_name=_called(network.called(socket), peer),
        holder=holder,
    )


def _page_row(page: PageRow) -> SocketInfo:
    return SocketInfo(
        page.number,
        "page",
        "notcon",  # no coroutine of a socket's works there
        _written(page.local),
        _written(page.peer),
        None,
        None,
        page.age_s,
        0,
        doing=page.doing,
    )


def _related(rows: list[SocketInfo]) -> list[SocketInfo]:
    """Adds the other end of each conversation, and the names by which others have called a local end."""
    ends = {(row.kind == "udp", row.local, row.peer): row.socket for row in rows if row.local and row.peer}
    names = {(row.kind == "udp", row.peer): row.peer_name for row in rows if row.peer and row.peer_name}
    return [
        replace(
            row,
            partner=_other(ends.get((row.kind == "udp", row.peer, row.local), 0), row),
            local_name=names.get((row.kind == "udp", row.local), ""),
        )
        for row in rows
    ]


def _other(partner: int, row: SocketInfo) -> int:
    return 0 if partner == row.socket else partner  # a socket can even be connected to itself


def _called(called: tuple[str, int] | None, peer: str) -> str:
    """Returns what was called as `host:port`, nothing where it is the address itself."""
    if called is None:
        return ""
    host, port = called
    written = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return "" if written == peer else written


def _written(name: Name) -> str:
    if name is None or name[1] == 0:  # a UDP socket that has not sent anything has no port yet
        return ""
    address = name[0].decode()
    return f"[{address}]:{name[1]}" if name[2] else f"{address}:{name[1]}"
