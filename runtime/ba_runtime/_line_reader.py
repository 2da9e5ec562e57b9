"""Reads the lines of standard input for `io.read`, and holds nothing that the end of the process needs.

Python's own buffered reader takes a lock for as long as it waits. If Ctrl-C ends the program meanwhile,
Python would wait for that lock for a second and then abort the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable

_PIECE_BYTES = 64 * 1024  # the size of a pipe's buffer


class LineReader:
    """The lines of one descriptor. Only one thread at a time may read."""

    def __init__(self, descriptor: Callable[[], int]) -> None:
        """`descriptor` is asked before each read, and raises OSError or ValueError if there is none."""
        self._descriptor = descriptor
        self._rest = bytearray()

    def read_line(self) -> bytes:
        """Returns the next line with its newline, the rest if the input ends without one, or b"" at its end.

        Waits for the line. An input that cannot be read is at its end.
        """
        seen = 0
        while (end := self._rest.find(b"\n", seen)) < 0:
            seen = len(self._rest)
            piece = self._read()
            if not piece:
                return self._take(seen)
            self._rest += piece
        return self._take(end + 1)

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor(), _PIECE_BYTES)
        except (OSError, ValueError):
            return b""

    def _take(self, size: int) -> bytes:
        line = bytes(self._rest[:size])
        del self._rest[:size]
        return line
