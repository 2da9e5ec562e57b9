"""The texts of the cells that were run, by the names of their chunks."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._text import Text

KEPT_TEXTS = 500
KEPT_BYTES = 4 << 20
MOST_CHARACTERS = 300_000  # of several texts, for one error

_CELL = re.compile(r"cell\[(\d+)\]")


def cell_of(name: str) -> int:
    """Returns the number of the cell whose chunk has this name, 0 for another chunk."""
    match = _CELL.fullmatch(name)
    return int(match[1]) if match else 0


class Texts:
    """The texts by the names of their chunks; the oldest make room."""

    def __init__(self) -> None:
        """Has none."""
        self._sources: OrderedDict[str, tuple[bytes, bool]] = OrderedDict()
        self._read: OrderedDict[str, Text] = OrderedDict()
        self._bytes = 0

    def keep(self, name: str, source: bytes, *, is_page: bool = False) -> None:
        """Remembers the text of the chunk `name`."""
        self._read.pop(name, None)
        if name in self._sources:
            self._bytes -= len(self._sources.pop(name)[0])
        self._sources[name] = (source, is_page)
        self._bytes += len(source)
        while self._sources and (len(self._sources) > KEPT_TEXTS or self._bytes > KEPT_BYTES):
            dropped, (old, _) = self._sources.popitem(last=False)
            self._read.pop(dropped, None)
            self._bytes -= len(old)

    def get(self, name: str) -> Text:
        """Returns a text, an empty one for a chunk that is not known."""
        if name not in self._read:
            from ._text import (
                Text,  # brings in all that reads Lua, for which a program without errors need not wait
            )

            source, is_page = self._sources.get(name, (b"", False))
            self._read[name] = Text(source.decode("utf-8", "surrogateescape"), is_page=is_page)
            if len(self._read) > 8:
                self._read.popitem(last=False)
        return self._read[name]

    def cells(self, name: str) -> Iterator[tuple[int, Text]]:
        """Yields the latest cells whose texts have this name in them, the newest first, by their numbers."""
        wanted, left = name.encode(), MOST_CHARACTERS
        for chunk in [chunk for chunk in reversed(self._sources) if cell_of(chunk)]:
            source = self._sources[chunk][0]
            if wanted in source:
                left -= len(source)
                if left < 0:
                    return
                yield cell_of(chunk), self.get(chunk)
