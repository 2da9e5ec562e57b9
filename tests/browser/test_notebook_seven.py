"""Pictures of `%flow` and the table of `%sockets` in Notebook 7."""

from __future__ import annotations

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open
from .test_lab_flow import READABLE, SCALE, TLS, proxy_cells

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

LIVE = "%sockets live\na = ba.socket.udpcon('127.0.0.1', 9)"
TALK = """\
server = ba.socket.bind(0)
server:event(function(l)
  while true do l:accept():event(function(s) repeat until not s:read() end) end
end)
client = ba.socket.connect("localhost", select(2, server:sockname()))
client:write("hello")"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_notebook_seven_shows_readable_pictures(
    server: LabServer, open_in_notebook_seven: Open, theme: str
) -> None:
    """Of the proxy of lesson 3 and of a connection with TLS."""
    cells = [*proxy_cells(), TLS]
    notebook = open_in_notebook_seven(server.add_notebook(f"seven-flow-{theme.lower()}", *cells))
    with notebook.theme(f"JupyterLab {theme}"):
        for number in range(len(cells)):
            notebook.run(number, number + 1)
        for number in (len(cells) - 2, len(cells) - 1):
            picture = notebook.code(number).locator("img")
            expect(picture).to_be_visible()
            assert picture.evaluate(SCALE) >= READABLE
        notebook.take_picture(target(f"seven-flow-{theme.lower()}.png"))


def test_notebook_seven_shows_a_saved_picture_where_nothing_is_trusted(
    server: LabServer, open_in_notebook_seven: Open
) -> None:
    """It strips what it does not trust; an image stays, in a cell of a notebook that has not run."""
    notebook = open_in_notebook_seven(server.add_notebook("seven-saved", "%lab on", TLS))
    notebook.run(0, 1)
    notebook.run(1, 2)
    notebook.save()
    untrusted = open_in_notebook_seven(server.add_untrusted(notebook.file))
    untrusted.expect_untrusted()
    picture = untrusted.code(1).locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate(SCALE) >= READABLE
    untrusted.take_picture(target("seven-flow-untrusted.png"))


def test_notebook_seven_shows_sockets_and_keeps_a_live_table(
    server: LabServer, open_in_notebook_seven: Open
) -> None:
    """The live table follows later cells where it stands, a plain one fits, and closing ends both."""
    notebook = open_in_notebook_seven(
        server.add_notebook("seven-sockets", LIVE, TALK, "%sockets", "%sockets close all")
    )
    notebook.run(0, 1)
    live = notebook.code(0).locator(".ba-sockets")
    expect(live).to_contain_text("127.0.0.1:9")
    notebook.run(1, 2)
    expect(live).to_contain_text("listener")
    notebook.run(2, 3)
    table = notebook.code(2).locator(".ba-sockets table")
    expect(table).to_contain_text("listener")
    assert table.evaluate("table => table.offsetWidth - table.parentNode.clientWidth") <= 0
    notebook.take_picture(target("seven-sockets.png"))
    notebook.run(3, 4)
    expect(live).to_have_text("There are no sockets.")
