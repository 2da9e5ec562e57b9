"""Completion, Shift-Tab and the pager in JupyterLab and Notebook 7, in both themes."""

from __future__ import annotations

import pytest

from ._page import NotebookPage
from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

STATE = """\
rows = {{["odd key"] = 1, plain = 2}}
--- Greets somebody, *politely*.
function greet(name, ...)
  return "hello " .. name
end"""
LOCAL = 'local s = ba.socket.connect("simplemq.com", 80)\ns:'
THEMES = pytest.mark.parametrize("theme", ["Light", "Dark"])
FRONT_ENDS = pytest.mark.parametrize("front_end", ["open_notebook", "open_in_notebook_seven"])


@pytest.fixture
def opened(request: pytest.FixtureRequest, server: LabServer, front_end: str, theme: str) -> NotebookPage:
    """A notebook whose first cell has run, in one of the front ends."""
    open_: Open = request.getfixturevalue(front_end)
    name = f"{request.function.__name__}-{front_end.rpartition('_')[2]}-{theme.lower()}"
    notebook = open_(server.add_notebook(name, STATE, "", "", ""))
    notebook.run(0, 1)
    return notebook


def write(notebook: NotebookPage, index: int, text: str) -> None:
    """Types a text into a cell, with the cursor behind it and nothing that the editor adds."""
    notebook.type_cell(index, text)
    notebook.code(index).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+End")


def offered(notebook: NotebookPage, index: int, text: str) -> list[str]:
    """Returns what Tab offers behind a text, and leaves it open."""
    write(notebook, index, text)
    notebook.page.keyboard.press("Tab")
    items = notebook.page.locator(".jp-Completer .jp-Completer-item .jp-Completer-match")
    expect(items.first).to_be_visible()
    return [item.inner_text() for item in items.all()]


@FRONT_ENDS
@THEMES
def test_tab_offers_what_may_follow(opened: NotebookPage, front_end: str, theme: str) -> None:
    """Methods of a local, keys that are not names, fields of options; what is chosen replaces the dot too."""
    with opened.theme(f"JupyterLab {theme}"):
        assert offered(opened, 1, "ba.socket.connect(h, p, {")[:2] == ["alpn", "intf"]
        opened.page.keyboard.press("Escape")
        assert {"read", "write"} <= set(offered(opened, 2, LOCAL))
        opened.page.screenshot(path=target(f"completion-{front_end.rpartition('_')[2]}-{theme.lower()}.png"))
        opened.page.keyboard.press("Escape")
        assert offered(opened, 3, "rows[1].") == [".plain", '["odd key"]']
        opened.page.keyboard.press("ArrowDown")
        opened.page.keyboard.press("Enter")
        expect(opened.code(3).locator(".cm-content")).to_have_text('rows[1]["odd key"]')


@FRONT_ENDS
@THEMES
def test_shift_tab_explains_a_name(opened: NotebookPage, front_end: str, theme: str) -> None:
    """A function of the API, and one of the user's, with its comment as it is."""
    with opened.theme(f"JupyterLab {theme}"):
        tooltip = opened.page.locator(".jp-Tooltip")
        write(opened, 1, "greet(")
        opened.page.keyboard.press("Shift+Tab")
        expect(tooltip).to_contain_text("greet(name, ...)")
        expect(tooltip).to_contain_text("Greets somebody, *politely*.")
        opened.page.keyboard.press("Escape")
        write(opened, 2, "ba.socket.connect(")
        opened.page.keyboard.press("Shift+Tab")
        expect(tooltip).to_contain_text("ba.socket.connect(host, port [, op])")
        expect(tooltip.locator("li code").first).to_have_text("shark")
        opened.page.screenshot(path=target(f"tooltip-{front_end.rpartition('_')[2]}-{theme.lower()}.png"))


@FRONT_ENDS
@THEMES
def test_a_question_opens_the_pager(opened: NotebookPage, front_end: str, theme: str) -> None:
    """Below the cell, as these front ends do it, with the source where that is asked for."""
    with opened.theme(f"JupyterLab {theme}"):
        opened.type_cell(1, "greet??")
        opened.run(1, 2)
        page = opened.code(1).locator(".jp-OutputArea-output")
        expect(page).to_contain_text('return "hello " .. name')
        opened.type_cell(2, "ba.socket.connect?\n%lab?")
        opened.run(2, 3)
        page = opened.code(2).locator(".jp-OutputArea-output")
        expect(page).to_contain_text("Returns: The socket.")
        expect(page).to_contain_text("%lab on [TIME]")
        opened.page.screenshot(path=target(f"pager-{front_end.rpartition('_')[2]}-{theme.lower()}.png"))


@FRONT_ENDS
@pytest.mark.parametrize("theme", ["Light"])
def test_tab_works_while_a_cell_waits(opened: NotebookPage) -> None:
    """And the kernel is still said to be busy."""
    opened.type_cell(1, "ba.sleep(600000)")
    opened.start(1)
    opened.await_running(1)
    assert {"read", "write"} <= set(offered(opened, 2, LOCAL))
    opened.await_status("Busy")
    opened.press_stop()
    opened.await_done(1, 2)
