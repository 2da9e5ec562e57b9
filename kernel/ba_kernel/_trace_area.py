"""The trace area: one output of the notebook for everything that happens in the background.

The rules, which were tried in JupyterLab, Notebook, VS Code and nbclient:

- There is one area in a kernel, known by its `display_id`. Every message is a full snapshot with the same
  metadata, because front ends replace the output and nbclient saves the last one.
- It appears where the first line is traced, or at the end of the first cell that leaves a cosocket working
  in the background. A line that comes when no cell is running waits for the next one; after a second a person
  is at the other end, not nbclient, and it appears below the latest cell. Front ends may ignore an output
  that comes so late, so the next cell that runs shows the area in any case.
- An update answers the latest execute request: VS Code drops it otherwise, and nbclient takes it only while
  that cell runs. So everything is flushed before a cell is idle.
- At most four updates a second, one while a panel is open, and none with nothing new: each one replaces the
  DOM node, which ends a selection and costs the browser about 2 % of its time.
- Home is the (session, cell) that shows the area. A reloaded page has a new session and no longer follows the
  updates, unless it says that it does (`follow`), and a cell that runs again loses its outputs: in both cases
  the area is displayed anew. It belongs to the cell where it appeared first, or was asked for, and moves back
  when that one runs again; where it was meanwhile, it says so.
- A console ignores updates. There, new lines are printed as they come, and the whole only when asked for.

All rendering and sending happens on the main loop, so an older snapshot cannot overtake a newer one; the Lua
thread only adds to the ring and asks for an update.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass

from ba_runtime.events import Event
from ba_runtime.trace import Origin, Ring

from ._defer import Deferred, Loop
from ._frontend import Home, Message, Publish, Request, is_still_there
from ._output import Output
from ._trace_html import SHOWN_LINES, View, lines_text, moved_html, to_html, to_text
from ._trace_settings import EVERYTHING, Settings

UPDATE_S = 0.25
# Lines come in bursts; one message for the burst instead of one for its first line.
BURST_S = 0.02
# nbclient sends the next cell within milliseconds, and drops what comes in between.
NEXT_CELL_S = 1.0
# Windows with the same notebook; the oldest that is forgotten gets the area anew.
MOST_PAGES = 16

MOVED = "trace: back in its own cell"


@dataclass(slots=True)
class _Barrier:
    """Someone who waits until `came` lines have come."""

    came: int
    reached: asyncio.Future[None]


class TraceArea:
    """The area of one kernel. `add` belongs to the Lua thread, the rest to the main loop."""

    def __init__(self, publish: Publish, loop: Loop, output: Output) -> None:
        self._publish = publish
        self._loop = loop
        self._output = output
        self._display_id = f"trace-{uuid.uuid4()}"
        self._updating = Deferred(loop, self.update, self._delay_s)
        self._appearing = Deferred(loop, self._appear_between_cells, self._quiet_s)
        self._ring = Ring()
        self._latest: Request | None = None
        self._home: Home | None = None
        self._pages: dict[str, None] = {}  # the sessions that show it there
        self._belongs_to: str | None = None
        self.settings = Settings()
        self._is_running = self._is_placed = self._is_paused = self._is_tentative = False
        self._ended_at = 0.0
        self._update_s = UPDATE_S
        self._sent = self._view()
        self._sent_at = -UPDATE_S
        self._told = 0  # of the lines that have ever come, those that a console was told
        self._barriers: list[_Barrier] = []
        self._waited_for = 0

    def add(self, event: Event) -> None:
        """Takes an event that belongs in the trace. On the Lua thread."""
        self._ring.add(event)
        self._updating.ask()
        if self._home is not None:
            return
        if not self._is_running:
            self._appearing.ask()
        elif not self._is_placed:
            self._is_placed = True
            self._output.insert(self._appear)

    # ---- one cell after the other

    def begin(self, request: Request) -> None:
        """A cell starts: see whether the area is still on the screen, and let it appear if it has to."""
        if request.is_silent:
            return
        self._latest = request
        if self._home and (self._is_tentative or not self._is_still_there(request)):
            self._home = None
        elif self._home and self._belongs_to and self._belongs_to == request.cell_id != self._home[1]:
            self._move_back(request)
        self._is_placed = False
        self._is_running = True

    def expect(self) -> None:
        """The Lua part of a cell starts: `wait` counts the lines from here on."""
        self._waited_for = self._ring.came

    def end(self, *, has_background: bool = False) -> None:
        """The cell has ended: show what it traced while front ends still listen."""
        if self._is_running and self._home is None and (has_background or self._ring.came):
            self.show(is_asked=False)
        self._is_running = False
        self._ended_at = self._loop.time()
        self.update()

    # ---- what the user asks for

    @property
    def ring(self) -> Ring:
        """The lines, for others who show them."""
        return self._ring

    @property
    def is_shown(self) -> bool:
        """Whether the area is on the screen as far as we know."""
        return self._home is not None

    def show(self, *, is_asked: bool = True) -> None:
        """Displays the area in the cell that runs now; elsewhere it goes on showing the same.

        A console gets the whole of it only where the user has asked for it.
        """
        if self._latest is None:
            return
        cell_id = self._latest.cell_id
        if is_asked or self._belongs_to is None:
            self._belongs_to = cell_id
        self._home = (self._latest.session, cell_id)
        self._pages = {self._latest.session: None}
        self._is_tentative = not self._is_running
        self._send("display_data", self._latest, is_asked=is_asked)

    def follow(self, session: str, cells: Collection[str]) -> tuple[str, str] | None:
        """A page that was loaded again will follow updates by itself: returns the area's name and its cell.

        None if the area is in none of its `cells`; then it is displayed anew when one of them runs.
        """
        cell_id = self._home[1] if self._home else None
        if cell_id is None or cell_id not in cells:
            return None
        self._pages[session] = None
        if len(self._pages) > MOST_PAGES:
            del self._pages[next(iter(self._pages))]
        return self._display_id, cell_id

    def refresh(self) -> None:
        """Sends the area as it is now, whether anything in it is new or not."""
        if self._home and self._latest:
            self._send("update_display_data", self._latest)

    def _is_still_there(self, request: Request) -> bool:
        assert self._home is not None
        session, cell_id = self._home
        return is_still_there(
            (request.session if request.session in self._pages else session, cell_id), request
        )

    def _move_back(self, request: Request) -> None:
        data = {"text/plain": MOVED, "text/html": moved_html(MOVED)}
        content: Message = {"data": data, "metadata": {}, "transient": {"display_id": self._display_id}}
        self._publish("update_display_data", content, request.parent)
        self._display_id = f"trace-{uuid.uuid4()}"
        self._home = None

    def swept_away(self) -> None:
        """The running cell has lost its outputs: where the area was among them, it appears anew."""
        if self._home and self._latest and not self._is_still_there(self._latest):
            self._home = None
            self._is_placed = False

    def _appear(self) -> None:
        # Asked for by the Lua thread a moment ago; the cell may have shown the area itself meanwhile.
        if self._home is None:
            self.show(is_asked=False)

    def _appear_between_cells(self) -> None:
        if self._home is None and not self._is_running:
            if self._quiet_s() > 0:  # a cell has run meanwhile
                self._appearing.ask()
            else:
                self.show(is_asked=False)

    def _quiet_s(self) -> float:
        return max(0.0, self._ended_at + NEXT_CELL_S - self._loop.time())

    def clear(self) -> None:
        """Forgets all lines."""
        self._ring.clear()
        self.update()

    @property
    def is_paused(self) -> bool:
        """Whether the area stands still."""
        return self._is_paused

    def use(self, settings: Settings) -> None:
        """Shows what these settings say, also of lines that came before."""
        self.settings = settings
        self.refresh()

    def update_every(self, seconds: float = UPDATE_S) -> None:
        """Updates this often at most, between cells and while one runs."""
        self._update_s = seconds

    def pause(self) -> None:
        """Stands still, so that the area can be read and selected; lines go on being collected."""
        self._is_paused = True
        self.refresh()

    def resume(self) -> None:
        """Moves again, beginning with what came meanwhile."""
        self._is_paused = False
        self.update()

    def saved(self) -> tuple[str, int]:
        """Returns all lines that are kept and not hidden, as text, and their number."""
        snapshot = self._ring.snapshot(None, self._shows())
        return to_text(View(snapshot, settings=self.settings)) + "\n", len(snapshot.lines)

    async def wait(self, lines: int, timeout_s: float) -> int:
        """Waits until `lines` lines have come since the last Lua cell began, and returns how many did.

        Counting from there and not from now makes it a barrier: whether a line came before or after this call
        is a matter of timing. Lines that were waited for are not counted again.
        """
        barrier = _Barrier(self._waited_for + lines, asyncio.get_running_loop().create_future())
        self._barriers.append(barrier)
        self._open_barriers()
        try:
            await asyncio.wait_for(barrier.reached, timeout_s)
        except asyncio.TimeoutError:
            return self._ring.came - self._waited_for
        finally:
            self._barriers.remove(barrier)
        self._waited_for = barrier.came
        return lines

    # ---- sending

    def update(self) -> None:
        """Sends a snapshot if the area is shown and anything in it is new."""
        self._open_barriers()
        if self._is_paused or self._home is None or self._latest is None:
            return
        view = self._view()
        if view != self._sent:
            self._send("update_display_data", self._latest, view=view)

    def _send(self, kind: str, request: Request, *, is_asked: bool = False, view: View | None = None) -> None:
        came = self._ring.came  # read once: the Lua thread goes on
        new, self._told = came - self._told, came
        self._sent, self._sent_at = view or self._view(), self._loop.time()
        if request.is_console and not is_asked:
            self._print(new, request)
            return
        data = {"text/plain": to_text(self._sent), "text/html": to_html(self._sent)}
        content: Message = {"data": data, "metadata": {}, "transient": {"display_id": self._display_id}}
        self._publish(kind, content, request.parent)

    def _print(self, new: int, request: Request) -> None:
        snapshot = self._ring.snapshot(SHOWN_LINES, self._shows(), among=new)
        left_out = new - len(snapshot.lines) - snapshot.hidden
        lines = [f"[{left_out:,} lines of the trace are not shown; %trace save FILE has them]"]
        lines = lines * (left_out > 0) + [lines_text(View(snapshot, settings=self.settings))]
        text = "\n".join(filter(None, lines))
        if text:
            self._publish("stream", {"name": "stdout", "text": f"{text}\n"}, request.parent)

    def _view(self) -> View:
        return View(self._ring.snapshot(SHOWN_LINES, self._shows()), self._is_paused, self.settings)

    def _shows(self) -> Callable[[Origin], bool] | None:
        """What picks the lines to show; nothing where all of them are, as nearly always."""
        settings = self.settings
        if settings.only == EVERYTHING and self._ring.highest <= settings.level:
            return None
        return settings.shows

    def _delay_s(self) -> float:
        if self._barriers:
            return 0.0
        return max(BURST_S, self._sent_at + self._update_s - self._loop.time())

    def _open_barriers(self) -> None:
        for barrier in self._barriers:
            if self._ring.came >= barrier.came and not barrier.reached.done():
                barrier.reached.set_result(None)
