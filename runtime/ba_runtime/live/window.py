"""The TraceLogger in a window of its own: the server that a browser gets it from, opened and closed."""

from __future__ import annotations

import os

from ba_runtime.web import Access

from ._server import Server
from .feed import Feed


class TraceLogger:
    """The live view of one feed, as a page on loopback.

    >>> window = TraceLogger(Feed(ring, source, title="echo.lua"))
    >>> window.open()
    'http://127.0.0.1:40123/rtl/tracelogger/?token=…'
    """

    def __init__(self, feed: Feed, access: Access | None = None) -> None:
        """Serves nothing yet. `access` says by which names this computer is reached, if not only its own."""
        self.feed = feed
        self._access = access
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
                self._server = Server(self.feed, port, self._access)
            except (OSError, OverflowError, RuntimeError) as problem:
                raise _in_short(problem) from problem
        return self._server.url

    def close(self) -> None:
        """Closes every window's connection, and stops tracing HTTP; the link leads nowhere then."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            self.feed.quieten()


def _in_short(problem: Exception) -> OSError:
    """Returns what went wrong in the system's own words; Python's repeat the address."""
    number = problem.errno if isinstance(problem, OSError) else None
    return OSError(str(problem)) if number is None else OSError(number, os.strerror(number))
