"""Interrupting a cell from JupyterLab."""

from __future__ import annotations

import pytest

from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

BEFORE = """\
kept, ticks = 41, 0
ba.socket.event(function(s)
  while s:read(100) == nil do
    ticks = ticks + 1
  end
end)
print("ready")
"""
# Swallows every error, so that nothing short of a real interrupt ends it.
BUSY = "while true do pcall(function() while true do end end) end"
AFTER = """\
local before = ticks
while ticks == before do
  ba.sleep(20)
end
print(kept + 1, "and it still ticks")
"""


@pytest.mark.parametrize("way", ["button", "menu"])
def test_a_busy_cell_stops_and_the_state_survives(way: str, server: LabServer, open_notebook: Open) -> None:
    """By the stop button and by the Kernel menu: only the cell ends; variables and cosockets stay."""
    notebook = open_notebook(server.add_notebook(f"interrupt-{way}", BEFORE, BUSY, AFTER))
    notebook.run(0, 1)
    notebook.start(1)
    notebook.await_running(1)
    if way == "button":
        notebook.press_stop()
    else:
        notebook.choose("Kernel", "Interrupt Kernel")
    notebook.await_done(1, 2)
    notebook.expect_error(1, "Interrupted: stopped by the user")
    notebook.run(2, 3)
    notebook.expect_outputs(2, "42 and it still ticks")
