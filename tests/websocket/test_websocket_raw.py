"""Programs' WebSockets byte by byte: early frames, faults, the queue, and who reads."""

from __future__ import annotations

import contextlib
import hashlib
import socket

import pytest

from tests.lua._programs import Session

from ._lua import lua, serve
from ._raw import REQUEST, Raw, raw_client, raw_server
from ._wire import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame, header, pattern

TRACE_ALL = """
  while true do
    local r = table.pack(s:read())
    trace(table.unpack(r, 1, r.n))
    if not r[1] then break end
  end
"""


def wait_for(fresh: Session, *lines: str) -> None:
    """Waits until the program has traced these lines, and nothing else."""
    fresh.recorder.wait(lambda: len(fresh.recorder.traced) >= len(lines))
    assert fresh.recorder.traced == list(lines)


# ------------------------------------------------------------ what comes with the handshake


def test_a_page_answers_a_subprotocol_by_a_header() -> None:
    """Before it takes the connection; nothing else that it has set is in the answer."""
    with lua() as fresh:
        fresh.run("""
            chat = ba.create.dir("chat")
            chat:setfunc(function(_ENV)
              response:setheader("Sec-WebSocket-Protocol", "chat")
              response:setheader("X-Other", "lost")
              ba.socket.req2sock(request)
              return true
            end)
            chat:insert()
        """)
        offer = REQUEST.replace(b"/ws/", b"/chat/").replace(
            b"Version: 13\r\n", b"Version: 13\r\nSec-WebSocket-Protocol: other, chat\r\n"
        )
        with socket.create_connection(("127.0.0.1", int(fresh.value("mako.port")))) as connection:
            client = Raw(connection)
            client.send(offer)
            head = client.head().lower()
        assert head.startswith(b"http/1.1 101 ")
        assert b"\r\nsec-websocket-protocol: chat\r\n" in head
        assert b"x-other" not in head


def test_frames_in_one_packet_with_the_request_are_read() -> None:
    """A client need not wait for the answer's arrival at the program."""
    early = (
        frame(TEXT, b"one", masked=True) + frame(PING, b"p", masked=True) + frame(BINARY, b"two", masked=True)
    )
    with lua() as fresh:
        port = serve(fresh, TRACE_ALL)
        last = frame(TEXT, b"three", masked=True)
        with raw_client(port, early + last[:7]) as client:
            assert client.read(3) == b"\x8a\x01p"
            client.send(last[7:])
            client.send(frame(CLOSE, masked=True))
            assert client.rest() == bytes.fromhex("880203e8")
        wait_for(
            fresh, "one\ttrue", "two\tfalse", "t\ttrue\t1\t5", "hree\ttrue\t5\t5", "nil\tsocketclosed\t1000"
        )


def test_frames_in_one_packet_with_the_response_are_read() -> None:
    """The original lost them; http2sock's second result is not needed any more."""
    early = (
        frame(TEXT, b"one") + frame(PING) + frame(BINARY, pattern(20_000)) + frame(TEXT, b"last", final=False)
    )
    with lua() as fresh, raw_server(fresh, early) as server:
        fresh.run("trace(c:read(5000))")
        fresh.run("local m = message(c, 5000) trace(#m, digest(m))")
        server.send(frame(CONTINUATION, b"ing"))
        fresh.run("trace(c:read(5000))")
        digest = hashlib.sha1(pattern(20_000)).hexdigest()
        assert fresh.recorder.traced == ["one\ttrue", f"20000\t{digest}", "lasting\ttrue"]


@pytest.mark.parametrize("early", [frame(CLOSE, b"\x0f\xa0"), frame(TEXT, b"x", masked=True)])
def test_an_early_end_is_read_too(early: bytes) -> None:
    """A close, which leaves the connection open, and a fault, which does not."""
    with lua() as fresh, raw_server(fresh, early):
        fresh.run("trace(c:read(5000)) trace(c:read(20)) trace(c:state()) trace(pcall(c.read, c, 20))")
        if early[0] == 0x88:
            expected = ["nil\tsocketclosed\t4000", "nil\ttimeout", "notcon\ttrue", "true\tnil\ttimeout"]
        else:
            raised = "false\tInvalid op: : Socket closed"
            expected = ["nil\tsocketclosed\t1002", "nil\tsocketreadfailed", "notcon\tfalse", raised]
        assert fresh.recorder.traced == expected


