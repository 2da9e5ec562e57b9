"""The Lua state of the moment, and what outlives it when the user asks for a fresh one.

The runtime starts late, when the first cell needs it or when the kernel has been idle for a moment, because
the first thing a front end waits for is the answer to kernel_info. This is the only place that makes a
`Runtime`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ba_runtime.errors import RuntimeClosed
from ba_runtime.events import (
    CaptureSummary,
    CellResult,
    GlobalNames,
    PageResult,
    Sink,
    SocketInfo,
    Timing,
)
from ba_runtime.looking import Described, Members, Path

from ._links import public_host

if TYPE_CHECKING:
    from ba_runtime import Compiler
    from ba_runtime.lab import Lab
    from ba_runtime.observe import Event as Seen
    from ba_runtime.web import HttpTrace

T = TypeVar("T")

# Jupyter sends SIGTERM to a process that has not ended after two and a half seconds, and kills it after five.
# Lua that spins is interrupted first and leaves long before this.
CLOSE_S = 0.5
# Cells that need no Lua, before it has been started.
UNTOLD_CELLS = 100


async def within(future: Future[T], seconds: float) -> T:
    """Returns what the Lua thread answers; raises asyncio.TimeoutError if it is busy for longer than that.

    Unlike with `asyncio.wait_for`, the future is left alone: the Lua thread may still be about to answer.
    """
    answer = asyncio.wrap_future(future)
    done, _ = await asyncio.wait({answer}, timeout=seconds)
    if done:
        return answer.result()
    answer.add_done_callback(_ignore)
    raise asyncio.TimeoutError


def _ignore(answer: asyncio.Future[T]) -> None:
    if not answer.cancelled():
        answer.exception()  # looked at, or asyncio would complain that nobody did


class Recording(Protocol):
    """What the kernel needs of `ba_runtime.observe`'s recording."""

    @property
    def begun(self) -> Future[None]: ...
    @property
    def dropped(self) -> int: ...
    def events(self) -> tuple[Seen, ...]: ...
    def end(self) -> Future[None]: ...


class LuaRuntime(Protocol):
    """What the kernel needs of `ba_runtime.Runtime`, so that tests can bring one without Lua."""

    @property
    def counts_instructions(self) -> bool: ...
    def start(self) -> None: ...
    def run_cell(self, source: bytes, *, name: str, cell: int) -> Future[CellResult]: ...
    def run_page(
        self, source: bytes, *, name: str, cell: int, path: str | None = ...
    ) -> Future[PageResult]: ...
    def run_program(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ...
    ) -> Future[CellResult]: ...
    def time_cell(
        self, source: bytes, *, name: str, cell: int, loops: int = ..., repeats: int
    ) -> Future[Timing]: ...
    def processor_time(self) -> Future[float]: ...
    def remember(self, cell: int, text: bytes) -> None: ...
    def globals(self) -> Future[GlobalNames]: ...
    def serve(self, folder: str) -> Future[int]: ...
    def interrupt(self) -> None: ...
    def reply_input(self, line: bytes | None) -> None: ...
    def members(self, path: Path, prefix: str = ..., most: int = ...) -> Future[Members]: ...
    def describe(self, path: Path) -> Future[Described | None]: ...
    def sockets(self) -> Future[tuple[SocketInfo, ...]]: ...
    def close_sockets(
        self, *, socket: int | None = ..., cell: int | None = ...
    ) -> Future[tuple[SocketInfo, ...]]: ...
    def record(self) -> Recording: ...
    def trace_http(self, wanted: HttpTrace) -> None: ...
    def set_trace_level(self, level: int, asker: str = ...) -> None: ...
    def use_lab(self, lab: Lab | None) -> None: ...
    def capture(self, path: str) -> None: ...
    def end_capture(self) -> CaptureSummary | None: ...
    def close(self, timeout_s: float = ...) -> None: ...


def new_runtime(sink: Sink) -> LuaRuntime:
    """Makes the real runtime; tests bring a function of their own."""
    from ba_runtime import Runtime
    from ba_runtime.web import Access

    return Runtime(sink, web_access=Access(also=(public_host(),)))


