"""What is recorded of real sockets: their lives, what they move, who waits for whom."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from ba_runtime.errors import RuntimeClosed
from ba_runtime.lab import Direction, Incident
from ba_runtime.observe import (
    Closed,
    Connected,
    Connecting,
    Erred,
    Failed,
    Misbehaved,
    Moved,
    Opened,
    Resolved,
    Secured,
    Waits,
    WentOn,
)
from tests.lua._programs import TIMEOUT_S, Session, session
from tests.lua._tls import tls_session
from tests.web._site import client, request, site
from tests.websocket._lua import lua, serve

from ._recorded import moved, opened, recorded, those


@pytest.fixture
def here() -> Iterator[Session]:
    """A runtime."""
    with session() as fresh:
        yield fresh


def test_both_ends_of_a_connection_know_each_other(here: Session) -> None:
    """One's local address is the other's peer, and the listener is the parent of the accepted end."""
    events = recorded(here, "a, b = pair()")
    accepted = opened(events, "accepted")
    (connected,) = those(events, Connected)
    assert (connected.local, connected.peer) == (accepted.peer, accepted.local)
    assert connected.socket == opened(events, "client").socket
    assert accepted.parent == opened(events, "listener").socket
    (connecting,) = those(events, Connecting)
    assert (connecting.name, connecting.peer, connecting.is_in_lab) == ("127.0.0.1", connected.peer, False)


def test_sockets_that_are_there_already_are_introduced(here: Session) -> None:
    """With the addresses of both ends; only what moves from then on is recorded."""
    here.run("a, b = pair() a:write 'before'")
    events = recorded(here, "assert(b:read(5000) == 'before') b:write 'after' assert(a:read(5000))")
    client, accepted = opened(events, "client"), opened(events, "accepted")
    assert (client.local, client.peer) == (accepted.peer, accepted.local)
    assert moved(events, is_ours=True) == len("after")


def test_a_message_is_recorded_at_both_ends_in_its_order(here: Session) -> None:
    """It is sent before it is received, by a clock that only goes forward."""
    events = recorded(here, "a, b = pair() a:write 'hello' assert(b:read(5000) == 'hello')")
    sent, received = those(events, Moved)
    assert (sent.head, sent.is_ours, received.head, received.is_ours) == (b"hello", True, b"hello", False)
    times = [event.at_s for event in events]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("ends", "by", "reason"),
    [
        ("a:close()", "us", ""),
        ("b:close() assert(not a:read(5000))", "peer", "socketreadfailed"),
        ("a = nil collectgarbage() collectgarbage()", "collector", ""),
        ("a:event(function() error 'oops' end)", "error", ""),
        ("a:event(function() end)", "us", ""),
    ],
)
def test_a_close_says_whose_doing_it_was(here: Session, ends: str, by: str, reason: str) -> None:
    """Of the end that the program had from `connect`."""
    here.run("a, b = pair()")
    events = recorded(here, ends)
    number = opened(events, "client").socket
    assert [(one.by, one.reason) for one in those(events, Closed) if one.socket == number] == [(by, reason)]


def test_a_reset_is_told_from_an_orderly_end(here: Session) -> None:
    """What the program cannot tell apart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here.run(f"c = ba.socket.connect('127.0.0.1', {listener.getsockname()[1]})")
        peer, _ = listener.accept()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        events = recorded(here, "assert(not c:read(5000))")
    assert [(one.by, one.reason) for one in those(events, Closed)] == [("reset", "socketreadfailed")]


def test_a_connect_that_an_interrupt_ends_is_closed_by_it() -> None:
    """Whoever is called may have accepted already: this one never answers the handshake."""
    with tls_session() as fresh, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with fresh.runtime.record() as recording:
            cell = fresh.runtime.run_cell(
                b"t = ba.timer(function() trace 'now' end) t:set(1)"
                b"ba.socket.connect('127.0.0.1', %d, {shark = client_context()})" % port,
                name="cell",
                cell=9,
            )
            peer, _ = listener.accept()
            with peer:
                fresh.recorder.wait_for_trace("now")
                fresh.runtime.interrupt()
                error = cell.result(TIMEOUT_S).error
            assert error is not None
            assert error.kind == "interrupt"
    assert [one.by for one in those(recording.events(), Closed)] == ["interrupt"]