@pytest.mark.parametrize("close", ["c:close()", "c = nil collectgarbage() collectgarbage()"])
def test_after_the_peers_close_the_connection_is_the_programs(close: str) -> None:
    """It writes, waits, hears that the peer hangs up, or ends it, without another goodbye."""
    with lua() as fresh, raw_server(fresh) as server:
        server.send(frame(CLOSE, b"\x0f\xa0") + frame(TEXT, b"late"))
        fresh.run("trace(c:read(5000)) trace(c:write 'x', c:ping(), c:websocket())")
        server.send(frame(TEXT, b"later"))
        fresh.run("trace(c:read(20))")
        assert fresh.recorder.traced == ["nil\tsocketclosed\t4000", "true\ttrue\ttrue", "nil\ttimeout"]
        fresh.run(close)
        assert [len(part) for part in (server.read(8), server.read(7), server.read(9), server.rest())] == [
            8,
            7,
            9,
            0,
        ]


def test_after_its_own_close_the_peer_can_hang_up() -> None:
    """A cosocket that goes on reading hears of it."""
    with lua() as fresh:
        port = serve(
            fresh, "for _ = 1, 2 do trace(s:read()) trace(s:state()) end trace(s:close(), s:close())"
        )
        with raw_client(port) as client:
            client.send(frame(CLOSE, masked=True))
            assert client.read(4) == bytes.fromhex("880203e8")
            fresh.recorder.wait_for_trace("exec\ttrue")
        wait_for(
            fresh,
            *("nil\tsocketclosed\t1000", "exec\ttrue", "nil\tsocketreadfailed", "exec\tfalse"),
            "true\tfalse",
        )


def test_all_who_read_hear_of_the_peers_close() -> None:
    """Each of them once."""
    with lua() as fresh, raw_server(fresh) as server:
        fresh.run("for _ = 1, 3 do ba.thread.run(function() trace(c:read()) end) end")
        server.send(frame(CLOSE))
        fresh.recorder.wait_for_trace("nil\tsocketclosed\t1000", 3)


# ------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (frame(TEXT, b"unmasked"), 1002),
        (frame(3, masked=True), 1002),
        (frame(TEXT, masked=True, rsv=4), 1002),
        (header(0x89, 0x10000), 1003),
        (frame(PING, b"in pieces", final=False, masked=True), 1003),
        (frame(CONTINUATION, b"of nothing", masked=True), 1002),
        (frame(TEXT, b"\xff", masked=True), 1007),
        (frame(BINARY, bytes((16 << 20) + 1), final=False, masked=True), 1009),
    ],
    ids=["unmasked", "opcode", "reserved", "long ping", "half a ping", "continuation", "text", "too big"],
)
def test_a_fault_closes_with_its_code(raw: bytes, code: int) -> None:
    """On the wire and in the program; what came before it was read."""
    with lua() as fresh:
        port = serve(fresh, TRACE_ALL)
        with raw_client(port) as client:
            client.send(frame(TEXT, b"fine", masked=True) + raw)
            assert client.rest() == bytes((0x88, 2)) + code.to_bytes(2, "big")
        wait_for(fresh, "fine\ttrue", f"nil\tsocketclosed\t{code}")


# ------------------------------------------------------------ who does not read


def test_what_nobody_reads_stays_with_the_peer() -> None:
    """The program holds a little of 64 MB; then it reads, and all of it is there."""
    part = frame(BINARY, pattern(60_000))
    with lua() as fresh, raw_server(fresh) as server:
        server.socket.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += server.socket.send(part[sent % len(part) :])
        assert sent < 64 << 20
        server.socket.settimeout(20)
        count = sent // len(part) + 1
        cell = fresh.start(
            f"""
            local sum = 0
            for _ = 1, {count} do
              local m = message(c, 10000)
              first = first or digest(m)
              assert(digest(m) == first)
              sum = sum + #m
            end
            trace(sum, first)
            """
        )
        server.send(part[sent % len(part) :])
        assert cell().error is None
        digest = hashlib.sha1(pattern(60_000)).hexdigest()
        assert fresh.recorder.traced == [f"{60_000 * count}\t{digest}"]


def test_a_burst_of_small_messages_is_read_one_by_one() -> None:
    """Thousands in a packet, by a cell that was away."""
    with lua() as fresh, raw_server(fresh) as server:
        for first in range(0, 5000, 500):
            server.send(b"".join(frame(TEXT, str(n).encode()) for n in range(first, first + 500)))
        result = fresh.run("for n = 0, 4999 do local m = message(c, 5000) assert(m == tostring(n), m) end")
        assert result.error is None, result.error


def test_several_jobs_may_read_one_socket() -> None:
    """Each message reaches exactly one of them."""
    with lua() as fresh, raw_server(fresh) as server:
        fresh.run(
            """
            seen, count = {}, 0
            ba.thread.configure(5)
            for _ = 1, 5 do
              ba.thread.run(function()
                while true do
                  local data = c:read()
                  if not data then return end
                  seen[data], count = true, count + 1
                  if count == 200 then trace("all") end
                end
              end)
            end
            """
        )
        for n in range(0, 200, 20):
            server.send(b"".join(frame(TEXT, str(k).encode()) for k in range(n, n + 20)))
        fresh.recorder.wait_for_trace("all")
        fresh.run("local n = 0 for _ in pairs(seen) do n = n + 1 end trace(n) c:close()")
        assert fresh.recorder.traced == ["all", "200"]


