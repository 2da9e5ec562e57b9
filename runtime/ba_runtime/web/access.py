"""Who may ask: the names that the page server answers to, and the pages whose scripts may open WebSockets.

A browser sends any web page's requests to 127.0.0.1 if that page's name resolves to it (DNS rebinding), and
lets any page open a WebSocket to it. Neither may reach a lesson's code, so a foreign `Host` is refused, and
so is a WebSocket whose `Origin` is not the page server itself. `BA_LUA_HOSTS`, names separated by commas,
each with or without a port, allows more of both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
VARIABLE = "BA_LUA_HOSTS"


def origin_name(origin: bytes) -> str:
    """Returns what names a page's server, with its port where it has one: an origin without `http://`."""
    return origin.decode("latin-1").strip().lower().partition("://")[2]


def host_name(host: bytes) -> str:
    """Returns the name in a `Host` field, without the port."""
    return _without_port(host.decode("latin-1").strip().lower())


def how_to_allow(name: str, whom: str) -> str:
    """Returns a sentence on what to do for a name that is refused; a file has none, and nothing helps."""
    return f" If you trust {whom}, start the kernel with {VARIABLE}={name}." if name else ""


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and not name.endswith(":") else host


class Access:
    """The names that are allowed; matching ignores case."""

    def __init__(self, environment: Mapping[str, str] = os.environ, *, also: Iterable[str] = ()) -> None:
        """Reads `BA_LUA_HOSTS`; `also` has names that whoever starts the server knows of."""
        named = (*environment.get(VARIABLE, "").split(","), *also)
        self._named = frozenset(name.strip().lower() for name in named if name.strip())
        self._hosts = HERE | self._named

    def allows_host(self, host: bytes) -> bool:
        """Tells whether a request with this `Host` is meant for the page server."""
        name = host.decode("latin-1").strip().lower()
        return name in self._hosts or _without_port(name) in self._hosts

    def allows_origin(self, origin: bytes, host: bytes) -> bool:
        """Tells whether scripts of `origin` may open a WebSocket to `host`."""
        name = origin_name(origin)
        if name == host.decode("latin-1").strip().lower():
            return bool(name)
        return name in self._named or _without_port(name) in self._named
