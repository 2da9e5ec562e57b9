"""Waits for the operating system: one selector, a wake-up for other threads, and what arrived.

Owned by the Lua thread, but for `post`, which any thread may call. Knows descriptors, numbers and bytes; no
Lua, no protocol.

Theory of operation. Every descriptor belongs to a number (the socket's, never used twice). A readable stream
that has a `receive` function is read here at once, one chunk, so that a batch of a hundred readable sockets
costs one crossing to Lua. Everything else is handed to the descriptor's `on_ready`, which emits what follows
from it. `poll` returns all of it flat, `number, value, number, value …`, the cheapest shape to hand to Lua:
what was received under the socket's number, a signal (an integer, see sockets/reasons.py) under its
negative, so that Lua need not ask for the type of every value.

Interest is level-triggered and stays: a connection that is read, answered and read again costs no system call
but these. Whoever gets data for a socket that nobody reads switches its interest off
(lua/sockets/stream.lua).
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from ._resolver import Answer
    from .observe.events import SocketKind

READ = 1  # the values of EPOLLIN and EPOLLOUT, so that epoll's masks need no translation
WRITE = 4

CHUNK_BYTES = 8192  # what one read of the original returns at most
LONGEST_S = 86400.0  # selectors cannot count to infinity, and a poll that ends early does no harm
BATCH = 100  # events per poll: bounds both the latency of the last one and Lua's stack

Value: TypeAlias = "int | bytes"
OnReady: TypeAlias = Callable[[int], None]
Receive: TypeAlias = "Callable[[int], Value]"  # bytes; or whatever integer means something to who gets it


class Poller(Protocol):
    """What the reactor asks of the operating system; masks are READ and WRITE."""

    def register(self, fd: int, mask: int, /) -> None: ...

    def modify(self, fd: int, mask: int, /) -> None: ...

    def unregister(self, fd: int, /) -> None: ...

    def poll(self, timeout_s: float | None, most: int, /) -> list[tuple[int, int]]: ...

    def close(self) -> None: ...


class Journal(Protocol):
    """Whoever records what happens to sockets (observe/recorder.py): see there for each method."""

    def opened(
        self,
        number: int,
        kind: SocketKind,
        cell: int,
        sock: socket.socket | None,
        parent: int = 0,
        *,
        is_secure: bool = False,
    ) -> None: ...

    def layered(self, number: int) -> None: ...

    def resolved(self, number: int, name: str, answer: Answer) -> None: ...

    def connecting(self, number: int, name: str, address: Sequence[Any], is_in_lab: bool) -> None: ...

    def connected(self, number: int, sock: socket.socket) -> None: ...

    # Any: a stream with TLS, which is built on this module
    def secured(self, stream: Any) -> None: ...

    def failed(self, number: int, reason: str, words: str = "") -> None: ...

    def broken(self, number: int) -> None: ...

    def closed(self, number: int, by: bytes | None, reason: bytes | None = None) -> None: ...


class SelectorPoller:
    """Any platform's best selector; where epoll exists its own object is used, at half the cost."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._turn = 0

    @staticmethod
    def _events(mask: int) -> int:
        return (selectors.EVENT_READ if mask & READ else 0) | (selectors.EVENT_WRITE if mask & WRITE else 0)

    def register(self, fd: int, mask: int, /) -> None:
        self._selector.register(fd, self._events(mask))

    def modify(self, fd: int, mask: int, /) -> None:
        self._selector.modify(fd, self._events(mask))

    def unregister(self, fd: int, /) -> None:
        self._selector.unregister(fd)

    def poll(self, timeout_s: float | None, most: int, /) -> list[tuple[int, int]]:
        ready = self._selector.select(timeout_s)
        if len(ready) > most:  # others the next time: those in front could be ready always
            self._turn = (self._turn + most) % len(ready)
            ready = (ready[self._turn :] + ready[: self._turn])[:most]
        return [
            (
                key.fd,
                (READ if events & selectors.EVENT_READ else 0)
                | (WRITE if events & selectors.EVENT_WRITE else 0),
            )
            for key, events in ready
        ]

    def close(self) -> None:
        self._selector.close()


def best_poller() -> Poller:
    """Returns epoll itself where there is one (its methods are the protocol), else a selector."""
    return select.epoll() if hasattr(select, "epoll") else SelectorPoller()


