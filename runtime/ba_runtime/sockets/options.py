"""The socket options that `s:setoption` names."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

# The original reports some failures of its own with this code, whatever errno was.
ORIGINAL_FAILURE = -1


def failure(code: int) -> tuple[None, bytes, int]:
    """Returns what setoption answers: nil, the system's text, the code."""
    text = f"Unknown error {code}" if code < 0 else os.strerror(code)
    return None, text.encode(), code


def _nodelay(sock: socket.socket, on: bool, _a: object, _b: object) -> None:
    if sock.type == socket.SOCK_STREAM:  # datagrams never wait; the server says true to that
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, on)


def _c_int(value: int) -> int:
    """The nearest number that fits; the system then says what is wrong with it."""
    return min(value, 2**31 - 1)


def _keepalive(sock: socket.socket, on: bool, time_s: object, interval_s: object) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, on)
    idle = getattr(socket, "TCP_KEEPIDLE", None)  # macOS calls it TCP_KEEPALIVE, Python too
    if isinstance(time_s, int) and time_s > 0 and idle is not None:  # else the system's own times hold
        sock.setsockopt(socket.IPPROTO_TCP, idle, _c_int(time_s))
    if isinstance(interval_s, int) and interval_s > 0 and hasattr(socket, "TCP_KEEPINTVL"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _c_int(interval_s))


def _dontroute(sock: socket.socket, on: bool, _a: object, _b: object) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, on)


def _broadcast(sock: socket.socket, on: bool, _a: object, _b: object) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, on)


def _membership(sock: socket.socket, on: bool, group: object, interface: object) -> None:
    local = interface.decode("latin-1") if isinstance(interface, bytes) else "0.0.0.0"
    assert isinstance(group, bytes)  # checked on the Lua side
    request = socket.inet_aton(group.decode("latin-1")) + socket.inet_aton(local)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP if on else socket.IP_DROP_MEMBERSHIP, request)


_SETTERS: dict[bytes, Callable[[socket.socket, bool, object, object], None]] = {
    b"tcp-nodelay": _nodelay,
    b"keepalive": _keepalive,
    b"dontroute": _dontroute,
    b"broadcast": _broadcast,
    b"ip-membership": _membership,
}


def set_option(
    sock: socket.socket, name: bytes, on: bool, a: object, b: object
) -> bool | tuple[None, bytes, int]:
    """Sets one option; `name` is known. Returns True, or nil, text and code."""
    try:
        _SETTERS[name](sock, on, a, b)
    except (OSError, ValueError, OverflowError) as error:
        if name == b"ip-membership" or not isinstance(error, OSError):
            return failure(ORIGINAL_FAILURE)
        return failure(error.errno or ORIGINAL_FAILURE)
    return True
