"""What the client makes of a server's answers, friendly and hostile, each byte of which a test says."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from pathlib import Path

import pytest

from tests.lua._programs import session, traced

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
        (OK + b"\r\nuntil the end", "200", "until the end"),
        (b"HTTP/1.0 404 Not Found\r\n\r\nnothing", "404", "nothing"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
            "200",
            "abcde",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", "200", "ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204", ""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "304", ""),
        (OK + b"Content-Length: 0\r\n\r\n", "200", ""),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "302", ""),
        (OK + b"Content-Length: 300000\r\n\r\n" + b"z" * 300000, "200", "z" * 300000),
        (OK + b"Content-Length: 4\r\n\r\n\x00\xff\r\n", "200", "\x00\xff\r\n"),
    ],
)
def test_a_good_answer_is_read_to_its_end(text: bytes, status: str, body: str) -> None:
    """Once; the next read finds nothing."""
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
    """And of every call after it; `invalidresponse` comes with words."""
    with answering(text) as server:
        request, status, first, second = told(server)
        assert request == "true"
        assert status.split("\t")[:2] == ["nil", problem]
        assert first == second == status
        assert len(status.split("\t")) == (3 if problem == "invalidresponse" else 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OK + b"Content-Length: 10\r\n\r\nabc", "socketreadfailed"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "socketreadfailed"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", "invalidresponse"),
    ],
)
def test_a_body_that_breaks_off_is_an_error_of_read(text: bytes, problem: str) -> None:
    """What had come of it can still be read."""
    program = ASK + "trace(http:read())"
    with answering(text) as server:
        request, status, first, second, rest = told(server, program)
        assert (request, status) == ("true", "200")
        assert first.split("\t")[:2] == second.split("\t")[:2] == ["nil", problem]
        assert rest in {"abc", "ab"}


def test_head_has_no_body() -> None:
    """Whatever its length says."""
    with answering(OK + b"Content-Length: 100\r\n\r\n") as server:
        program = ASK.replace('path"', 'path", method = "head"')
        assert told(server, program) == ["true", "200", "", "nil"]
        assert server.requests[0].startswith(b"HEAD /path HTTP/1.1")


def test_a_body_is_read_in_parts() -> None:
    """So many bytes, what comes next, the rest; less than asked for only at the end."""
    with answering(OK + b"Content-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz") as server:
        program = """
            local http = require "httpc".create()
            http:request{url = "http://127.0.0.1:PORT/"}
            trace(http:read(3)) trace(http:read(4)) trace(http:read(1000))
            trace(http:read(1)) trace(http:read())
        """
        assert told(server, program) == ["abc", "defg", "hijklmnopqrstuvwxyz", "nil", "nil"]


def test_headers_are_told_as_they_were_sent() -> None:
    """Values of one name joined in the table, alone in the iterator, and cookies by name."""
    text = OK + (
        b"X-Test: one\r\nx-lower: 2\r\nVia: a\r\nVia: b\r\nSet-Cookie: id=a=b; Path=/\r\nSet-Cookie: x=\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/"}
        local h = http:header()
        trace(h["X-Test"], h["x-lower"], h.Via, h["X-Lower"])
        local n = 0
        for name, value in http:headerpairs() do if name == "Via" then n = n + 1 trace(value) end end
        local c = http:cookie()
        trace(c.id, c.x, c.Path)
    """
    with answering(text) as server:
        assert told(server, program) == ["one\t2\ta, b\tnil", "a", "b", "a=b\t\tnil"]


def test_a_request_says_what_was_asked_for() -> None:
    """Query, header fields, user, and the defaults of create below those of request."""
    program = """
        local http = require "httpc".create{header = {["X-A"] = "1", ["X-B"] = "2"}, user = "joe"}
        http:request{
          url = "http://127.0.0.1:PORT/p q?z=1", query = {b = "1 2", a = "ä&=", n = 3}, password = "pw",
          header = {["x-b"] = "3", Accept = "text/html"},
        }
        trace(http:status())
    """
    with answering(OK + b"Content-Length: 0\r\n\r\n") as server:
        assert told(server, program) == ["200"]
        first, *fields = server.requests[0].decode().split("\r\n")
        assert first == "GET /p%20q?z=1&a=%C3%A4%26%3D&b=1%202&n=3 HTTP/1.1"
        assert set(fields) == {
            *("Accept: text/html", "x-b: 3", "X-A: 1", f"Host: 127.0.0.1:{server.port}"),
            *("User-Agent: ba-lua-kernel", "Authorization: Basic am9lOnB3"),
        }