class Reactor:
    """The selector of one Lua thread."""

    def __init__(self, poller: Poller | None = None) -> None:
        """Takes over `poller`; opens the wake-up pair."""
        self._poller = best_poller() if poller is None else poller
        # Two tables, because what most polls need should touch little memory: there may be thousands.
        self._receivers: dict[int, tuple[int, Receive]] = {}
        self._on_ready: dict[int, OnReady] = {}
        self._masks: dict[int, int] = {}
        self.make_way: Callable[[int], None] = lambda _: None  # in Lua's memory, for so many bytes
        self.journal: Journal | None = None  # there is one only while somebody records
        self._emitted: list[Value] = []
        self._again: set[int] = set()
        self._posted: deque[Callable[[], None]] = deque()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._awake = False
        self._poller.register(self._wake_out.fileno(), READ)
        self._on_ready[self._wake_out.fileno()] = self._drain_wake

    def add(self, fd: int, number: int, on_ready: OnReady, receive: Receive | None = None) -> None:
        """Introduces a descriptor; nothing is reported before `want`."""
        self._on_ready[fd] = on_ready
        if receive is not None:
            self._receivers[fd] = (number, receive)

    def want(self, fd: int, mask: int) -> None:
        """Sets what is reported for `fd`. With 0 not even a hang-up is, which epoll would repeat forever."""
        before = self._masks.get(fd, 0)
        if mask == before:
            return
        self._masks[fd] = mask
        if not before:
            self._poller.register(fd, mask)
        elif mask:
            self._poller.modify(fd, mask)
        else:
            self._poller.unregister(fd)

    def wanted(self, fd: int) -> int:
        """Returns what is reported for `fd` now."""
        return self._masks.get(fd, 0)

    def again(self, fd: int) -> None:
        """Treats `fd` as readable in the next poll, if reading is wanted then: it has more than it gave."""
        self._again.add(fd)

    def remove(self, fd: int) -> None:
        """Forgets a descriptor, before it is closed."""
        if self._masks.pop(fd, 0):
            with contextlib.suppress(OSError, KeyError):
                self._poller.unregister(fd)
        self._on_ready.pop(fd, None)
        self._receivers.pop(fd, None)
        self._again.discard(fd)

    def emit(self, number: int, signal: int) -> None:
        """Adds a signal to what the next `poll` (or the one that is running) returns."""
        self._emitted += (-number, signal)

    def note_broken(self, number: int) -> None:
        """Notes, if somebody records, that the system has given the connection up: a reset, mostly."""
        if self.journal is not None:
            self.journal.broken(number)

    def deliver(self, number: int, *received: Value) -> None:
        """Adds what a `receive` returned, or would return one by one, as `poll` does itself."""
        self._emitted.extend(chain.from_iterable(zip(repeat(number), received)))

    def post(self, work: Callable[[], None]) -> None:
        """Runs `work` on the Lua thread, soon. Any thread may call this."""
        self._posted.append(work)
        self.wake()

    def wake(self) -> None:
        """Ends a `poll` that waits. Any thread, and signal handlers, may call this."""
        if not self._awake:
            self._awake = True
            with contextlib.suppress(OSError):  # a full pipe wakes just as well; a closed one need not
                self._wake_in.send(b"\0")

    def poll(self, deadline: float | None = None) -> tuple[Value, ...]:
        """Waits until something arrives, or `deadline` (monotonic seconds) comes, and returns it flat."""
        emitted = self._emitted
        if emitted or self._posted or self._again:
            timeout: float | None = 0
        elif deadline is None:
            timeout = None
        else:
            # Selectors count in milliseconds and round up, so this never returns early and spins.
            timeout = min(max(0.0, deadline - monotonic()), LONGEST_S)
        receivers, on_ready = self._receivers, self._on_ready
        ready = self._poller.poll(timeout, BATCH)
        if self._again:
            ready = self._with_those_again(ready)
        for fd, mask in ready:
            if mask & WRITE or fd not in receivers:
                if fd in on_ready:
                    on_ready[fd](mask)
                continue
            number, receive = receivers[fd]
            data: Value
            try:
                data = receive(CHUNK_BYTES)
            except BlockingIOError:
                continue
            except OSError:  # a reset reads as an end, see reasons.py
                self.note_broken(number)
                data = b""
            emitted.append(number)
            emitted.append(data)
        while self._posted:
            self._posted.popleft()()
        self._emitted = []
        return tuple(emitted)

    def _with_those_again(self, ready: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Adds the descriptors of `again`; each at most once, since Lua takes one chunk at a time."""
        again, self._again = self._again, set()
        masks = dict(ready)
        for fd in again:
            if self._masks.get(fd, 0) & READ:
                masks[fd] = masks.get(fd, 0) | READ
        return list(masks.items())

    def _drain_wake(self, _mask: int) -> None:
        with contextlib.suppress(OSError):
            self._wake_out.recv(4096)
        # Only now: had a wake in between sent a byte, it would have been read just above, and later wakes
        # would count on it. What was posted before this line is looked at after it, in the same poll.
        self._awake = False

    def close(self) -> None:
        """Gives the descriptors back; nothing may be called after it but `wake`."""
        self._poller.close()
        self._wake_in.close()
        self._wake_out.close()
        self._on_ready.clear()
        self._receivers.clear()
        self._masks.clear()