def test_a_cosocket_that_an_interrupt_ends_is_closed_by_it(here: Session) -> None:
    """It ran without ever waiting, and the cell that started it with it."""
    with here.runtime.record() as recording:
        cell = here.runtime.run_cell(
            b"a, b = pair() a:event(function() trace 'now' while true do end end)", name="cell", cell=9
        )
        here.recorder.wait_for_trace("now")
        here.runtime.interrupt()
        cell.result(TIMEOUT_S)
        here.run("")
    ends = {one.socket: one.by for one in those(recording.events(), Closed)}
    assert ends[opened(recording.events(), "client").socket] == "interrupt"


def test_what_is_open_at_the_end_is_closed_by_the_end() -> None:
    """A recording that nobody has ended stays readable, and ends with the runtime."""
    with session() as fresh:
        recording = fresh.runtime.record()
        fresh.run("a, b = pair()")
    ends = Counter(one.by for one in those(recording.events(), Closed))
    assert ends["end"] == 2
    with pytest.raises(RuntimeClosed):
        recording.end().result(TIMEOUT_S)


def test_a_new_runtime_is_not_recorded_by_the_old_recording() -> None:
    """As after a reset of the kernel's: the context ends quietly."""
    with session() as fresh:
        recording = fresh.runtime.record()
        recording.begun.result(TIMEOUT_S)
    with recording, session() as other:
        other.run("a, b = pair()")
    assert those(recording.events(), Opened) == []


@pytest.mark.parametrize(
    ("program", "reason", "words"),
    [
        ("assert(not ba.socket.connect('127.0.0.1', unused_port()))", "cannotconnect", ""),
        ("assert(not ba.socket.connect('', 1))", "cannotresolve", "Name or service not known"),
    ],
)
def test_a_connect_that_fails_says_why(here: Session, program: str, reason: str, words: str) -> None:
    """The socket is closed by it, and the cell that waited has the same reason."""
    here.run(
        """
        local l = ba.socket.bind(0)
        local _, port = l:sockname()
        l:close()
        function unused_port()
          return port
        end
        """
    )
    events = recorded(here, program)
    (failed,) = those(events, Failed)
    assert (failed.reason, failed.words) == (reason, words)
    assert [(one.by, one.reason) for one in those(events, Closed)] == [("error", reason)]
    assert [one.outcome for one in those(events, WentOn)] == [reason]


def test_a_port_that_is_taken_is_a_failure_of_no_socket(here: Session) -> None:
    """With the system's words."""
    here.run("l = ba.socket.bind(0) _, port = l:sockname()")
    (failed,) = those(recorded(here, "assert(not ba.socket.bind(port))"), Failed)
    assert (failed.socket, failed.reason) == (0, "bind")
    assert "in use" in failed.words


def test_a_name_is_recorded_with_what_it_stands_for(here: Session) -> None:
    """Addresses in numbers are not looked up, so there is nothing to tell."""
    events = recorded(here, "assert(ba.socket.toip 'localhost') assert(ba.socket.toip '127.0.0.1')")
    assert [(one.name, one.addresses) for one in those(events, Resolved)] == [("localhost", ("127.0.0.1",))]


def test_who_waits_in_which_call_for_how_long_and_with_what(here: Session) -> None:
    """A cell's read whose time is up, its sleep, and a cosocket's accept and read."""
    events = recorded(
        here,
        """
        local l, port = listen(function(s)
          s:event(function(s)
            s:read(10)
            s:write(s:read() or "")
          end)
        end)
        local c = ba.socket.connect("127.0.0.1", port)
        assert(select(2, c:read(20)) == "timeout")
        c:write "x"
        assert(c:read(5000) == "x")
        ba.sleep(5)
        """,
    )
    waits = {(one.kind, one.call, one.limit_s) for one in those(events, Waits)}
    assert {
        ("cell", "connect", None),
        ("cell", "read", 0.02),
        ("cell", "read", 5.0),
        ("cell", "sleep", 0.005),
        ("cosocket", "accept", None),
        ("cosocket", "read", 0.01),
        ("cosocket", "read", None),
    } <= waits
    cell = {one.task for one in those(events, Waits) if one.kind == "cell"}
    assert len(cell) == 1
    assert [one.outcome for one in those(events, WentOn) if one.task in cell] == ["", "timeout", "", ""]
    timeouts = [one for one in those(events, WentOn) if one.outcome == "timeout"]
    assert len({one.socket for one in timeouts}) == 2


