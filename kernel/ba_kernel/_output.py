"""The response of the running cell: what `print` writes, sent in few messages, in order, and within bounds.

Who sends: the main loop. The Lua thread only appends to a buffer and, if nobody has yet, asks the main loop
to look at it soon. The main loop does nothing but pass messages (cells run on the Lua thread), so it is
always free in time, and since it alone publishes, what it sends cannot be overtaken: no publisher thread,
no queue, no second order of things to reason about.

When: a first line after 10 ms, so that the burst it begins fits in the same message; then every 50 ms,
which reads as "at once"; but 250 ms after more than a hundred lines, which nobody reads as they come, so
that 10,000 prints are three messages and an endless loop stays far below the 1,000 messages a second at
which the Jupyter server cuts a kernel off. At the end of the cell everything goes out before "idle".

How much: a million bytes a cell, then a note. Memory is bounded by the same number.

What is not text but belongs between two prints, such as the trace area's first appearance, is put in its
place with `insert`: the order is settled on the Lua thread as things happen, so a notebook's saved outputs
do not depend on timing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from ._defer import Deferred, Loop
from ._frontend import Message, Publish, Request
from ._text import Decoder, TerminalDecoder

LIMIT_BYTES = 1_000_000
FIRST_S, STEADY_S, BULK_S = 0.01, 0.05, 0.25
BULK_WRITES = 100
# A program that writes to stdout and stderr in turn, without end, gets no more than this in one flush; only
# then does text join the latest of its stream instead of standing in order.
MAX_RUNS = 200


class Output:
    """The output of one cell after the other; `write` and `insert` on any thread, else the main loop."""

    def __init__(self, publish: Publish, loop: Loop, limit_bytes: int = LIMIT_BYTES) -> None:
        self._publish = publish
        self._loop = loop
        self._limit = limit_bytes
        self._flushing = Deferred(loop, self.flush, self._delay_s)
        self._lock = threading.Lock()
        self._parent: Message | None = None
        self._is_silent = False
        self._runs: list[_Text | Callable[[], None]] = []
        self._latest: dict[str, _Text] = {}  # the runs that text can still be added to
        self._decoders: dict[str, Decoder] = {}
        self._room = self._dropped = self._writes = 0
        self._next_flush = 0.0
        self._captured: bytearray | None = None

    def begin(self, request: Request) -> None:
        """Takes what is written from now on as the output of this request; a silent one gets none."""
        with self._lock:
            self._is_silent = request.is_silent
            self._parent = None if request.is_silent else request.parent
            self._runs, self._latest = [], {}
            self._decoders = {"stdout": TerminalDecoder(), "stderr": TerminalDecoder()}
            self._room, self._dropped, self._writes = self._limit, 0, 0
            self._next_flush = 0.0

    def write(self, text: bytes, stream: str = "stdout") -> None:
        """Adds `text` to the cell's stdout or stderr."""
        with self._lock:
            if self._parent is None:
                return
            if self.keeps(text, stream):
                return
            if self._dropped:  # an endless loop comes here a million times a second: count, and wake nobody
                self._dropped += len(text)
                return
            fits = text if len(text) <= self._room else _whole_letters(text, self._room)
            last = self._runs[-1] if self._runs else None
            if type(last) is _Text and last.stream == stream:  # what every print but the first comes to
                last.data += fits
            else:
                self._append(stream, fits)
            self._room -= len(fits)
            if fits is not text:
                self._dropped = len(text) - len(fits)
                note = f"\n[this cell has printed {self._limit:,} bytes, its limit; the rest is dropped]\n"
                self._append("stderr", note.encode())
            self._writes += 1
        self._flushing.ask()

    @contextlib.contextmanager
    def captured(self) -> Iterator[bytearray]:
        """Keeps what is written to stdout within the block to itself, as far as a cell may write."""
        with self._lock:
            self._captured = kept = bytearray()
        try:
            yield kept
        finally:
            with self._lock:
                self._captured = None

    def keeps(self, text: bytes, stream: str) -> bool:
        """Keeps a text if somebody captures it, and tells so."""
        if self._captured is None or stream != "stdout":
            return False
        self._captured += text[: self._limit - len(self._captured)]
        return True

    def add(self, text: str, parent: Message) -> bool:
        """Adds a text of the kernel's own to stderr; returns False if the cell of `parent` has ended."""
        with self._lock:
            if self._parent is None or self._parent.get("header") is not parent.get("header"):
                return False
            self._append("stderr", text.encode("utf-8", "surrogatepass"))
        self._flushing.ask()
        return True

    def insert(self, show: Callable[[], None]) -> None:
        """Has `show` called, on the main loop, when all written so far is sent; not in a silent request."""
        with self._lock:
            if self._is_silent:
                return
            self._runs.append(show)
        self._flushing.ask()

    def flush(self) -> None:
        """Sends what there is, except a letter of which the second half is still to come."""
        self._send(final=False)

    def end(self) -> None:
        """Sends all that is left, and how much was dropped; afterwards nothing is taken until `begin`."""
        if self._dropped:
            with self._lock:
                self._append("stderr", b"[%s bytes were dropped]\n" % f"{self._dropped:,}".encode())
        self._send(final=True)
        with self._lock:
            self._parent = None

    def _append(self, stream: str, text: bytes) -> None:
        run = self._latest.get(stream)
        if run is None or (run is not self._runs[-1] and len(self._runs) < MAX_RUNS):
            run = self._latest[stream] = _Text(stream)
            self._runs.append(run)
        run.data += text

    def _send(self, *, final: bool) -> None:
        with self._lock:
            runs, self._runs, self._latest = self._runs, [], {}
            parent = self._parent
            is_bulk, self._writes = self._writes > BULK_WRITES, 0
        self._next_flush = self._loop.time() + (BULK_S if is_bulk else STEADY_S)
        for run in runs:
            if not isinstance(run, _Text):
                run()
            elif parent is not None:
                self._stream(run.stream, self._decoders[run.stream].decode(bytes(run.data)), parent)
        if final and parent is not None:
            for stream, decoder in self._decoders.items():
                self._stream(stream, decoder.decode(b"", final=True), parent)

    def _stream(self, name: str, text: str, parent: Message) -> None:
        if text:
            self._publish("stream", {"name": name, "text": text}, parent)

    def _delay_s(self) -> float:
        return max(FIRST_S, self._next_flush - self._loop.time())


class _Text:
    """What was written to one stream with nothing else in between."""

    __slots__ = ("data", "stream")

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.data = bytearray()


def _whole_letters(text: bytes, room: int) -> bytes:
    """Returns at most `room` bytes from the head of `text`, not ending inside a UTF-8 sequence."""
    while room and text[room] & 0xC0 == 0x80:
        room -= 1
    return text[:room]