class Engine:
    """Owns one runtime at a time, and the lab network that it is pointed at."""

    def __init__(self, sink: Sink, make: Callable[[Sink], LuaRuntime] = new_runtime) -> None:
        self._sink = sink
        self._make = make
        self._lock = threading.Lock()
        self._runtime: LuaRuntime | None = None
        self._untold: deque[tuple[int, bytes]] = deque(maxlen=UNTOLD_CELLS)
        self._compiler: Compiler | None = None
        self._is_closed = False
        self.unanswered: Future[Any] | None = None  # the last question that somebody at a keyboard has asked
        self.lab: Lab | None = None
        self._level: int | None = None  # of traces; None for the runtime's own choice

    @property
    def is_closed(self) -> bool:
        """Whether the kernel is shutting down."""
        return self._is_closed

    @property
    def runtime(self) -> LuaRuntime:
        """The running Lua state, started now if there was none."""
        with self._lock:
            if self._is_closed:
                raise RuntimeClosed("the kernel is shutting down")
            if self._runtime is None:
                runtime = self._make(self._sink)
                runtime.start()  # may fail, for want of a descriptor; the next cell tries again
                runtime.use_lab(self.lab)
                while self._untold:
                    runtime.remember(*self._untold.popleft())
                if self._level is not None:
                    runtime.set_trace_level(self._level, "%trace")
                self._runtime = runtime
            return self._runtime

    @property
    def running(self) -> LuaRuntime | None:
        """The running Lua state, None where none was started, or it was reset."""
        return self._runtime

    @property
    def compiler(self) -> Compiler:
        """A Lua compiler beside the running state, which may be busy; for the main loop."""
        if self._compiler is None:
            from ba_runtime import Compiler

            self._compiler = Compiler()
        return self._compiler

    def chunk(self, lua: str) -> bytes:
        """Returns what to compile for a cell, so that its last expression is its value."""
        from ba_runtime.syntax import cell_chunk

        return cell_chunk(lua, self.compiler)

    def remember(self, cell: int, code: str) -> None:
        """Tells Lua the text of a cell that is about to run; a state that is not there yet, when it is."""
        text = code.encode("utf-8", "replace")
        with self._lock:
            if self._runtime is not None:
                self._runtime.remember(cell, text)
            elif not self._is_closed:
                self._untold.append((cell, text))

    def warm_up(self) -> None:
        """Starts Lua before it is needed; if that is not possible, the next cell says why."""
        with contextlib.suppress(RuntimeClosed, OSError):
            _ = self.runtime

    def interrupt(self) -> None:
        """Stops the Lua code that runs now. From any thread, and from a signal handler: takes no lock."""
        runtime = self._runtime
        if runtime is not None:
            runtime.interrupt()

    def reply_input(self, line: bytes | None) -> None:
        """Answers what Lua asks the user; a state that is gone has forgotten its questions."""
        runtime = self._runtime
        if runtime is not None:
            runtime.reply_input(line)

    def reset(self) -> None:
        """Closes this Lua state with its sockets; the next use makes a fresh one."""
        with self._lock:
            runtime, self._runtime = self._runtime, None
            self._untold.clear()
        if runtime is not None:
            runtime.interrupt()
            runtime.close(CLOSE_S)

    def use_lab(self, lab: Lab | None) -> None:
        """Points name resolution at the lab network, now and after a reset, or back at the internet.

        The lab's certificates are trusted as long as it is the one in use. The one before is stopped; the
        same one, used again because it has more hosts, goes on.
        """
        former, self.lab = self.lab, lab
        with self._lock:
            if self._runtime is not None:
                self._runtime.use_lab(lab)
        if former is not None and former is not lab:
            former.stop()

    def set_trace_level(self, level: int) -> None:
        """Lets the runtime report what is traced up to this priority, now and after a reset."""
        with self._lock:
            self._level = level
            if self._runtime is not None:
                self._runtime.set_trace_level(level, "%trace")

    def close(self) -> None:
        """Ends Lua and the lab, in about a second at most."""
        self._is_closed = True
        self.reset()
        self.use_lab(None)
