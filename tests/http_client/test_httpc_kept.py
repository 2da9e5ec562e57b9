"""What is carried over from one request of a client to its next, and what is not."""

from __future__ import annotations

import ssl
import threading

import pytest

from tests.lua._programs import Session, session, traced
from tests.lua._tls import certificates, tls_session

from ._server import Peer, Server, echo

OK = b"HTTP/1.1 200 OK\r\n"
PUSHED = OK + b"Content-Length: 4\r\n\r\nevil"


def bytes_in(lua: Session) -> int:
    """How much has arrived on the only connection."""
    (row,) = (row for row in lua.runtime.sockets().result(20) if row.kind == "client")
    return row.bytes_in or 0


def await_bytes(lua: Session, count: int) -> None:
    """Waits until so much has arrived; asking takes a turn of the loop, so this does not spin."""
    while bytes_in(lua) < count:
        pass


def test_a_response_pushed_onto_an_idle_connection_answers_nothing() -> None:
    """It has arrived before the next request is made, which takes a connection of its own."""
    pushes = threading.Event()
    first = OK + b"Content-Length: 2\r\n\r\nok"

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(first)
        assert pushes.wait(20)
        peer.say(PUSHED)
        peer.await_end()

    with session() as lua, Server(script, echo) as server:
        lua.run(f"""
            http = require "httpc".create()
            function get(path)
              http:request{{url = "http://127.0.0.1:{server.port}" .. path}}
              trace(http:status(), (http:read "*a"))
            end
            get "/a"
        """)
        pushes.set()
        await_bytes(lua, len(first) + len(PUSHED))
        assert lua.run("get '/b'").error is None
        assert lua.recorder.traced == ["200\tok", "200\t/b"]
        assert server.connections == 2


def test_an_end_that_came_on_an_idle_connection_is_seen() -> None:
    """Before a body is sent in vain: a body is not sent twice."""
    ends, over = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Content-Length: 0\r\n\r\n")
        assert ends.wait(20)
        peer.end()
        over.set()
        peer.await_end()

    def takes(peer: Peer) -> None:
        peer.head()
        peer.body(4)
        peer.say(OK + b"Content-Length: 5\r\n\r\ntaken")

    with session() as lua, Server(script, takes) as server:
        lua.run(f"""
            http, url = require "httpc".create(), "http://127.0.0.1:{server.port}/"
            http:request{{url = url}}
            http:read "*a"
        """)
        ends.set()
        assert over.wait(20)
        lua.run("""
            http:request{url = url, method = "POST", size = 4}
            http:write "body"
            trace(http:status(), (http:read "*a"))
        """)
        assert lua.recorder.traced == ["200\ttaken"]


def test_a_connection_is_not_used_for_another_context() -> None:
    """What one context trusts is nothing to the other, nor is the certificate that it shows."""
    folder = certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ipcn.pem", folder / "ipcn.key")
    with tls_session() as lua, Server(echo, context=context) as server:
        result = lua.run(f"""
            local trusting, doubting = client_context "ca", client_context()
            local http = require "httpc".create()
            for i, context in ipairs{{trusting, trusting, doubting, trusting, false}} do
              http:request{{url = "https://127.0.0.1:{server.port}/" .. i, shark = context or nil}}
              trace(http:read "*a", http:trusted())
            end
        """)
        assert result.error is None, result.error
        assert lua.recorder.traced == ["/1\ttrue", "/2\ttrue", "/3\tnil\tcn", "/4\ttrue", "/5\tnil\tcn"]
        assert server.connections == 4


def test_a_connection_is_not_used_for_another_scheme() -> None:
    """Nor for another port."""
    with Server(echo) as one, Server(echo) as other:
        assert traced(f"""
            local http = require "httpc".create{{timeout = 5000}}
            for _, url in ipairs{{"http://127.0.0.1:{one.port}/1", "http://127.0.0.1:{other.port}/2",
                                 "http://127.0.0.1:{one.port}/3", "ws://127.0.0.1:{one.port}/4"}} do
              http:request{{url = url}}
              trace(http:read "*a")
            end
        """) == ["/1", "/2", "/3", "/4"]
        assert [one.connections, other.connections] == [2, 1]  # ws is http until it is answered


