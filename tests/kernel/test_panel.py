"""`%panel` in memory: where it is shown, what it says where it cannot be, and what its views are sent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ba_kernel import _panel, _widget_packages
from ba_kernel._frontend import Message
from ba_kernel._output import Output
from ba_kernel._panel import AREA_S, BATCH_S, MOST_AHEAD, MOST_VIEWS, SILENT_S, Panel
from ba_kernel._trace_area import TraceArea
from ba_kernel._widget_packages import anywidget_version
from ba_kernel._widgets import MIME_TYPE, Widgets
from ba_kernel._window import Window
from ba_runtime.events import Traced
from ba_runtime.live.feed import BATCH_LINES

from ._fakes import Desk, FakeLoop, RecordingFrontEnd, play, request
from .test_comms import Line


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder where the kernel looks for the front end's packages, empty."""
    monkeypatch.setattr(_widget_packages, "jupyter_path", lambda *_: [str(tmp_path)])
    return tmp_path


def install(packages: Path, name: str, version: str) -> None:
    """Puts an extension of JupyterLab's into the folder."""
    (packages / name).mkdir(parents=True)
    (packages / name / "package.json").write_text(json.dumps({"name": name, "version": version}))


@pytest.fixture
def installed(packages: Path) -> None:
    """Both packages are there."""
    install(packages, "@jupyter-widgets/jupyterlab-manager", "5.0.16")
    install(packages, "anywidget", "0.11.0")


class Stage:
    """A panel with a clock that the test moves, and the pages' side of it."""

    def __init__(self) -> None:
        self.front = RecordingFrontEnd()
        self.loop = FakeLoop()
        self.line = Line()
        output = Output(self.front, self.loop)
        self.area = TraceArea(self.front, self.loop, output)
        self.window = Window(_NoLua(), self.area.ring)  # type: ignore[arg-type]  # all that a feed needs
        self.panel = Panel(Widgets(self.line.comms), self.window, self.area, self.loop)
        self.model = str(self.panel.open("~0.11.*")[MIME_TYPE]["model_id"])

    def say(self, view: object, kind: str, **more: object) -> None:
        """Sends a message of a view's."""
        content = {"from": view, "type": kind, **more}
        self.line.send("comm_msg", self.model, {"method": "custom", "content": content})

    def told(self, view: str, kind: str) -> list[Message]:
        """Returns the messages of one kind that a view has got."""
        contents = [sent.content["data"].get("content", {}) for sent in self.line.front.sent]
        return [one for one in contents if one.get("to") == view and one["type"] == kind]

    def texts(self, view: str) -> list[str]:
        """Returns the texts of the lines that a view has got."""
        return [line[7] for message in self.told(view, "lines") for line in message["lines"]]

    def trace(self, *texts: str) -> None:
        """Traces lines."""
        for text in texts:
            self.area.add(Traced(1, "cell[1]", 1, "", text.encode()))


class _NoLua:
    running = None
    lab = None


def test_the_panel_is_a_widget_alone_in_its_output(installed: None) -> None:
    """Its model comes first, with the modules that show it; a second `%panel` shows the same model."""

    async def scene(desk: Desk) -> None:
        await desk.run("%panel")
        await desk.run("%panel")
        layout, model = desk.front.of_kind("comm_open")
        state = model["data"]["state"]
        assert state["layout"] == f"IPY_MODEL_{layout['comm_id']}"
        assert state["_model_module_version"] == state["_view_module_version"] == "~0.11.*"
        assert "export default" in state["_esm"]
        assert "class LiveView" in state["_page"]
        assert ".ba-live" in state["_css"]
        assert model["metadata"] == {"version": "2.1.0"}
        first, second = desk.front.of_kind("display_data")
        assert first == second
        assert first["data"].keys() == {MIME_TYPE, "text/plain"}
        assert first["data"][MIME_TYPE]["model_id"] == model["comm_id"]
        assert desk.front.kinds().index("display_data") > desk.front.kinds().index("comm_open")

    play(scene)


def test_off_removes_the_panel_from_every_page(installed: None) -> None:
    """And says whether there was one; what else it is told is answered by its forms."""

    async def scene(desk: Desk) -> None:
        await desk.run("%panel off")
        await desk.run("%panel")
        await desk.run("%panel off")
        assert desk.front.text() == "The panel is not open.\nThe panel is closed.\n"
        assert len(desk.front.of_kind("comm_close")) == 2
        assert desk.comms.comms == {}
        assert (await desk.run("%panel on"))["evalue"] == "usage: %panel, or %panel off"

    play(scene)


