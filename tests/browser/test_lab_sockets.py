"""The socket table in JupyterLab: readable in both themes, also untrusted, and live where it stands."""

from __future__ import annotations

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

SOCKETS = """\
%lab on
server = ba.socket.bind(0)
server:event(function(l)
  while true do l:accept():event(function(s) s:read() end) end
end)
local _, port = server:sockname()
peers = {first = ba.socket.connect("localhost", port)}
peers.first:write(("x"):rep(1234))
secure = ba.socket.connect("www.google.com", 443, {shark = mako.sharkclient()})
doubtful = ba.socket.connect("www.google.com", 443, {shark = ba.create.sharkssl()})
time = ba.socket.udpcon("pool.ntp.org", 123)
_G["<b>bold</b>"] = ba.socket.udpcon()
waits = ba.socket.event(function(s) s:read(1e6) end)"""
COLUMNS = 9


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_table_is_readable_and_names_are_text(server: LabServer, open_notebook: Open, theme: str) -> None:
    """All columns fit beside the file browser, rows are low, and names are not HTML."""
    notebook = open_notebook(server.add_notebook(f"sockets-{theme.lower()}", SOCKETS, "%sockets"))
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        notebook.run(1, 2)
        table = notebook.code(1).locator(".ba-sockets table")
        expect(table.locator("th")).to_have_count(COLUMNS)
        expect(table).to_contain_text('_G["<b>bold</b>"]')
        expect(table).to_contain_text("not trusted: cn (unknown CA)")
        assert table.evaluate("table => table.offsetWidth - table.parentNode.clientWidth") <= 0
        assert all(row.bounding_box()["height"] < 80 for row in table.locator("tr").all())  # type: ignore[index]
        notebook.take_picture(target(f"sockets-{theme.lower()}.png"))


def test_a_live_table_follows_what_later_cells_do(server: LabServer, open_notebook: Open) -> None:
    """It changes in its own cell, and ends when the sockets have."""
    notebook = open_notebook(
        server.add_notebook(
            "sockets-live",
            "%sockets live\na = ba.socket.udpcon('127.0.0.1', 9)",
            "b = ba.socket.bind(0)",
            "%sockets close all",
        )
    )
    notebook.run(0, 1)
    area = notebook.code(0).locator(".ba-sockets")
    expect(area).to_contain_text("127.0.0.1:9")
    notebook.run(1, 2)
    expect(area).to_contain_text("listener")
    notebook.take_picture(target("sockets-live.png"))
    notebook.run(2, 3)
    expect(area).to_have_text("There are no sockets.")


def test_a_saved_table_is_the_same_where_nothing_is_trusted(server: LabServer, open_notebook: Open) -> None:
    """JupyterLab strips what it does not trust, and the table has nothing of that."""
    path = server.add_notebook("sockets-saved", SOCKETS, "%sockets")
    notebook = open_notebook(path)
    notebook.run(0, 1)
    notebook.run(1, 2)
    notebook.save()
    untrusted = open_notebook(server.add_untrusted(notebook.file))
    untrusted.expect_untrusted()
    table = untrusted.code(1).locator(".ba-sockets table")
    expect(table.locator("th")).to_have_count(COLUMNS)
    assert untrusted.style_of(table.locator("td").first)["whiteSpace"] == "nowrap"
    untrusted.take_picture(target("sockets-untrusted.png"))