@pytest.mark.parametrize(
    ("own", "asked", "is_refused"),
    [
        ("true", "nil", True),
        ("true", "true", True),
        ("true", "false", False),
        ("false", "nil", False),
        ("false", "true", True),
        ("nil", "true", True),
        ("1", "nil", False),
        ("true", "1", False),
    ],
)
def test_what_a_request_says_counts_before_what_the_client_says(
    own: str, asked: str, is_refused: bool
) -> None:
    """`false` too; only `true` is true."""
    with Server(echo) as server:
        answer = traced(f"""
            local http = require "httpc".create{{trusted = {own}}}
            trace(http:request{{url = "http://127.0.0.1:{server.port}/", trusted = {asked}}})
        """)
    assert answer == ["nil\tsslnottrusted" if is_refused else "true"]


def test_options_are_of_the_request_and_not_of_the_next() -> None:
    """And what is asked for, and by whom, is never that of create."""
    program = """
        local op = {url = "http://127.0.0.1:PORT/own", header = {["X-A"] = "own"}, method = "PUT", user = "o"}
        local http = require "httpc".create(op)
        op.header = {}
        http:request{url = "http://127.0.0.1:PORT/1", query = {a = 1}, user = "u"}
        trace(http:read "*a")
        http:request{url = "http://127.0.0.1:PORT/2", header = {["X-B"] = "2"}}
        trace(http:read "*a")
        http:request{url = "http://127.0.0.1:PORT/3", method = "GET"}
        trace(http:read "*a")
    """
    with Server(echo) as server:
        assert traced(program.replace("PORT", str(server.port))) == ["/1?a=1", "/2", "/3"]
        heads = [head.decode() for head in server.requests]
        assert [head.split(" ")[0] for head in heads] == ["GET", "GET", "GET"]
        assert ["Authorization" in head for head in heads] == [True, False, False]
        assert ["X-B: 2" in head for head in heads] == [False, True, False]
        assert all("X-A: own" in head for head in heads)


EARLY_BYTES = 256 << 10
RECEIVED_AT_ONCE = 8192


def test_what_comes_during_an_upload_is_taken_in_up_to_a_bound() -> None:
    """Then the server has to wait, until the program reads."""
    size = 16 << 20
    said = threading.Event()
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        head = OK + b"Content-Length: %d\r\n\r\n" % size
        peer.say(head)
        speaker = threading.Thread(target=peer.say, args=(b"y" * size,))
        speaker.start()
        said.set()
        assert go_on.wait(20)
        peer.body(size)
        speaker.join(20)

    with session() as lua, Server(script) as server:
        end = lua.start(f"""
            http = require "httpc".create()
            http:request{{url = "http://127.0.0.1:{server.port}/", method = "POST", size = {size}}}
            trace "writes"
            trace(http:write(("x"):rep({size})))
            local n = 0
            while n < {size} do n = n + #http:read(1 << 20) end
            trace(n, http:read(1))
        """)
        lua.recorder.wait_for_trace("writes")
        await_bytes(lua, EARLY_BYTES)
        for _ in range(200):  # turns of the loop in which more could be taken in
            count = bytes_in(lua)
        assert EARLY_BYTES <= count < EARLY_BYTES + RECEIVED_AT_ONCE
        go_on.set()
        assert end().error is None
        assert lua.recorder.traced == ["writes", "true", f"{size}\tnil"]


def test_a_body_is_read_in_any_parts() -> None:
    """Small ones of a large piece, and large ones of many small pieces; http2sock gets what is left."""
    text = bytes(range(256)) * 400

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(text), 5000):
            piece = text[at : at + 5000]
            peer.say(b"%x\r\n%b\r\n" % (len(piece), piece))
        peer.say(b"0\r\n\r\n")
        peer.await_end()

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/"}
        local parts, sizes, i = {}, {1, 7, 5000, 4999, 5001, 12345, 3}, 0
        while true do
          i = i % #sizes + 1
          local part = http:read(sizes[i])
          if not part then break end
          assert(#part == sizes[i] or http:read(1) == nil)
          parts[#parts + 1] = part
        end
        trace(ba.crypto.hash "md5"(table.concat(parts))(true, "hex"), #table.concat(parts))
    """
    import hashlib

    with Server(script) as server:
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
        assert traced(program.replace("PORT", str(server.port))) == [f"{digest}\t{len(text)}"]
