"""What the client makes of a server's answers, friendly and hostile, each byte of which a test says."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from tests.lua._programs import message_of, run_well, session, traced

from ._server import Peer, Server, answer, answering, echo, silence

OK = b"HTTP/1.1 200 OK\r\n"

# Asks for what the server has and traces the status and the body, or why there is none.
ASK = """
    local http = require "httpc".create()
    trace(http:request{url = "http://127.0.0.1:PORT/path"})
    trace(http:status())
    trace(http:read "*a")
    trace(http:read "*a")
"""


def told(server: Server, program: str = ASK) -> list[str]:
    """What the program traces, with the server's port for PORT."""
    return traced(program.replace("PORT", str(server.port)))


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", "200", "hello"),
        (OK + b"Connection: close\r\n\r\nuntil the end", "200", "until the end"),
        (b"HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nnothing", "404", "nothing"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
            "200",
            "abcde",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", "200", "ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204", "nil"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "304", "nil"),
        (OK + b"Content-Length: 0\r\n\r\n", "200", "nil"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "302", "nil"),
        (OK + b"Content-Length: 300000\r\n\r\n" + b"z" * 300000, "200", "z" * 300000),
        (OK + b"Content-Length: 4\r\n\r\n\x00\xff\r\n", "200", "\x00\xff\r\n"),
    ],
)
def test_a_good_answer_is_read_to_its_end(text: bytes, status: str, body: str) -> None:
    """Once; the next read finds nothing. An empty one is nil, and a redirect is not followed."""
    with answering(text) as server:
        assert told(server) == ["true", status, body, "nil"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "socketreadfailed"),
        (b"HTTP/1.1 200", "socketreadfailed"),
        (OK + b"Content-Type: text/plain\r\n", "socketreadfailed"),
        (b"\x00\xff\x17garbage\r\n\r\n", "invalidresponse"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "invalidresponse"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "invalidresponse"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "invalidresponse"),
        (OK + b"x: y\r\n" * 20000, "invalidresponse"),
        (b"y" * 200000, "invalidresponse"),
    ],
)
def test_what_is_no_answer_is_an_error_of_status(text: bytes, problem: str) -> None:
    """And of every call after it."""
    with answering(text) as server:
        request, status, first, second = told(server)
        assert request == "true"
        assert status == first == second == f"nil\t{problem}"


def test_what_is_wrong_with_a_response_is_in_the_trace() -> None:
    """In words, since the results have no room for them."""
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as server:
        recorder = run_well(ASK.replace("PORT", str(server.port)))
        assert recorder.notes == ["httpc: the response is not valid HTTP: illegal status line"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OK + b"Content-Length: 10\r\n\r\nabc", "invalidresponse"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "invalidresponse"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", "invalidresponse"),
    ],
)
def test_a_body_that_breaks_off_is_an_error_of_read(text: bytes, problem: str) -> None:
    """What had come of it can still be read."""
    program = ASK + "trace(http:read(2))"
    with answering(text) as server:
        request, status, first, second, rest = told(server, program)
        assert (request, status) == ("true", "200")
        assert first == second == f"nil\t{problem}"
        assert rest == "ab"


def test_head_has_no_body() -> None:
    """Whatever its length says."""
    with answering(OK + b"Content-Length: 100\r\n\r\n") as server:
        program = ASK.replace('path"', 'path", method = "head"')
        assert told(server, program) == ["true", "200", "nil", "nil"]
        assert server.requests[0].startswith(b"HEAD /path HTTP/1.1")


def test_a_body_is_read_in_parts() -> None:
    """So many bytes, and less only at the end; a negative number and `a` are all."""
    with answering(OK + b"Content-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz") as server:
        program = """
            local http = require "httpc".create()
            http:request{url = "http://127.0.0.1:PORT/"}
            trace(http:read(3)) trace(http:read "4") trace(http:read(1.9)) trace(http:read(1000))
            trace(http:read(1)) trace(http:read(1))
        """
        assert told(server, program) == ["abc", "defg", "h", "ijklmnopqrstuvwxyz", "nil", "nil"]
        for wanted in ("-1", "'a'", "'*a'"):
            assert told(server, program.split("trace")[0] + f"trace(http:read({wanted}))") == [
                "abcdefghijklmnopqrstuvwxyz"
            ]