def test_the_panel_outlives_a_reset(installed: None) -> None:
    """It shows what the next Lua state traces, as the window does; the end of the kernel ends it."""

    async def scene(desk: Desk) -> None:
        await desk.run("%panel")
        (_, model) = desk.front.of_kind("comm_open")

        def told() -> list[Message]:
            return [content["data"]["content"] for content in desk.front.of_kind("comm_msg")]

        async def until(text: str) -> None:
            while text not in str(told()):
                await asyncio.sleep(0.01)

        start = {"from": "a", "type": "start", "session": "", "after": 0}
        message = {"comm_id": model["comm_id"], "data": {"method": "custom", "content": start}}
        desk.comms.comm_msg(None, [], {"header": {}, "content": message})
        await desk.run("trace before")
        await until("before")
        await desk.run("%reset")
        await desk.run("trace after")
        await until("after")
        desk.bench.close()
        assert told()[-1]["text"] == "The kernel has ended."

    play(scene)


def test_without_the_packages_it_says_what_to_install(packages: Path) -> None:
    """And shows the link to the same view in a window; nothing else is different."""

    async def scene(desk: Desk) -> None:
        await desk.run("%panel\ntrace hello")
        assert "pip install anywidget jupyterlab_widgets" in desk.front.text()
        assert 'pip install "ba-lua-kernel[lab]"' in desk.front.text()
        link, area = desk.front.of_kind("display_data")
        assert "/rtl/tracelogger/?token=" in link["data"]["text/plain"]
        assert "hello" in area["data"]["text/html"]
        assert desk.front.of_kind("comm_open") == []

    play(scene)


def test_a_console_gets_the_link(installed: None) -> None:
    """With the packages too: it has no page."""

    async def scene(desk: Desk) -> None:
        await desk.run("%panel", is_console=True)
        assert desk.front.text().startswith("The panel needs a page that can show widgets")
        assert "/rtl/tracelogger/?token=" in desk.front.of_kind("display_data")[0]["data"]["text/plain"]

    play(scene)


def test_the_version_is_that_of_the_installed_package(packages: Path) -> None:
    """Both packages have to be there, and readable."""
    assert anywidget_version() is None
    install(packages, "anywidget", "0.9.13")
    assert anywidget_version() is None
    install(packages, "@jupyter-widgets/jupyterlab-manager", "5.0.16")
    assert anywidget_version() == "~0.9.*"
    (packages / "anywidget" / "package.json").write_text('{"version": "1.0.0-beta.1"}')
    assert anywidget_version() == "1.0.0-beta.1"
    (packages / "anywidget" / "package.json").write_text("{")
    assert anywidget_version() is None


def test_each_view_is_sent_the_backlog_and_what_comes() -> None:
    """From where it is; nothing is sent while there is no view."""
    stage = Stage()
    stage.trace("one", "two")
    stage.loop.advance(10)
    assert len(stage.line.front.sent) == 2
    stage.say("a", "start", session="", after=0)
    stage.loop.advance(1)
    assert stage.texts("a") == ["one", "two"]
    (hello,) = stage.told("a", "hello")
    stage.say("b", "start", session=hello["session"], after=1)
    stage.trace("three")
    stage.loop.advance(1)
    assert stage.texts("a") == ["one", "two", "three"]
    assert stage.texts("b") == ["two", "three"]
    stage.say("a", "stop")
    stage.trace("four")
    stage.loop.advance(1)
    assert stage.texts("a")[-1] == "three"
    assert stage.texts("b")[-1] == "four"
    stage.panel.close()


def test_a_slow_page_is_not_sent_more_than_it_can_hold() -> None:
    """What it has not said it has got is bounded; then it gets the rest."""
    stage = Stage()
    stage.say("a", "start", session="", after=0)
    for _ in range(2 * MOST_AHEAD):
        stage.trace(*["x"] * 10)
        stage.loop.advance(BATCH_S)
    stage.loop.advance(1)
    batches = stage.told("a", "lines")
    assert MOST_AHEAD <= len(batches) <= MOST_AHEAD + 1
    assert len(batches[-1]["lines"]) < BATCH_LINES
    stage.say("a", "got", upto=batches[-1]["first"] + len(batches[-1]["lines"]))
    stage.loop.advance(1)
    assert len(stage.texts("a")) == 20 * MOST_AHEAD
    stage.panel.close()


