"""A call that nothing can stop, in JupyterLab: the cell says which it is, and a restart helps."""

from __future__ import annotations

import pytest

from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

STUCK = """print "before"
return (("a"):rep(3000)):find(("a*"):rep(8) .. "b")"""


def test_the_cell_names_the_call_and_a_restart_ends_it(server: LabServer, open_notebook: Open) -> None:
    """Two seconds after the stop button, below what the cell has printed."""
    notebook = open_notebook(server.add_notebook("stuck", STUCK, "6 * 7"))
    notebook.start(0)
    notebook.await_running(0)
    notebook.press_stop()
    notebook.expect_error(0, "it is inside a single call of `find`, which Lua cannot interrupt")
    notebook.choose("Kernel", "Restart Kernel…")
    notebook.page.get_by_role("button", name="Confirm Kernel Restart").click()
    notebook.await_status("Idle")
    notebook.run(1, 1)
    notebook.expect_outputs(1, "42")
