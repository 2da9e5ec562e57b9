"""The TraceLogger in a window of its own: the feed, and the server that a browser gets it from."""

from __future__ import annotations

import os
import threading

from ba_runtime.trace import Ring

from ._server import Server
from ._source import Source
from .feed import Feed


class SharedFeed:
    """The one feed of a ring of trace lines, while anybody shows it.

    What is traced holds for all who look, so a second feed would undo what the first has set.
    """

    def __init__(self, ring: Ring, source: Source, title: str = "") -> None:
        """Makes none yet; the arguments are those of `Feed`."""
        self._ring = ring
        self._source = source
        self._title = title
        self._lock = threading.Lock()
        self._feed: Feed | None = None
        self._users: set[object] = set()

    @property
    def feed(self) -> Feed | None:
        """The feed, None while nobody shows it."""
        return self._feed

    def take(self, user: object) -> Feed:
        """Returns the feed, which lives until all users have given it back."""
        with self._lock:
            self._users.add(user)
            if self._feed is None:
                self._feed = Feed(self._ring, self._source, self._title)
            return self._feed

    def give_back(self, user: object) -> None:
        """Says that this user shows it no more; again, or without `take`, is nothing."""
        with self._lock:
            self._users.discard(user)
            feed = self._feed
            if feed is None or self._users:
                return
            self._feed = None
        feed.close()


class TraceLogger:
    """The live view of one ring of trace lines. `shared` has its feed, for other views of the same.

    >>> window = TraceLogger(ring, source, title="echo.lua")
    >>> window.open()
    'http://127.0.0.1:40123/rtl/tracelogger/?token=…'
    """

    def __init__(self, ring: Ring, source: Source, title: str = "") -> None:
        """`source` holds the Lua state whose sockets are shown; `title` says whose trace this is."""
        self.shared = SharedFeed(ring, source, title)
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """The link to the page, empty while there is none."""
        return "" if self._server is None else self._server.url

    def open(self, port: int = 0) -> str:
        """Serves the page at this port of 127.0.0.1, or any, unless it is served already; returns its link.

        Raises OSError if the port is taken, or the process is out of descriptors or threads.
        """
        if self._server is None:
            try:
                self._server = Server(self.shared.take(self), port)
            except (OSError, OverflowError, RuntimeError) as problem:
                self.shared.give_back(self)
                raise _in_short(problem) from problem
        return self._server.url

    def close(self) -> None:
        """Closes every window's connection; the link is worth nothing after that."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        self.shared.give_back(self)


def _in_short(problem: Exception) -> OSError:
    """Returns what went wrong in the system's own words; Python's repeat the address."""
    number = problem.errno if isinstance(problem, OSError) else None
    return OSError(str(problem)) if number is None else OSError(number, os.strerror(number))
