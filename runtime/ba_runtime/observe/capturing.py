"""One capture from its beginning to its end, for a thread that is not Lua's."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from typing import TYPE_CHECKING

from ba_runtime.errors import RuntimeClosed
from ba_runtime.events import CaptureSummary, Note, Sink
from ba_runtime.tls.keylog import KeyLog

from ._capture_file import CaptureError, Writer
from .capture import Capture, RouteOf

if TYPE_CHECKING:
    from ba_runtime._loop import LuaThread
    from ba_runtime.sockets import Network

END_S = 2.0  # a Lua thread that is busy for longer is left alone; its capture ends here all the same


class Capturing:
    """A capture that is under way."""

    def __init__(self, path: str, thread: LuaThread, route_of: RouteOf, sink: Sink) -> None:
        """Begins it. Raises CaptureError."""
        self.path = path
        self._thread = thread
        self._keys = KeyLog()
        self._finished = threading.Event()
        self._writer = Writer(path, lambda text: sink(Note(0, text)))
        try:
            self._keys.begin()
        except OSError as error:
            self._writer.finish()
            raise CaptureError(f"there is no place for the TLS keys: {error.strerror}") from error
        self._capture = Capture(self._writer, self._keys, route_of)
        thread.call(self._begin)
        thread.watch(self._capture)

    def _begin(self, network: Network) -> None:
        network.names.told = self._capture.resolved
        network.tls_objects.keys = self._keys

    def _finish(self, network: Network) -> None:
        network.names.told = None
        network.tls_objects.keys = None
        self._capture.flush()
        self._keys.end()
        self._finished.set()

    def end(self) -> CaptureSummary:
        """Ends it and completes the file."""
        done = self._thread.unwatch(self._capture)
        with contextlib.suppress(concurrent.futures.TimeoutError, RuntimeClosed):
            done.result(END_S)
        self._thread.call(self._finish)
        if done.done() and self._thread.is_alive():
            self._finished.wait(END_S)
        if not self._thread.is_alive() and not self._finished.is_set():
            self._capture.flush()
            self._keys.end()
        return self._writer.finish()
