"""A newcomer runs a server cell twice: who holds the port, and how to free it."""

from __future__ import annotations

import re

from ._live import LiveKernel, Message, is_idle, shows

SERVER = """
local listener = ba.socket.bind(port)
if not listener then
  error("port " .. port .. " is taken", 0)
end
listener:event(function(l)
  while true do
    local s = l:accept()
    if not s then return end
    s:write("hello")
  end
end)
"""
FREE = "local l = ba.socket.bind(0) _, port = l:sockname() l:close()"


def plain(message: Message) -> str:
    """Returns the plain text of what a message displays."""
    return str(message["content"].get("data", {}).get("text/plain", ""))


def test_a_server_cell_that_is_run_twice_says_how_to_free_its_port(kernel: LiveKernel) -> None:
    """The cell fails, the trace names the socket, the line that it gives closes it, and the cell runs."""
    kernel.run(FREE)
    assert kernel.run(SERVER, cell_id="server").status == "ok"
    again = kernel.run(SERVER, cell_id="server")
    assert again.status == "error"
    traced = "\n".join(map(plain, again.messages))
    found = re.search(r"port \d+ is held by the listener of cell \[\d+\]: (%sockets close \d+)\n", traced)
    assert found, traced
    closed = kernel.run(found[1])
    assert re.fullmatch(r"Closed \d+: listener 127\.0\.0\.1:\d+ of cell \[\d+\]\n", closed.text())
    assert kernel.run(SERVER, cell_id="server").status == "ok"
    assert kernel.run("return ba.socket.connect('127.0.0.1', port):read()").result == '"hello"'
    assert "Closed" in kernel.run("%sockets close all").text()


def test_a_live_table_goes_on_between_cells_and_leaves_the_kernel_idle(kernel: LiveKernel) -> None:
    """Its updates are no requests; it ends by itself with the last socket."""
    request = kernel.send("%sockets live\nu = ba.socket.udpcon('127.0.0.1', 9)")
    ran = kernel.finish(request)
    assert any("127.0.0.1:9" in plain(message) for message in ran.messages)
    closing = kernel.send("ba.timer(function() u:close() end):set(50, true)")
    kernel.finish(closing)
    late = kernel.until(closing, shows("There are no sockets."))
    assert late[-1]["msg_type"] == "update_display_data"
    assert not any(is_idle(message) for message in late)
