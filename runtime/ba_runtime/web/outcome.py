"""What the bytes of a client turn out to be: a request, something to refuse, or the end."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Request(NamedTuple):
    """A whole request. `path` is decoded and holds neither `.` nor `..`; `query` is as it was sent."""

    method: bytes
    path: bytes
    query: bytes
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]  # names in lower case
    body: bytes
    is_websocket: bool  # it asks to become one
    is_kept: bool  # the client wants to go on after it
    lines: bytes  # the headers as sent, for Lua: each name and value with a NUL behind it, which none holds


class Refusal(NamedTuple):
    """Why a client gets an error from the server itself, after which its connection is closed."""

    status: int
    text: str
    told: str = ""  # what whoever runs the server should know of it; empty when nobody there can help


class Ended(NamedTuple):
    """The client has closed its side, between two requests."""


Outcome: TypeAlias = Request | Refusal | Ended | None
