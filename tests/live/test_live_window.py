"""The live view of a real runtime, over real WebSockets."""

from __future__ import annotations

import base64
import socket
import threading

import pytest
from websockets.exceptions import ConnectionClosed

from ba_runtime import Runtime
from ba_runtime.lab import Lab
from ba_runtime.live.messages import Message

from ._view import TIMEOUT_S, view

ECHO = """
listener = ba.socket.bind(0)
listener:event(function(s)
  while true do
    local client = s:accept()
    if not client then return end
    client:event(function(c)
      for data in function() return c:read() end do c:write(data) end
    end)
  end
end, "r")
local _, port = listener:sockname()
peer = ba.socket.connect("127.0.0.1", port)
"""


def test_lines_come_as_they_are_traced() -> None:
    """In order, with those from before the page was opened."""
    with view() as here:
        here.run("trace 'before'")
        with here.page() as page:
            assert page.until("hello")["title"] == "program.lua"
            here.run("for i = 1, 5000 do trace(i) end trace 'end'")
            assert page.texts("end") == ["before", *map(str, range(1, 5001)), "end"]


def test_two_pages_get_the_same_lines() -> None:
    """A second window takes nothing away from the first."""
    with view() as here, here.page() as one, here.page() as other:
        here.run("for i = 1, 100 do trace(i) end trace 'end'")
        assert one.texts("end") == other.texts("end")


def test_the_page_is_served_while_lua_computes() -> None:
    """Which is why it is not the page server's; the table of sockets says that it is old."""
    with view() as here:
        assert here.running is not None
        spinning = here.running.run_cell(b"trace 'spins' while true do end", name="cell[2]", cell=2)
        with here.page() as page:
            page.texts("spins")
            assert here.get(f"/rtl/tracelogger/{here.query}").status == 200
            page.send({"type": "view", "name": "sockets"})
            assert page.until("sockets")["is_late"]
        here.running.interrupt()
        assert spinning.result(TIMEOUT_S).error is not None


def test_very_many_lines_are_bounded_and_in_order() -> None:
    """A page gets what can be carried, knows what it has missed, and ends with the newest."""
    with view() as here, here.page() as page:
        assert here.running is not None
        source = b"for i = 1, 200000 do trace(i) end trace 'end'"
        running = here.running.run_cell(source, name="cell[2]", cell=2)
        before, got = -1, 0
        for line in page.lines():
            assert line.number > before
            if line.text == "end":
                break
            assert line.text == str(line.number + 1)
            before, got = line.number, got + 1
        assert running.result(TIMEOUT_S).error is None
        assert line.number == 200_000
        assert got >= 10_000 - 1
        assert len(here.ring.since(0, 200_000).lines) == 10_000


def test_a_page_that_takes_nothing_costs_nothing() -> None:
    """One batch waits for it, whatever is traced meanwhile."""
    with view() as here, here.page(is_slow=True) as page:
        here.run("trace 'first'")
        page.until("lines")
        here.run("for i = 1, 50000 do trace(i) end trace 'end'")
        page.is_slow = False
        page.send({"type": "got", "upto": 1})
        numbers = []
        for line in page.lines():
            numbers.append(line.number)
            if line.text == "end":
                break
        assert numbers == list(range(40_002, 50_002))


def test_a_socket_can_be_seen_and_closed() -> None:
    """With what `%sockets` shows of it."""
    with view() as here, here.page() as page:
        here.run(ECHO)
        page.send({"type": "view", "name": "sockets"})
        table = page.until("sockets", lambda message: any(row["variable"] for row in message["rows"]))
        rows = {row["variable"]: row for row in table["rows"]}
        assert rows["listener"]["kind"] == "listener"
        page.send({"type": "close", "socket": rows["peer"]["socket"]})
        assert page.until("said")["text"] == f"Closed socket {rows['peer']['socket']}."
        closed = page.until("sockets", lambda message: len(message["rows"]) < len(table["rows"]))
        assert "peer" not in {row["variable"] for row in closed["rows"]}


