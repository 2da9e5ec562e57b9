"""`Runtime`: a Lua state with the `ba` API on a thread of its own, and its interface for other threads.

Every method may be called from any thread. Methods that take time return a `concurrent.futures.Future`;
meanwhile, everything that the Lua code has to say goes to the sink as events (`events.py`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ._loop import LuaThread
from ._resolver import Resolver
from .errors import UsageError
from .events import (
    CaptureSummary,
    CellResult,
    GlobalName,
    GlobalNames,
    Note,
    PageResult,
    Sink,
    SocketInfo,
    Timing,
)
from .looking import Defined, Described, Members, Path
from .web import Access, HttpTrace, Limits

if TYPE_CHECKING:
    from .lab import Lab
    from .observe.capturing import Capturing
    from .observe.recording import Recording

MAX_MEMORY = 1 << 30
MOST_INTEGER = 1 << 63
MOST_NAMES = 2_000  # of a table: a person who reads more of them types another letter first
MOST_EVENTS = 10_000  # of a recording, and the bytes of data that they hold
MOST_BYTES = 1 << 20


class Runtime:
    """One persistent Lua state: globals, sockets, cosockets and timers live until `close`.

    >>> events = []
    >>> with Runtime(events.append) as runtime:
    ...     runtime.run_cell(b"return 1 + 1", name="cell[1]", cell=1).result().values
    (b'2',)
    """

    def __init__(
        self,
        sink: Sink,
        *,
        max_memory: int = MAX_MEMORY,
        web_limits: Limits | None = None,
        web_access: Access | None = None,
    ) -> None:
        """`sink` is called with every event and must return at once. It is called on the Lua thread, except
        with Stuck, which reports that this thread does not respond.

        `max_memory` bounds what Lua may allocate, in bytes; a program that needs more gets Lua's error
        "not enough memory". `web_limits` bound what clients of the page server may ask for, and
        `web_access` says by which names.
        """
        self._sink = sink
        self._capturing: Capturing | None = None
        self._resolver = Resolver()
        self._thread = LuaThread(
            sink, self._resolver, max_memory, web_limits or Limits(), web_access or Access()
        )
        self._levels: dict[str, int] = {}
        self._level_lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Starts the thread and waits until Lua is ready. Raises whatever went wrong on that thread."""
        self._thread.start()
        self._thread.started.result()

    def __enter__(self) -> Runtime:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run_cell(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ()
    ) -> Future[CellResult]:
        """Runs Lua text as a cell; cells run one after the other.

        `name` is what error messages call the chunk, `cell` the number that the cell's events carry, and
        `arguments` are the strings that it gets as `...`. The result holds the values that the chunk
        returned, as readable text, or the error. The future never raises because of what Lua does; it
        raises RuntimeClosed if the runtime ends first.
        """
        return self._thread.run_cell(source, name.encode("utf-8", "surrogateescape"), cell, arguments)

    def run_program(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ()
    ) -> Future[CellResult]:
        """Runs the text of a file as a cell, with the same globals.

        `name` and `cell` are as for `run_cell`. The program finds its name and its arguments in `arg`, and
        the arguments in `...`. The result holds no values. `lua/tasks/cell.lua` says why the command
        `ba-lua` does it in another way.
        """
        return self._thread.run_program(source, os.fsencode(name), cell, arguments)

    def time_cell(
        self, source: bytes, *, name: str, cell: int, loops: int = 0, repeats: int
    ) -> Future[Timing]:
        """Measures how long a statement takes, as a cell that runs it again and again.

        `source` is what `ba_runtime.syntax.timed_chunk` makes of it, `name` and `cell` are as for `run_cell`.
        It is run `repeats` times `loops` times; 0 loops are as many as take a fifth of a second.
        """
        return _then(self._thread.time_cell(source, name.encode(), cell, loops, repeats), _timing)

    def processor_time(self) -> Future[float]:
        """Returns how long Lua and what serves it have computed since the start, in seconds.

        The answer comes when Lua waits, or between two cells.
        """
        return self._thread.processor_time()

    def remember(self, cell: int, text: bytes) -> None:
        """Tells the text of a cell that is about to run, for `In`; `Out` and `_` then have what it shows."""
        self._thread.tell("remember", cell, text)

    def run_page(self, source: bytes, *, name: str, cell: int, path: str | None = None) -> Future[PageResult]:
        """Runs an LSP page as a cell, for a GET request that no client has sent.

        `name` and `cell` are as for `run_cell`, and pages take their turn among the cells. With a `path`,
        the page server also serves the page there, in place of an earlier one, and runs it again for every
        request. The result holds what the page wrote; its `error` says why it failed. The future never raises
        because of what the page does; it raises RuntimeClosed if the runtime ends first.
        """
        place = b"" if path is None else b"/" + path.encode().lstrip(b"/")
        return self._thread.run_page(source, name.encode(), cell, place)

    def serve(self, folder: str) -> Future[int]:
        """Serves a folder on the page server, as the root of all paths, and returns the server's port.

        Its `.preload` runs first, and `require` finds what is in its `.lua/`; pages (`.lsp`) run, and
        other files are sent unless they are hidden. The folder replaces the one that was served before. The
        future raises UsageError, with the reason, if there is no such folder or `.preload` fails.
        """
        path = os.path.realpath(folder)
        if not os.path.isdir(path):
            missing: Future[int] = Future()
            missing.set_exception(UsageError(f"cannot find folder {folder!r}"))
            return missing
        return _then(self._thread.ask("serve", os.fsencode(path)), _port)

    def interrupt(self) -> None:
        """Stops the running cell wherever it is, and background code that runs without ever waiting.

        The state, the sockets and all other cosockets survive. Safe to call in a signal handler.
        """
        self._thread.interrupt()

    def reply_input(self, line: bytes | None) -> None:
        """Answers InputRequested with a line (including its newline), or None for the end of the input."""
        self._thread.tell("input", line)

    def members(self, path: Path, prefix: str = "", most: int = MOST_NAMES) -> Future[Members]:
        """Returns the names below `path` that begin with `prefix`: of the globals (for an empty path), of a
        table, or of what its metatable's `__index` leads to. Runs nothing of a program's.

        A path is a sequence of names and whole numbers. Of a large table, `most` names are returned, of those
        that are found among the first 100,000 keys. Names that are not UTF-8 have surrogate escapes.
        """
        beginning = prefix.encode("utf-8", "surrogateescape")
        question = self._thread.ask("members", beginning, most, *_keys(path))
        return _then(question, _members)

    def describe(self, path: Path) -> Future[Described | None]:
        """Returns what `path` leads to, or None if it leads to nothing. Runs nothing of a program's."""
        return _then(self._thread.ask("describe", *_keys(path)), _described)

    def globals(self) -> Future[GlobalNames]:
        """Returns the globals that programs have made or changed, by name; no code of theirs runs for it."""
        return _then(self._thread.ask("globals"), _globals)

    def set_trace_level(self, level: int, asker: str = "") -> None:
        """Shows what `tracep` traces with priorities up to this one from now on; it is 5 at the beginning.

        Of several who ask, each by a name of its own, the one counts that wants to see most.
        """
        with self._level_lock:
            self._levels[asker] = level
            self._thread.tell("trace_level", max(self._levels.values()))

    def trace_http(self, wanted: HttpTrace) -> None:
        """Traces these parts of the page server's requests and responses from now on; at first none."""
        self._thread.trace_http(wanted)

    def sockets(self) -> Future[tuple[SocketInfo, ...]]:
        """Returns a row for every socket object and every connection of the page server.

        The lab's own servers are not among them.
        """
        return _then(self._thread.ask("sockets"), self._thread.rows)

    def close_sockets(
        self, *, socket: int | None = None, cell: int | None = None
    ) -> Future[tuple[SocketInfo, ...]]:
        """Closes one socket by its number, else those that a cell has made, else all.

        Each is closed as `s:close()` does: whoever waits on it gets the documented reason. The future is done
        when they are closed, and has their rows as they were before.
        """
        which, number = (b"socket", socket) if socket is not None else (b"cell", cell)
        chosen = (b"all",) if number is None else (which, number)

        def is_meant(page: int) -> bool:
            return cell is None and socket in (None, page)

        closable = self._thread.ask("closable", *chosen)
        before = _then(closable, lambda answer: self._thread.rows(answer, is_meant))
        return _then(self._thread.ask("close_sockets", *chosen), lambda _: before.result())

    @property
    def counts_instructions(self) -> bool:
        """Tells whether programs are slowed down so that they can be stopped.

        If lupa's library does not export Lua's C functions, a hook that counts instructions replaces them,
        and busy programs take 1.4 to 2.5 times as long.
        """
        return self._thread.counts_instructions

    def use_lab(self, lab: Lab | None) -> None:
        """Lets a lab network that is on answer for its host names; None gives them back to the internet.

        Only the hosts that it has now are answered for; after adding one, call this again.

        `ba.sharkclient()` trusts the lab's root for as long as that lab is the one in use.
        """
        if lab is None:
            self._resolver.set_routes(None)
        else:
            self._resolver.set_routes(lab.routes, lab)
            lab.on_incident = self._thread.listening.incident
        root = None if lab is None else lab.ca_pem
        self._thread.call(lambda network: network.tls_objects.trust_lab(root))

    def record(self, *, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> Recording:
        """Records what the sockets do, and returns the recording, which also is a context that ends it.

        It has all that a cell does which is run after this call, and begins with an Opened for every socket
        that there is. `most_events` is how many events are kept, and `most_bytes` how many bytes of data with
        them; of more, the oldest are dropped and counted. There may be several recordings at once. Raises
        ValueError for bounds that keep nothing.
        """
        from .observe.recording import Recording

        recording = Recording(most_events, most_bytes)
        self._thread.record(recording)
        return recording

    def capture(self, path: str) -> None:
        """Writes every byte on the wire of the sockets to a new pcapng file, until `end_capture` or `close`.

        The file holds the keys of TLS connections that are made meanwhile. A cell that is run after this
        call is captured from its beginning. Raises UsageError when there is a capture already, or when the
        file exists or cannot be made, with the reason.
        """
        from .observe.capturing import Capturing

        if self._capturing is not None:
            raise UsageError(f"a capture to {self._capturing.path} is under way; end it first")
        self._capturing = Capturing(path, self._thread, self._resolver.route_of, self._sink)

    def end_capture(self) -> CaptureSummary | None:
        """Ends the capture, completes its file, and says what is in it; None when there is no capture."""
        capturing, self._capturing = self._capturing, None
        return None if capturing is None else capturing.end()

    def until_idle(self) -> Future[None]:
        """Returns a future that is done when the last cosocket and thread job has ended."""
        return _then(self._thread.ask("idle"), lambda _: None)

    def close(self, timeout_s: float = 2) -> None:
        """Ends the runtime: running code is cut off, sockets are closed, futures get RuntimeClosed."""
        if not self._closed:
            self._closed = True
            self._thread.close(timeout_s)
            summary = self.end_capture()
            if summary is not None and summary.dropped_bytes:
                self._sink(
                    Note(0, f"the capture lacks {summary.dropped_bytes:,} bytes: the disk was too slow")
                )
            self._resolver.close()


def _globals(answer: tuple[Any, ...]) -> GlobalNames:
    count, *flat = answer
    texts = [text.decode("utf-8", "replace") for text in flat]
    return GlobalNames(count, tuple(map(GlobalName, texts[::3], texts[1::3], texts[2::3])))


def _timing(result: CellResult) -> Timing:
    loops, *seconds = result.values if result.error is None else (b"0",)
    return Timing(result.cell, int(loops), tuple(map(float, seconds)), result.error)


def _keys(path: Path) -> Iterator[bytes | int]:
    for key in path:
        # A number that no integer of Lua's can be leads to nothing, as any other name that is not there.
        if isinstance(key, int) and abs(key) < MOST_INTEGER:
            yield key
        else:
            yield str(key).encode("utf-8", "surrogateescape")


def _members(answer: tuple[Any, ...]) -> Members:
    texts = [text.decode("utf-8", "surrogateescape") for text in answer]
    return Members(texts[0], tuple(zip(texts[1::2], texts[2::2], strict=True)))


def _described(answer: tuple[Any, ...]) -> Described | None:
    if not answer:
        return None
    type_name, text, *function = answer
    defined = None
    if function:
        source, first, last, is_vararg, *names = function
        parameters = tuple(name.decode("utf-8", "replace") for name in names)
        defined = Defined(source.decode("utf-8", "replace"), first, last, (*parameters, *["..."] * is_vararg))
    return Described(type_name.decode(), text.decode("utf-8", "replace"), defined)


def _port(answer: tuple[Any, ...]) -> int:
    is_served, outcome = answer
    if not is_served:
        raise UsageError(outcome.decode("utf-8", "replace"))
    return int(outcome)


def _then(question: Future[Any], convert: Any) -> Future[Any]:
    """Returns a future of `convert(answer)`; it runs on the Lua thread and must be quick."""
    converted: Future[Any] = Future()
    converted.set_running_or_notify_cancel()

    def done(answer: Future[Any]) -> None:
        fault = answer.exception()
        if fault is not None:
            converted.set_exception(fault)
            return
        try:
            converted.set_result(convert(answer.result()))
        except UsageError as error:
            converted.set_exception(error)

    question.add_done_callback(done)
    return converted