def test_a_peer_that_pings_and_does_not_read_is_not_answered_for_ever() -> None:
    """Its pongs would wait in our memory; the latest one is owed until it reads again."""
    ping = frame(PING, bytes(125), masked=True)
    with lua() as fresh:
        port = serve(fresh, "own = s " + TRACE_ALL)
        with raw_client(port) as client:
            for _ in range(400):
                client.send(ping * 500)
            client.send(frame(PING, b"last", masked=True) + frame(TEXT, b"text", masked=True))
            fresh.recorder.wait_for_trace("text\ttrue")
            answers = 0
            while (answer := _frames(client, 1)[0]) != (0x8A, b"last"):
                assert answer == (0x8A, bytes(125))
                answers += 1
            assert 0 < answers < 400 * 500


# ------------------------------------------------------------ writing


def test_pongs_that_wait_count_as_a_queue() -> None:
    """A write from outside finds it full, as if messages waited there."""
    ping = frame(PING, bytes(125), masked=True)
    with lua() as fresh:
        port = serve(fresh, "own = s " + TRACE_ALL)
        with raw_client(port) as client:
            for _ in range(400):
                client.send(ping * 500)
            client.send(frame(TEXT, b"text", masked=True))
            fresh.recorder.wait_for_trace("text\ttrue")
            assert fresh.value("(own:write('more', true))") == "nil"
            assert fresh.value("select(2, own:write('more', true)) > own:queuelen()") == "true"


def test_a_full_queue_takes_whole_frames_or_none() -> None:
    """From outside, in queued mode: nil and what waits; nothing of that frame goes out."""
    with lua() as fresh:
        port = serve(fresh, "own = s s:read()")
        with raw_client(port) as client:
            fresh.run(
                """
                await(function() return own end)
                local text, taken = ("x"):rep(50000), 0
                while true do
                  local ok, n = own:write(text, true)
                  if not ok then
                    trace(n >= own:queuelen(), own:ping() == nil)
                    break
                  end
                  taken = taken + 1
                end
                count = taken
                """
            )
            assert fresh.recorder.traced == ["true\ttrue"]
            count = int(fresh.value("count"))
            assert client.read(count * 50_004) == frame(TEXT, b"x" * 50_000) * count
            fresh.run("await(function() return own:write('more') end) own:close()")
            assert client.rest() == frame(BINARY, b"more") + bytes.fromhex("880203e8")


@pytest.mark.parametrize("mode", ["r", "s"])
def test_pongs_go_between_frames_not_into_them(mode: str) -> None:
    """While the peer does not read, half a frame waits; the pong comes after it."""
    with lua() as fresh:
        body = "for i = 1, 200 do assert(s:write(('y'):rep(60000), i % 2 == 0)) end trace('written') s:read()"
        port = serve(fresh, body, mode)
        with raw_client(port) as client:
            client.send(frame(PING, b"between", masked=True))
            client.send(frame(PING, b"between", masked=True))
            found = _frames(client, 202)
            fresh.recorder.wait_for_trace("written")
        assert [one for one in found if one[0] == 0x8A] == [(0x8A, b"between")] * 2
        data = [one for one in found if one[0] != 0x8A]
        assert (
            [first for first, _ in data] == [0x82, 0x81] * 100 if data[0][0] == 0x82 else [0x81, 0x82] * 100
        )
        assert {payload for _, payload in data} == {b"y" * 60_000}


def _frames(client: Raw, count: int) -> list[tuple[int, bytes]]:
    found = []
    for _ in range(count):
        first, length = client.read(2)
        if length == 126:
            length = int.from_bytes(client.read(2), "big")
        found.append((first, client.read(length)))
    return found


def test_writes_follow_the_documented_rules() -> None:
    """Types, ranges, numbers, nothing, too much."""
    with lua() as fresh, raw_server(fresh) as server:
        fresh.run(
            """
            trace(c:write("text", true)) trace(c:write("bin")) trace(c:write(42, true))
            trace(c:write("abc", 2, 3)) trace(c:write("abc", 2, 2, true))
            trace(c:write("")) trace(c:write("", true)) trace(c:write("abc", 3, 2))
            trace(pcall(c.write, c, ("x"):rep(65536))) trace(c:write(("x"):rep(65535)))
            trace(c:close()) trace(c:write("late")) trace(pcall(c.ping, c)) trace(c:websocket(), c:state())
            """
        )
        assert fresh.recorder.traced == [
            *["true"] * 5,
            *["false"] * 3,
            *("false\tMax len 0xFFFF", "true", "true", "nil\tsocketwritefailed", "false\tNot WS"),
            "false\tnotcon\tfalse",
        ]
        sent = server.rest()
        assert sent[0] == 0x81
        assert sent[1] == 0x84