@pytest.mark.parametrize(
    "options",
    [
        "header = {['X: Y'] = '1'}",
        "header = {X = 'a\\r\\nEvil: 1'}",
        "header = {X = 'a\\0b'}",
        "header = 'X: 1'",
        "method = 'G T'",
        "size = 'much'",
        "size = -1",
        "shark = {}",
        "url = 'https://127.0.0.1:1/', shark = ba.create.sharkssl(nil, {server = true})",
        "url = 'https://127.0.0.1:1/', shark = {}",
    ],
)
def test_malformed_options_raise(options: str) -> None:
    """Before anything is sent, at the caller's line."""
    program = f"""
        local http = require "httpc".create()
        local ok, problem = pcall(function()
          local sent = http:request{{url = "http://127.0.0.1:1/", {options}}}
          return sent
        end)
        trace(ok, problem)
    """
    told_ = traced(program)[0]
    if options == "shark = {}":  # not used for http
        assert told_ == "true\tnil"
    else:
        assert told_.startswith("false\t")
        assert "program:4:" in told_


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
            *("true", "nil\tincorrectuse\tthe body is shorter than its announced size"),
            *("nil\tincorrectuse\tthe body is longer than its announced size", "true", "nil\tincorrectuse"),
            *("200\tok", "nil\tincorrectuse"),
        ]
        assert received == [b"abcdef"]
        assert b"Content-Length: 6" in server.requests[0]


def test_a_body_of_no_known_size_is_sent_in_chunks() -> None:
    """Until somebody asks for the response; and nothing written is no body."""
    received = []

    def script(peer: Peer) -> None:
        peer.head()
        received.append(peer.until(b"0\r\n\r\n"))
        peer.say(OK + b"Content-Length: 0\r\n\r\n")
        peer.head()
        peer.say(OK + b"Content-Length: 0\r\n\r\n")
        peer.await_end()

    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/", method = "POST"}
        trace(http:write "abc", http:write "", http:write(12))
        trace(http:status())
        http:request{url = "http://127.0.0.1:PORT/", method = "POST"}
        trace(http:status())
    """
    with Server(script) as server:
        assert told(server, program) == ["true\ttrue\ttrue", "200", "200"]
        assert received == [b"3\r\nabc\r\n2\r\n12\r\n0\r\n\r\n"]
        assert b"Transfer-Encoding: chunked" in server.requests[0]
        assert b"Content-Length: 0" in server.requests[1]
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
        assert told(server, program) == ["/1", "/2", "/3", "/4", "/5", "1\t1", "true\tfalse"]
        assert server.connections == 1


def test_a_response_that_was_not_read_costs_its_connection() -> None:
    """Unless it has no body, or has come already."""
    with Server(echo) as server:
        program = """
            local http = require "httpc".create()
            http:request{url = "http://127.0.0.1:PORT/1"}
            http:request{url = "http://127.0.0.1:PORT/2"}
            trace(http:status())
            http:request{url = "http://127.0.0.1:PORT/3"}
            trace(http:read "*a")
        """
        assert told(server, program) == ["200", "/3"]
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
        assert told(server, program) == ["", "true", "nil\tsocketreadfailed"]
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
        trace(http:timeout(), http:timeout(60), http:timeout())
        trace(http:request{url = "http://127.0.0.1:PORT/"})
        trace(http:status()) trace(http:status()) trace(http:read "*a")
        trace(http:close())
        trace(http:status())
    """
    with Server(silence) as server:
        assert told(server, program) == [
            *("50\t50\t60", "true", "nil\ttimeout", "nil\ttimeout", "nil\ttimeout", "true"),
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
        peer.say(OK + b"\r\n")
        while not stop.is_set():
            peer.say(block)

    stop, block = threading.Event(), b"x" * (1 << 20)
    program = """
        local http = require "httpc".create()
        http:request{url = "http://127.0.0.1:PORT/"}
        trace(select(2, http:read "*a"))
        local n = 0
        while n < 150e6 do n = n + #http:read() end
        trace(http:close())
    """
    with Server(script) as server:
        try:
            assert told(server, program) == [
                "malloc\tthe body is too long for one string; read it in pieces",
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
