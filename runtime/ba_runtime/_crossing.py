"""The one table of Python functions that Lua may call, under `host` in every module of `lua/`.

All of them take and return plain values (numbers, booleans, bytes, None, flat tuples) and never raise on
what a user or a network can do. What they raise all the same, and what is too big for Lua, stays here
(`_guard.py`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic, thread_time, time_ns
from typing import Protocol

from . import _base64, _deflate, _in_place, crypto, plot
from ._files import Files
from ._guard import FAILED, Guard, takes_no_memory
from ._interrupt import Interrupter
from ._lua import module_source
from .events import (
    Displayed,
    InputRequested,
    LatePrint,
    Note,
    OutputCleared,
    Printed,
    Sink,
    Traced,
    forms,
)
from .http_client import Conversations
from .sockets import Network
from .web import WebServer

FILE_FUNCTIONS = (
    *("io_root", "io_enter", "io_stat", "io_remove", "io_mkdir", "io_rmdir", "io_rename", "io_realpath"),
    *("io_list", "io_open", "io_obstacle", "file_read", "file_write", "file_seek", "file_close"),
)


class Desk(Protocol):
    """What Lua tells the thread that runs it (`_loop.py`)."""

    def functions(self) -> Mapping[str, object]: ...


def _to_sink(sink: Sink) -> dict[str, Callable[..., object]]:
    """The functions by which Lua speaks to the outside."""

    def trace(
        cell: int,
        source: bytes,
        line: int,
        name: bytes,
        text: bytes,
        priority: int,
        prefix: bool,
        socket: int,
    ) -> None:
        sink(Traced(cell, source.decode("utf-8", "replace"), line, name.decode("utf-8", "replace"), text,
                    priority, prefix, socket))  # fmt: skip

    def display(cell: int, output: int, is_update: bool, *flat: bytes) -> None:
        sink(Displayed(cell, output, forms(flat), is_update))

    return {
        "display": display,
        "clear_output": lambda cell, waits: sink(OutputCleared(cell, waits)),
        "print": lambda cell, text: sink(Printed(cell, text)),
        "print_error": lambda cell, text: sink(Printed(cell, text, "stderr")),
        "late_print": lambda cell, text, socket: sink(LatePrint(cell, text, socket)),
        "note": lambda cell, text, is_end=False, socket=0: sink(
            Note(cell, text.decode("utf-8", "replace"), is_end, socket)
        ),
        "request_input": lambda cell: sink(InputRequested(cell, b"")),
        "trace": trace,
    }


# What the loop calls at every turn, what reports go out by, and what gives things back: none of it raises or
# takes memory that has not been seen to, so it crosses as it is.
DIRECT = frozenset(
    {
        *("monotonic", "thread_time", "time_ns", "poll", "polled", "take", "reply", "reply_failed"),
        *("is_interrupting", "interrupt_over", "stop_running", "hook_learn", "hook_note_state"),
        *("finalizers_learn", "finalizers_switch", "allow_hooks", "put_off_finalizers"),
        *("has_room", "make_way", "failure", "memory_failed", "memory_is_short", "memory_used_up"),
        *("print", "print_error", "late_print", "trace", "note", "fault", "request_input"),
        *("display", "clear_output"),
        *("cell_done", "cell_failed", "cell_shows", "page_done", "recorded", "recorded_count"),
        *("arm", "disarm", "queued", "send", "close", "crypto_hash_update", "read_in_place"),
    }
)

# What is called so often that measuring its results would cost too much. None is longer than a datagram or
# the head of a request, and there is always room for more than that (`_lua.MARGIN_BYTES`). None is an object
# of Python's, such as a function, for which Lua must have a place (`lua/references.lua`).
MODEST = frozenset(
    {
        *("web_request", "web_names", "web_file", "web_listen"),
        *("udp_receive", "sockname", "peername", "io_stat"),
    }
)


@dataclass(frozen=True, slots=True)
class Table:
    """What `host` offers to the Lua side.

    `guarded` names what Lua must make sure there is room and a place for, `modest` what takes little room and
    no place, and `plain` what may only fail.
    """

    names: dict[str, object]
    plain: tuple[str, ...]
    modest: tuple[str, ...]
    guarded: tuple[str, ...]


def crossing_table(
    sink: Sink,
    desk: Desk,
    network: Network,
    web: WebServer,
    interrupter: Interrupter,
    files: Files,
    guard: Guard,
) -> Table:
    """Returns everything that `host` offers to the Lua side."""
    names: dict[str, object] = {
        "monotonic": monotonic,
        "thread_time": thread_time,
        "hook_learn": interrupter.learn,
        "hook_note_state": interrupter.note_state,
        "allow_hooks": interrupter.allow_hooks,
        "put_off_finalizers": interrupter.put_off_finalizers,
        "counts_instructions": interrupter.counts_instructions,
        "exec_path": os.fsencode(os.path.dirname(sys.executable or "")),
        "time_ns": time_ns,
        "urandom": os.urandom,
        "b64encode": _base64.encode,
        "b64urlencode": _base64.encode_for_url,
        "b64decode": _base64.decode,
        "deflate": _deflate.deflate,
        "read_in_place": _in_place.reader(),
        "module_source": module_source,
        "failed": FAILED,
        "failure": guard.failure,
        **crypto.functions(),
        **plot.functions(),
        **_to_sink(sink),
        **desk.functions(),
        **network.functions(),
        **Conversations().functions(),
        **web.functions(),
        **{name: getattr(files, name) for name in FILE_FUNCTIONS},
    }
    plain: list[str] = []
    modest: list[str] = []
    guarded: list[str] = []
    for name, function in names.items():
        if callable(function) and name not in DIRECT:
            group = plain if takes_no_memory(function) else modest if name in MODEST else guarded
            names[name] = guard.wrap(name, function, group is not guarded)
            group.append(name)
    return Table(names, tuple(plain), tuple(modest), tuple(guarded))