def test_reading_nothing_passes_over_the_rest() -> None:
    """As the server does it; the connection can be used again."""
    with answering(OK + b"Content-Length: 5\r\n\r\nhello", OK + b"Content-Length: 1\r\n\r\n2") as server:
        program = """
            local http = require "httpc".create()
            http:request{url = "http://127.0.0.1:PORT/"}
            trace(http:read(1), http:read(0), http:read "*a")
            http:request{url = "http://127.0.0.1:PORT/"}
            trace(http:read "*a")
        """
        assert told(server, program) == ["h\ttrue\tnil", "2"]
        assert server.connections == 1


@pytest.mark.parametrize("wanted", ["", "nil", "'*l'", "'x'", "{}", "true"])
def test_reading_needs_a_format(wanted: str) -> None:
    """All, or a number."""
    message = message_of(f"require 'httpc'.create():read({wanted})")
    assert message == "program:1: bad argument #1 to 'read' (invalid option)"


def test_headers_are_told_as_they_were_sent() -> None:
    """The last value of a name in the table, the first one by name, all in the iterator; and cookies."""
    text = OK + (
        b"X-Test: one\r\nx-lower: 2\r\nVia: a\r\nVia: b\r\nSet-Cookie: id=a=b; Path=/\r\nSet-Cookie: x=\r\n"
        b"Set-Cookie: none\r\nContent-Length: 0\r\n\r\n"
    )
    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/"}
        local h = http:header()
        trace(h["X-Test"], h["x-lower"], h.Via, h["X-Lower"])
        trace(http:header "X-LOWER") trace(http:header "via") trace(http:header "none")
        for name, value in http:headerpairs() do if name == "Via" then trace(value) end end
        for name, value in http:cookie() do trace(name, value) end
    """
    with answering(text) as server:
        assert told(server, program) == [
            *("one\t2\tb\tnil", "2\t200", "a\t200", "nil\t200", "a", "b", "id\ta=b", "x\t"),
        ]


def test_a_request_says_what_was_asked_for_and_no_more() -> None:
    """Query, header fields, user, and the header of create below that of request."""
    program = """
        local http = require "httpc".create{header = {["X-A"] = "1", ["X-B"] = "2"}, user = "joe"}
        http:request{
          url = "http://127.0.0.1:PORT/p q", query = {b = "1 2", a = "ä&=", n = 3, l = {"x", 2}}, user = "u",
          password = "pw", header = {["x-b"] = {"3", 4}, Accept = "text/html"},
        }
        trace(http:status())
    """
    with answering(OK + b"Content-Length: 0\r\n\r\n") as server:
        assert told(server, program) == ["200"]
        first, *fields = server.requests[0].decode().split("\r\n")
        assert first == "GET /p%20q?a=ä%26%3d&b=1%202&l=x&l=2&n=3 HTTP/1.1"
        assert sorted(fields) == sorted(
            [
                *("Accept: text/html", "x-b: 3", "x-b: 4", "X-A: 1", f"Host: 127.0.0.1:{server.port}"),
                "Authorization: Basic dTpwdw==",
            ]
        )


@pytest.mark.parametrize(
    ("options", "first", "hint"),
    [
        ("url = url .. 'a?x=1&y'", "GET /a%3fx%3d1%26y HTTP/1.1", "put what follows it into"),
        ("url = url .. 'a%20b'", "GET /a%2520b HTTP/1.1", "write the path unescaped"),
        ("url = url .. 'a#b'", "GET /a%23b HTTP/1.1", "leave that out"),
        ("url = url, query = {['a b'] = 1}", "GET /?a b=1 HTTP/1.1", "escape the keys of a query"),
        ("url = url, header = {Host = 'x'}", "GET / HTTP/1.1", "most servers refuse two"),
        (
            "url = url, method = 'POST', header = {['content-length'] = 0}",
            "POST / HTTP/1.1",
            "use size = n instead",
        ),
        ("url = url, query = {['a-b'] = 1}, method = 'FOO'", "GET /?a-b=1 HTTP/1.1", None),
    ],
)
def test_what_the_client_sends_oddly_is_said_once(options: str, first: str, hint: str | None) -> None:
    """It is sent as the server sends it, and the trace says what to write instead."""
    with answering(OK + b"Content-Length: 0\r\n\r\n") as server:
        notes = run_well(f"""
            local http, url = require "httpc".create(), "http://127.0.0.1:{server.port}/"
            for _ = 1, 3 do http:request{{{options}}} http:status() end
        """).notes
        assert {head.decode().split("\r\n")[0] for head in server.requests} == {first}
    assert len(notes) == (0 if hint is None else 1)
    assert hint is None or hint in notes[0]


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", "CONNECT", "options"])
def test_some_methods_are_not_sent(method: str) -> None:
    """The server knows them, and refuses them."""
    program = f"""
        local http = require "httpc".create()
        trace(http:request{{url = "http://127.0.0.1:1/", method = "{method}"}})
        trace(http:status())
    """
    assert traced(program) == ["nil\tinvalidparam"] * 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("header = {['X: Y'] = '1'}", 'header field "X: Y" contains a forbidden character'),
        ("header = {X = 'a\\r\\nEvil: 1'}", 'header field "X" contains a forbidden character'),
        ("header = {X = 'a\\0b'}", 'header field "X" contains a forbidden character'),
        ("query = {['a\\r\\nEvil: 1'] = 1}", "a key of the query contains a forbidden character"),
        ("header = {X = true}", "Table header: Invalid value for key X, (string expected, got boolean)"),
        ("query = {X = {{}}}", "Table params: Invalid value for key X, (string expected, got table)"),
        ("header = {['Content-Length'] = 'x'}", "bad Content-Length"),
        ("size = 'much'", "bad argument #-1 to 'request' (number expected, got string)"),
        ("size = true", "bad argument #-1 to 'request' (number expected, got boolean)"),
        ("url = 'https://127.0.0.1:1/', shark = {}", "BASHARKSSL expected, got table"),
        (
            "url = 'https://127.0.0.1:1/', shark = ba.create.sharkssl(nil, {server = true})",
            "SharkSSL not a client type",
        ),
    ],
)
def test_malformed_options_raise(options: str, problem: str) -> None:
    """Before anything is sent, at the caller's line."""
    program = f"""
        local http = require "httpc".create()
        local ok, problem = pcall(function()
          local sent = http:request{{url = "http://127.0.0.1:1/", {options}}}
          return sent
        end)
        trace(ok, problem)
        trace(http:status())
    """
    assert traced(program) == [f"false\tprogram:4: {problem}", "0"]


