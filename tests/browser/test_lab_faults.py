"""Errors of the background in JupyterLab: below the cell whose code it is, and below the one that waits."""

from __future__ import annotations

import time

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

TYPO = """\
ba.socket.event(function(s)
  s:read(500) -- the cell has ended by now
  local data
  trace(data.size)
end)
print("the cell has ended")"""
TRACE = "%trace here"
WAITING = "while not done do ba.sleep(50) end"
# It comes half a second after the cell has ended; the rest is the page's.
SHOWN_S = 3.0


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_typo_in_a_cosocket_is_seen_at_its_cell_and_below_the_trace(
    server: LabServer, open_notebook: Open, theme: str
) -> None:
    """The cell has ended; its output gets the line that failed, and the area's footer the count."""
    notebook = open_notebook(server.add_notebook(f"typo-{theme.lower()}", TYPO, TRACE))
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.run(0, 1)
        start = time.monotonic()
        notebook.expect_error(0, "attempt to index a nil value (local 'data')")
        assert time.monotonic() - start < SHOWN_S
        notebook.expect_error(0, "----> 4   trace(data.size)")
        notebook.run(1, 2)
        notebook.expect_footer(notebook.area(1), "1 error in [1]:4")
        notebook.take_picture(target(f"fault-{theme.lower()}.png"))


def test_a_cell_that_waits_for_what_has_failed_shows_why(server: LabServer, open_notebook: Open) -> None:
    """While it waits, and it can be stopped."""
    notebook = open_notebook(server.add_notebook("waits", TYPO, WAITING))
    notebook.run(0, 1)
    notebook.start(1)
    notebook.expect_error(1, "attempt to index a nil value (local 'data')")
    notebook.await_running(1)
    notebook.take_picture(target("fault-waiting.png"))
    notebook.press_stop()
    notebook.await_done(1, 2)
