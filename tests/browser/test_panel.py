"""`%panel` in JupyterLab and in Notebook 7: live, in several places, and again after a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._picture import compress, target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
pytest.importorskip("anywidget", reason="anywidget is not installed")

if TYPE_CHECKING:
    from ._panel_view import PanelView

# Five hundred lines a second, by five cosockets.
BUSY = """
for c = 1, 5 do
  ba.socket.udpcon("127.0.0.1", 9):event(function(s)
    local n = 0
    while true do
      for _ = 1, 10 do n = n + 1 trace("cosocket " .. c, "line " .. n) end
      s:read(100)
    end
  end, "s")
end
"""
CONVERSATION = """\
listener = ba.socket.bind(0)
listener:event(function(l)
  while true do
    l:accept():event(function(c)
      for data in function() return c:read() end do
        trace("server got", data)
        c:write(data:upper())
      end
    end)
  end
end)
peer = ba.socket.connect("127.0.0.1", select(2, listener:sockname()))
for _, what in ipairs {"hello", "how are you?", "good-bye"} do
  peer:write(what)
  trace("client got", (peer:read(5000)))
end
ba.socket.event(function() local answer; return answer.status end)"""
# A person notices more; the slowest may be the machine's.
ANSWERED_MS = 200
# The panel, its scroll bar and its resizable corner stay as wide as the output.
FITS = "view => view.offsetWidth <= view.parentElement.offsetWidth && view.scrollWidth <= view.clientWidth"


def panel(output: object) -> PanelView:
    """Returns the panel in an output; imported late, as Playwright may be missing."""
    from ._panel_view import PanelView

    return PanelView(output)  # type: ignore[arg-type]  # a Locator, by the same reason


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_jupyterlab_shows_the_panel(server: LabServer, open_notebook: Open, theme: str) -> None:
    """In both themes: the trace with its error, and the other views."""
    notebook = open_notebook(server.add_notebook(f"panel-{theme.lower()}", "%panel", CONVERSATION))
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        view = panel(notebook.code(0))
        notebook.run(1, 2)
        view.await_line("GOOD-BYE")
        view.await_line("attempt to index a nil value")
        assert view.element.evaluate(FITS)
        view.element.locator(".ba-find").fill("hello")
        expect(view.element.locator("mark").first).to_be_visible()
        file = target("panel.png" if theme == "Light" else "panel-dark.png")
        notebook.code(0).screenshot(path=file)
        compress(file)
        view.open("Sockets")
        expect(view.element.locator("tbody:visible")).to_contain_text("listener")
        expect(view.element.locator(".ba-actions button").last).to_be_in_viewport(ratio=1)
        notebook.code(0).screenshot(path=target(f"panel-sockets-{theme.lower()}.png"))
        view.open("Network")
        expect(view.element.locator(".ba-empty:visible")).to_contain_text("The lab network is off")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_notebook_seven_shows_the_panel(server: LabServer, open_in_notebook_seven: Open, theme: str) -> None:
    """In both themes."""
    path = server.add_notebook(f"panel-seven-{theme.lower()}", "%panel", CONVERSATION)
    notebook = open_in_notebook_seven(path)
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        view = panel(notebook.code(0))
        notebook.run(1, 2)
        view.await_line("GOOD-BYE")
        assert view.element.evaluate(FITS)
        notebook.take_picture(target(f"panel-seven-{theme.lower()}.png"))


@pytest.mark.parametrize("kind", ["JupyterLab", "Notebook 7"])
def test_a_reader_stays_where_they_are_and_finds_the_lines_after_a_reload(
    server: LabServer, open_notebook: Open, open_in_notebook_seven: Open, kind: str
) -> None:
    """While five hundred lines a second come; the page that is loaded again has the backlog."""
    open_ = open_notebook if kind == "JupyterLab" else open_in_notebook_seven
    notebook = open_(server.add_notebook(f"panel-busy-{kind[-1]}", "%panel", BUSY))
    notebook.run(0, 1)
    view = panel(notebook.code(0))
    notebook.start(1)
    view.await_count(500)
    view.scroll(-300)
    before, came = view.first_line(), view.count()
    view.await_count(came + 1000)
    assert view.first_line() == before
    notebook.save()
    notebook.page.reload()
    view = panel(notebook.code(0))
    assert view.count() >= came
    came = view.count()
    view.await_count(came + 500)


def test_the_panel_is_live_in_several_places_at_once(
    server: LabServer, open_notebook: Open, open_in_notebook_seven: Open
) -> None:
    """Twice in JupyterLab, and in Notebook 7, which shows the same notebook; what each filters is its own."""
    path = server.add_notebook("panel-twice", "%panel", "%panel", "trace 'one' trace 'two'", "%panel off")
    notebook = open_notebook(path)
    notebook.run(0, 1)
    notebook.run(1, 2)
    first, second = panel(notebook.code(0)), panel(notebook.code(1))
    notebook.save()
    third = panel(open_in_notebook_seven(path).code(0))
    first.element.locator(".ba-filter").fill("two")
    notebook.run(2, 3)
    for view in (second, third):
        view.await_line("one")
        view.await_line("two")
    first.await_line("two")
    expect(first.element.locator(".ba-line", has_text="one")).to_have_count(0)
    notebook.run(3, 4)
    for view in (first, second, third):
        expect(view.element).to_have_count(0)


def test_the_panel_shows_what_a_cell_does_that_never_ends(server: LabServer, open_notebook: Open) -> None:
    """And its keys are not the notebook's commands."""
    source = "trace 'begun' local n = 0 while true do n = n + 1 if n % 1e7 == 0 then trace(n) end end"
    notebook = open_notebook(server.add_notebook("panel-stuck", "%panel", source))
    notebook.run(0, 1)
    view = panel(notebook.code(0))
    notebook.start(1)
    view.await_line("begun")
    view.await_count(3)
    view.element.locator(".ba-lines").click()
    notebook.page.keyboard.press("d")
    notebook.page.keyboard.press("d")
    view.element.locator("button", has_text="Wrap").click()
    notebook.page.keyboard.press("d")
    notebook.page.keyboard.press("d")
    expect(notebook.page.locator(".jp-CodeCell")).to_have_count(2)
    notebook.press_stop()
    notebook.await_done(1, 2)


def test_a_panel_whose_kernel_has_restarted_says_so(server: LabServer, open_notebook: Open) -> None:
    """And the next `%panel` is live."""
    notebook = open_notebook(server.add_notebook("panel-restart", "%panel", "trace 'again'"))
    notebook.run(0, 1)
    view = panel(notebook.code(0))
    notebook.choose("Kernel", "Restart Kernel…")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    view.await_status("The kernel has ended. Run %panel again.")
    notebook.await_status("Idle")
    notebook.run(0, 1)
    view = panel(notebook.code(0))
    notebook.run(1, 2)
    view.await_line("again")


def test_a_million_lines_at_once_leave_the_page_responsive(server: LabServer, open_notebook: Open) -> None:
    """A click is answered in time, the lines that are kept are in order, and the last one is there."""
    source = "for i = 1, 1000000 do trace('line', i) end"
    notebook = open_notebook(server.add_notebook("panel-million", "%panel", source))
    notebook.run(0, 1)
    view = panel(notebook.code(0))
    notebook.start(1)
    view.await_count(5_000)
    times = view.answer_times_ms(20)
    assert sorted(times)[-2] < ANSWERED_MS, times
    view.await_line("1000000")
    numbers = view.numbers()
    assert numbers == sorted(numbers)
    notebook.await_done(1, 2)
