"""The one table of Python functions that Lua may call, under `host` in every module of `lua/`.

All of them take and return plain values (numbers, booleans, bytes, None, flat tuples) and never raise on
what a user or a network can do: an exception that crosses costs 5 µs and has no place in Lua's words.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from time import monotonic, thread_time, time_ns
from typing import Protocol

from . import _base64, _in_place, crypto
from ._files import Files
from ._interrupt import Interrupter
from .events import Fault, InputRequested, LatePrint, Note, Printed, Sink, Traced
from .http_client import Conversations
from .sockets import Network
from .web import WebServer

FILE_FUNCTIONS = (
    *("io_root", "io_enter", "io_stat", "io_remove", "io_mkdir", "io_rmdir", "io_rename", "io_realpath"),
    *("io_list", "io_open", "io_obstacle", "file_read", "file_write", "file_seek", "file_close"),
)


class Desk(Protocol):
    """What Lua tells the thread that runs it (`_loop.py`)."""

    def functions(self) -> Mapping[str, Callable[..., object]]: ...


def _to_sink(sink: Sink) -> dict[str, Callable[..., object]]:
    """The functions by which Lua speaks to the outside."""

    def trace(
        cell: int, source: bytes, line: int, name: bytes, text: bytes, priority: int, prefix: bool
    ) -> None:
        sink(Traced(cell, source.decode("utf-8", "replace"), line, name.decode("utf-8", "replace"), text,
                    priority, prefix))  # fmt: skip

    return {
        "print": lambda cell, text: sink(Printed(cell, text)),
        "print_error": lambda cell, text: sink(Printed(cell, text, "stderr")),
        "late_print": lambda cell, text: sink(LatePrint(cell, text)),
        "fault": lambda cell, text: sink(Fault(cell, text)),
        "note": lambda cell, text: sink(Note(cell, text.decode("utf-8", "replace"))),
        "request_input": lambda cell: sink(InputRequested(cell, b"")),
        "trace": trace,
    }


def crossing_table(
    sink: Sink, desk: Desk, network: Network, web: WebServer, interrupter: Interrupter, files: Files
) -> dict[str, object]:
    """Returns everything that `host` offers to the Lua side."""
    return {
        "monotonic": monotonic,
        "hook_learn": interrupter.learn,
        "hook_note_state": interrupter.note_state,
        "counts_instructions": interrupter.counts_instructions,
        "thread_time": thread_time,
        "time_ns": time_ns,
        "urandom": os.urandom,
        "b64encode": _base64.encode,
        "b64urlencode": _base64.encode_for_url,
        "b64decode": _base64.decode,
        "read_in_place": _in_place.reader(),
        **crypto.functions(),
        **_to_sink(sink),
        **desk.functions(),
        **network.functions(),
        **Conversations().functions(),
        **web.functions(),
        **{name: getattr(files, name) for name in FILE_FUNCTIONS},
    }
