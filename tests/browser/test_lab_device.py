"""Cells on a device in JupyterLab: what they print there, and what differs between here and there."""

from __future__ import annotations

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

START = "%device start"
THERE = '%%device\ngreeting = "hello from there"\nprint(greeting)'
BOTH = '%%device both\nprint("the same")\nprint(greeting)\nfor i = 1, 3 do print("line", i) end'


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_cell_runs_on_a_device_and_what_differs_is_marked(
    server: LabServer, open_notebook: Open, theme: str
) -> None:
    """In both themes; the lines that are the same are not marked."""
    notebook = open_notebook(server.add_notebook(f"device-{theme.lower()}", START, THERE, BOTH))
    with notebook.theme(f"JupyterLab {theme}"):
        for cell in range(3):
            notebook.run(cell, cell + 1)
        notebook.expect_printed(1, "hello from there")
        table = notebook.code(2).locator(".ba-both")
        marked = table.locator("td[style*='rgba']")
        assert marked.all_inner_texts() == ["nil", "hello from there"]
        assert table.locator("tr").count() == 6
        notebook.take_picture(target(f"device-{theme.lower()}.png"))
