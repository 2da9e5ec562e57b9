"""The Lua thread: one OS thread that owns the Lua state, every socket and the reactor.

Who calls what: other threads leave requests (`run_cell`, `ask`, `tell`, `call`), which wakes the reactor's
poll; Lua takes them in its main loop and answers through the functions that it is given (`functions`). The
first section below is for other threads; what the others hold runs on the Lua thread, and says so where it
does not.

The thread's main loop is Lua's (`lua/tasks/sched.lua`); Python is called back for polling and system calls.
When that loop ends with an error, which is a fault of ours or memory that ran out, it is reported and entered
again: nothing that Lua does may end the kernel.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any

from ._cells import Cell, Cells
from ._crossing import crossing_table
from ._files import Files
from ._finalizers import Finalizers
from ._guard import Guard
from ._interrupt import Interrupter
from ._listening import Change, Listening
from ._lua import LuaMemoryError, LuaState, Main
from ._reactor import CHUNK_BYTES, Reactor, Value
from ._resolver import Resolver
from ._watchdog import Watchdog
from .errors import RequestFailed, RuntimeClosed
from .events import CellResult, Note, PageResult, Sink, Stuck
from .hints import Hints
from .sockets import Network, Rows, socket_rows
from .sockets.channel import Watcher
from .web import Access, HttpTrace, Limits, WebServer

if TYPE_CHECKING:
    from .observe.recording import Recording

# Coroutines and userdata have finalizers that keep them until the next collection (lua/tasks/interrupt.lua,
# lua/userdata.lua); so it takes three until a socket's coroutine is gone.
COLLECTIONS = 3

FAREWELL_S = 1.0  # for what programs do when the runtime ends


def _bytes_in(values: tuple[object, ...]) -> int:
    return sum(len(value) for value in values if isinstance(value, bytes))


class LuaThread(threading.Thread):
    """Runs Lua until `close`. One per `Runtime`."""

    def __init__(
        self, sink: Sink, resolver: Resolver, max_memory: int, web_limits: Limits, web_access: Access
    ) -> None:
        """`sink` gets the events, on this thread; `web_limits` and `web_access` bound the page server."""
        super().__init__(name="lua", daemon=True)
        self._sink = sink
        self._resolver = resolver
        self._max_memory = max_memory
        self._reactor = Reactor()
        self._interrupter = Interrupter()
        self._watchdog = Watchdog(self._interrupter, self._nudge, self._stuck)
        self._finalizers = Finalizers(sink, lambda: self._cells.running(), self._finalizer_failed)
        self._network = Network(self._reactor, resolver, sink)
        self._web = WebServer(self._reactor, self._network, web_limits, web_access)
        self.listening = Listening(sink, self._reactor, self._network, self._web)
        self._requests: deque[tuple[object, ...]] = deque()
        self._hints = Hints()
        self._cells = Cells(self._hand_over, self._before_cell, self._hints)
        self._tickets: dict[int, Future[tuple[Any, ...]]] = {}
        self._last_ticket = 0
        self._has_farewell = self._is_leaving = False  # something is to be done first; it is being done
        self._closing = False
        self._ended = False
        self._unanswered: set[Future[Any]] = set()
        self._polled: tuple[Value, ...] = ()
        self._state: LuaState | None = None
        self._failure: Exception | None = None  # of the main loop, which is told when it is called again
        self._is_short: bool | None = False  # of memory; None after a failure: the next poll has to look
        self.started: Future[None] = Future()

    # ------------------------------------------------------------ for other threads

    def run_cell(
        self, source: bytes, name: bytes, number: int, arguments: tuple[bytes, ...] = ()
    ) -> Future[CellResult]:
        """Queues a cell; cells run one after the other."""
        return self._queue(Cell(number, source, name, Future(), more=arguments))

    def run_program(
        self, source: bytes, name: bytes, number: int, arguments: tuple[bytes, ...]
    ) -> Future[CellResult]:
        """Queues a program as a cell."""
        return self._queue(Cell(number, source, name, Future(), "program", arguments))

    def time_cell(
        self, source: bytes, name: bytes, number: int, loops: int, repeats: int
    ) -> Future[CellResult]:
        """Queues a cell that measures a chunk (lua/tasks/timing.lua)."""
        return self._queue(Cell(number, source, name, Future(), "timing", (loops, repeats)))

    def run_page(self, source: bytes, name: bytes, number: int, path: bytes) -> Future[PageResult]:
        """Queues a page as a cell; `path` is where to put it, empty for nowhere."""
        cell = Cell(number, source, name, Future(), "page", (path,))
        page = self._cells.page_of(cell)
        self._queue(cell)
        return page

    def _queue(self, cell: Cell) -> Future[CellResult]:
        self._post(lambda: self._cells.add(cell), cell.result)
        return cell.result

    def ask(self, kind: str, *arguments: bytes | int) -> Future[tuple[Any, ...]]:
        """Asks Lua something (`questions` in lua/boot.lua); the answer, a tuple, may raise RequestFailed."""
        answer: Future[tuple[Any, ...]] = Future()

        def work() -> None:
            self._last_ticket += 1
            self._tickets[self._last_ticket] = answer
            self._hand_over(kind, self._last_ticket, *arguments)

        self._post(work, answer)
        return answer

    def processor_time(self) -> Future[float]:
        """Returns how long this thread has computed, in seconds, when it is next at rest."""
        answer: Future[float] = Future()
        self._post(lambda: answer.set_result(time.thread_time()), answer)
        return answer

    def tell(self, kind: str, *arguments: object) -> None:
        """Tells Lua something that needs no answer."""
        self._post(lambda: self._hand_over(kind, *arguments))

    def call(self, work: Callable[[Network], None]) -> None:
        """Runs `work` on the Lua thread, soon."""
        self._post(lambda: work(self._network))

    def trace_http(self, wanted: HttpTrace) -> None:
        """Traces these parts of the page server's traffic."""
        self._post(lambda: self._web.trace(wanted, self._sink))

    def watch(self, watcher: Watcher) -> Future[tuple[Any, ...]]:
        """Lets `watcher` listen to every socket, the page server's as well; done when it does.

        A cell that is run after this call is heard from its beginning.
        """
        return self._change_watchers(self.listening.adding(watcher))

    def unwatch(self, watcher: Watcher) -> Future[tuple[Any, ...]]:
        """Lets `watcher` listen no more; done when it hears nothing any more."""
        return self._change_watchers(self.listening.removing(watcher))

    def record(self, recording: Recording) -> None:
        """Begins a recording; a cell that is run after this call is heard from its beginning."""
        recording.begun = self._change_watchers(self.listening.beginning(recording))
        recording.finish = lambda: self._change_watchers(self.listening.ending(recording))
        recording.catch_up = lambda: self.ask("recorded")

    def _change_watchers(self, change: Change) -> Future[tuple[Any, ...]]:
        self._post(lambda: self.listening.changes.append(change))
        return self.ask("watch")

    @property
    def counts_instructions(self) -> bool:
        """Tells whether a hook must count instructions, so that there can be interrupts."""
        return self._interrupter.counts_instructions

    def interrupt(self) -> None:
        """Stops the running cell, and whatever runs without ever waiting. Safe in a signal handler."""
        self._watchdog.begin()
        self._nudge()

    def _nudge(self) -> None:
        self.tell("interrupt", self._watchdog.serial)

    def close(self, timeout_s: float) -> None:
        """Ends the thread, cutting off what runs. Waits `timeout_s` at most; the thread is a daemon."""
        if self._has_farewell and self.is_alive() and threading.current_thread() is not self:
            self._take_leave(min(FAREWELL_S, timeout_s))
        self._closing = True
        self._watchdog.begin()
        self.tell("close")
        if self.ident is None:  # never started
            self._finish()
        elif self.is_alive() and threading.current_thread() is not self:
            self.join(timeout_s)
            self._cancel_all()  # should it not have ended: nobody is to wait for it

    def _take_leave(self, timeout_s: float) -> None:
        """Lets programs do what they want to do at the end, for which a cell that still runs is stopped."""
        self._is_leaving = True
        if self._cells.running() != (0, b""):
            self.interrupt()
        with contextlib.suppress(FutureTimeout, RuntimeClosed):
            self.ask("farewell").result(timeout_s)

    def _note_farewell(self) -> None:
        self._has_farewell = True

    def _post(self, work: Callable[[], None], answer: Future[Any] | None = None) -> None:
        if answer is not None:
            self._unanswered.add(answer)
            answer.add_done_callback(self._unanswered.discard)
        self._reactor.post(work)
        if self._ended:  # looked at after it was added, so that either this thread or the ending one answers
            self._cancel_all()

    # ------------------------------------------------------------ the thread

    def run(self) -> None:
        """Makes the state, runs its main loop, and cleans up. Called by `start`."""
        files = Files()
        self._watchdog.start()
        try:
            state = self._state = LuaState(self._max_memory)
            self._reactor.make_way = state.make_way
            guard = Guard(lambda: state)
            self.listening.count_in(*state.counter())
            host = crossing_table(self._sink, self, self._network, self._web, self._interrupter, files, guard)
            main = state.boot(host.names, host.plain, host.modest, host.guarded)
        except BaseException as fault:  # whoever waits for `started` gets it
            self.started.set_exception(fault)
        else:
            self.started.set_result(None)
            while not self._closing:
                self._run_main(main)
        self._finalizers.close()
        self._finish()
        files.close()

    def _finish(self) -> None:
        self._web.close_all()
        self._network.close_all()
        self.listening.end_all()
        self._reactor.close()
        self._ended = True
        self._watchdog.over()
        self._watchdog.close()
        self._cancel_all()

    def _run_main(self, main: Main) -> None:
        failure, self._failure = self._failure, None
        is_memory = isinstance(failure, LuaMemoryError)
        problem = failure and f"the runtime's loop failed and was restarted: {failure or 'not enough memory'}"
        try:
            main(problem.encode() if problem else None, is_memory)
        except Exception as fault:  # never of the user's making: all of their code runs in tasks
            self._memory_failed()
            self._failure = fault

    def _cancel_all(self) -> None:
        for answer in list(self._unanswered):
            with contextlib.suppress(InvalidStateError):  # another thread was faster
                answer.set_exception(RuntimeClosed("the runtime is closed"))

    def _hand_over(self, kind: str, *arguments: object) -> None:
        request = (kind, *arguments)
        self._requests.append(tuple(v.encode() if isinstance(v, str) else v for v in request))
        self._reactor.emit(0, 0)

    # ------------------------------------------------------------ what Lua calls

    def functions(self) -> Mapping[str, object]:
        """Returns this thread's part of the crossing table."""
        return {
            "poll": self._poll,
            "polled": lambda: self._polled,
            "take": self._take,
            "reply": self._reply,
            "reply_failed": self._reply_failed,
            **self._cells.functions(),
            **self._hints.functions(),
            "has_farewell": self._note_farewell,
            "finalizers_learn": self._finalizers.learn,
            "finalizers_switch": self._finalizers.switch,
            **self.listening.functions(),
            "is_interrupting": self._is_interrupting,
            "interrupt_over": self._interrupt_over,
            "stop_running": self._watchdog.begin,
            "has_room": lambda size=0: self._state is not None and self._state.has_room(size),
            "make_way": lambda size=0: self._reactor.make_way(size),
            "memory_failed": self._memory_failed,
            "memory_is_short": lambda: self._state is not None and self._state.is_short_of_memory(),
            "memory_used_up": self._memory_used_up,
        }

    def _poll(self, deadline: float | None = None) -> tuple[Value, ...]:
        # Every round trip of a socket comes through here: what is not always needed is behind a comparison.
        state = self._state
        assert state is not None
        if self._closing and not self._requests:
            # Lua has been told already; but a finalizer may have run before it could listen, and wait now.
            self._hand_over("close")
        used = state.memory_used()
        if used >= state.tight_bytes or self._is_short is not False:
            self._note_shortage(state)
        if self._watchdog.is_active:
            self._watchdog.note_life()
        if self._finalizers.count:  # hardly ever; a call that does nothing would cost every poll
            self._finalizers.turn()
        self._polled = ()  # it may be a megabyte, which `poll` is about to need again
        self._polled = polled = self._reactor.poll(deadline)
        if self.listening.recorder is not None:
            self.listening.recorder.arrived(polled)
        if used + len(polled) * CHUNK_BYTES > state.tight_bytes or state.is_raised:
            state.take_back()
            state.make_way(_bytes_in(polled))
        return polled

    def _note_shortage(self, state: LuaState) -> None:
        is_short = state.is_short_of_memory()
        if is_short == self._is_short:
            return
        self._is_short = is_short
        if is_short:
            state.open_reserve()
            self._hand_over("memory", COLLECTIONS)
        else:
            state.restore_bound()
            self._hand_over("memory_eased")

    def _memory_failed(self) -> None:
        assert self._state is not None
        self._state.open_last_reserve()
        self._is_short = None

    def _memory_used_up(self) -> None:
        assert self._state is not None
        self._state.make_room()
        self._sink(Note(0, f"Lua's memory is nearly used up (limit: {self._max_memory >> 20} MiB)"))

    def _before_cell(self) -> bool:
        """Tells whether another cell is to begin now, and sees to memory for it."""
        if self._closing or self._is_leaving:
            return False
        if self._is_short:
            self._hand_over("memory", 1)
        return True

    def _take(self) -> tuple[object, ...] | None:
        if not self._requests:
            return None
        request = self._requests.popleft()
        self._reactor.make_way(_bytes_in(request))
        return request

    def _reply(self, ticket: int, *values: object) -> None:
        answer = self._tickets.pop(ticket, None)
        if answer is not None and not answer.done():  # else given up, or the runtime closes
            answer.set_result(values)

    def _reply_failed(self, ticket: int, problem: bytes) -> None:
        answer = self._tickets.pop(ticket, None)
        if answer is not None and not answer.done():
            answer.set_exception(RequestFailed(problem.decode("utf-8", "replace")))

    def _stuck(self, call: str) -> None:
        """Called on the watchdog's thread."""
        self._sink(Stuck(self._cells.running()[0], call))

    def _finalizer_failed(self) -> None:
        """Called in the middle of a collection."""
        if self._watchdog.is_active:
            self._interrupter.put_off_finalizers(is_over=True)

    def _is_interrupting(self) -> bool:
        """What Lua's hook asks first; it then needs some memory, in whatever code it is."""
        is_on = self._watchdog.is_on()
        if is_on and self._state is not None:
            self._state.make_way()
        return is_on

    def _interrupt_over(self, serial: int | None = None) -> None:
        if not self._closing:
            self._watchdog.over(serial)

    def rows(self, answer: tuple[Any, ...], closes: Callable[[int], bool] | None = None) -> Rows:
        """Returns the socket table in Lua's answer; of pages, with `closes`, only those, and closes them."""
        pages = self._web.rows(closes)
        rows = socket_rows(self._network, answer[0], pages)
        if closes is not None:
            self._web.drop(pages)
        return rows
