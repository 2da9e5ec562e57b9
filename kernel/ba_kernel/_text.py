"""What a cell prints, as text that is safe to show (`ba_runtime.text`), although it arrives in pieces.

What a cell prints is its own, and two more characters have their meaning there than elsewhere: colours
(ECMA-48's SGR sequences), and a carriage return, by which progress is shown in one line.
"""

from __future__ import annotations

import codecs
import re

from ba_runtime.text import printable


class Decoder:
    """Decodes a stream that arrives in pieces, cut anywhere: a letter or a line end may be split in two."""

    _UNFINISHED = re.compile(r"\r\Z")  # the newline may be in the next piece

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._held = ""

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Returns what is certain so far; with `final`, all of it."""
        text = self._held + self._decoder.decode(data, final)
        unfinished = None if final else self._UNFINISHED.search(text)
        self._held = unfinished[0] if unfinished else ""
        return self._shown(text[: unfinished.start()] if unfinished else text)

    def _shown(self, text: str) -> str:
        return printable(text)


class TerminalDecoder(Decoder):
    """Decodes what a cell prints: colours and lone carriage returns pass, other controls are written out."""

    _UNFINISHED = re.compile(r"(\r|\x1b(\[[0-9;:]{0,64})?)\Z")
    _OBEYED = re.compile(r"(\x1b\[[0-9;:]{0,64}m|\r(?!\n))")

    def _shown(self, text: str) -> str:
        if "\x1b" not in text and "\r" not in text:  # what nearly all texts come to
            return printable(text)
        parts = self._OBEYED.split(text)
        parts[::2] = map(printable, parts[::2])
        return "".join(parts)
