"""`%flow` in a real kernel: what a front end gets to see of real sockets."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

from ._live import LiveKernel, Ran

SERVER = """\
listener = ba.socket.bind(0)
listener:event(function(l)
  while true do
    local s = l:accept()
    if not s then break end
    s:event(function(s)
      for data in s.read, s do s:write("echo " .. data) end
    end, "s")
  end
end, "s")
_, port = listener:sockname()
"""
CLIENT = """\
local s = ba.socket.connect("127.0.0.1", port)
s:write("hello")
s:read(2000)
s:read(100)
s:close()
"""
HTTPS = """\
%flow
local http = require("httpc").create{shark = mako.sharkclient()}
assert(http:request{url = "https://www.google.com/", trusted = true})
http:close()
"""


def picture(ran: Ran) -> str:
    """The text form of the last picture."""
    shown = [m["content"]["data"]["text/plain"] for m in ran.messages if "display_data" in m["msg_type"]]
    return str(next(text for text in reversed(shown) if "│" in text))


def test_a_cell_shows_its_conversation_with_a_cosocket(new_kernel: LiveKernel) -> None:
    """One arrow for what both ends of a connection on this machine report, and the limit that was reached."""
    new_kernel.run(SERVER)
    text = picture(new_kernel.run("%flow\n" + CLIENT))
    assert re.search(r"cell \[2\] +listener +cosocket \[1\]", text)
    assert text.count("“hello”  5 bytes") == 1
    assert text.count("“echo hello”  10 bytes") == 1
    assert "read 2 s" in text
    assert "! read: timeout" in text
    assert "╌ close" in text.replace("╌╌ close", "╌ close")


def test_a_cosocket_is_called_by_the_global_that_holds_it(new_kernel: LiveKernel) -> None:
    """As a program writes it; what no global holds has a number only."""
    new_kernel.run(SERVER)
    text = picture(
        new_kernel.run(
            "%flow wait 0.1\nserver = ba.socket.connect('127.0.0.1', port)\n"
            "server:event(function(s) s:write 'hello' s:read() s:read() end)"
        )
    )
    assert "cosocket [2] server" in text
    assert re.search(r"cosocket \[1\]  ", text)


def test_a_picture_is_an_image_that_is_well_formed(new_kernel: LiveKernel) -> None:
    """What a notebook shows whether it trusts the cell or not."""
    new_kernel.run(SERVER)
    ran = new_kernel.run("%flow\n" + CLIENT)
    html = ran.of_kind("display_data")[-1]["data"]["text/html"]
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert found
    assert ElementTree.fromstring(base64.b64decode(found[1])).tag.endswith("svg")


def test_a_lab_with_a_standing_clock_gives_the_same_picture_each_time(new_kernel: LiveKernel) -> None:
    """No times, no numbers of the system's choice; the host and the port are those that were asked for."""
    new_kernel.run("%lab on 2026-01-01T12:00:00Z")
    texts = {picture(new_kernel.run(HTTPS)).replace(f"[{cell}]", "[N]") for cell in range(2, 7)}
    assert len(texts) == 1
    text = texts.pop()
    assert "www.google.com:443 (lab)" in text
    assert "TLS 1.3 www.google.com, trusted" in text
    assert "“GET / HTTP/1.1…”" in text
    assert "ms │" not in text


def test_a_datagram_that_the_lab_has_lost_is_a_dotted_arrow(new_kernel: LiveKernel) -> None:
    """It ends in a cross, short of the host; one that arrives does not."""
    new_kernel.run("%lab on 2026-01-01T12:00:00Z")
    ask = (
        "%flow\nlocal u = ba.socket.udpcon('pool.ntp.org', 123)\n"
        "u:write('\\x1b' .. ('\\0'):rep(47))\nprint(u:read(200) ~= nil)"
    )
    answered = new_kernel.run(ask)
    assert "lost" not in picture(answered)
    new_kernel.run("%lab loss pool.ntp.org 100%")
    ran = new_kernel.run(ask)
    assert "48 bytes, lost" in picture(ran)
    html = ran.of_kind("display_data")[-1]["data"]["text/html"]
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert found
    (arrow,) = re.findall(rb'<line class="datagram bad lost"', base64.b64decode(found[1]))
    assert arrow


def test_a_fault_and_a_refusal_are_in_the_picture(new_kernel: LiveKernel) -> None:
    """Each at the lifeline that it happened to."""
    new_kernel.run(SERVER)
    text = picture(
        new_kernel.run(
            "%flow wait 0.2\nlistener:close()\nba.socket.connect('127.0.0.1', port)\n"
            "ba.socket.event(function() error('boom') end)"
        )
    )
    assert "! connect" in text
    assert "error: cell[2]:4: boom" in text


def test_on_and_off_show_several_cells_and_bytes_and_files_follow(
    new_kernel: LiveKernel, tmp_path: Path
) -> None:
    """The picture of `%flow on` is brought up to date by each cell; what it shows can be dumped and saved."""
    new_kernel.run(SERVER)
    new_kernel.run("%flow on")
    ran = new_kernel.run(CLIENT)
    assert "“echo hello”" in picture(ran)
    assert new_kernel.run("%flow off").status == "ok"
    assert new_kernel.run(f"%flow save {tmp_path / 'flow.json'}").status == "ok"
    found = re.search(r'"event": "moved".*?"socket": (\d+)', (tmp_path / "flow.json").read_text("utf-8"))
    assert found
    dump = new_kernel.run(f"%flow bytes {found[1]}").of_kind("display_data")[-1]["data"]["text/plain"]
    assert "68 65 6c 6c 6f" in dump


def test_a_flood_is_a_bounded_picture_that_says_what_it_leaves_out(new_kernel: LiveKernel) -> None:
    """Far more than ten thousand events in one cell."""
    new_kernel.run(SERVER)
    ran = new_kernel.run(
        "%flow\nlocal s = ba.socket.connect('127.0.0.1', port)\n"
        "for i = 1, 8000 do s:write('x') s:read() end\ns:close()"
    )
    text = picture(ran)
    assert re.search(r"[\d,]{5,} earlier events are not shown", text)
    assert len(text) < 30_000


def test_before_any_socket_and_after_the_last_there_is_a_sentence(new_kernel: LiveKernel) -> None:
    """An empty picture says that it is empty, and a socket that is gone is named; the cell's Lua is kept."""
    ran = new_kernel.run("%flow\nx = 6 * 7")
    assert ran.of_kind("display_data")[-1]["data"]["text/plain"] == "No socket did anything."
    new_kernel.run("s = ba.socket.udpcon('127.0.0.1', 9)")
    (number,) = re.findall(r"Closed (\d+)", new_kernel.run("%sockets close all").text())
    ran = new_kernel.run(f"%flow only {number}\nx = 0")
    assert f"there is no socket {number}, or it is closed; %sockets lists those there are" in str(ran.reply)
    assert new_kernel.run("x").result == "42"
