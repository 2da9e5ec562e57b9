"""The messages between the live view's page and Python: the one place that says what they look like.

They are JSON objects with a `type`, the same over a WebSocket and over a Jupyter comm. The page is not
trusted: what it sends is checked (`Wish`), and what does not fit is ignored. Nothing here does I/O.

From the page:

    {type: "start", session, after}   begin, or go on behind line number `after` of that session
    {type: "got", upto}               lines before this number have arrived; the next batch may come
    {type: "stop"}                    send nothing until the next "start"
    {type: "view", name}              which view is in sight: trace, sockets, flow or network
    {type: "level", level}            show priorities from 0 to this, 20 at most
    {type: "http", part, on}          trace a part of the page server's traffic (`HttpTrace`), or stop it
    {type: "close", socket}           close a socket by its number
    {type: "lab", words}              as in `%lab WORDS`, for conditions: "delay HOST 200ms", "clear all"
    {type: "restart"}                 forget what the flow has recorded

From Python:

    {type: "hello", version, session, title, kept}
                                      the answer to "start"; `session` names this ring of lines, which keeps
                                      `kept` of them
    {type: "lines", first, came, lines: [[kind, at_ms, cell, socket, level, place, name, text, remark], …]}
                                      lines in their order, the first of which has the number `first`; `came`
                                      is how many came in all. A number that is skipped is a line that is
                                      lost. `kind` is trace, print, note, or fault for all that tells of an
                                      error
    {type: "cleared", upto}           the lines before this number were cleared, by `%trace clear`
    {type: "state", level, http: {part: on, …}, faults, last_fault, is_running}
                                      what holds for all viewers
    {type: "sockets", rows: [{socket, kind, variable, cell, doing, local, local_name, peer, peer_name,
                              partner, bytes_in, bytes_out, tls, trust, age_s}, …], more, is_late}
                                      the open sockets, and how many more there are; late while Lua is busy
    {type: "flow", svg, text, events, dropped}
                                      the picture, empty if no socket has done anything, and a sentence for
                                      those who do not see it
    {type: "network", is_on, hosts: [{host, ports, what, served, conditions, can}, …]}
                                      the lab's hosts; `can` is false where there cannot be any conditions
    {type: "said", about, text, is_error}
                                      what came of "lab" or "close"
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ba_runtime.events import SocketInfo
from ba_runtime.text import printable
from ba_runtime.trace import Kept, Piece
from ba_runtime.web import HttpTrace

VERSION = 1
VIEWS = ("trace", "sockets", "flow", "network")
HIGHEST_LEVEL = 20
MOST_WORDS = 400  # characters of an order to the lab
SHOWN_ROWS = 500
NAME_CHARACTERS = 120

Message: TypeAlias = "dict[str, Any]"  # JSON


@dataclass(frozen=True, slots=True)
class Wish:
    """A checked message of the page: its type, and the one or two values that come with it."""

    kind: str
    text: str = ""
    number: int = 0


def to_json(message: Message) -> bytes:
    """Returns a message as it is sent; what cannot be UTF-8 is written out."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def from_json(data: bytes) -> object:
    """Returns what was received; None for what is not JSON."""
    try:
        received: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return received


def wish(message: object) -> Wish | None:
    """Returns what the page wants, or None for a message that makes no sense."""
    if not isinstance(message, Mapping):
        return None
    kind = message.get("type")
    if kind == "start":
        session = message.get("session")
        return Wish(kind, session if isinstance(session, str) else "", _number(message, "after"))
    if kind == "got":
        return Wish(kind, number=_number(message, "upto"))
    if kind in ("stop", "restart"):
        return Wish(kind)
    if kind == "view" and message.get("name") in VIEWS:
        return Wish(kind, message["name"])
    if kind == "level":
        return Wish(kind, number=min(_number(message, "level"), HIGHEST_LEVEL))
    if kind == "http" and message.get("part") in HttpTrace._fields:
        return Wish(kind, message["part"], int(message.get("on") is True))
    if kind == "close":
        return Wish(kind, number=_number(message, "socket"))
    words = message.get("words")
    if kind == "lab" and isinstance(words, str):
        return Wish(kind, words[:MOST_WORDS])
    return None


def _number(message: Mapping[Any, Any], name: str) -> int:
    value = message.get(name)
    return value if type(value) is int and 0 <= value < 1 << 53 else 0


def hello(session: str, title: str, kept: int) -> Message:
    """Returns the answer to "start"."""
    return {"type": "hello", "version": VERSION, "session": session, "title": title, "kept": kept}


def lines(piece: Piece) -> Message:
    """Returns a batch of lines."""
    return {"type": "lines", "first": piece.first, "came": piece.came, "lines": list(map(_line, piece.lines))}


def _line(kept: Kept) -> list[object]:
    line, origin = kept
    return [
        "fault" if origin.is_error else line.kind.value,
        round(origin.at_s * 1000),
        *(origin.cell, origin.socket, origin.level),
        *(line.place, line.name, line.text, line.remark),
    ]


def sockets(rows: Sequence[SocketInfo], *, is_late: bool) -> Message:
    """Returns the table of sockets."""
    shown = list(map(_row, rows[:SHOWN_ROWS]))
    return {"type": "sockets", "rows": shown, "more": max(0, len(rows) - SHOWN_ROWS), "is_late": is_late}


def _row(row: SocketInfo) -> Message:
    return {
        "socket": row.socket,
        "kind": row.kind,
        "variable": _shown(row.holder),
        "cell": row.cell,
        "doing": _shown(row.doing),
        "local": _shown(row.local),
        "local_name": _shown(row.local_name),
        "peer": _shown(row.peer),
        "peer_name": _shown(row.peer_name),
        "partner": row.partner,
        "bytes_in": row.bytes_in,
        "bytes_out": row.bytes_out,
        "tls": row.tls,
        "trust": _shown(row.trust),
        "age_s": round(row.age_s, 1),
    }


def _shown(text: str) -> str:
    """Returns a name that a program or a peer chose, as it is safe to show."""
    clean = printable(text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
    clean = clean.replace("\n", "\\n").replace("\t", "\\t")
    return clean if len(clean) <= NAME_CHARACTERS else f"{clean[:NAME_CHARACTERS]}…"


def said(about: str, text: str, *, is_error: bool) -> Message:
    """Returns what came of an order."""
    return {"type": "said", "about": about, "text": printable(text), "is_error": is_error}
