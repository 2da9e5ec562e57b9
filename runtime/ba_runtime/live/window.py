"""The TraceLogger in a window of its own: the feed, and the server that a browser gets it from."""

from __future__ import annotations

import os

from ba_runtime.trace import Ring

from ._server import Server
from ._source import Source
from .feed import Feed


class TraceLogger:
    """The live view of one ring of trace lines.

    >>> window = TraceLogger(ring, source, title="echo.lua")
    >>> window.open()
    'http://127.0.0.1:40123/rtl/tracelogger/?token=…'
    """

    def __init__(self, ring: Ring, source: Source, title: str = "") -> None:
        """`source` holds the Lua state whose sockets are shown; `title` says whose trace this is."""
        self._ring = ring
        self._source = source
        self._title = title
        self._feed: Feed | None = None
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
            feed = Feed(self._ring, self._source, self._title)
            try:
                self._server = Server(feed, port)
            except (OSError, OverflowError, RuntimeError) as problem:
                feed.close()
                raise _in_short(problem) from problem
            self._feed = feed
        return self._server.url

    def close(self) -> None:
        """Closes every window's connection; the link is worth nothing after that."""
        server, self._server = self._server, None
        feed, self._feed = self._feed, None
        if server is not None:
            server.stop()
        if feed is not None:
            feed.close()


def _in_short(problem: Exception) -> OSError:
    """Returns what went wrong in the system's own words; Python's repeat the address."""
    number = problem.errno if isinstance(problem, OSError) else None
    return OSError(str(problem)) if number is None else OSError(number, os.strerror(number))
