"""Hints in JupyterLab: below a cell's error, below one of the background, and in the trace area."""

from __future__ import annotations

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

FAILING = """\
local s = ba.socket.connect("127.0.0.1", 9)
s:write("hello")"""
BACKGROUND = """\
%trace only errors
trace("not an error")
ba.socket.event(function(s)
  s:read(100)
  pirnt("gone")
end)"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_hint_is_read_below_the_error_in_both_themes(
    server: LabServer, open_notebook: Open, theme: str
) -> None:
    """And the area hides what is no error, and says so."""
    notebook = open_notebook(server.add_notebook(f"hints-{theme.lower()}", FAILING, BACKGROUND))
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        notebook.expect_error(
            0, 'hint: s is nil: ba.socket.connect("127.0.0.1", 9) in line 1 returned nil, "cannotconnect"'
        )
        notebook.run(1, 2)
        notebook.expect_error(1, "hint: did you mean print?")
        notebook.expect_line(notebook.area(1), "hint: did you mean print?")
        notebook.expect_footer(notebook.area(1), "1 hidden (only errors)")
        notebook.take_picture(target(f"hint-{theme.lower()}.png"))
