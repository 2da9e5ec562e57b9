"""ba.socket.http2sock: the connection of a client as a socket."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.lua._programs import message_of, run_well, traced

from ._server import Peer, Server, answering, silence

OK = b"HTTP/1.1 200 OK\r\n"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(head: bytes) -> bytes:
    """RFC 6455, 4.2.2."""
    key = next(line[19:] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    return base64.b64encode(hashlib.sha1(key.strip() + GUID).digest())


def switching(accept: bytes, early: bytes = b"") -> bytes:
    """A 101 with that accept, and what follows it."""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + early
    )


def test_a_websocket_is_one_and_loses_no_early_frames() -> None:
    """Those that came with the handshake are read first, and there is no second result."""

    def script(peer: Peer) -> None:
        peer.say(switching(accept_of(peer.head()), b"\x81\x05early"))
        frame = peer.body(8)
        assert frame[0] == 0x82
        peer.say(b"\x82\x02" + bytes(a ^ b for a, b in zip(frame[6:8], frame[2:4], strict=False)))
        peer.await_end()

    with Server(script) as server:
        told = traced(f"""
            local http = require "httpc".create()
            trace(http:request{{url = "ws://127.0.0.1:{server.port}/x",
              header = {{["Sec-WebSocket-Protocol"] = "chat"}}}})
            trace(http:status())
            local n = select("#", ba.socket.http2sock(http))
            trace(n)
        """.replace("local n = select", "local s = table.pack").replace('("#", ba', "(ba")
            .replace("trace(n)", """
            trace(s.n, s[1]:websocket())
            trace(s[1]:read(5000))
            s[1]:write "hi"
            trace(s[1]:read(5000))
            trace(ba.socket.http2sock(http))
            trace(http:read "*a")
            trace(http:close())
            s[1]:close()
        """))  # fmt: skip
        assert told == [
            *("true", "101", "1\ttrue", "early\ttrue", "hi\tfalse", "nil\tinvalidsocketcon", "nil", "true")
        ]
        assert b"Sec-WebSocket-Protocol: chat" in server.requests[0]


def test_a_wrong_accept_is_no_connection() -> None:
    """Nobody proved that they speak WebSocket."""
    with answering(switching(b"d3Jvbmc=", b"raw")) as server:
        assert traced(f"""
            local http = require "httpc".create()
            http:request{{url = "ws://127.0.0.1:{server.port}/"}}
            trace(http:status())
            trace(ba.socket.http2sock(http))
            trace(http:status())
        """) == ["101", "nil\tinvalidsocketcon", "101"]


def test_a_response_without_an_end_can_be_taken_over() -> None:
    """httpc reads no body of it."""
    with answering(OK + b"\r\nevents") as server:
        assert traced(f"""
            local http = require "httpc".create()
            http:request{{url = "http://127.0.0.1:{server.port}/"}}
            trace(http:read "*a")
            local s, data = ba.socket.http2sock(http)
            trace(s:websocket(), data)
        """) == ["nil", "false\tevents"]


def test_any_response_can_be_taken_over() -> None:
    """As a plain socket, blocking or a cosocket's, with what came beyond the head."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Content-Length: 100\r\n\r\nfirst")
        assert peer.body(4) == b"more"
        peer.say(b"second")
        peer.await_end()

    with Server(script) as server:
        recorder = run_well(f"""
            local http = require "httpc".create()
            http:request{{url = "http://127.0.0.1:{server.port}/"}}
            trace(http:read(2))
            local s, data = ba.socket.http2sock(http)
            trace(type(s), data, s:state())
            local done
            s:event(function(s)
              s:write "more"
              trace(s:read())
              done = true
            end, "s")
            await(function() return done end)
        """)
        assert recorder.traced == ["fi", "userdata\trst\tnotcon\ttrue", "second"]


@pytest.mark.parametrize(
    "state",
    [
        "",
        "http:request{url = 'http://127.0.0.1:1/'}",
        "http:request{url = SILENT, timeout = 50}",
        "http:request{url = SILENT} http:close()",
    ],
)
def test_without_a_connection_there_is_no_socket(state: str) -> None:
    """Never asked, refused, silent, closed."""
    with Server(silence) as server:
        assert (
            traced(f"""
            local SILENT = "http://127.0.0.1:{server.port}/"
            local http = require "httpc".create()
            {state}
            trace(ba.socket.http2sock(http))
            trace(ba.socket.http2sock{{raw = http}})
        """)
            == ["nil\tinvalidsocketcon"] * 2
        )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        *(("", "no value"), ("nil", "nil"), ("{}", "table"), ("{raw = 1}", "table"), ("1", "number")),
        ("ba.timer(print)", "timer"),
    ],
)
def test_what_is_no_client_raises(value: str, kind: str) -> None:
    """An httpc object, or an httpm one for its client."""
    message = message_of(f"ba.socket.http2sock({value})")
    assert message.startswith("program:1: bad argument #1 to 'http2sock' (HTTPCLIENT expected, got ")
    assert kind == "timer" or message.endswith(f"got {kind})")
