"""require "httpm": JSON and forms in one call."""

from __future__ import annotations

import pytest

from ba_runtime.docs import methods
from tests.lua._programs import message_of, traced

from ._server import Peer, Server, answering, echo

HEAD = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n"
INVALID = "Table params: Invalid value for key a, (string expected, got boolean)"


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
        assert b"x-requested-with: XMLHttpRequest" in server.requests[0]


def test_json_can_be_asked_for_by_a_form() -> None:
    """With another method the table is the body."""
    received = []

    def script(peer: Peer) -> None:
        peer.head()
        received.append(peer.body(9))
        peer.say(HEAD % (200, 2) + b"{}")

    with Server(script) as server:
        assert told(server, 'trace(type(h:json(url, {["a-"] = "/1"}, {method = "POST"})))') == ["table"]
        assert received == [b"a%2d=%2f1"]
        assert b"Content-Type: application/x-www-form-urlencoded" in server.requests[0]


def test_a_null_is_nothing_unless_it_is_wanted() -> None:
    """By op.jnull."""
    body = b'{"a": null, "b": 1}'
    with answering(HEAD % (200, len(body)) + body) as server:
        assert told(
            server,
            "trace(h:json(url).a, h:json(url, nil, {jnull = true}).a == ba.json.null, h:json(url).b)",
        ) == ["nil\ttrue\t1"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b"gone", ["nil", "gone", "nil", "nil"]),
        (500, b"", ["nil"] * 4),
        (201, b"{}", ["nil", "{}", "nil", "nil"]),
        (200, b"", ["nil"] * 4),
        (200, b"{", ["nil", "json", "needmoredata"]),
        (200, b"{]", ["nil", "json", "parse"]),
    ],
)
def test_what_is_no_json_is_an_error(status: int, body: bytes, expected: list[str]) -> None:
    """The body, where the status is not 200; with as many results as the server has."""
    with answering(HEAD % (status, len(body)) + body) as server:
        assert told(server, "trace(h:json(url))") == ["\t".join(expected)]


def test_a_form_is_posted() -> None:
    """As a browser does it, an empty one in chunks; on one connection. By GET it is the query."""
    received = []

    def script(peer: Peer) -> None:
        peer.head()
        received.append(peer.body(11))
        peer.say(HEAD % (201, 4) + b"done")
        peer.head()
        received.append(peer.until(b"0\r\n\r\n"))
        peer.say(HEAD % (500, 4) + b"done")
        peer.head()
        peer.say(HEAD % (200, 0))
        peer.await_end()

    with Server(script) as server:
        assert told(
            server,
            """
            trace(h:post(url, {b = "x&y", a = 1}))
            trace(h:post(url, {}))
            trace(h:post(url, {a = 1}, {method = "GET"}))
            """,
        ) == ["201\tdone", "500\tdone", "200\tnil"]
        assert received == [b"a=1&b=x%26y", b"0\r\n\r\n"]
        assert b"Content-Type: application/x-www-form-urlencoded" in server.requests[0]
        assert server.requests[2].startswith(b"GET /?a=1 HTTP/1.1")
        assert server.connections == 1


def test_what_the_network_did_is_a_reason() -> None:
    """As with httpc, and with two more results, as many as the server has."""
    assert traced("""
        local h = require "httpm".create{timeout = 100}
        trace(h:json "http://127.0.0.1:1/") trace(h:post("http://127.0.0.1:1/", {})) trace(h:json "nonsense")
        trace(ba.socket.http2sock(h))
    """) == [
        *["nil\tcannotconnect\tnil\tnil"] * 2,
        *("nil\tinvalidurl\tnil\tnil", "nil\tinvalidsocketcon"),
    ]


def test_a_call_does_not_mind_what_the_last_one_left() -> None:
    """A response that the program has not read."""
    with Server(echo) as server:
        assert told(
            server,
            """
            trace(h.raw:request{url = url .. "a"})
            trace(h:post(url .. "b", {a = 1}, {method = "GET"}))
            """,
        ) == ["true", "200\t/b?a=1"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("h:json()", "bad argument #1 to 'json' (string expected, got no value)"),
        ("h:json('http://a/', 1)", "bad argument #2 to 'json' (table expected, got number)"),
        ("h:json('http://a/', {a = true})", INVALID),
        ("h:post('http://a/', 1)", "bad argument #2 to 'post' (table expected, got number)"),
        ("h:post('http://a/')", "bad argument #2 to 'post' (table expected, got no value)"),
        ("h:post('http://a/', {a = true})", INVALID),
        ("h.json('http://a/')", "bad argument #1 to 'json' (httpm object expected, got string)"),
        ("require'httpm'.create(1)", "bad argument #1 to 'create' (table expected, got number)"),
        (
            "h:json('http://a/', nil, {size = 'a b'})",
            "bad argument #-1 to 'request' (number expected, got string)",
        ),
    ],
)
def test_wrong_arguments_raise(call: str, message: str) -> None:
    """At the caller's line."""
    assert message_of(f"h = require'httpm'.create() {call}") == f"program:1: {message}"


def test_an_object_has_the_fields_of_the_servers() -> None:
    """The options, and the client."""
    assert traced("""
        local op = {timeout = 5}
        local h, names = require "httpm".create(op), {}
        for name in pairs(h) do names[#names + 1] = name end
        table.sort(names)
        trace(table.concat(names, " "), h.op == op, type(h.raw))
    """) == ["nop op raw\ttrue\tuserdata"]


def test_its_methods_are_documented() -> None:
    """And those of the client that it uses, and no other."""
    own = {"json", "post", "request", "stat", "download", "upload"}
    assert set(methods("httpm")) == own | set(methods("httpc"))
