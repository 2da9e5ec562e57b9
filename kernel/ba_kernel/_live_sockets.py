"""The live socket table: one output of the notebook that is kept up to date where it stands.

Once a second the Lua thread is asked for the rows, and the output is replaced if anything in it differs.
Nothing of that is an execute request, so the kernel is idle meanwhile. The table ends by itself when no
sockets remain, and when its output is gone, as far as front ends tell (`is_still_there`). An update answers
the latest execute request, as the trace area's do. All of this happens on the main loop.
"""

from __future__ import annotations

import contextlib
import uuid
from concurrent.futures import Future

from ba_runtime.events import SocketInfo

from ._defer import Loop
from ._engine import Engine
from ._frontend import Home, Message, Publish, Request, is_still_there
from ._socket_table import to_html, to_text

UPDATE_S = 1.0

Rows = tuple[SocketInfo, ...]


class LiveSockets:
    """The live table of one kernel; there is one at most."""

    def __init__(self, publish: Publish, loop: Loop, engine: Engine) -> None:
        self._publish = publish
        self._loop = loop
        self._engine = engine
        self._display_id = ""  # of the table that is live, empty for none
        self._home: Home | None = None
        self._latest: Request | None = None
        self._is_running = False
        self._rows: Rows = ()
        self._sent = ""

    @property
    def is_on(self) -> bool:
        """Whether a table is being kept up to date."""
        return bool(self._display_id)

    def begin(self, request: Request) -> None:
        """A cell starts: its outputs vanish, and others may have been deleted since."""
        if request.is_silent:
            return
        self._latest, self._is_running = request, True
        if self._home is not None and not is_still_there(self._home, request):
            self._display_id, self._home = "", None

    def end(self) -> None:
        """The cell has ended: what it has not opened by now, it will not open."""
        self._is_running = False

    def show(self, request: Request, rows: Rows) -> None:
        """Displays the table in the cell of `request`, and keeps it up to date; an earlier one ends."""
        self.off()
        self._display_id, self._home = f"sockets-{uuid.uuid4()}", (request.session, request.cell_id)
        self._latest, self._rows = request, rows
        self._send("display_data", is_live=True)
        self._later(self._display_id)

    def off(self) -> bool:
        """Ends the live table, which stays as it is now; returns whether there was one."""
        if not self.is_on:
            return False
        self._end()
        return True

    def take(self, rows: Rows) -> None:
        """Shows what is new in `rows`; ends when there are none and no cell is about to open any."""
        if not self.is_on:
            return
        self._rows = rows
        if not rows and not self._is_running:
            self._end()
        elif to_text(rows, is_live=True) != self._sent:
            self._send("update_display_data", is_live=True)

    # ---- once a second

    def _later(self, display_id: str) -> None:
        self._loop.call_later(UPDATE_S, lambda: self._tick(display_id))

    def _tick(self, display_id: str) -> None:
        if display_id != self._display_id:
            return
        runtime = self._engine.running
        if runtime is None:  # it was reset, and nobody has needed a new one yet
            self.take(())
            self._later(display_id)
            return
        runtime.sockets().add_done_callback(lambda answer: self._answered(display_id, answer))

    def _answered(self, display_id: str, answer: Future[Rows]) -> None:
        """Takes the answer, on any thread; while Lua is busy there is none, and nobody asks again."""

        def take() -> None:
            if display_id == self._display_id:
                if answer.exception() is None:  # else that runtime is closed
                    self.take(answer.result())
                self._later(display_id)

        with contextlib.suppress(RuntimeError):  # the loop is closed: the kernel goes down
            self._loop.call_soon_threadsafe(take)

    # ---- sending

    def _end(self) -> None:
        self._send("update_display_data", is_live=False)
        self._display_id, self._home = "", None

    def _send(self, kind: str, *, is_live: bool) -> None:
        assert self._latest is not None
        self._sent = to_text(self._rows, is_live=is_live)
        data = {"text/plain": self._sent, "text/html": to_html(self._rows, is_live=is_live)}
        content: Message = {"data": data, "metadata": {}, "transient": {"display_id": self._display_id}}
        self._publish(kind, content, self._latest.parent)
