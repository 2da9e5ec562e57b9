"""The trace area in JupyterLab: it lives between cells, outlives a reload, and stays in the saved file."""

from __future__ import annotations

import shutil

import pytest

from tests.notebooks._runs import NOTEBOOKS, code_cells, read, trace_texts

from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

TICKER = """\
ticks = 0
ticker = ba.socket.event(function(s)
  assert(ba.socket.udpcon())
  repeat
    local _, reason = s:read(200)
    ticks = ticks + 1
    trace("tick", ticks)
  until reason ~= "timeout"
end)
"""
MEANWHILE = 'print("meanwhile")'
STOP = "ticker:close()\nprint(ticker:state())"


def test_lines_come_between_cells_and_into_the_area_alone(server: LabServer, open_notebook: Open) -> None:
    """A cell has ended, and its cosocket goes on tracing; another cell runs and gets its own output only."""
    notebook = open_notebook(server.add_notebook("between", TICKER, MEANWHILE))
    notebook.run(0, 1)
    notebook.await_more_ticks(notebook.area(0))
    notebook.run(1, 2)
    notebook.expect_outputs(1, "meanwhile")
    notebook.await_more_ticks(notebook.area(0))
    notebook.expect_outputs(1, "meanwhile")
    notebook.expect_areas(1)


def test_a_cosocket_that_is_still_waiting_for_its_connection_has_an_area(
    server: LabServer, open_notebook: Open
) -> None:
    """What it traces after its cell has ended is seen, with no other cell to run first."""
    first = (
        "ba.socket.event(function(s)\n"
        "  s:read(500)\n"
        '  trace("reason:", select(2, ba.socket.connect("127.0.0.1", 1)))\n'
        'end)\nprint("ended")'
    )
    notebook = open_notebook(server.add_notebook("waiting", first))
    notebook.run(0, 1)
    notebook.expect_line(notebook.area(0), "[1]:3 reason: cannotconnect")


def test_the_area_is_live_again_after_a_reload(server: LabServer, open_notebook: Open) -> None:
    """The page forgets what was not saved; the next cell that runs shows the area with all its lines."""
    notebook = open_notebook(server.add_notebook("reload", TICKER, MEANWHILE))
    notebook.run(0, 1)
    notebook.await_more_ticks(notebook.area(0))
    notebook.reload()
    notebook.expect_areas(0)
    notebook.run(1, 2)
    notebook.await_more_ticks(notebook.area(1))
    notebook.expect_areas(1)


@pytest.mark.parametrize("kind", ["JupyterLab", "Notebook 7"])
def test_a_saved_area_goes_on_after_a_reload(
    server: LabServer, open_notebook: Open, open_in_notebook_seven: Open, kind: str
) -> None:
    """In its cell, and other cells leave it there; when its own cell runs again it is there, too."""
    open_ = open_notebook if kind == "JupyterLab" else open_in_notebook_seven
    notebook = open_(server.add_notebook(f"goes-on-{kind[-1]}", TICKER, MEANWHILE))
    notebook.run(0, 1)
    notebook.await_more_ticks(notebook.area(0))
    notebook.save()
    notebook.reload()
    notebook.await_more_ticks(notebook.area(0))
    notebook.expect_live(notebook.area(0))
    notebook.run(1, 2)
    notebook.await_more_ticks(notebook.area(0))
    notebook.expect_areas(1)
    notebook.run(0, 3)
    notebook.await_more_ticks(notebook.area(0))
    notebook.expect_areas(1)


def test_an_area_of_an_earlier_kernel_says_so(server: LabServer, open_notebook: Open) -> None:
    """After a restart, and in a notebook that is opened with a new kernel, until its cell runs again."""
    notebook = open_notebook(server.add_notebook("earlier", "trace 'one'", "trace 'two'"))
    notebook.run(0, 1)
    notebook.expect_live(notebook.area(0))
    notebook.choose("Kernel", "Restart Kernel…")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    notebook.expect_live(notebook.area(0), is_live=False)
    notebook.await_status("Idle")
    notebook.run(0, 1)
    notebook.expect_live(notebook.area(0))
    notebook.save()
    notebook.choose("Kernel", "Restart Kernel…")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    notebook.expect_live(notebook.area(0), is_live=False)
    notebook.await_status("Idle")
    notebook.reload()
    notebook.expect_live(notebook.area(0), is_live=False)
    notebook.run(1, 1)
    mark = notebook.area(0).evaluate("area => getComputedStyle(area.lastElementChild, '::after').content")
    assert mark == '" · not live; %trace here shows the live trace"'
    notebook.expect_live(notebook.area(1))
    notebook.take_picture(target("area-of-an-earlier-kernel.png"))


def test_the_lines_are_in_the_saved_file(server: LabServer, open_notebook: Open) -> None:
    """In the file as text, and on the page of whoever opens it later."""
    path = server.add_notebook("saved", TICKER, MEANWHILE, STOP)
    notebook = open_notebook(path)
    notebook.run(0, 1)
    notebook.await_more_ticks(notebook.area(0))
    notebook.run(1, 2)
    notebook.run(2, 3)
    notebook.expect_outputs(2, "terminated false")
    shown = notebook.lines(notebook.area(0))
    notebook.save()
    notebook.close()

    (saved,) = trace_texts(code_cells(read(server.root / path)))
    assert saved.splitlines()[-1] == f"trace: {len(shown)} lines"
    reopened = open_notebook(path)
    assert reopened.lines(reopened.area(0)) == shown


def test_the_newest_line_is_in_view(server: LabServer, open_notebook: Open) -> None:
    """An area with more lines than fit scrolls to its end by itself, and can be scrolled back."""
    notebook = open_notebook(server.add_notebook("long", "for i = 1, 150 do trace('line', i) end"))
    notebook.run(0, 1)
    area = notebook.area(0)
    assert notebook.lines(area)[-1].split() == ["[1]:1", "line", "150"]
    assert notebook.visible_lines(area)[-1].split() == ["[1]:1", "line", "150"]
    notebook.scroll_up(area)
    assert notebook.visible_lines(area)[0].split() == ["[1]:1", "line", "1"]


def test_a_new_view_of_the_area_is_live(server: LabServer, open_notebook: Open) -> None:
    """What the first notebook advises: JupyterLab's own command makes a panel of the area."""
    notebook = open_notebook(server.add_notebook("view", TICKER))
    notebook.run(0, 1)
    notebook.await_more_ticks(notebook.area(0))
    notebook.choose_for(notebook.area(0), "Create New View for Cell Output")
    notebook.await_more_ticks(notebook.view.locator(".ba-trace"))


def test_an_untrusted_notebook_shows_a_readable_area(server: LabServer, open_notebook: Open) -> None:
    """JupyterLab strips what it does not trust; the lines, the frame and the colours survive it."""
    (source,) = (path for path in NOTEBOOKS if "cosockets" in path.stem)
    shutil.copy(source, server.root)
    notebook = open_notebook(source.name)
    notebook.expect_untrusted()
    (area,) = notebook.areas.all()
    (saved,) = trace_texts(code_cells(read(source)))
    assert [line.split() for line in notebook.lines(area)] == [
        line.split() for line in saved.split("\n")[:-1]
    ]
    style = notebook.style_of(area.locator("> div").first)
    assert (style["maxHeight"], style["overflowY"], style["borderTopStyle"]) == ("320px", "auto", "solid")
    place, text = notebook.style_of(area.locator("span").first), notebook.style_of(area.locator("pre"))
    assert place["color"] != text["color"]
    assert text["whiteSpaceCollapse"].startswith(("preserve", "break-spaces"))
