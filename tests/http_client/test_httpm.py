"""require "httpm": JSON and forms in one call."""

from __future__ import annotations

import pytest

from ba_runtime.docs import methods
from tests.lua._programs import message_of, traced

from ._server import Peer, Server, answering

HEAD = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n"


def told(server: Server, program: str) -> list[str]:
    """What the program traces, with an object `h` and the server's `url`."""
    return traced(f'local h, url = require "httpm".create(), "http://127.0.0.1:{server.port}/" {program}')


def test_json_is_decoded() -> None:
    """The query is in the URL, the client is the field `raw`, and options reach the request."""
    body = b'{"a": [1, 2], "b": "x"}'
    with answering(HEAD % (200, len(body)) + body) as server:
        assert told(
            server,
            """
            local t = h:json(url, {q = "1 2"}, {header = {["X-A"] = "b"}})
            trace(type(h), t.a[2], t.b, h.raw:status())
            trace(select("#", h:json(url)))
            """,
        ) == ["table\t2\tx\t200", "1"]
        assert server.requests[0].startswith(b"GET /?q=1%202 HTTP/1.1\r\n")
        assert b"X-A: b" in server.requests[0]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b"gone", "nil\t404"),
        (500, b"", "nil\t500"),
        (200, b"{", "nil\tneedmoredata"),
        (200, b"{]", "nil\tparse"),
        (200, b"", "nil\tneedmoredata"),
    ],
)
def test_what_is_no_json_is_an_error(status: int, body: bytes, expected: str) -> None:
    """The reason, which is the status where it is not 2xx; no more than the documentation says."""
    with answering(HEAD % (status, len(body)) + body) as server:
        assert told(server, "trace(h:json(url))") == [expected]


def test_a_form_is_posted() -> None:
    """As a browser does it; a string as it is; on one connection."""
    received = []

    def script(peer: Peer) -> None:
        for size in (11, 2, 0):
            peer.head()
            received.append(peer.body(size))
            peer.say(HEAD % (201, 4) + b"done")
        peer.await_end()

    with Server(script) as server:
        assert (
            told(
                server,
                """
            trace(h:post(url, {b = "x&y", a = 1}))
            trace(h:post(url, "{}", {header = {["Content-Type"] = "application/json"}}))
            trace(h:post(url))
            """,
            )
            == ["201\tdone"] * 3
        )
        assert received == [b"a=1&b=x%26y", b"{}", b""]
        assert b"Content-Type: application/x-www-form-urlencoded" in server.requests[0]
        assert b"Content-Type: application/json" in server.requests[1]
        assert server.connections == 1


def test_what_the_network_did_is_a_reason() -> None:
    """As with httpc."""
    assert traced("""
        local h = require "httpm".create{timeout = 100}
        trace(h:json "http://127.0.0.1:1/") trace(h:post "http://127.0.0.1:1/") trace(h:json "nonsense")
        trace(ba.socket.http2sock(h))
    """) == ["nil\tcannotconnect", "nil\tcannotconnect", "nil\tinvalidurl", "nil\tinvalidsocketcon"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("h:json()", "bad argument #1 to 'json' (string expected, got no value)"),
        ("h:json('http://a/', 1)", "bad argument #2 to 'json' (table expected, got number)"),
        ("h:post('http://a/', 1)", "bad argument #2 to 'post' (table expected, got number)"),
        ("h.json('http://a/')", "bad argument #1 to 'json' (httpm object expected, got string)"),
        ("require'httpm'.create(1)", "bad argument #1 to 'create' (table expected, got number)"),
        ("h:json('http://a/', nil, {method = 'a b'})", "Illegal method characters"),
    ],
)
def test_wrong_arguments_raise(call: str, message: str) -> None:
    """At the caller's line."""
    assert message_of(f"h = require'httpm'.create() {call}") == f"program:1: {message}"


def test_its_methods_are_documented() -> None:
    """And no other."""
    assert set(methods("httpm")) == {"json", "post", "request", "stat", "download", "upload"}
