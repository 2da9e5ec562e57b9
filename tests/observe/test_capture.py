"""What Wireshark's reader finds in a capture of real programs."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ba_runtime.errors import UsageError
from ba_runtime.lab import Conditions, Lab
from ba_runtime.observe import _capture_file
from tests.lua._programs import Session, session
from tests.websocket._lua import lua, serve

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where to put the capture."""
    return tmp_path / "wire.pcapng"


@pytest.fixture
def here() -> Iterator[Session]:
    """A runtime."""
    with session() as fresh:
        yield fresh


def shown(file: Path, condition: str, *fields: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    """The fields of the packets for which the condition holds."""
    wanted = [part for field in fields for part in ("-e", field)]
    checks = (
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
        "-o",
        "udp.check_checksum:TRUE",
    )
    command = ["tshark", "-r", str(file), *checks, *options, "-Y", condition, "-T", "fields", *wanted]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("\t") for line in found.stdout.splitlines()]


def captured(here: Session, file: Path, program: str) -> None:
    """Captures a program that ends well."""
    here.runtime.capture(str(file))
    result = here.run(program)
    assert result.error is None, result.error
    summary = here.runtime.end_capture()
    assert summary is not None
    assert summary.packets > 0
    assert (summary.dropped_bytes, summary.failure) == (0, "")


PRELUDE = (Path(__file__).parent.parent / "lua" / "_prelude.lua").read_text()
WRONG = "tcp.analysis.flags || ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0"
TALK = """
local client, peer = pair()
client:write("to you") assert(peer:read() == "to you")
peer:write(string.rep("x", 300000))
local n = 0
while n < 300000 do n = n + #client:read() end
client:close() assert(not peer:read()) peer:close()
"""


def test_a_conversation_over_loopback_is_there_once_and_without_an_error_mark(
    here: Session, file: Path
) -> None:
    """From its handshake to both ends, with checksums that are right."""
    captured(here, file, TALK)
    assert shown(file, WRONG, "frame.number") == []
    assert {stream for (stream,) in shown(file, "tcp", "tcp.stream")} == {"0"}
    lengths = [int(length) for (length,) in shown(file, "tcp.len > 0", "tcp.len")]
    assert sum(lengths) == 300006
    assert len(shown(file, "tcp.flags.syn == 1", "tcp.seq")) == 2
    assert len(shown(file, "tcp.flags.fin == 1", "tcp.seq")) == 2


def test_a_connection_that_was_open_already_is_captured_from_the_middle(here: Session, file: Path) -> None:
    """With a handshake that is made up."""
    here.run("a, b = pair() a:write('before') assert(b:read() == 'before')")
    captured(here, file, "a:write('after') assert(b:read() == 'after') a:close()")
    assert shown(file, WRONG, "frame.number") == []
    assert shown(file, "tcp.len > 0", "tcp.payload") == [[b"after".hex()]]


def test_a_reset_is_one(here: Session, file: Path) -> None:
    """A program that closes with unread data resets the connection."""
    captured(here, file, "local a, b = pair() a:write('unread') ba.sleep(20) b:close() a:read() a:close()")
    assert len(shown(file, "tcp.flags.reset == 1", "tcp.seq")) == 1


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", "ip"), ("::1", "ipv6")])
def test_a_refused_connect_is_a_call_and_its_reset(
    here: Session, file: Path, address: str, family: str
) -> None:
    """As a peer's system answers when nobody listens."""
    options = f"{{ipv6 = {'true' if ':' in address else 'false'}}}"
    connect = f"ba.socket.connect('{address}', refused_port(), {options})"
    captured(here, file, f"local _, why = {connect} assert(why == 'cannotconnect', why)")
    assert shown(file, WRONG, "frame.number") == []
    (stream,) = shown(file, f"tcp.flags.reset == 1 && {family}.src == {address}", "tcp.stream")
    flags = shown(file, f"tcp.stream == {stream[0]}", "tcp.flags.syn", "tcp.flags.reset", "tcp.ack")
    assert flags == [["1", "0", "0"], ["0", "1", "1"]]