def test_a_request_needs_a_url() -> None:
    """And create a table, if anything."""
    assert message_of("require 'httpc'.create():request{}") == "program:1: Tab arg #2: url required!"
    expected = "program:1: bad argument #1 to 'create' (table expected, got nil)"
    assert message_of("require 'httpc'.create(nil)") == expected


def test_a_body_of_a_known_size_is_sent() -> None:
    """No more and no less than was announced."""
    received = []

    def script(peer: Peer) -> None:
        peer.head()
        received.append(peer.body(6))
        peer.say(OK + b"Content-Length: 2\r\n\r\nok")

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/", method = "PUT", size = 6}
        trace(http:write "abcd")
        trace(http:status())
        trace(http:write "efg")
        trace(http:write "ef")
        trace(http:write "g")
        trace(http:status(), http:read "*a")
        trace(http:write "late")
    """
    with Server(script) as server:
        assert told(server, program) == [
            *("true", "nil\tincorrectuse", "nil\tincorrectuse", "true", "nil\tincorrectuse"),
            *("200\tok", "nil\tincorrectuse"),
        ]
        assert received == [b"abcdef"]
        assert b"Content-Length: 6" in server.requests[0]


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ('["Content-Length"] = 3', b"abc"),
        ('["Transfer-Encoding"] = "chunked"', b"3\r\nabc\r\n0\r\n\r\n"),
        ('["Content-Length"] = "0"', b""),
    ],
)
def test_a_header_may_announce_a_body_where_there_is_none(header: str, sent: bytes) -> None:
    """With a GET too, a program can do what it says."""
    received = []

    def script(peer: Peer) -> None:
        peer.head()
        received.append(peer.body(len(sent)))
        peer.say(OK + b"Content-Length: 2\r\n\r\nok")

    program = f"""
        local http = require "httpc".create()
        http:request{{url = "http://127.0.0.1:PORT/", header = {{{header}}}}}
        trace(http:write "abc")
        trace(http:read "*a")
    """
    with Server(script) as server:
        assert told(server, program) == ["true" if sent else "nil\tincorrectuse", "ok"]
        assert received == [sent]


def test_a_body_of_no_known_size_is_sent_in_chunks() -> None:
    """Until somebody asks for the response; an empty one too, and that of size 0."""
    received = []

    def script(peer: Peer) -> None:
        for _ in range(3):
            peer.head()
            received.append(peer.until(b"0\r\n\r\n"))
            peer.say(OK + b"Content-Length: 0\r\n\r\n")
        peer.await_end()

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/", method = "POST"}
        trace(http:write "abc", http:write "", http:write(12))
        trace(http:status())
        http:request{url = "http://127.0.0.1:PORT/", method = "DELETE"}
        trace(http:status())
        http:request{url = "http://127.0.0.1:PORT/", method = "PUT", size = 0}
        trace(http:status())
    """
    with Server(script) as server:
        assert told(server, program) == ["true\ttrue\ttrue", "200", "200", "200"]
        assert received == [b"3\r\nabc\r\n2\r\n12\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\n\r\n"]
        assert all(b"Transfer-Encoding: chunked" in head for head in server.requests)
        assert server.connections == 1


