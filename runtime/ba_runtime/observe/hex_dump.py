"""What one socket sent and received, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from .events import Event, Moved
from .facts import Facts
from .words import size

SHOWN_MOVES = 64
LINE = 16
# A notebook that is not trusted keeps `var` only with a named colour to fall back on.
OURS, THEIRS = "var(--jp-info-color1,steelblue)", "var(--jp-success-color1,seagreen)"


def hex_text(events: Sequence[Event], socket: int) -> str:
    """Returns the dump as text: `->` heads what was sent, `<-` what was received."""
    return "\n".join(line for _, line in _lines(events, socket))


def hex_html(events: Sequence[Event], socket: int) -> str:
    """Returns the dump as HTML, with a colour for each direction."""
    body = "\n".join(
        f'<span style="color:{OURS if is_ours else THEIRS}">{escape(line)}</span>'
        for is_ours, line in _lines(events, socket)
    )
    return f'<pre style="max-height:420px;overflow:auto">{body}</pre>'


def _lines(events: Sequence[Event], socket: int) -> Iterator[tuple[bool, str]]:
    facts = Facts(events)
    moves = [
        event
        for event in events
        if isinstance(event, Moved) and event.socket == socket and not facts.is_hidden(event)
    ]
    if not moves:
        yield True, "It moved no data."
    if len(moves) > SHOWN_MOVES:
        yield True, f"{len(moves) - SHOWN_MOVES:,} earlier ones are not shown"
    for move in moves[-SHOWN_MOVES:]:
        layer = "" if move.layer == "wire" else f", {move.layer}"
        yield move.is_ours, f"{'->' if move.is_ours else '<-'} {size(move.length)}{layer}"
        for at in range(0, len(move.head), LINE):
            yield move.is_ours, f"   {at:04x}  {_line(move.head[at : at + LINE])}"
        if move.length > len(move.head):
            yield move.is_ours, f"   {size(move.length - len(move.head))} more are not kept"


def _line(part: bytes) -> str:
    halves = part[:8].hex(" "), part[8:].hex(" ")
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
    return f"{halves[0]:23}  {halves[1]:23}  {letters}"
