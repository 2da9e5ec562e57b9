"""The sessions that a client context remembers, so that the next handshake with a host is a short one.

A session belongs to a host, a port, and the list of application protocols it was made with, since `ssl`
ties it to one context object. A server sends no certificates when a session is resumed, so the chain of the
first time is kept with it, for `s:trusted()` and `s:certificate()`.

A session is used as long as the server takes it. RFC 8446, C.4, would rather have a new ticket each time (an
eavesdropper could tell that two connections have the same client), but every look at `SSLObject.session`
loses 5.6 KB for ever in CPython (measured in 3.10 to 3.13: it duplicates the session and forgets the copy).
So a look is taken after full handshakes only, and not at hosts that have often been seen to give no session.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

MAX_MISSES = 3  # connections that may have ended before the ticket came; then it is the host
NOTED_MISSES = 64

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
        self._misses: OrderedDict[Key, int] = OrderedDict()

    def get(self, key: Key) -> Remembered | None:
        """Returns what is remembered."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: Remembered) -> None:
        """Remembers `entry`, instead of what was there."""
        self._entries[key] = entry
        self._entries.move_to_end(key)
        self._misses.pop(key, None)
        while len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def forget(self, key: Key) -> bool:
        """Forgets; tells whether there was something."""
        return self._entries.pop(key, None) is not None

    def miss(self, key: Key) -> None:
        """Notes a connection that has ended without a session to come back with."""
        self._misses[key] = self._misses.pop(key, 0) + 1
        while len(self._misses) > NOTED_MISSES:
            self._misses.popitem(last=False)

    def is_worth_a_look(self, key: Key) -> bool:
        """Tells whether the host may give a session, for all that is known."""
        return self.size > 0 and self._misses.get(key, 0) < MAX_MISSES

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self._misses.clear()


def can_be_resumed(session: ssl.SSLSession | None) -> bool:
    """Tells whether the server gave something to come back with: a ticket or, in TLS 1.2, a session id."""
    return session is not None and (session.has_ticket or bool(session.id))
