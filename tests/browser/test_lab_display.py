"""Displayed outputs in JupyterLab: a table, a chart, a progress bar, in both themes and untrusted."""

from __future__ import annotations

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

TABLE = """\
return {
  {host = "www.google.com", port = 443, ms = 12.5, trusted = true},
  {host = "<b>pool.ntp.org</b>", port = 123, ms = 3},
}"""
PLOT = """\
local ours, theirs = {}, {}
for i = 1, 50 do
  ours[i], theirs[i] = 2 + i % 7 / 3, 3 + i % 5
end
display.plot{
  title = "Echo", xlabel = "round", ylabel = "ms",
  cosocket = ours, blocking = theirs,
}
display.plot{kind = "bars", labels = {"TCP", "TLS", "UDP"}, {50, 31, 42}}"""
PROGRESS = """\
bar = display.progress(3, "reading")
bar:step()
bar:step()"""
SIZE = "image => [image.complete, image.naturalWidth, image.clientWidth]"


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_tables_charts_and_bars_are_shown(server: LabServer, open_notebook: Open, theme: str) -> None:
    """The table is one, with names as text, and charts have their full width."""
    notebook = open_notebook(server.add_notebook(f"display-{theme.lower()}", TABLE, PLOT))
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        table = notebook.code(0).locator("table")
        expect(table.locator("th")).to_have_text(["host", "ms", "port", "trusted"])
        expect(table.locator("td").nth(4)).to_have_text("<b>pool.ntp.org</b>")
        notebook.run(1, 2)
        images = notebook.code(1).locator("img")
        expect(images).to_have_count(2)
        for image in images.all():
            assert image.evaluate(SIZE) == [True, 640, 640]
        notebook.take_picture(target(f"display-{theme.lower()}.png"))


def test_a_progress_bar_moves_in_place_and_ends_as_text(server: LabServer, open_notebook: Open) -> None:
    """One output from beginning to end, whichever cell takes the steps."""
    notebook = open_notebook(server.add_notebook("display-progress", PROGRESS, "bar:step()"))
    notebook.run(0, 1)
    output = notebook.code(0).locator(".jp-OutputArea-output")
    expect(output).to_have_text("reading: 2 of 3")
    notebook.take_picture(target("display-progress.png"))
    notebook.run(1, 2)
    expect(output).to_have_text("reading: 3 of 3")


def test_saved_outputs_are_shown_where_nothing_is_trusted(server: LabServer, open_notebook: Open) -> None:
    """JupyterLab strips what it does not trust, and they have nothing of that."""
    notebook = open_notebook(server.add_notebook("display-saved", TABLE, PLOT))
    notebook.run(0, 1)
    notebook.run(1, 2)
    notebook.save()
    untrusted = open_notebook(server.add_untrusted(notebook.file))
    untrusted.expect_untrusted()
    expect(untrusted.code(0).locator("th")).to_have_count(4)
    assert [image.evaluate(SIZE) for image in untrusted.code(1).locator("img").all()] == [
        [True, 640, 640]
    ] * 2
