"""The panel: the live view as a widget of the notebook.

Theory of operation. There is one widget in a kernel, and any number of views of it: `%panel` shows it again,
"Create New View" doubles an output, and another window shows the same notebook. All are on one comm, so each
view names itself in what it sends (`static/panel.js`), and has a viewer of the feed to itself. A page that
goes away says nothing. So a view that has been silent for a while is asked whether it is there, and forgotten
when it does not answer; should it come back, it is told to begin again.

The feed waits with each batch of lines until the page has the one before. A page here says so for every fifth
(`static/panel.js`), so the kernel goes on by itself until it is MOST_AHEAD batches ahead.

Everything is on the main loop, ten times a second while there are views, and never otherwise.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from ._defer import Loop
from ._frontend import Message
from ._trace_area import TraceArea
from ._widgets import MIME_TYPE, Widget, Widgets
from ._window import Window

if TYPE_CHECKING:
    from ba_runtime.live import Viewer

_log = logging.getLogger("ba_kernel")

BATCH_S = 0.1  # as the window
# While somebody reads the panel, the area is there for what is saved, and costs the browser less.
AREA_S = 1.0
SILENT_S = 30.0
ANSWER_S = 10.0
MOST_VIEWS = 16
MOST_AHEAD = 10
NAME_CHARACTERS = 64

TOO_MANY = f"{MOST_VIEWS} views of the panel are open, the limit. Close one, then connect here again."
FAILED = "The panel has failed; the kernel's log says why. Disconnect and connect to try again."
# For pages without widgets, and for whoever reads the saved notebook.
IN_WORDS = "The TraceLogger panel, live where the page has anywidget. %tracelogger opens it in a window."


@dataclass(slots=True)
class _View:
    """One place where the panel is shown."""

    viewer: Viewer
    heard_at: float
    asked_at: float | None = None
    ahead: int = 0  # batches that the page has not said it has got


class Panel:
    """The panel of one kernel. On the main loop."""

    def __init__(self, widgets: Widgets | None, window: Window, area: TraceArea, loop: Loop) -> None:
        """Without `widgets` there is no front end that could show it."""
        self._widgets = widgets
        self._window = window
        self._area = area
        self._loop = loop
        self._model: Widget | None = None
        self._layout: Widget | None = None
        self._views: dict[str, _View] = {}
        self._is_ticking = False

    @property
    def is_possible(self) -> bool:
        """Whether there are widgets at all."""
        return self._widgets is not None

    def open(self, anywidget: str) -> Message:
        """Returns the data of an output that shows the panel; `anywidget` is the version of its module."""
        if self._model is None:
            assert self._widgets is not None
            self._layout = self._widgets.open(_layout_state())
            state = _panel_state(anywidget, self._layout.model_id)
            self._model = self._widgets.open(state, self._receive)
            self._model.on_close(self._forget)
        view = {"version_major": 2, "version_minor": 1, "model_id": self._model.model_id}
        return {MIME_TYPE: view, "text/plain": IN_WORDS}

    def close(self) -> bool:
        """Removes it from every page; returns whether it was open."""
        model, layout = self._model, self._layout
        self._forget()
        if model is None or layout is None or self._widgets is None:
            return False
        self._widgets.close(model)
        self._widgets.close(layout)
        return True

    def stop(self) -> None:
        """Tells the views that the kernel ends. The widget stays, as an output that has been saved does."""
        for name in list(self._views):
            self._drop(name, "The kernel has ended.")
        self._forget()

    # ---- what views say

    def _receive(self, content: object) -> None:
        if not isinstance(content, dict):
            return
        name, kind = content.get("from"), content.get("type")
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS:
            return
        view = self._views.get(name) or self._admit(name, kind)
        if view is None:
            return
        view.heard_at, view.asked_at = self._loop.time(), None
        if kind in ("start", "got"):
            view.ahead = 0
        view.viewer.receive(content)
        if kind == "stop":
            self._drop(name)

    def _admit(self, name: str, kind: object) -> _View | None:
        """Returns a new view, or one that begins again; None for what a view says that has ended."""
        if kind in ("got", "stop"):
            return None
        if len(self._views) >= MOST_VIEWS:
            if kind == "start":
                self._say(name, {"type": "link", "is_up": False, "text": TOO_MANY})
            return None
        if kind != "start":  # it was taken for gone
            self._say(name, {"type": "link", "is_up": True})
            return None
        view = self._views[name] = _View(self._window.feed.viewer(), self._loop.time())
        self._area.update_every(AREA_S)
        if not self._is_ticking:
            self._is_ticking = True
            self._loop.call_later(BATCH_S, self._tick)
        return view

    def _drop(self, name: str, why: str = "") -> None:
        view = self._views.pop(name)
        view.viewer.close()
        if why:
            self._say(name, {"type": "link", "is_up": False, "text": why})
        if not self._views:
            self._area.update_every()
            if not self._window.is_open:
                self._window.feed.quieten()

    def _forget(self) -> None:
        for name in list(self._views):
            self._drop(name)
        self._model = self._layout = None

    # ---- what they are told

    def _say(self, name: str, message: Message) -> None:
        if self._model is not None:
            self._model.send({**message, "to": name})

    def _tick(self) -> None:
        for name in list(self._views):
            self._serve(name)
        self._is_ticking = bool(self._views)
        if self._is_ticking:
            self._loop.call_later(BATCH_S, self._tick)

    def _serve(self, name: str) -> None:
        try:
            self._tell_news(name)
        except Exception:
            _log.error("a view of the panel failed", exc_info=True)
            self._drop(name, FAILED)

    def _tell_news(self, name: str) -> None:
        view, now = self._views[name], self._loop.time()
        if view.asked_at is not None:
            if now - view.asked_at > ANSWER_S:
                self._drop(name)
        elif now - view.heard_at > SILENT_S:
            view.asked_at = now
            self._say(name, {"type": "ping"})
        else:
            for message in view.viewer.due():
                self._say(name, message)
                if message["type"] == "lines" and view.ahead < MOST_AHEAD:
                    view.ahead += 1
                    view.viewer.receive({"type": "got", "upto": message["first"] + len(message["lines"])})


def _layout_state() -> Message:
    module = {"_model_module": "@jupyter-widgets/base", "_view_module": "@jupyter-widgets/base"}
    versions = {"_model_module_version": "2.0.0", "_view_module_version": "2.0.0"}
    return {**module, **versions, "_model_name": "LayoutModel", "_view_name": "LayoutView"}


def _panel_state(anywidget: str, layout: str) -> Message:
    from ba_runtime.live import static

    here = resources.files(__package__).joinpath("static")
    return {
        **{"_model_module": "anywidget", "_model_module_version": anywidget, "_model_name": "AnyModel"},
        **{"_view_module": "anywidget", "_view_module_version": anywidget, "_view_name": "AnyView"},
        **{"layout": f"IPY_MODEL_{layout}", "_anywidget_id": "ba_kernel.panel", "_dom_classes": []},
        "_esm": here.joinpath("panel.js").read_text("utf-8"),
        "_css": static("tracelogger.css").decode() + here.joinpath("panel.css").read_text("utf-8"),
        "_page": static("tracelogger.js").decode(),
    }