def test_the_limit_of_a_wait_is_the_one_that_was_asked_for(here: Session) -> None:
    """Not what is left of it when the wait begins, which would be another number in every run."""
    events = recorded(
        here,
        """
        local socket, http = require "socket", require "httpc".create()
        local l, port = listen(function(s)
          s:event(function(s)
            while s:read(60000) do
              s:write "HTTP/1.1 200 OK\\r\\n"
              ba.sleep(1)
              s:write "Content-Length: 0\\r\\n\\r\\n"
            end
          end)
        end)
        http:timeout(8000)
        assert(http:request{url = "http://127.0.0.1:" .. port} and http:status() == 200)
        local a, b = pair()
        assert(select(2, b:read(1.5)) == "timeout")
        local c = assert(socket.connect("127.0.0.1", port))
        c:settimeout(50)
        c:settimeout(40, "t")
        c:send "GET"
        assert(c:receive() and c:receive())
        socket.select(nil, nil, 0.0005)
        ba.socket.event(function()
          ba.socket.connect("127.0.0.1", port, {timeout = 7000})
        end)
        socket.sleep(0.0025)
        """,
    )
    limits = {(one.call, one.limit_s) for one in those(events, Waits) if one.limit_s is not None}
    assert limits == {
        ("connect", 8.0),
        ("read", 8.0),
        ("read", 60.0),
        ("sleep", 0.001),
        ("read", 0.0015),
        ("read", 40.0),
        ("select", 0.0005),
        ("connect", 7.0),
        ("sleep", 0.0025),
    }


def test_a_wait_that_an_interrupt_ends_says_so(here: Session) -> None:
    """The socket that was waited for stays open."""
    here.run("a, b = pair()")
    with here.runtime.record() as recording:
        cell = here.runtime.run_cell(
            b"t = ba.timer(function() trace 'now' end) t:set(1) a:read()", name="cell", cell=9
        )
        here.recorder.wait_for_trace("now")
        here.runtime.interrupt()
        error = cell.result(TIMEOUT_S).error
        assert error is not None
        assert error.kind == "interrupt"
    assert [one.outcome for one in those(recording.events(), WentOn)] == ["interrupted"]
    assert those(recording.events(), Closed) == []


def test_an_error_in_the_background_is_an_event(here: Session) -> None:
    """Of the cell whose code it is."""
    events = recorded(here, "a, b = pair() a:event(function() error 'oops' end)")
    (erred,) = those(events, Erred)
    assert erred.cell > 0
    assert "oops" in erred.text


def test_a_handshake_is_recorded_with_what_was_agreed() -> None:
    """On both ends; only the client has a name to trust."""
    with tls_session() as fresh:
        events = recorded(fresh, "c, s = tls_pair()")
        secured = {one.socket: one for one in those(events, Secured)}
        ours = secured[opened(events, "client").socket]
        theirs = secured[opened(events, "accepted").socket]
        assert ours.version == theirs.version == "TLS_1_2"
        assert ours.cipher == theirs.cipher
        assert ours.name == "127.0.0.1"
        assert theirs.trust == ""
        assert ours.trust == "none"  # as `trusted` says where there is no store


def test_a_connection_that_had_tls_before_has_its_own_wire_and_plain_data() -> None:
    """What it decrypted is not taken for what came over the wire."""
    with tls_session() as fresh:
        fresh.run("c, s = tls_pair()")
        events = recorded(fresh, "c:write(('t'):rep(1000)) assert(read_all(s, 1000))")
        assert moved(events, is_ours=False, layer="plain") == 1000
        assert moved(events, is_ours=False) == moved(events, is_ours=True) > 1000


def test_what_the_labs_network_did_is_recorded_at_the_socket(here: Session) -> None:
    """It is told on the lab's thread, and found by the address of the program's end."""
    with here.runtime.record() as recording:
        here.run("u = ba.socket.udpcon(0, {intf = 'localhost'})")
        port = int(here.value("(select(2, u:sockname()))"))
        incident = Incident("ntp.lab", 123, "udp", "lost", Direction.TO_HOST, 48, ("127.0.0.1", port), 1.5)
        here.runtime._thread.listening.incident(incident)
        here.run("")
    events = recording.events()
    (lost,) = those(events, Misbehaved)
    assert lost == Misbehaved(1.5, opened(events, "datagram").socket, "lost", "ntp.lab", True, 48)


def test_the_clients_of_the_page_server_are_recorded() -> None:
    """Each under the listener that took it."""
    with site() as here, client(here.port) as browser:
        here.page("print 'hello'")
        with here.runtime.record() as recording:
            recording.begun.result(TIMEOUT_S)
            browser.send(request("/page/"))
            assert browser.response().status == 200
            here.run("")
        events = recording.events()
        assert opened(events, "page").parent == opened(events, "listener").socket
        assert moved(events, is_ours=False) == len(request("/page/"))


