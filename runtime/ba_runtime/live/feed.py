"""The feed: what viewers of the live view are sent, whatever carries it to them.

Theory of operation. Nothing is queued for a viewer. The ring of the trace has the last 10,000 lines, each
with a number, and a viewer remembers which one comes next for it: a batch is what the ring has from there,
and the next one is made when the page says that it has got the last. So a viewer that is slow costs nothing;
it loses the oldest lines, and sees by their numbers how many. Lua's thread is never told of viewers, so
tracing costs it the same whether anybody looks or not.

Whoever carries messages calls `Viewer.receive` with each message of the page, and `Viewer.due` every
`BATCH_S` seconds, which returns what to send. Neither waits. They may be called on any thread, of different
viewers at the same time; everything is under one lock.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ba_runtime.errors import BaError
from ba_runtime.events import SocketInfo
from ba_runtime.trace import KEPT_LINES, NORMAL_LEVEL, Ring
from ba_runtime.web import HttpTrace

from . import messages
from ._panes import FlowPane, NetworkPane, Pane, SocketsPane
from ._source import Lua, Source
from .messages import Message, Wish

BATCH_S = 0.1
# A browser takes this many in a frame's time; more would hold it up, and ten batches a second carry 20,000.
BATCH_LINES = 2000
ASKER = "live view"  # others may want to see more, or less
MOST_ANSWERS = 20  # that wait for a viewer; one that orders more without looking loses the oldest


class Feed:
    """What all viewers of one ring have in common."""

    def __init__(
        self,
        ring: Ring,
        source: Source,
        title: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`source` holds the Lua state; `title` says whose trace this is."""
        self.ring = ring
        self.source = source
        self.title = title
        self.clock = clock
        self.session = secrets.token_hex(8)
        self.lock = threading.RLock()
        self.http = HttpTrace()
        self.is_closed = False
        self._levels: dict[object, int] = {}
        self._told: tuple[Lua | None, HttpTrace, int] = (None, HttpTrace(), NORMAL_LEVEL)
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="ba-live")
        sockets = SocketsPane()
        self._sockets = sockets
        self._network = NetworkPane(self._workers)
        self._panes: dict[str, Pane] = {
            "sockets": sockets,
            "flow": FlowPane(self._workers, sockets),
            "network": self._network,
        }
        self._watched: dict[object, str] = {}

    def viewer(self) -> Viewer:
        """Returns a new viewer, which has not begun."""
        return Viewer(self)

    def quieten(self) -> None:
        """Stops tracing HTTP: nobody is left who could turn it off."""
        with self.lock:
            self.http = HttpTrace()
            self.settle()

    def close(self) -> None:
        """Ends what was begun for viewers: tracing of HTTP, lower priorities, a recording.

        Viewers that are left get nothing any more.
        """
        with self.lock:
            self.is_closed = True
            self._levels.clear()
            self._watched.clear()
            for pane in self._panes.values():
                pane.rest()
            self.quieten()
        self._workers.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------ what holds for all

    def set_http(self, part: str, is_on: bool) -> None:
        """Traces a part of the page server's traffic from now on, or stops that."""
        with self.lock:
            self.http = self.http._replace(**{part: is_on})
            self.settle()

    def set_level(self, viewer: object, level: int | None) -> None:
        """Notes up to which priority a viewer wants to see lines; None for one that has gone."""
        with self.lock:
            if level is None:
                self._levels.pop(viewer, None)
            else:
                self._levels[viewer] = level
            self.settle()

    def settle(self) -> None:
        """Lets the Lua state, which may be another one by now, trace what is wanted."""
        lua = self.source.running
        wanted = (lua, self.http, max((NORMAL_LEVEL, *self._levels.values())))
        told, self._told = self._told, wanted
        if lua is None or wanted == told:
            return
        is_new = told[0] is not lua
        if is_new and wanted[1:] == (HttpTrace(), NORMAL_LEVEL):
            return
        lua.trace_http(self.http)
        lua.set_trace_level(wanted[2], ASKER)

    def state(self, faults: int, last_fault: str, level: int) -> Message:
        """Returns the message on what holds for all viewers."""
        return {
            "type": "state",
            "level": level,
            "http": self.http._asdict(),
            "faults": faults,
            "last_fault": last_fault,
            "is_running": self.source.running is not None,
        }

    # ------------------------------------------------------------ views

    def pane(self, name: str) -> Pane | None:
        """Returns a view's content, having looked for news; None for the trace."""
        pane = self._panes.get(name)
        if pane is not None:
            pane.look(self.source.running, self.source.lab, self.clock())
        return pane

    def watch(self, viewer: object, name: str) -> None:
        """Notes which view a viewer has open, empty for none."""
        before = self._watched.pop(viewer, "")
        if name:
            self._watched[viewer] = name
        if before and before != name and before not in self._watched.values():
            pane = self._panes.get(before)
            if pane is not None:
                pane.rest()

    def restart_flow(self) -> None:
        """Forgets what was recorded."""
        self._panes["flow"].rest()

    def order(self, words: str, tell: Callable[[Message], None]) -> None:
        """Gives the lab an order; `tell` gets the answer on some other thread."""
        self._network.order(self.source.lab, words, tell)

    def close_socket(self, number: int, tell: Callable[[Message], None]) -> None:
        """Closes a socket; `tell` gets the answer on some other thread."""
        lua = self.source.running
        if lua is None or number == 0:
            return

        def closed(answer: Future[tuple[SocketInfo, ...]]) -> None:
            self._sockets.hurry()
            try:
                rows = answer.result()
            except BaError as problem:
                tell(messages.said("close", str(problem), is_error=True))
                return
            text = f"Closed socket {number}." if rows else f"There is no socket {number} any more."
            tell(messages.said("close", text, is_error=not rows))

        lua.close_sockets(socket=number).add_done_callback(closed)


