"""A server that ends its side of the connection while the request is still being sent."""

from __future__ import annotations

import threading
from itertools import groupby

import pytest

from tests.lua._programs import session

from ._server import Peer, Server

SIZE = 20_000_000
REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge"


@pytest.mark.parametrize("length", [f"size = {SIZE}", ""])
def test_an_answer_before_the_end_of_the_body_is_read(length: str) -> None:
    """Writing fails when the server has nothing more to say; status and body tell what it had said."""
    over = threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(REFUSAL)
        peer.end()
        over.wait(20)

    with session() as lua, Server(script) as server:
        assert (
            lua.run(f"""
            local http = require "httpc".create()
            http:request{{url = "http://127.0.0.1:{server.port}/", method = "POST", {length}}}
            trace(http:write(("x"):rep({SIZE // 2})))
            trace(http:write "x")
            trace(http:status(), (http:read "*a"))
        """).error
            is None
        )
        over.set()
        assert lua.recorder.traced == ["nil\tsocketwritefailed"] * 2 + ["413\tlarge"]


def test_a_socket_taken_from_a_client_writes_behind_what_waits() -> None:
    """What the system has not taken of the body goes first, though the server has ended its side."""
    taken, read, over = threading.Event(), threading.Event(), threading.Event()
    got = bytearray()

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        peer.end()
        assert taken.wait(20)
        got.extend(peer.body(2_000_000))  # so that the system would take something at once
        read.set()
        got.extend(peer.until(b"C"))
        over.set()

    with session() as lua, Server(script) as server:
        lua.run(f"""
            http = require "httpc".create()
            http:request{{
              url = "http://127.0.0.1:{server.port}/", method = "POST", size = {SIZE},
              header = {{Upgrade = "x", Connection = "Upgrade"}},
            }}
            trace(http:write(("x"):rep({SIZE})))
            trace(http:status())
            s = ba.socket.http2sock(http)
        """)
        assert lua.recorder.traced == ["nil\tsocketwritefailed", "101"]
        end = lua.start("""
            trace "busy"
            local start = ba.clock()
            while ba.clock() - start < 300 do end
            s:write "C"
        """)
        lua.recorder.wait_for_trace("busy")
        taken.set()
        assert read.wait(20)
        assert end().error is None
        assert over.wait(20)
    assert [(chr(byte), len(list(group))) for byte, group in groupby(got)] == [("x", SIZE), ("C", 1)]