def test_a_large_body_is_sent_to_a_server_that_talks_at_the_same_time() -> None:
    """Three megabytes to one that answers each piece as it comes."""
    size, chunk = 3 << 20, 64 << 10

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Content-Length: %d\r\n\r\n" % (size // 16))
        for _ in range(size // chunk):
            peer.say(peer.body(chunk)[: chunk // 16])

    program = f"""
        local http = require "httpc".create()
        http:request{{url = "http://127.0.0.1:PORT/", method = "POST", size = {size}}}
        trace(http:write(("x"):rep({size})))
        trace(http:status(), #http:read "*a")
    """
    with Server(script) as server:
        assert told(server, program) == ["true", f"200\t{size // 16}"]


def test_an_early_refusal_of_a_body_is_heard() -> None:
    """A server that answers 413 and hangs up: writing fails, status tells why."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        peer.body(1 << 20)

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/", method = "POST", size = 1e8}
        local ok, problem
        for _ = 1, 1000 do
          ok, problem = http:write(("x"):rep(1e5))
          if not ok then break end
        end
        trace(ok, problem)
        trace(http:status())
    """
    with Server(script) as server:
        write, status = told(server, program)
        assert write == "nil\tsocketwritefailed"
        assert status in {"413", "nil\tsocketreadfailed"}  # the reset may destroy what the server had said


# ---------------------------------------------------------------- one connection for many


def test_a_connection_is_kept_for_the_next_request() -> None:
    """To the same place, once the response was read."""
    program = """
        local http = require "httpc".create()
        for i = 1, 5 do
          http:request{url = "http://127.0.0.1:PORT/" .. i}
          trace(http:read "*a")
        end
        trace(ba.socket.stat())
        trace(http:close(), http:close())
    """
    with Server(echo) as server:
        assert told(server, program) == ["/1", "/2", "/3", "/4", "/5", "1\t1", "true\ttrue"]
        assert server.connections == 1


def test_a_response_must_be_read_before_the_next_request() -> None:
    """Unless it has no body; closing does as well. The trace says so once."""
    with Server(echo) as server:
        recorder = run_well(
            """
            local http, url = require "httpc".create(), "http://127.0.0.1:PORT/"
            http:request{url = url .. 1}
            trace(http:request{url = url .. 2})
            trace(http:status(), http:request{url = url .. 3})
            trace(http:read(1), http:request{url = url .. 4})
            trace(http:read "*a", http:request{url = url .. 5})
            http:close()
            trace(http:request{url = url .. 6, method = "POST", size = 5})
            trace(http:request{url = url .. 7})
            """.replace("PORT", str(server.port))
        )
        assert recorder.traced == [
            *("nil\tincorrectuse", "200\tnil\tincorrectuse", "/\tnil\tincorrectuse", "1\ttrue"),
            *("true", "nil\tincorrectuse"),
        ]
        assert [
            note for note in recorder.notes if "before the last response was read" in note
        ] == recorder.notes
        assert len(recorder.notes) == 1
        assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_has_gone_is_replaced(method: str) -> None:
    """Without a word to the program."""
    program = f"""
        local http = require "httpc".create()
        for _ = 1, 3 do
          http:request{{url = "http://127.0.0.1:PORT/", method = "{method}"}}
          trace(http:status(), http:read "*a")
          ba.sleep(20)
        end
    """
    with answering(OK + b"Content-Length: 2\r\n\r\nok") as server:
        assert told(server, program) == ["200\tok"] * 3
        assert server.connections == 3


def test_a_connection_that_ends_as_the_request_comes_is_replaced() -> None:
    """The server takes the second request and hangs up without an answer: it is sent again."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Content-Length: 1\r\n\r\n1")
        peer.head()

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/a"}
        trace(http:read "*a")
        http:request{url = "http://127.0.0.1:PORT/b"}
        trace(http:status(), http:read "*a")
    """
    with Server(script, echo) as server:
        assert told(server, program) == ["1", "200\t/b"]
        assert [head.split()[1] for head in server.requests] == [b"/a", b"/b", b"/b"]


def test_a_body_is_not_sent_twice() -> None:
    """The server may have acted on it: the program has to decide."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Content-Length: 0\r\n\r\n")
        peer.head()
        peer.body(3)

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/a"}
        trace(http:read "*a")
        http:request{url = "http://127.0.0.1:PORT/b", method = "POST", size = 3}
        trace(http:write "abc")
        trace(http:status())
    """
    with Server(script, echo) as server:
        assert told(server, program) == ["nil", "true", "nil\tsocketreadfailed"]
        assert server.connections == 1


def test_words_after_the_end_are_no_answer_to_the_next_request() -> None:
    """A server that says more than it was asked is not asked again."""
    extra = OK + b"Content-Length: 4\r\n\r\nevil"
    with Server(answer(OK + b"Content-Length: 2\r\n\r\nok" + extra, b""), echo) as server:
        program = """
            local http = require "httpc".create()
            http:request{url = "http://127.0.0.1:PORT/a"}
            trace(http:read "*a")
            http:request{url = "http://127.0.0.1:PORT/b"}
            trace(http:read "*a")
        """
        assert told(server, program) == ["ok", "/b"]


# ---------------------------------------------------------------- time


def test_a_silent_server_is_a_timeout_and_can_be_asked_again() -> None:
    """Nothing is lost by it."""
    program = """
        local http = require "httpc".create{timeout = 50}
        trace(http:timeout(60))
        trace(http:request{url = "http://127.0.0.1:PORT/"})
        trace(http:status()) trace(http:status()) trace(http:read "*a")
        trace(http:close())
        trace(http:status())
    """
    with Server(silence) as server:
        assert told(server, program) == [
            *("true", "true", "nil\ttimeout", "nil\ttimeout", "nil\ttimeout", "true"),
            "nil\tincorrectuse",
        ]


def test_a_slow_body_goes_on_after_a_timeout() -> None:
    """What had come before it is in the next read."""
    with session() as lua:

        def script(peer: Peer) -> None:
            peer.head()
            peer.say(OK + b"Content-Length: 6\r\n\r\nabc")
            lua.recorder.wait_for_trace("nil\ttimeout")
            peer.say(b"def")

        with Server(script) as server:
            result = lua.run(f"""
                local http = require "httpc".create{{timeout = 100}}
                http:request{{url = "http://127.0.0.1:{server.port}/"}}
                trace(http:read "*a")
                http:timeout(20000)
                trace(http:read "*a")
            """)
            assert result.error is None
            assert lua.recorder.traced == ["nil\ttimeout", "abcdef"]


def test_a_head_that_never_ends_is_a_timeout() -> None:
    """Though something comes all the time."""
    stop = False

    def script(peer: Peer) -> None:
        peer.head()
        while not stop:
            peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")

    with Server(script) as server:
        program = ASK.replace("create()", "create{timeout = 200}")
        try:
            assert told(server, program)[:2] == ["true", "nil\ttimeout"]
        finally:
            stop = True


def test_a_body_that_nobody_takes_is_a_timeout() -> None:
    """The server's buffers are full."""
    taken = threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        taken.wait(20)

    program = """
        local http = require "httpc".create{timeout = 100}
        http:request{url = "http://127.0.0.1:PORT/", method = "POST"}
        trace(http:write(("x"):rep(5e7)))
    """
    with Server(script) as server:
        try:
            assert told(server, program) == ["nil\ttimeout"]
        finally:
            taken.set()


def test_connecting_has_its_time_too() -> None:
    """TLS with a server that does not speak it, or does not speak at all."""
    with Server(silence) as server:
        program = """
            local http = require "httpc".create()
            trace(http:request{url = "https://127.0.0.1:PORT/", timeout = 100})
        """
        assert told(server, program) == ["nil\ttimeout"]


# ---------------------------------------------------------------- places and bounds


def test_a_connection_serves_one_place_only() -> None:
    """Another name, or another address of ours, is another place, though the server be the same."""
    program = """
        local http = require "httpc".create()
        for _, op in ipairs{
          {url = "http://127.0.0.1:PORT/1"}, {url = "http://localhost:PORT/2"},
          {url = "http://localhost:PORT/3", intf = "127.0.0.1"},
          {url = "http://localhost:PORT/4", intf = "127.0.0.1"},
        } do
          trace(http:request(op), (http:read "*a"))
        end
    """
    with Server(echo) as server:
        assert told(server, program) == ["true\t/1", "true\t/2", "true\t/3", "true\t/4"]
        assert server.connections == 3
        assert f"Host: localhost:{server.port}".encode() in server.requests[1]


def test_an_endless_body_is_an_error_of_reading_all() -> None:
    """In pieces it can be read for ever."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK + b"Connection: close\r\n\r\n")
        while not stop.is_set():
            peer.say(block)

    stop, block = threading.Event(), b"x" * (1 << 20)
    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/"}
        trace(select(2, http:read "*a"))
        local n = 0
        while n < 150e6 do n = n + #http:read(1 << 20) end
        trace(http:close())
    """
    with Server(script) as server:
        try:
            assert told(server, program) == [
                "malloc",
                "true",
            ]
        finally:
            stop.set()


def test_many_clients_at_once() -> None:
    """A hundred cosockets, a request each, and then another."""
    program = """
        local done = 0
        for i = 1, 100 do
          ba.socket.event(function()
            local http = require "httpc".create()
            for _, part in ipairs{"a", "b"} do
              local path = "/" .. part .. i
              assert(http:request{url = "http://127.0.0.1:PORT" .. path})
              assert(http:read "*a" == path)
            end
            http:close()
            done = done + 1
          end)
        end
        await(function() return done == 100 end)
        trace(done)
    """
    with Server(echo) as server:
        assert told(server, program) == ["100"]
        assert server.connections == 100


def test_a_real_server_answers(tmp_path: Path) -> None:
    """Python's own, with a file of three megabytes."""
    text = bytes(range(256)) * 12288
    (tmp_path / "file").write_bytes(text)

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:  # not to the terminal
            pass

    serve = functools.partial(Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            digest = hashlib.sha256(text).hexdigest()
            assert traced(f"""
                local http <close> = require "httpc".create()
                local url = "http://127.0.0.1:{server.server_port}/"
                http:request{{url = url .. "file"}}
                trace(ba.crypto.hash "sha256"(http:read "*a")(true, "hex"), http:header()["Content-Length"])
                http:request{{url = url .. "missing"}}
                trace(http:status(), http:read "*a" ~= "")
            """) == [f"{digest}\t{len(text)}", "404\ttrue"]
        finally:
            server.shutdown()
            thread.join()
