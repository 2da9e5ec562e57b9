"""Lua's bytes as text that is safe to show: the one place where bytes become text.

Nothing is lost silently. Bytes that are not UTF-8 and control characters become `\\x00` with their number,
because JupyterLab acts on some of them (a carriage return overwrites the line, a backspace eats a letter) and
drops others. Three are what they seem: newline, tab, and the pair carriage return and newline, which ends
every line of HTTP and of most text protocols and is shown as the line end that it is.
"""

from __future__ import annotations

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


# What people read of a text that a program made by accident: its beginning, and how it ends.
HEAD_BYTES, TAIL_BYTES = 16_000, 2_000


def shortened(data: bytes, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> bytes:
    """Returns `data`, or of a long one its two ends and how much is missing between them."""
    if len(data) <= head + tail:
        return data
    while head and data[head] & 0xC0 == 0x80:  # not in the middle of a letter
        head -= 1
    while tail and data[-tail] & 0xC0 == 0x80:
        tail -= 1
    left_out = len(data) - head - tail
    return b"%s\n[%s bytes omitted]\n%s" % (
        data[:head],
        f"{left_out:,}".encode(),
        data[len(data) - tail :],
    )


def readable(data: bytes) -> str:
    """Returns the whole of `data` as text with everything unprintable written out."""
    return printable(data.decode("utf-8", "backslashreplace"))


def printable(text: str) -> str:
    """Returns `text` with every control character written out."""
    if text.isprintable():  # as nearly all lines of a trace are; the table below takes ten times as long
        return text
    return text.replace("\r\n", "\n").translate(_CONTROLS)
