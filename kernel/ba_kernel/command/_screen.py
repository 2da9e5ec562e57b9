"""The terminal that programs and the person who types share.

While a line is being typed, what programs write waits for a moment and then appears above it: the line is
taken off the screen and drawn again below. At other times it is written at once, and a slow terminal slows
the program down. What waits is bounded; a line says how much of the rest was dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TextIO

from ba_kernel._defer import Deferred, Loop
from ba_kernel._text import TerminalDecoder

FLUSH_S = 0.05
LIMIT_CHARACTERS = 1_000_000


class Screen:
    """Any thread may write; the rest is the main loop's."""

    def __init__(self, loop: Loop, stream: TextIO, above: Callable[[Callable[[], None]], object]) -> None:
        """`above` calls a function while the line that is typed is off the screen."""
        self._stream = stream
        self._above = above
        self._lock = threading.Lock()
        self._flushing = Deferred(loop, self._flush, lambda: FLUSH_S)
        self._is_typing = False
        self._is_at_start = True  # of a line
        self._held: list[str] = []
        self._room, self._dropped = LIMIT_CHARACTERS, 0

    def begin_typing(self) -> None:
        """A prompt is about to appear, at the beginning of a line."""
        with self._lock:
            if not self._is_at_start:
                self._put("\n")
            self._is_typing = True

    def end_typing(self) -> None:
        """The prompt is done with: what was held back is written."""
        with self._lock:
            self._is_typing = False
            self._put(self._take(whole=True))

    def write(self, text: str) -> None:
        """Writes now, or above the line that is being typed."""
        with self._lock:
            if not self._is_typing:
                self._put(text)
                return
            fits = text[: self._room]
            self._room -= len(fits)
            self._dropped += len(text) - len(fits)
            self._held.append(fits)
        self._flushing.ask()

    def _flush(self) -> None:
        with self._lock:
            text = self._take(whole=False) if self._is_typing else ""
        if text:
            self._above(lambda: self._put(text))

    def _take(self, *, whole: bool) -> str:
        """Returns what is held back: a line that is not finished only if it has to be `whole`."""
        text = "".join(self._held)
        end = len(text) if whole or self._dropped else text.rfind("\n") + 1
        self._held = [text[end:]]
        self._room = LIMIT_CHARACTERS - len(text) + end
        if self._dropped:
            text = f"{text[:end]}\n-- {self._dropped:,} characters were dropped\n"
            self._dropped, end = 0, len(text)
        return text[:end]

    def _put(self, text: str) -> None:
        if text:
            self._is_at_start = text.endswith("\n")
            data = text.encode(self._stream.encoding or "utf-8", "backslashreplace")
            self._stream.buffer.write(data)
            self._stream.buffer.flush()


class ScreenWriter:
    """A binary stream to the screen; control characters other than colours are written out."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._decoder = TerminalDecoder()
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Writes what is certain so far; the rest of a letter may be still to come."""
        with self._lock:
            self._screen.write(self._decoder.decode(data))

    def flush(self) -> None:
        """Does nothing: the screen decides."""