def test_a_peer_that_does_not_linger_resets(here: Session, file: Path) -> None:
    """It closes with SO_LINGER on and no time; the reset comes from its end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        here.runtime.capture(str(file))
        here.run(f"s = ba.socket.connect('127.0.0.1', {port}) s:write('hello')")
        peer, _ = listener.accept()
        assert peer.recv(100) == b"hello"
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        here.run("assert(not s:read(5000)) s:close()")
        here.runtime.end_capture()
    assert shown(file, WRONG, "frame.number") == []
    assert shown(file, "tcp.flags.reset == 1", "tcp.srcport") == [[str(port)]]
    assert shown(file, "tcp.flags.fin == 1", "frame.number") == []


def test_a_connection_that_the_lab_resets_is_reset_by_its_host(here: Session, file: Path) -> None:
    """At its port, after as many bytes as were asked for."""
    lab = Lab()
    lab.start()
    try:
        here.runtime.use_lab(lab)
        lab.set_conditions("www.google.com", Conditions(reset_after=10))
        captured(
            here,
            file,
            """
            local s = assert(ba.socket.connect("www.google.com", 80))
            s:write("GET / HTTP/1.0\\r\\n\\r\\n")
            assert(not s:read(5000)) s:close()
            """,
        )
    finally:
        here.runtime.use_lab(None)
        lab.stop()
    assert shown(file, WRONG, "frame.number") == []
    assert shown(file, "tcp.flags.reset == 1", "tcp.srcport") == [["80"]]


def test_a_conversation_over_ipv6_has_no_error_mark(here: Session, file: Path) -> None:
    """TCP and datagrams on ::1, with checksums over its addresses."""
    captured(
        here,
        file,
        """
        local peer
        local l = assert(ba.socket.bind(0, {intf = "::1", ipv6 = true}))
        l:event(function() peer = l:accept() end)
        local s = assert(ba.socket.connect("::1", select(2, l:sockname()), {ipv6 = true}))
        await(function() return peer end)
        s:write("six") assert(peer:read(5000) == "six") s:close() assert(not peer:read(5000)) peer:close()
        local a = assert(ba.socket.udpcon{intf = "::1", ipv6 = true})
        local b = assert(ba.socket.udpcon{intf = "::1", ipv6 = true})
        a:sendto("ask", "::1", select(2, b:sockname())) assert(b:read(5000) == "ask")
        """,
    )
    assert shown(file, WRONG, "frame.number") == []
    assert shown(file, "ipv6 && tcp.len > 0", "ipv6.src", "tcp.payload") == [["::1", b"six".hex()]]
    assert shown(file, "ipv6 && udp", "udp.payload") == [[b"ask".hex()]]
    assert len(shown(file, "ipv6 && tcp.flags.fin == 1", "tcp.seq")) == 2


def test_datagrams_between_two_sockets_are_there_once(here: Session, file: Path) -> None:
    """There and back."""
    captured(
        here,
        file,
        """
        local a, pa = udp()
        local b, pb = udp()
        a:sendto("ask", "127.0.0.1", pb) assert(b:read() == "ask")
        b:sendto("answer", "127.0.0.1", pa) assert(a:read() == "answer")
        """,
    )
    assert shown(file, WRONG, "frame.number") == []
    assert shown(file, "udp", "udp.payload") == [[b"ask".hex()], [b"answer".hex()]]


def test_http_inside_tls_is_read_with_the_secrets_in_the_file(here: Session, file: Path) -> None:
    """And the host of the lab has its name, and the port that was called."""
    lab = Lab()
    lab.start()
    try:
        here.runtime.use_lab(lab)
        captured(
            here,
            file,
            """
            local s = assert(ba.socket.connect("www.google.com", 443, {shark = mako.sharkclient()}))
            s:write("GET /capture HTTP/1.1\\r\\nHost: www.google.com\\r\\nConnection: close\\r\\n\\r\\n")
            while s:read() do end
            s:close()
            """,
        )
    finally:
        here.runtime.use_lab(None)
        lab.stop()
    assert shown(file, "http.request", "http.request.uri", "tcp.dstport") == [["/capture", "443"]]
    assert len(shown(file, "http.response", "http.response.code")) == 1
    assert shown(file, "http.request", "ip.dst_host", options=("-N", "n")) == [["www.google.com"]]


def test_a_file_that_exists_or_cannot_be_made_is_refused(here: Session, file: Path) -> None:
    """Nothing of it is lost, and the runtime goes on."""
    file.write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists already; delete it or choose another name"):
        here.runtime.capture(str(file))
    assert file.read_bytes() == b"mine"
    with pytest.raises(UsageError, match="No such file or directory"):
        here.runtime.capture(str(file.parent / "nowhere" / "a.pcapng"))
    assert here.value("1 + 1") == "2"


def test_a_websocket_message_is_there(file: Path) -> None:
    """One that the client sent."""
    with lua() as here:
        port = serve(here, "local text = s:read(5000) s:write(text, true)")
        captured(
            here,
            file,
            f"""
            local c = dial("ws://127.0.0.1:{port}/ws/")
            c:write("hello over there", true)
            assert(c:read(5000) == "hello over there")
            c:close()
            """,
        )
    assert shown(file, WRONG, "frame.number") == []
    messages = shown(file, "websocket.opcode == 1", "websocket.payload.text")
    assert len(messages) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_ends_the_capture_and_not_the_program(file: Path) -> None:
    """Here it is a limit of the shell's. What was written before is readable to its last packet."""
    program = file.parent / "program.lua"
    program.write_text(PRELUDE + TALK + "print 'done'")
    command = 'ulimit -f 64 && exec "$0" -m ba_runtime --capture "$1" "$2"'
    words = ["sh", "-c", command, sys.executable, str(file), str(program)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "done\n"
    assert "the capture has ended: cannot write" in ran.stderr
    assert len(shown(file, "tcp", "frame.number")) > 3


def test_a_program_on_the_command_line_is_captured_to_its_end(file: Path) -> None:
    """Its sockets' ends are there, though the runtime closes them."""
    program = file.parent / "program.lua"
    program.write_text(
        "local l = ba.socket.bind(0) local _, port = l:sockname() c = ba.socket.connect('127.0.0.1', port)"
    )
    ran = subprocess.run([sys.executable, "-m", "ba_runtime", "--capture", file, program], timeout=60)
    assert ran.returncode == 0
    assert len(shown(file, "tcp.flags.fin == 1", "tcp.seq")) >= 1


def test_what_the_queue_cannot_hold_is_counted_and_leaves_a_gap(
    here: Session, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is too slow stops nobody; whoever reads the capture is told."""
    monkeypatch.setattr(_capture_file, "QUEUE_BYTES", 5)
    here.runtime.capture(str(file))
    program = "a, b = pair() a:write('no room') assert(b:read() == 'no room') a:write('room') b:read()"
    assert here.run(program).error is None
    summary = here.runtime.end_capture()
    assert summary is not None
    assert summary.dropped_bytes == 14  # by both ends: what the second one tells would not have been written
    assert shown(file, "tcp.len > 0", "tcp.seq", "tcp.payload") == [["8", b"room".hex()]]
