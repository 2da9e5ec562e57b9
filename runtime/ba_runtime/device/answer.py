"""What a device's page answers to a cell, without I/O: output as it comes, and how the cell has ended.

Output is any bytes, so its end is marked by a boundary that the notebook chooses for each cell. It is
followed by a line end, a line with a word, and texts, each behind a line with its length:

    ok         the values of the cell's last expression, as text
    syntax     what the compiler says
    runtime    the error's message, and the stack
    interrupt  the same, of a cell that was stopped
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Far above what a page sends: 64 values of a screen each.
MOST_BYTES = 4 << 20
# Where the page's own part of a stack begins.
_OWN_FRAMES = re.compile(rb"\n\t(?:\[C\]: in function 'xpcall'|[^\n]*\.lsp:\d+: in function <).*", re.DOTALL)
WORDS = frozenset(("ok", "syntax", "runtime", "interrupt"))


class BadAnswer(Exception):
    """What came is no answer of the page's; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a cell has ended: one of the words above, and its texts."""

    word: str
    texts: tuple[bytes, ...]


class Reader:
    """Reads one answer, in whatever pieces it comes."""

    def __init__(self, boundary: bytes) -> None:
        """`boundary` is what the page was told."""
        self._mark = boundary + b"\n"
        self._held = b""  # output that may be the beginning of the mark
        self._end: bytearray | None = None  # what follows the mark

    def feed(self, data: bytes) -> bytes:
        """Returns the output in these bytes that is certain to be output. Raises BadAnswer."""
        if self._end is not None:
            self._take(data)
            return b""
        text = self._held + data
        at = text.find(self._mark)
        if at >= 0:
            self._held, self._end = b"", bytearray()
            self._take(text[at + len(self._mark) :])
            return text[:at]
        kept = _overlap(text, self._mark)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def end(self) -> tuple[bytes, Answer | None]:
        """Returns the rest of the output, and the answer; None where it does not come any more.

        Raises BadAnswer.
        """
        if self._end is None:
            return self._held, None
        word, _, rest = bytes(self._end).partition(b"\n")
        texts = []
        while rest:
            length, _, rest = rest.partition(b"\n")
            if not length.isdigit() or int(length) > len(rest):
                return b"", None  # it was cut off
            texts.append(rest[: int(length)])
            rest = rest[int(length) :]
        if word.decode("latin-1") not in WORDS:
            raise BadAnswer("the page answered something else than how the cell has ended")
        return b"", Answer(word.decode("latin-1"), tuple(texts))

    def _take(self, data: bytes) -> None:
        assert self._end is not None
        self._end += data
        if len(self._end) > MOST_BYTES:
            raise BadAnswer(f"the cell's values are longer than {MOST_BYTES:,} bytes, the limit")


def stack_of(answer: Answer) -> tuple[bytes, tuple[bytes, ...]]:
    """Returns an error's message, and its stack without the page's own part of it."""
    message, stack, *_ = (*answer.texts, b"", b"")
    frames = _OWN_FRAMES.sub(b"", stack).split(b"\n\t")[1:]
    return message, tuple(frames)


def _overlap(text: bytes, mark: bytes) -> int:
    """Returns how many bytes at the end of `text` are the beginning of `mark`."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if text.endswith(mark[:length]):
            return length
    return 0
