"""Questions to the user, cells that wait, and what answers meanwhile; in JupyterLab and Notebook 7."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

if TYPE_CHECKING:
    from ._page import NotebookPage

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

ASK = "io.write 'Your name? ' name = io.read() print('Hello, ' .. name)"
WAIT = "peer = ba.socket.udpcon('127.0.0.1', 9) print 'waiting' peer:read()"
TABLE = "return {{host = '<b>', ms = 1}, {host = 'b', ms = 2}}"
PLOT = "display.plot{title = 'Echo', ylabel = 'ms', cosocket = {1, 3, 2}, blocking = {4, 4, 5}}"
PROGRESS = "local bar = display.progress(3, 'reading') for _ = 1, 3 do ba.sleep(120) bar:step() end"


# Makes a notebook with these cells and opens it; its name begins with the first argument.
OpenCells: TypeAlias = "Callable[..., NotebookPage]"


@pytest.fixture(params=["lab", "seven"])
def front_end(request: pytest.FixtureRequest) -> str:
    """One front end after the other."""
    return str(request.param)


@pytest.fixture
def open_cells(request: pytest.FixtureRequest, server: LabServer, front_end: str) -> OpenCells:
    """Opens notebooks in that front end, each with a kernel of its own."""
    how = {"lab": "open_notebook", "seven": "open_in_notebook_seven"}[front_end]
    opened: Open = request.getfixturevalue(how)
    return lambda name, *cells: opened(server.add_notebook(f"{name}-{front_end}", *cells))


def test_a_cell_asks_and_goes_on_with_the_answer(open_cells: OpenCells, front_end: str) -> None:
    """The question stands before the field; what was typed stays in the output."""
    notebook = open_cells("input", ASK)
    notebook.start(0)
    field = notebook.code(0).locator("input.jp-Stdin-input")
    expect(field).to_be_focused()
    notebook.take_picture(target(f"input-{front_end}.png"))
    field.fill("Grüße <b>")
    field.press("Enter")
    notebook.await_done(0, 1)
    expect(notebook.code(0).locator(".jp-OutputArea")).to_contain_text("Hello, Grüße <b>")


def test_a_question_can_be_stopped(open_cells: OpenCells) -> None:
    """And the next cell runs."""
    notebook = open_cells("input-stopped", "io.read()", "print 'next'")
    notebook.start(0)
    expect(notebook.code(0).locator("input.jp-Stdin-input")).to_be_visible()
    notebook.choose("Kernel", "Interrupt Kernel")
    notebook.await_done(0, 1)
    notebook.expect_error(0, "Interrupted")
    notebook.run(1, 2)
    notebook.expect_printed(1, "next")


def test_an_interrupt_of_run_all_stops_all(open_cells: OpenCells) -> None:
    """The cells behind the one that is stopped do not run and do not look as if they did."""
    cells = ["print 'first'", WAIT, *(f"print 'cell {i}'" for i in range(8)), "print 'after'"]
    notebook = open_cells("run-all", *cells)
    notebook.choose("Run", "Run All Cells")
    notebook.await_running(9)
    expect(notebook.code(1).locator(".jp-OutputArea")).to_contain_text("waiting")
    notebook.choose("Kernel", "Interrupt Kernel")
    notebook.expect_error(1, "Interrupted: stopped by the user")
    for index in range(2, 10):
        expect(notebook.code(index).locator(".jp-InputPrompt")).to_have_text("[ ]:")
        notebook.expect_outputs(index)
    notebook.run(10, 3)
    notebook.expect_printed(10, "after")


def test_the_editor_is_answered_while_a_cell_waits(open_cells: OpenCells) -> None:
    """Tab completes and Shift-Tab explains in the next cell; the kernel still shows that it is busy."""
    notebook = open_cells("busy-questions", WAIT, "")
    notebook.start(0)
    expect(notebook.code(0).locator(".jp-OutputArea")).to_contain_text("waiting")
    notebook.type_cell(1, "ba.socket.con")
    notebook.code(1).locator(".cm-content").press("End")
    notebook.page.keyboard.press("Tab")
    expect(notebook.page.locator(".jp-Completer")).to_contain_text("connect")
    notebook.page.keyboard.press("Enter")
    expect(notebook.code(1).locator(".cm-content")).to_have_text("ba.socket.connect")
    notebook.page.keyboard.press("Shift+Tab")
    expect(notebook.page.locator(".jp-Tooltip")).to_contain_text("ba.socket.connect(")
    notebook.page.keyboard.press("Escape")
    notebook.await_running(0)
    notebook.choose("Kernel", "Interrupt Kernel")
    notebook.expect_error(0, "Interrupted")


def test_a_loaded_file_takes_the_place_of_its_cell(tmp_path: Path, open_cells: OpenCells) -> None:
    """Ready to be run."""
    file = tmp_path / "greet.lua"
    file.write_text("print 'loaded'\n")
    notebook = open_cells("load", f"%load {file}")
    notebook.run(0, 1)
    expect(notebook.code(0).locator(".cm-line")).to_have_text([f"-- %load {file}", "print 'loaded'"])
    notebook.run(0, 2)
    notebook.expect_printed(0, "loaded")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_notebook_seven_shows_tables_charts_and_bars(
    server: LabServer, open_in_notebook_seven: Open, theme: str
) -> None:
    """As JupyterLab does (test_lab_display.py)."""
    notebook = open_in_notebook_seven(
        server.add_notebook(f"seven-display-{theme.lower()}", TABLE, PLOT, PROGRESS)
    )
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        table = notebook.code(0).locator("table")
        expect(table.locator("th")).to_have_text(["host", "ms"])
        expect(table.locator("td").first).to_have_text("<b>")
        notebook.run(1, 2)
        image = notebook.code(1).locator("img")
        assert image.evaluate("image => [image.complete, image.naturalWidth]") == [True, 640]
        notebook.run(2, 3)
        expect(notebook.code(2).locator(".jp-OutputArea-output")).to_have_text("reading: 3 of 3")
        notebook.take_picture(target(f"seven-display-{theme.lower()}.png"))


def test_a_subshell_console_shows_sockets_while_a_cell_waits(server: LabServer, open_notebook: Open) -> None:
    """JupyterLab opens one for the notebook's kernel."""
    notebook = open_notebook(server.add_notebook("subshell", WAIT))
    notebook.start(0)
    expect(notebook.code(0).locator(".jp-OutputArea")).to_contain_text("waiting")
    frames: list[bytes | str] = []
    notebook.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame))
    )
    notebook.choose_for(notebook.code(0).locator(".cm-content"), "New Subshell Console for Notebook")
    console = notebook.page.locator(".jp-CodeConsole")
    editor = console.locator(".jp-CodeConsole-promptCell .cm-content")
    expect(editor).to_be_visible()
    # What is typed before the console has its subshell waits for the cell, as in the notebook itself.
    while not any("create_subshell_reply" in str(frame) for frame in frames):
        notebook.page.wait_for_timeout(20)
    editor.click()
    editor.fill("%sockets")
    editor.press("Shift+Enter")
    expect(console.locator(".ba-sockets")).to_contain_text("127.0.0.1:9")
    notebook.page.screenshot(path=target("subshell.png"))
    expect(notebook.code(0).locator(".jp-InputPrompt")).to_have_text("[*]:")
    notebook.press_stop()
    notebook.expect_error(0, "Interrupted")