class Viewer:
    """One page that shows the feed."""

    def __init__(self, feed: Feed) -> None:
        """Sends nothing until the page says "start"."""
        self._feed = feed
        self._is_on = self._greets = False
        self._next = self._cleared = 0
        self._awaited: int | None = None  # the page has not said yet that it has got the lines before
        self._view = "trace"
        self._level = NORMAL_LEVEL
        self._shown: tuple[str, int] | None = None  # the view, and the version of its content
        self._state: Message | None = None
        self._answers: deque[Message] = deque(maxlen=MOST_ANSWERS)

    def receive(self, message: object) -> None:
        """Takes a message of the page's; one that makes no sense is ignored."""
        wish = messages.wish(message)
        if wish is not None:
            with self._feed.lock:
                if not self._feed.is_closed:
                    self._grant(wish)

    def due(self) -> list[Message]:
        """Returns what to send now."""
        feed = self._feed
        with feed.lock:
            if not self._is_on or feed.is_closed:
                return []
            feed.settle()
            return [*self._greeting(), *self._trace(), *self._content(), *self._take_answers()]

    def close(self) -> None:
        """The page is gone."""
        with self._feed.lock:
            self._stop()

    # ------------------------------------------------------------ what the page wants

    def _grant(self, wish: Wish) -> None:
        feed = self._feed
        if wish.kind == "start":
            self._start(wish.number if wish.text == feed.session else 0)
        elif wish.kind == "stop":
            self._stop()
        elif wish.kind == "got":
            if self._awaited is not None and wish.number >= self._awaited:
                self._awaited = None
        elif wish.kind == "view":
            self._view = wish.text
            if self._is_on:
                feed.watch(self, self._view)
        elif wish.kind == "level":
            self._level = wish.number
            if self._is_on:
                feed.set_level(self, self._level)
        elif wish.kind == "http":
            feed.set_http(wish.text, bool(wish.number))
        elif wish.kind == "close":
            feed.close_socket(wish.number, self._answers.append)
        elif wish.kind == "lab":
            feed.order(wish.text, self._answers.append)
        elif wish.kind == "restart":
            feed.restart_flow()

    def _start(self, after: int) -> None:
        self._is_on = self._greets = True
        self._next, self._awaited = after, None
        self._cleared, self._state, self._shown = 0, None, None
        self._feed.watch(self, self._view)
        self._feed.set_level(self, self._level)

    def _stop(self) -> None:
        self._is_on = False
        self._feed.watch(self, "")
        self._feed.set_level(self, None)

    # ------------------------------------------------------------ what it is sent

    def _greeting(self) -> list[Message]:
        if not self._greets:
            return []
        self._greets = False
        return [messages.hello(self._feed.session, self._feed.title, KEPT_LINES)]

    def _trace(self) -> list[Message]:
        most = 0 if self._awaited is not None else BATCH_LINES
        piece = self._feed.ring.since(self._next, most)
        due: list[Message] = []
        if piece.cleared > self._cleared:
            self._cleared = piece.cleared
            due.append({"type": "cleared", "upto": piece.cleared})
        if piece.lines:
            self._next = self._awaited = piece.first + len(piece.lines)
            due.append(messages.lines(piece))
        state = self._feed.state(piece.faults, piece.last_fault, self._level)
        if state != self._state:
            self._state = state
            due.append(state)
        return due

    def _content(self) -> list[Message]:
        pane = self._feed.pane(self._view)
        if pane is None or pane.message is None or self._shown == (self._view, pane.version):
            return []
        self._shown = (self._view, pane.version)
        return [pane.message]

    def _take_answers(self) -> list[Message]:
        taken = []
        while self._answers:
            taken.append(self._answers.popleft())
        return taken
