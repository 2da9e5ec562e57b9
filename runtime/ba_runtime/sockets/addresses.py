"""Local addresses, as the option `intf` names them. They are never looked up: that would block the loop."""

from __future__ import annotations

import socket

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})

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