def test_every_byte_of_a_mixed_load_is_accounted_for() -> None:
    """200 TCP connections, TLS and UDP; peers of another kind count what they saw."""
    with tls_session() as fresh, socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        port = listener.getsockname()[1]
        with fresh.runtime.record(most_events=100_000) as recording:
            result = fresh.run(
                f"""
                    socks = {{}}
                    for i = 1, 200 do
                      socks[i] = assert(ba.socket.connect("127.0.0.1", {port}))
                      assert(socks[i]:write(("x"):rep(i * 37)))
                    end
                    c, s = tls_pair()
                    for i = 1, 20 do
                      c:write(("t"):rep(i * 999))
                      assert(read_all(s, i * 999))
                    end
                    local a, port = udp()
                    local b = ba.socket.udpcon("127.0.0.1", port)
                    for i = 1, 50 do
                      b:write(("u"):rep(i))
                      assert(#a:read(5000) == i)
                    end
                    """
            )
            assert result.error is None, result.error
            seen = 0
            for i in range(1, 201):
                peer, _ = listener.accept()
                with peer:
                    left = i * 37
                    while left:
                        left -= len(peer.recv(65536))
                    seen += i * 37
                    peer.sendall(b"answer")
            result = fresh.run("for i = 1, 200 do assert(socks[i]:read(5000) == 'answer') end")
            assert result.error is None, result.error
        events = recording.events()
        assert recording.dropped == 0
    clients = {one.socket for one in those(events, Connected) if one.peer.port == port}
    theirs = [one for one in those(events, Moved) if one.socket in clients]
    assert len(clients) == 200
    assert sum(one.length for one in theirs if one.is_ours) == seen
    assert sum(one.length for one in theirs if not one.is_ours) == 200 * len("answer")
    rest = [one for one in those(events, Moved) if one.socket not in clients]
    wire = Counter[bool]()
    plain = Counter[bool]()
    for one in rest:
        (wire if one.layer == "wire" else plain)[one.is_ours] += one.length
    assert wire[True] == wire[False]  # both ends of TLS and of UDP are the program's
    assert plain[True] == plain[False] >= 999 * 20 * 21 // 2


def test_a_websockets_messages_are_recorded_above_the_wire() -> None:
    """On both ends of one connection, whose bytes on the wire add up."""
    with lua() as fresh:
        port = serve(fresh, "local d, t = s:read() s:write(d, t) s:read() trace 'over'")
        with fresh.runtime.record() as recording:
            fresh.run(
                f"""
                local s = dial("ws://127.0.0.1:{port}/ws/")
                s:write("hi", true)
                s:read(5000)
                s:ping "p"
                s:close()
                """
            )
            fresh.recorder.wait_for_trace("over")
        events = recording.events()
    layers = Counter((one.layer, one.is_ours) for one in those(events, Moved) if one.layer != "wire")
    assert layers == {
        ("text", True): 2, ("text", False): 2,
        ("ping", True): 1, ("ping", False): 1,
        ("pong", True): 1,
        ("close", True): 2, ("close", False): 1,
    }  # fmt: skip
    assert opened(events, "page").kind == "page"
    assert 0 < moved(events, is_ours=False) <= moved(events, is_ours=True)


def test_what_lua_keeps_for_a_recording_is_bounded_and_given_back(here: Session) -> None:
    """However much is sent, also without an end and by a program that never waits."""
    here.run(
        """
        a, b = pair()
        function used()
          collectgarbage()
          collectgarbage()
          return collectgarbage "count"
        end
        function send(count)
          for i = 1, count do
            assert(a:write(("%d"):format(i)))
            if i % 500 == 0 then
              assert(b:read(5000))
            end
          end
        end
        """
    )
    before = float(here.value("used()"))
    with here.runtime.record(most_events=3000) as recording:
        here.run("send(20000)")
        once = float(here.value("used()"))
        here.run("send(20000)")
        assert float(here.value("used()")) < once + 50  # kilobytes
    events = recording.events()
    assert len(events) == 3000
    assert [one.head for one in those(events, Moved) if one.is_ours][-1] == b"20000"
    assert recording.dropped > 20_000
    assert float(here.value("used()")) < before + 50
    assert once - before < 600
