"""Who listens to the sockets of one Lua state: watchers of the channels, and recordings.

There is a recorder as long as there are recordings. What costs time, and the modules that it needs, are there
only then. Every method runs on the Lua thread, but for those that return a change: whoever asked for one
leaves it in `changes`, and Lua makes it at a moment at which no program runs (channel.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from ._reactor import Reactor
from .events import ErrorReport, Fault, Sink, frames
from .sockets import Network
from .sockets.channel import Watcher, Watchers
from .web import WebServer

if TYPE_CHECKING:
    from .lab import Incident
    from .observe._entries import Value
    from .observe.recorder import Recorder
    from .observe.recording import Recording

Change: TypeAlias = Callable[[Watchers], Watchers]


class Listening:
    """The watchers and the recordings."""

    def __init__(self, sink: Sink, reactor: Reactor, network: Network, web: WebServer) -> None:
        """Nobody listens yet."""
        self.recorder: Recorder | None = None
        self.changes: deque[Change] = deque()
        self._counter: object = None
        self._counted: Callable[[], int] = int
        self._sink = sink
        self._reactor = reactor
        self._network = network
        self._web = web

    def count_in(self, counter: object, counted: Callable[[], int]) -> None:
        """Takes the table in which Lua counts its entries, and what reads it (lua/recorded.lua)."""
        self._counter, self._counted = counter, counted

    def functions(self) -> Mapping[str, object]:
        """Returns what Lua may call, by name, and the table in which it counts."""
        return {
            "watch": self.watch,
            "recorded": self.recorded,
            "recorded_count": self._counter,
            "fault": self.fault,
        }

    def watch(self) -> int | None:
        """Makes the oldest change; Lua then fetches what it keeps of sockets.

        Returns how many events those who record want to keep, None if nobody records.
        """
        watchers = self.changes.popleft()(self._network.channels.watchers)
        self._network.watch(watchers)
        self._web.watch(watchers)
        return None if self.recorder is None else self.recorder.most_events

    @staticmethod
    def adding(watcher: Watcher) -> Change:
        """Returns what lets this one listen too."""
        return lambda watchers: (*watchers, watcher)

    @staticmethod
    def removing(watcher: Watcher) -> Change:
        """Returns what lets this one listen no more."""
        return lambda watchers: tuple(one for one in watchers if one is not watcher)

    # ------------------------------------------------------------ recordings

    def beginning(self, recording: Recording) -> Change:
        """Returns what begins this one, and changes who listens to the channels."""

        def begin(watchers: Watchers) -> Watchers:
            if self.recorder is not None:
                self.recorder.begin(recording)
                return watchers
            from .observe.recorder import Recorder

            self.recorder = self._reactor.journal = recorder = Recorder(self._counted)
            recorder.begin(recording)
            self._network.introduce(recorder)
            self._web.introduce(recorder)
            return (*watchers, recorder)

        return begin

    def ending(self, recording: Recording) -> Change:
        """Returns what ends this one, and changes who listens to the channels."""

        def end(watchers: Watchers) -> Watchers:
            recorder = self.recorder
            if recorder is None:
                return watchers
            recorder.end(recording)
            if recorder.recordings:
                return watchers
            self.recorder = self._reactor.journal = None
            return tuple(one for one in watchers if one is not recorder)

        return end

    def end_all(self) -> None:
        """Ends them with the runtime; what they have is kept."""
        if self.recorder is not None:
            self.recorder.end_all()
            self.recorder = self._reactor.journal = None

    # ------------------------------------------------------------ what is told, by Lua and others

    def recorded(self, first: int, *values: Value) -> None:
        """Takes what Lua has recorded itself: see `Recording.take`."""
        if self.recorder is not None:
            self.recorder.handed(first, values)

    def fault(
        self,
        cell: int,
        text: bytes,
        message: bytes,
        source: bytes,
        line: int,
        stack: bytes,
        hint: bytes,
        socket: int,
    ) -> None:
        """Something in the background has raised an error: goes to the sink, and to whoever records."""
        if self.recorder is not None:
            self.recorder.erred(cell, text.decode("utf-8", "replace"))
        name = source.decode("utf-8", "replace")
        advice = hint.decode("utf-8", "replace")
        report = ErrorReport("runtime", message, name, line, frames(stack), hint=advice)
        self._sink(Fault(cell, text, report, socket))

    def incident(self, incident: Incident) -> None:
        """Records what a lab's conditions have done. Any thread may call this."""
        if self.recorder is not None:
            self._reactor.post(lambda: self._misbehaved(incident))

    def _misbehaved(self, incident: Incident) -> None:
        if self.recorder is not None:
            self.recorder.misbehaved(incident)
