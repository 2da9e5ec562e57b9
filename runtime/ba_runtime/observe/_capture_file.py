"""The file of a capture: a bounded queue, and the thread that makes packets of what is in it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from ba_runtime.errors import UsageError
from ba_runtime.events import CaptureSummary
from ba_runtime.regular import open_regular

from ._heard import Gone, Heard, Lost, Named, Opened, Secrets
from ._packets import Packets
from ._pcapng import beginning, names_block, packet_block, secrets_block

QUEUE_BYTES = 32 << 20
QUEUE_ITEMS = 100_000


class CaptureError(UsageError):
    """The file cannot be written; the message says why."""


class Writer:
    """The file, the queue, and the thread between them."""

    def __init__(self, path: str, told: Callable[[str], None]) -> None:
        """Makes the file, which must not exist. `told` hears, on the thread, why writing failed.

        Raises CaptureError.
        """
        self._told = told
        self._queue: deque[tuple[int, Heard]] = deque()
        self._queued_bytes = 0
        self._news = threading.Condition()
        self._is_ending = False
        self._packets = Packets()
        self.path, self.written, self.dropped_bytes, self.failure = path, 0, 0, ""
        try:
            self._file = open_regular(os.path.expanduser(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            raise CaptureError(f"{path} exists already; delete it or choose another name") from None
        except (OSError, ValueError) as error:
            raise CaptureError(f"cannot write {path}: {getattr(error, 'strerror', error)}") from error
        self._length = 0
        self._write(beginning())
        self._thread = threading.Thread(target=self._work, name="ba-capture", daemon=True)
        self._thread.start()

    def put(self, heard: Heard, size: int) -> bool:
        """Takes what was heard, `size` bytes of data, at this moment; False when there is no room for it."""
        with self._news:
            is_full = self._queued_bytes + size > QUEUE_BYTES or len(self._queue) >= QUEUE_ITEMS
            if is_full and not isinstance(heard, (Opened, Gone, Lost)):
                self.dropped_bytes += size
                return False
            self._queue.append((time.time_ns() // 1000, heard))
            self._queued_bytes += size
            self._news.notify()
        return True

    def finish(self) -> CaptureSummary:
        """Writes what waits, and closes the file."""
        with self._news:
            self._is_ending = True
            self._news.notify()
        self._thread.join()
        return CaptureSummary(self.path, self.written, self.dropped_bytes, self.failure)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._queue or self._is_ending)
                if not self._queue:
                    break
                items, self._queue = self._queue, deque()
                self._queued_bytes = 0
            for time_us, heard in items:
                for block in self._blocks(time_us, heard):
                    self._write(block)
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _blocks(self, time_us: int, heard: Heard) -> Iterator[bytes]:
        if isinstance(heard, Secrets):
            yield secrets_block(heard.lines)
        elif isinstance(heard, Named):
            yield names_block(heard.address, heard.name)
        else:
            for packet in self._packets.of(heard):
                yield packet_block(packet, time_us)
                self.written += not self.failure

    def _write(self, block: bytes) -> None:
        if self.failure:
            return
        view = memoryview(block)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            self.failure = f"cannot write {self.path}: {error.strerror}; it ends after {self.written} packets"
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._length)
            self._told(f"the capture has ended: {self.failure}")
            return
        self._length += len(block)
