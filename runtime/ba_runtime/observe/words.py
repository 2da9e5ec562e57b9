"""The words in a picture: bytes, times, waits and ends, short and printable."""

from __future__ import annotations

import re
import unicodedata

from .events import Closed, Moved, Secured

HEAD_CHARACTERS = 32
TEXT_CHARACTERS = 80

_CLOSES = {
    "us": "close",
    "peer": "close",
    "reset": "reset",
    "collector": "closed: no longer used",
    "error": "closed by an error",
    "interrupt": "closed by the interrupt",
    "end": "closed at the end",
}


def shown(text: str, limit: int = TEXT_CHARACTERS) -> str:
    """Returns text with everything unprintable escaped, cut to `limit` characters."""
    # A character may become as many as ten; no more of them are looked at than can be shown.
    escaped = "".join(c if c.isprintable() else _escaped(c) for c in text[: limit + 1])
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


def columns(text: str) -> int:
    """Returns how many columns a text takes where all characters have one width or two."""
    return sum(map(width, text))


def width(character: str) -> int:
    """Returns 2 for a wide character, 0 for one that goes on top of the last, else 1."""
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> str:
    """Returns as much of a text as fits into `room` columns, with `…` where it was cut."""
    if columns(text) <= room:
        return text
    kept, used = [], 1
    for character in text:
        used += width(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept) + "…"


def _escaped(character: str) -> str:
    named = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0"}
    code = ord(character)
    return named.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{{{code:x}}}")


def first_words(head: bytes, length: int) -> str:
    """Returns the first characters of what moved, in quotes; the first line where it is text."""
    line = head.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        line = head
    text = line[:HEAD_CHARACTERS].decode("utf-8", "backslashreplace")
    quoted = shown(text, HEAD_CHARACTERS)
    is_whole = len(head.rstrip(b"\r\n")) <= min(len(line), HEAD_CHARACTERS) and len(head) >= length
    return f"“{quoted}”" if is_whole or quoted.endswith("…") else f"“{quoted}…”"


def size(length: int) -> str:
    """Returns a number of bytes in words."""
    return f"{length:,} byte{'' if length == 1 else 's'}"


def duration(seconds: float) -> str:
    """Returns a time with three digits and a unit."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms"


def moment(seconds: float) -> str:
    """Returns a moment after the first one, such as `+0.9 ms`."""
    if seconds >= 1:
        return f"+{seconds:.2f} s"
    return f"+{seconds * 1e3:.1f} ms" if seconds < 0.1 else f"+{seconds * 1e3:.0f} ms"


def moved(event: Moved, length: int) -> tuple[str, str]:
    """Returns what an arrow says of data, and its quieter part."""
    if event.layer in ("ping", "pong", "close"):
        return event.layer, first_words(event.head, length) if length else ""
    detail = size(length)
    if event.layer in ("text", "binary"):
        detail = f"{event.layer}, {detail}"
    return (first_words(event.head, length) if length else "nothing"), detail


def secured(event: Secured) -> str:
    """Returns what is known of a TLS connection, such as `TLS 1.3 www.google.com, trusted`."""
    version = re.sub(r"^TLS(?:v|_)(\d)[._](\d)$", r"TLS \1.\2", event.version)
    said = f"{version} {event.name}".strip()
    if event.trust:
        is_plain = event.trust in ("trusted", "not trusted")
        said += f", {event.trust if is_plain else f'not trusted ({event.trust})'}"
    if event.alpn:
        said += f", {event.alpn}"
    return shown(said + (", resumed" if event.is_resumed else ""))


def error(text: str) -> str:
    """Returns the first line of an error, without the words that are the same in all of them."""
    line = text[: TEXT_CHARACTERS * 2].split("\n", 1)[0]
    return shown("error: " + re.sub(r"^Lua error in \w+: ", "", line))


def wait(call: str, limit_s: float | None) -> str:
    """Returns a call that waits, such as `read 200 ms`."""
    return shown(call if limit_s is None else f"{call} {duration(limit_s)}")


def closed(event: Closed) -> str:
    """Returns how a socket came to its end."""
    said = _CLOSES[event.by]
    is_news = event.reason not in ("", "closed", "sysshutdown") and event.by not in ("us", "peer")
    return shown(f"{said}: {event.reason}" if is_news else said)
