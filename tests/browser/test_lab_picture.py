"""Pictures in the README: taken from the real thing, so that they cannot show what is not there.

They go to build/. `TAKE_PICTURE=1 pytest tests/browser -k picture` replaces those in notebooks/images/.
"""

from __future__ import annotations

import pytest

from ._picture import compress, target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser

NAME = "trace-area.png"
FLOW = "flow.png"

RECEIVER = """\
receiver = ba.socket.event(function(s)
  assert(ba.socket.udpcon(45738))
  local data, address = s:read(true)
  while data do
    trace(data .. " from " .. address)
    data, address = s:read(true)
  end
end)
print("the receiver works in the background")"""
SENDER = """\
sender = ba.socket.event(function(s)
  assert(ba.socket.udpcon())
  for count = 1, 4 do
    s:sendto("Message " .. count, "127.0.0.1", 45738)
    s:read(500) -- nobody answers: this waits
  end
  error("no more messages")
end)
print("so does the sender")"""
MEANWHILE = """\
print("and this cell runs meanwhile:", receiver:state())"""


def test_the_picture_shows_cells_and_their_trace(server: LabServer, open_notebook: Open) -> None:
    """Two cosockets of two cells trace into one area, an error among their lines, while a third cell runs."""
    notebook = open_notebook(server.add_notebook("udp-lesson", RECEIVER, SENDER, MEANWHILE))
    for index in range(3):
        notebook.run(index, index + 1)
    notebook.expect_line(notebook.area(0), "[1]:5 Message 4 from 127.0.0.1")
    notebook.expect_line(notebook.area(0), "no more messages")
    notebook.expect_outputs(2, "and this cell runs meanwhile: read true")
    file = target(NAME)
    notebook.take_picture(file)
    compress(file)
    assert file.stat().st_size > 20_000


ECHO = """\
%lab on 2026-01-01T12:00:00Z
server = ba.socket.bind(8181)
server:event(function(l)
  while true do
    l:accept():event(function(s)
      for data in s.read, s do s:write("you said " .. data) end
    end)
  end
end)"""
CLIENT = """\
%flow
local s = ba.socket.connect("127.0.0.1", 8181)
s:write("hello")
print((s:read(5000)))
print(s:read(200))
s:close()"""


def test_the_picture_shows_a_cell_and_its_sequence_diagram(server: LabServer, open_notebook: Open) -> None:
    """A client of a server in the background, with a timeout."""
    notebook = open_notebook(server.add_notebook("flow-lesson", ECHO, CLIENT))
    notebook.run(0, 1)
    notebook.run(1, 2)
    notebook.expect_printed(1, "you said hello\nnil\ttimeout\n")
    notebook.page.keyboard.press("Escape")
    cell = notebook.code(1)
    cell.locator("img").scroll_into_view_if_needed()
    file = target(FLOW)
    cell.screenshot(path=file)
    compress(file)
    assert file.stat().st_size > 20_000