def test_after_a_fault_that_nobody_has_read_writes_fail_and_the_code_can_be_read() -> None:
    """Nothing may follow its close frame on the wire."""
    with lua() as fresh, raw_server(fresh) as server:
        server.send(frame(TEXT, b"first") + frame(TEXT, b"x", masked=True))
        fresh.run("trace(c:read(5000))")
        assert len(server.rest()) == 8
        fresh.run("trace(c:write('late')) trace(c:ping()) trace(c:state()) trace(c:read()) trace(c:close())")
        failed = "nil\tsocketwritefailed"
        closed = "nil\tsocketclosed\t1002"
        assert fresh.recorder.traced == ["first\ttrue", failed, failed, "notcon\ttrue", closed, "false"]


# ------------------------------------------------------------ cosockets


def test_event_moves_a_websocket_to_a_new_object() -> None:
    """With what was kept for it; the old object is none any more."""
    with lua() as fresh:
        body = """
          trace(s:read())
          s:event(function(n)
            trace(n:websocket(), n:read())
            trace(n:write("moved", true), n:read())
          end)
          trace(s:websocket(), s:write("old"))
        """
        port = serve(fresh, body)
        with raw_client(port) as client:
            client.send(
                frame(TEXT, b"1", masked=True)
                + frame(TEXT, b"2", masked=True)
                + frame(TEXT, b"3", masked=True)
            )
            assert client.rest() == frame(TEXT, b"moved")
        wait_for(fresh, "1\ttrue", "true\t2\ttrue", "true\t3\ttrue", "false\tnil\tsocketwritefailed")


def test_a_read_can_time_out_and_go_on() -> None:
    """Pings do not make it longer, and nothing is lost by it."""
    with lua() as fresh:
        port = serve(fresh, "trace(s:read(30)) s:write('go') trace(s:read(5000)) trace(s:read(5000))")
        with raw_client(port) as client:
            client.send(frame(PING, masked=True))
            assert client.read(2 + 4) == b"\x8a\x00" + frame(BINARY, b"go")
            client.send(frame(TEXT, b"in", masked=True)[:7])
            fresh.recorder.wait(lambda: len(fresh.recorder.traced) == 2)
            client.send(frame(TEXT, b"in", masked=True)[7:])
            assert client.rest() == b""
        wait_for(fresh, "nil\ttimeout", "i\ttrue\t1\t2", "n\ttrue\t2\t2")


def test_a_disabled_websocket_keeps_what_comes() -> None:
    """And answers pings until a message is kept."""
    with lua() as fresh:
        port = serve(fresh, "own = s " + TRACE_ALL)
        with raw_client(port) as client:
            fresh.run("await(function() return own end) assert(own:disable()) trace('off')")
            client.send(frame(PING, masked=True))
            assert client.read(2) == b"\x8a\x00"
            client.send(frame(TEXT, b"1", masked=True) + frame(TEXT, b"2", masked=True))
            client.send(frame(CLOSE, masked=True))
            client.socket.shutdown(socket.SHUT_WR)
            fresh.run("ba.sleep(20) trace(own:state()) assert(own:enable())")
            assert client.rest() == bytes.fromhex("880203e8")
        wait_for(fresh, "off", "disabled\ttrue", "1\ttrue", "2\ttrue", "nil\tsocketclosed\t1000")


def test_a_websocket_that_nobody_knows_is_closed() -> None:
    """A blocking socket belongs to its references; the collector says no goodbye."""
    with lua() as fresh, raw_server(fresh) as server:
        fresh.run("c = nil collectgarbage() collectgarbage()")
        assert server.rest() == b""


def test_a_to_be_closed_websocket_says_goodbye() -> None:
    """`local s <close>` is a close."""
    with lua() as fresh, raw_server(fresh) as server:
        fresh.run("do local s <close> = c end")
        goodbye = server.rest()
        assert (goodbye[:2], len(goodbye)) == (b"\x88\x82", 8)


def test_a_cosocket_waits_once_more_than_1400_bytes_of_frames_are_queued() -> None:
    """As on a plain connection: up to that a write returns, with what waits."""
    with lua() as fresh:
        port = serve(
            fresh,
            """
            local left
            repeat left = select(2, s:write(("x"):rep(1000))) until left > 0
            trace(s:write(("x"):rep(1400 - left - 4)))
            trace(s:write "last")
            """,
        )
        with raw_client(port) as client:
            fresh.recorder.wait_for_trace("true\t1400")
            assert fresh.value("1") == "1"
            assert fresh.recorder.traced == ["true\t1400"]
            while _frames(client, 1)[0] != (0x82, b"last"):
                pass
            wait_for(fresh, "true\t1400", "true")