def test_a_view_that_has_gone_is_forgotten_and_may_come_back() -> None:
    """It is asked first; one that answers is kept."""
    stage = Stage()
    stage.say("gone", "start", session="", after=0)
    stage.say("quiet", "start", session="", after=0)
    stage.loop.advance(SILENT_S + 1)
    assert stage.told("gone", "ping")
    stage.say("quiet", "pong")
    stage.loop.advance(SILENT_S - 1)
    stage.trace("later")
    stage.loop.advance(1)
    assert stage.texts("quiet") == ["later"]
    assert stage.texts("gone") == []
    stage.say("gone", "got", upto=1)
    assert stage.told("gone", "link") == []
    stage.say("gone", "pong")
    assert stage.told("gone", "link") == [{"type": "link", "is_up": True, "to": "gone"}]
    stage.panel.close()


def test_the_number_of_views_is_bounded() -> None:
    """The one that is too many is told so, and what it goes on to say changes nothing."""
    stage = Stage()
    for number in range(MOST_VIEWS + 1):
        stage.say(f"v{number}", "start", session="", after=0)
        stage.say(f"v{number}", "view", name="trace")
    (refused,) = stage.told(f"v{MOST_VIEWS}", "link")
    assert not refused["is_up"]
    assert f"{MOST_VIEWS} views" in refused["text"]
    stage.say("v0", "stop")
    stage.say(f"v{MOST_VIEWS}", "start", session="", after=0)
    stage.loop.advance(1)
    assert stage.told(f"v{MOST_VIEWS}", "hello")
    stage.panel.close()


def test_what_no_view_would_say_is_ignored() -> None:
    """Views without a name, and messages that are none."""
    stage = Stage()
    for name in (None, 7, "", "x" * 65):
        stage.say(name, "start", session="", after=0)
    stage.line.send("comm_msg", stage.model, {"method": "custom", "content": "text"})
    stage.say("a", "start", session=[], after="x")
    stage.say("a", "view", name="nothing")
    stage.loop.advance(1)
    assert stage.told("a", "hello")
    stage.panel.close()


def test_the_static_area_is_slower_while_a_view_is_open() -> None:
    """It is there for what is saved: one update a second, and four when the view has gone."""
    stage = Stage()
    stage.area.begin(request(1))
    stage.area.end(has_background=True)

    def updates(seconds: int) -> int:
        before = len(stage.front.of_kind("update_display_data"))
        for _ in range(seconds * 20):
            stage.trace("x")
            stage.loop.advance(0.05)
        return len(stage.front.of_kind("update_display_data")) - before

    assert updates(4) >= 12
    stage.say("a", "start", session="", after=0)
    updates(1)
    assert updates(4) <= 4 / AREA_S
    stage.say("a", "stop")
    updates(1)
    assert updates(4) >= 12
    stage.panel.close()


def test_a_page_that_closes_the_model_closes_the_panel() -> None:
    """The next `%panel` makes another one."""
    stage = Stage()
    stage.say("a", "start", session="", after=0)
    stage.say("a", "http", part="request_line", on=True)
    stage.line.send("comm_close", stage.model)
    stage.loop.advance(1)
    assert not stage.window.feed.http.request_line
    assert stage.panel.open("~0.11.*")[MIME_TYPE]["model_id"] != stage.model


def test_views_are_told_that_the_kernel_ends() -> None:
    """And nothing is left that works."""
    stage = Stage()
    stage.say("a", "start", session="", after=0)
    stage.panel.stop()
    (link,) = stage.told("a", "link")
    assert (link["is_up"], link["text"]) == (False, "The kernel has ended.")
    before = len(stage.line.front.sent)
    stage.trace("x")
    stage.loop.advance(10)
    assert len(stage.line.front.sent) == before


def test_a_view_that_fails_is_reported_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, too."""
    stage = Stage()
    stage.say("a", "start", session="", after=0)
    stage.say("b", "start", session="", after=0)

    def say(name: str, message: Message) -> None:
        if message["type"] == "hello" and name == "a":
            raise ValueError("on purpose")
        told(name, message)

    told = stage.panel._say
    monkeypatch.setattr(stage.panel, "_say", say)
    stage.trace("x")
    stage.loop.advance(1)
    assert stage.told("a", "link")[0]["text"] == _panel.FAILED
    assert stage.texts("b") == ["x"]
    assert len(caplog.records) == 1
    stage.panel.close()
