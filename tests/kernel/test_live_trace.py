"""The trace area of a real kernel, as a front end and as nbclient see it."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

from ._live import LiveKernel, Message, shows

ECHO = """\
listener = ba.socket.bind(0)
listener:event(function(l)
  while true do
    local s = l:accept()
    if not s then break end
    s:event(function(s) trace("got", s:read()) end)
  end
end)
_, port = listener:sockname()
"""


def area(message: Message) -> list[str]:
    """Returns the lines of a snapshot."""
    return str(message["content"]["data"]["text/plain"]).split("\n")


def test_a_trace_appears_in_the_cell_and_is_complete_before_idle(new_kernel: LiveKernel) -> None:
    """The last snapshot has everything, and the place of the display is that of the first trace."""
    ran = new_kernel.run("print('a') for i = 1, 300 do trace(i) end print('b')")
    shown = [kind for kind in ran.kinds() if kind != "update_display_data"]
    assert shown == ["stream", "display_data", "stream"]
    *_, last = (message for message in ran.messages if "display_data" in message["msg_type"])
    assert area(last)[0] == "[1]:1  101"
    assert area(last)[-1] == "trace: 300 lines, last 200 shown"


def test_a_trace_between_cells_reaches_the_latest_request(new_kernel: LiveKernel) -> None:
    """The cell that began it is long idle; the update still comes, and answers it."""
    request = new_kernel.send("ba.timer(function() trace('later') end):set(100, true)\nprint('begun')")
    assert new_kernel.finish(request).kinds() == ["stream"]
    request = new_kernel.send("%trace here")
    new_kernel.finish(request)
    update = new_kernel.until(request, shows("later"))[-1]
    assert update["msg_type"] == "update_display_data"


def test_a_listener_brings_the_area_before_anything_is_traced(new_kernel: LiveKernel) -> None:
    """A client that comes between cells finds a place for its traces."""
    request = new_kernel.send(ECHO)
    ran = new_kernel.finish(request)
    assert ran.kinds() == ["display_data"]
    second = new_kernel.run("ba.socket.connect('127.0.0.1', port):write('hello')\n%time")
    assert second.status == "error"
    second = new_kernel.run("%trace wait 1 5\nba.socket.connect('127.0.0.1', port):write('hello')")
    assert second.status == "ok"
    assert second.kinds()[0] == "update_display_data"


def test_a_fault_in_the_background_is_in_the_area(new_kernel: LiveKernel) -> None:
    """With its traceback, and the kernel goes on."""
    ran = new_kernel.run(
        "%trace wait 2 5\nba.socket.event(function(s) s:read(1) print('late') error('boom') end)"
    )
    assert ran.status == "ok"
    *_, last = (message for message in ran.messages if "display_data" in message["msg_type"])
    text = "\n".join(area(last))
    assert "[1]  late  (print after cell [1] ended)" in text
    assert "Lua error in Cosocket: cell[1]:2: boom" in text
    assert "stack traceback:" in text
    assert "crimson" in last["content"]["data"]["text/html"]


def test_a_reloaded_page_and_a_cell_that_runs_again_get_the_area_again(new_kernel: LiveKernel) -> None:
    """Both have lost it."""
    assert new_kernel.run("trace(1)", cell_id="a").kinds() == ["display_data"]
    assert new_kernel.run("trace(2)", cell_id="b").kinds() == ["update_display_data"]
    assert new_kernel.run("trace(3)", cell_id="a").kinds() == ["display_data"]
    new_kernel.client.session.session = "a reloaded page"
    assert new_kernel.run("trace(4)", cell_id="c").kinds() == ["display_data"]


def test_a_flood_of_traces_stays_bounded_and_can_be_stopped(new_kernel: LiveKernel) -> None:
    """Few updates, true numbers."""
    request = new_kernel.send("while true do trace('x') end")
    seen = new_kernel.until(request, shows("dropped"))
    new_kernel.interrupt()
    ran = new_kernel.finish(request)
    assert ran.reply["ename"] == "Interrupted"
    assert len(seen) < 30
    *_, last = (message for message in [*seen, *ran.messages] if "display_data" in message["msg_type"])
    assert len(area(last)) == 201


def test_a_notebook_runs_the_same_every_time() -> None:
    """What nbclient saves has no times, no addresses and no accidents of order."""
    cells = [
        ECHO,
        "%trace wait 2 5\nfor i = 1, 2 do ba.socket.connect('127.0.0.1', port):write('x') end",
        "1 + 1",
    ]
    saved = []
    for _ in range(2):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        NotebookClient(notebook, kernel_name="ba-lua").execute()
        saved.append([[dict(output) for output in cell.outputs] for cell in notebook.cells])
    assert saved[0] == saved[1]
    (snapshot,) = saved[0][0]
    assert snapshot["data"]["text/plain"].endswith("trace: 2 lines")