def test_the_flow_is_drawn_while_somebody_looks() -> None:
    """As a picture, with a sentence for those who do not see it; the recording ends with the last look."""
    with view() as here, here.page() as page:
        page.send({"type": "view", "name": "flow"})
        page.until("flow")
        here.run(f"{ECHO} peer:write 'hello' peer:read(5000)")
        flow = page.until("flow", lambda message: b"hello" in base64.b64decode(message["svg"]))
        assert base64.b64decode(flow["svg"]).startswith(b"<svg")
        assert flow["text"].startswith("Sequence diagram, ")
        assert _is_recording(here.running)
        page.send({"type": "restart"})
        assert page.until("flow", lambda message: message["events"] < flow["events"])
        page.send({"type": "view", "name": "trace"})
        page.send({"type": "http", "part": "request_line", "on": True})  # answered when that has been taken
        page.until("state", lambda message: message["http"]["request_line"])
        here.run("")
        assert not _is_recording(here.running)


def _is_recording(runtime: object) -> bool:
    """Tells whether anybody records the sockets of a runtime."""
    return runtime._thread.listening.recorder is not None  # type: ignore[attr-defined]


def test_conditions_are_shown_set_and_cleared() -> None:
    """In the words of `%lab`, which say what is wrong as well."""
    network = Lab()
    network.start()
    try:
        with view(network) as here, here.page() as page:
            page.send({"type": "view", "name": "network"})
            assert _conditions(page.until("network")) == ""
            page.send({"type": "lab", "words": "delay www.google.com 200ms ±50ms"})
            page.until_both(
                lambda message: message.get("text") == "www.google.com: delay 200ms ±50ms",
                lambda message: _conditions(message) == "delay 200ms ±50ms",
            )
            page.send({"type": "lab", "words": "delay www.google.com 200"})
            assert "needs a unit" in page.until("said")["text"]
            page.send({"type": "lab", "words": "host evil 80"})
            assert page.until("said")["is_error"]
            page.send({"type": "lab", "words": "clear all"})
            page.until_both(
                lambda message: message.get("text") == "No host has conditions.",
                lambda message: _conditions(message) == "",
            )
    finally:
        network.stop()


def _conditions(message: Message) -> str | None:
    """Returns the conditions of a host, None of a message that says nothing about them."""
    hosts = {host["host"]: host for host in message.get("hosts", ())}
    return hosts["www.google.com"]["conditions"] if hosts else None


def test_closing_the_window_ends_its_connections() -> None:
    """And its thread; nothing is left behind, and the port is free."""
    with view() as here, here.page() as page:
        page.until("hello")
        here.window.close()
        with pytest.raises(ConnectionClosed):
            page.until("never")
        assert "ba-live" not in {thread.name for thread in threading.enumerate()}
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", here.port))


def test_a_port_that_is_taken_is_said() -> None:
    """And another try may have more luck."""
    with view() as here, socket.create_server(("127.0.0.1", 0)) as other:
        here.window.close()
        with pytest.raises(OSError, match="in use"):
            here.window.open(other.getsockname()[1])
        assert here.window.open().startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "hostile",
    [b"<script>alert(1)</script>", b"\x00\x1b[31m\r\n", b"\xff\xfe", "\u202e\u2028".encode(), b"</pre>&amp;"],
)
def test_hostile_bytes_stay_text(hostile: bytes) -> None:
    """Whatever a peer sends comes as text, with what is unprintable written out."""
    escaped = "".join(f"\\x{byte:02x}" for byte in hostile)
    with view() as here, here.page() as page:
        here.run(f"trace('{escaped}!') trace 'end'")
        texts = page.texts("end")
        shown = "\n".join(texts[:-1])
        assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in shown)
        assert shown.endswith("!")
        if hostile.startswith(b"<"):
            assert shown == hostile.decode() + "!"


def test_after_a_reset_the_new_state_is_shown() -> None:
    """Its sockets, its flow and its trace; the page stays where it is."""
    with view() as here, here.page() as page:
        page.send({"type": "view", "name": "flow"})
        page.until("flow")
        with Runtime(here.ring.add) as fresh:
            here.running, old = fresh, here.running
            page.until("flow", lambda message: message["svg"] == "")
            fresh.run_cell(ECHO.encode(), name="cell[2]", cell=2).result(TIMEOUT_S)
            fresh.run_cell(b"peer:write 'anew' peer:read(5000)", name="cell[3]", cell=3).result(TIMEOUT_S)
            page.until("flow", lambda message: b"anew" in base64.b64decode(message["svg"]))
            here.running = old
