"""Addresses of this machine, as the option `intf` names them, and those of a socket's two ends.

They are never looked up: that would block the loop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, TypeAlias

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})

Name: TypeAlias = "tuple[bytes, int, bool] | None"

_LOOPBACK = {False: "127.0.0.1", True: "::1"}


def local_address(interface: str | None, ipv6: bool) -> str:
    """Returns the address to bind to; with none given it is this machine alone.

    Raises OSError or ValueError for what is no numeric address, nor `localhost`.
    """
    if interface is None or interface == "localhost":
        return _LOOPBACK[ipv6]
    if interface:
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        socket.getaddrinfo(interface, None, family, flags=socket.AI_NUMERICHOST)
    return interface


def local_name(sock: socket.socket) -> Name:
    """Returns this end's address, port, and whether it is IPv6; None for a socket that has none."""
    return _name(sock, sock.getsockname)


def peer_name(sock: socket.socket) -> Name:
    """Returns the other end's address, port, and whether it is IPv6; None for a socket that has none."""
    return _name(sock, sock.getpeername)


def _name(sock: socket.socket, ask: Callable[[], Any]) -> Name:  # what it gives depends on the family
    try:
        address = ask()
    except OSError:
        return None
    return str(address[0]).encode(), int(address[1]), sock.family == socket.AF_INET6
