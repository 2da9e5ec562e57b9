"""The TraceLogger of one kernel, in a browser window of its own (`ba_runtime.live`).

It is made when somebody asks for it: it brings a server, and most notebooks do without.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ba_runtime.trace import Ring

from ._engine import Engine

if TYPE_CHECKING:
    from ba_runtime.live import SharedFeed, TraceLogger


class Window:
    """Whether the window can be opened, and by which link. From any thread."""

    def __init__(self, engine: Engine, ring: Ring) -> None:
        """Serves nothing yet."""
        self._engine = engine
        self._ring = ring
        self._made: TraceLogger | None = None
        self.title = _notebook()

    @property
    def feed(self) -> SharedFeed:
        """What the window shows, for others who show it too."""
        return self._logger.shared

    def open(self, port: int = 0) -> str:
        """Returns the link, the same until `close`; at this port of 127.0.0.1, or any. Raises OSError if the
        system cannot serve it.
        """
        return self._logger.open(port)

    def close(self) -> bool:
        """Closes all windows' connections; returns whether there was a link."""
        if self._made is None:
            return False
        was_open = bool(self._made.url)
        self._made.close()
        return was_open

    @property
    def _logger(self) -> TraceLogger:
        if self._made is None:
            from ba_runtime.live import TraceLogger

            self._made = TraceLogger(self._ring, self._engine, self.title)
        return self._made


def _notebook() -> str:
    """Returns the name of the notebook, which a Jupyter server tells its kernels."""
    return os.path.basename(os.environ.get("JPY_SESSION_NAME", "")) or "ba-lua kernel"
