"""The live view of one kernel (`ba_runtime.live`): its feed, and the TraceLogger in a window of its own.

Both are made when somebody asks for them: they bring a server and threads, and most notebooks do without.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ba_runtime.trace import Ring

from ._engine import Engine
from ._links import public_host

if TYPE_CHECKING:
    from ba_runtime.live import Feed, TraceLogger


class Window:
    """The feed of one kernel and its window. May be used from any thread."""

    def __init__(self, engine: Engine, ring: Ring) -> None:
        """Serves nothing yet."""
        self._engine = engine
        self._ring = ring
        self._feed: Feed | None = None
        self._logger: TraceLogger | None = None
        self.title = _notebook()

    @property
    def feed(self) -> Feed:
        """What viewers are sent, one for all of them, wherever they are."""
        if self._feed is None:
            from ba_runtime.live import Feed

            self._feed = Feed(self._ring, self._engine, self.title)
        return self._feed

    def open(self, port: int = 0) -> str:
        """Returns the link, the same until `shut`; at this port of 127.0.0.1, or any. Raises OSError if the
        system cannot serve it.
        """
        if self._logger is None:
            from ba_runtime.live import TraceLogger
            from ba_runtime.web import Access

            self._logger = TraceLogger(self.feed, Access(also=(public_host(),)))
        return self._logger.open(port)

    @property
    def is_open(self) -> bool:
        """Whether there is a link."""
        return self._logger is not None and bool(self._logger.url)

    def shut(self) -> bool:
        """Closes all windows' connections; returns whether there was a link."""
        logger, self._logger = self._logger, None
        if logger is None or not logger.url:
            return False
        logger.close()
        return True

    def close(self) -> None:
        """Ends all of it, with the kernel."""
        self.shut()
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()


def _notebook() -> str:
    """Returns the name of the notebook, which a Jupyter server tells its kernels."""
    return os.path.basename(os.environ.get("JPY_SESSION_NAME", "")) or "ba-lua kernel"
