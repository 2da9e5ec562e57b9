"""The sessions that a client context remembers, so that the next handshake with a host is a short one.

A session belongs to a host, a port, and the list of application protocols it was made with, since `ssl`
ties it to one context object. It is used once and then replaced by the one that the new connection gets: the
tickets of TLS 1.3 should not be used twice (RFC 8446, C.4). A server sends no certificates when a session is
resumed, so the chain of the first time is kept with it, for `s:trusted()` and `s:certificate()`.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

Key: TypeAlias = "tuple[str, int, tuple[str, ...]]"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A session, and the certificates that the server had shown, in DER, leaf first."""

    session: ssl.SSLSession
    chain: tuple[bytes, ...]


class SessionCache:
    """At most `size` sessions; the one that was not used for the longest time goes first."""

    def __init__(self, size: int) -> None:
        """Makes an empty cache; a size of 0 remembers nothing."""
        self.size = size
        self._entries: OrderedDict[Key, Remembered] = OrderedDict()

    def take(self, key: Key) -> Remembered | None:
        """Returns what is remembered, which is then forgotten."""
        return self._entries.pop(key, None)

    def put(self, key: Key, entry: Remembered) -> None:
        """Remembers `entry`, instead of what was there."""
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def forget(self, key: Key) -> bool:
        """Forgets; tells whether there was something."""
        return self._entries.pop(key, None) is not None

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()


def can_be_resumed(session: ssl.SSLSession | None) -> bool:
    """Tells whether the server gave something to come back with: a ticket or, in TLS 1.2, a session id."""
    return session is not None and (session.has_ticket or bool(session.id))
