"""Reports errors in finalizers (`__gc`): Lua gives a warning, which nobody would see, and keeps collecting.

Theory of operation. Lua gives its warnings to a C function, set by `lua_setwarnf`; lupa sets none, so they
would be lost. The function here is a ctypes callback, which takes the GIL as every call from Lua to Python
does. Lua calls it when the finalizer has ended and its state is whole again, in any place where memory may
be allocated; finalizers of ours call Python in the same places. So it may run Python, but it must not call
Lua back, take Lua memory, or let an exception out. It hands a `Note` to the sink, which does none of these
either, and is allowed to be called from any place where Lua runs.

A warning comes in pieces, and its text may be as long as Lua's memory allows; what is taken of each piece is
bounded, and so is the number of warnings between two turns of the loop. Where lupa's library does not export
Lua's functions, errors in finalizers stay silent.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Callable

from . import _lua
from .events import Note, Sink

MOST_SHOWN = 10  # between two turns of the loop: one loop of a program's can make millions
PIECE_BYTES = 2000  # of the message; a line that is longer is not read
_OUR_POSITION = re.compile(rb"\(ba:[^:\n]*:\d+: ")  # Lua names our own function where it went wrong in one

_WarnFunction = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)


class Finalizers:
    """Hears of the errors in finalizers of one Lua state. Belongs to the Lua thread."""

    def __init__(
        self, sink: Sink, running: Callable[[], tuple[int, bytes]], failed: Callable[[], None]
    ) -> None:
        """`running` tells the number of the running cell and the name of its chunk; 0 and "" for none.

        `failed` is called after each finalizer that has raised an error, reported or not, and must not call
        Lua either.
        """
        self._sink = sink
        self._running = running
        self._failed = failed
        self._pieces: list[bytes] = []
        self.count = 0  # of errors since the last turn
        self._is_on = True
        self._state: int | None = None
        self._callback = _WarnFunction(self._hear)
        try:
            library = ctypes.PyDLL(_lua.LIBRARY_FILE)
            self._setwarnf = library.lua_setwarnf
            self._strnlen = library.strnlen
        except (OSError, AttributeError):  # a platform whose wheel does not export Lua
            self.is_available = False
            return
        self.is_available = True
        self._setwarnf.restype = None
        self._setwarnf.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        self._strnlen.restype = ctypes.c_size_t
        self._strnlen.argtypes = (ctypes.c_void_p, ctypes.c_size_t)

    def learn(self, coroutine: int) -> None:
        """Takes the address of a coroutine of the state, and listens from now on."""
        if self.is_available:
            self._state = coroutine
            self._setwarnf(coroutine, ctypes.cast(self._callback, ctypes.c_void_p), None)

    def switch(self, is_on: bool) -> None:
        """Turns the reports on or off."""
        self._is_on = is_on

    def turn(self) -> None:
        """Begins another turn of the loop; says how many reports the last one has left out."""
        dropped, self.count = self.count - MOST_SHOWN, 0
        if dropped > 0:
            self._sink(Note(0, f"{dropped} more errors in finalizers (__gc) are not shown"))

    def close(self) -> None:
        """Stops listening: the Lua state is kept for longer than the callback is."""
        if self._state is not None:
            self._setwarnf(self._state, None, None)
            self._state = None

    def _hear(self, _: object, text: int, is_to_be_continued: int) -> None:
        with contextlib.suppress(
            Exception
        ):  # there is nobody to catch it: Lua is in the middle of a collection
            if not is_to_be_continued:
                self._failed()
            if not self._is_on:
                return
            if self.count < MOST_SHOWN:
                self._pieces.append(self._read(text))
            if not is_to_be_continued:
                self.count += 1
                words = b"".join(self._pieces)
                self._pieces.clear()
                if self.count <= MOST_SHOWN:
                    self._tell(words)

    def _read(self, text: int) -> bytes:
        size = self._strnlen(text, PIECE_BYTES + 1)
        piece = ctypes.string_at(text, min(size, PIECE_BYTES))
        return piece + b"..." if size > PIECE_BYTES else piece

    def _tell(self, words: bytes) -> None:
        number, name = self._running()
        is_of_the_cell = bool(name) and b" (" + name + b":" in words
        words = _OUR_POSITION.sub(b"(", words, count=1)
        self._sink(Note(number if is_of_the_cell else 0, "Lua warning: " + words.decode("utf-8", "replace")))
