"""HTTP as the page server speaks it, in memory: whole requests out of any pieces, and every bound."""

from __future__ import annotations

import pytest

from ba_runtime.web.access import Access
from ba_runtime.web.limits import Limits
from ba_runtime.web.memory import Memory
from ba_runtime.web.outcome import Ended, Outcome, Refusal, Request
from ba_runtime.web.protocol import Protocol, normal_path

GET = b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nX-One: 1\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def new(limits: Limits | None = None, hosts: str = "") -> Protocol:
    """A connection before its first request."""
    return Protocol(limits or Limits(), Access({"BA_LUA_HOSTS": hosts}), Memory())


def ask(data: bytes, limits: Limits | None = None, hosts: str = "") -> Outcome:
    """What a fresh connection makes of these bytes."""
    protocol = new(limits, hosts)
    protocol.receive(data)
    return protocol.next()


def whole(data: bytes) -> Request:
    """The request in these bytes."""
    outcome = ask(data)
    assert isinstance(outcome, Request)
    return outcome


def status_of(outcome: Outcome) -> int:
    """The status of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.status


def test_a_request_has_all_its_parts() -> None:
    """Path and query apart; names of fields in lower case, and for pages as they were sent."""
    request = whole(GET)
    assert request[:4] == (b"GET", b"/a", b"b=c", b"1.1")
    assert request.headers == ((b"host", b"localhost"), (b"x-one", b"1"))
    assert request.lines == b"Host\0localhost\0X-One\x001\0"
    assert (request.body, request.is_websocket, request.is_kept) == (b"", False, True)


@pytest.mark.parametrize("data", [GET, POST, CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"])
def test_a_request_is_whole_with_its_last_byte_however_it_arrives(data: bytes) -> None:
    """Byte by byte, and never early."""
    protocol = new()
    for i in range(len(data) - 1):
        protocol.receive(data[i : i + 1])
        assert protocol.next() is None
    protocol.receive(data[-1:])
    outcome = protocol.next()
    assert isinstance(outcome, Request)
    assert outcome == whole(data)


def test_a_head_that_came_before_is_the_same_request() -> None:
    """Also on another connection, and with something else in between."""
    memory = Memory()
    first = Protocol(Limits(), Access({}), memory)
    requests = []
    for data in (GET, POST, GET):
        first.receive(data)
        requests.append(first.next())
        first.whole(200, (), b"")
        assert first.next_cycle()
    second = Protocol(Limits(), Access({}), memory)
    second.receive(GET)
    assert memory.get(GET) == requests[0] == requests[2] == second.next()
    assert memory.get(POST) is None


def test_pipelined_requests_come_one_after_the_other() -> None:
    """The second waits until the first was answered; what came meanwhile is kept."""
    protocol = new()
    protocol.receive(GET + POST[:-2])
    assert isinstance(protocol.next(), Request)
    protocol.receive(POST[-2:] + GET)
    protocol.receive(b"")
    for expected in (b"hello", b""):
        protocol.whole(200, (), b"x")
        assert protocol.next_cycle()
        outcome = protocol.next()
        assert isinstance(outcome, Request)
        assert outcome.body == expected
    protocol.whole(200, (), b"x")
    assert protocol.next_cycle()
    assert isinstance(protocol.next(), Ended)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 405),  # what is wrong first is the method
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 405),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx", 400),  # of what type?
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX Y: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
        (b"GET nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (CHUNKED + b"zz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 421),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n", 413),
        (b"GET /" + b"a" * 20000, 431),
        (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
    ],
)
def test_what_is_wrong_is_refused_with_its_status(data: bytes, status: int) -> None:
    """And the refusal is a response that closes."""
    protocol = new()
    protocol.receive(data)
    outcome = protocol.next()
    assert isinstance(outcome, Refusal)
    assert outcome.status == status
    answer = protocol.refusal(outcome)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nKeep-Alive: Close\r\n" in answer
    assert (b"\r\nAllow: OPTIONS, GET, HEAD, " in answer) == (status == 405)
    assert answer.partition(b"\r\n\r\n")[2].startswith(b"<html><body><h1>%d " % status)
    assert not protocol.next_cycle()


def test_a_chunked_body_is_bounded_as_it_grows() -> None:
    """However small its chunks."""
    protocol = new(Limits(body_bytes=100))
    protocol.receive(CHUNKED)
    for _ in range(10):
        protocol.receive(b"a\r\n0123456789\r\n")
        assert protocol.next() is None
    protocol.receive(b"1\r\n!\r\n")
    assert status_of(protocol.next()) == 413


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9357", "[::1]", "[::1]:80"])
def test_loopback_names_are_allowed_with_any_port(host: str) -> None:
    """In any case."""
    assert isinstance(ask(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()), Request)


def test_names_in_the_environment_are_allowed_too() -> None:
    """With a port that one only."""
    data = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"
    assert isinstance(ask(data % b"box.lan:8000", hosts="box.lan, other:81"), Request)
    assert isinstance(ask(data % b"other:81", hosts="box.lan, other:81"), Request)
    assert status_of(ask(data % b"other:82", hosts="box.lan, other:81")) == 421


def test_who_starts_the_server_names_hosts_too() -> None:
    """Besides the variable: a hub's public name; no name at all allows nothing."""
    access = Access({"BA_LUA_HOSTS": "box.lan"}, also=("Hub:8000", ""))
    assert access.allows_host(b"hub:8000")
    assert access.allows_host(b"box.lan")
    assert access.allows_origin(b"http://hub:8000", b"127.0.0.1:1")
    assert not access.allows_host(b"hub:8001")
    assert not access.allows_host(b"")


@pytest.mark.parametrize(
    ("origin", "hosts", "is_allowed"),
    [
        (None, "", True),
        ("http://localhost:80", "", True),
        ("http://localhost:8888", "", False),
        ("https://evil.example", "", False),
        ("null", "", False),
        ("http://localhost:8888", "localhost:8888", True),
        ("http://box.lan:1", "box.lan", True),
    ],
)
def test_a_websocket_is_for_pages_of_this_server(origin: str | None, hosts: str, is_allowed: bool) -> None:
    """Programs that are no browsers send no Origin."""
    data = b"GET / HTTP/1.1\r\nHost: localhost:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    data += f"Origin: {origin}\r\n".encode() if origin else b""
    outcome = ask(data + b"\r\n", hosts=hosts)
    if is_allowed:
        assert isinstance(outcome, Request)
        assert outcome.is_websocket
    else:
        assert status_of(outcome) == 403


@pytest.mark.parametrize("host", ["", " ", ":80"])
def test_an_empty_host_is_refused(host: str) -> None:
    """Only HTTP/1.0 may leave the field out, and no browser speaks it."""
    assert status_of(ask(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())) == 421
    assert status_of(ask(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())) == 421
    assert status_of(ask(b"GET / HTTP/1.1\r\n\r\n")) == 400
    assert isinstance(ask(b"GET / HTTP/1.0\r\n\r\n"), Request)


def test_of_several_origins_none_counts() -> None:
    """Whatever their order, and also where no WebSocket is wanted."""
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    good, evil = b"Origin: http://localhost\r\n", b"Origin: http://evil.example\r\n"
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    for origins in (good + evil, evil + good, good + good):
        assert status_of(ask(head + upgrade + origins + b"\r\n")) == 403
        assert status_of(ask(head + origins + upgrade + b"\r\n")) == 403
        assert status_of(ask(head + origins + b"\r\n")) == 403
    assert isinstance(ask(head + upgrade + good + b"\r\n"), Request)


def test_no_origin_matches_a_host_that_is_not_there() -> None:
    """`null`, of a page in a file or a frame, has no name, and neither has the request."""
    data = b"GET / HTTP/1.0\r\nUpgrade: websocket\r\nOrigin: %s\r\n\r\n"
    for origin in (b"null", b"", b"http://", b"http://localhost"):
        assert status_of(ask(data % origin)) == 403


def test_a_length_beside_chunks_costs_the_connection() -> None:
    """It is answered, as the chunks say; what came behind it may be smuggled and is not (RFC 9112, 6.1)."""
    both = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + b"2\r\nhe\r\n0\r\n\r\n"
    for data in (both, both.replace(b"2\r\nhe\r\n", b"")):
        protocol = new()
        protocol.receive(data + GET)
        request = protocol.next()
        assert isinstance(request, Request)
        assert (request.body, request.is_kept) == (b"he" if data is both else b"", False)
        assert b"\r\nKeep-Alive: Close\r\n" in protocol.whole(200, (), b"")
        assert not protocol.next_cycle()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", b"/"),
        (b"/a/b", b"/a/b"),
        (b"/a%20b/%C3%A4", b"/a b/\xc3\xa4"),
        (b"/a/../b", b"/b"),
        (b"/../../etc/passwd", b"/etc/passwd"),
        (b"/%2e%2e/%2e%2e/etc", b"/etc"),
        (b"/a/%2e%2e%2fb", b"/b"),
        (b"//a//./b/.", b"/a/b/"),
        (b"/a/b/..", b"/a/"),
        (b"/a%252e", b"/a%2e"),
        (b"/a+b%2Bc", b"/a b+c"),
        (b"http://localhost/x/y", b"/x/y"),
        (b"http://localhost", b"/"),
        (b"*", None),
        (b"/%00", None),
    ],
)
def test_a_path_is_decoded_once_and_leads_nowhere_else(target: bytes, path: bytes | None) -> None:
    """Neither by dots nor by their codes."""
    assert normal_path(target) == path


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    """And to HTTP/1.0 until the end of the connection."""
    protocol = new()
    protocol.receive(GET)
    protocol.next()
    assert b"\r\nTransfer-Encoding: chunked\r\n" in protocol.head(200, (), None)
    assert protocol.data(b"hello world") + protocol.end() == b"b\r\nhello world\r\n0\r\n\r\n"
    assert protocol.next_cycle()
    protocol.receive(b"GET / HTTP/1.0\r\n\r\n")
    protocol.next()
    head = protocol.head(200, (), None)
    assert b"chunked" not in head
    assert b"\r\nKeep-Alive: Close\r\n" in head
    assert protocol.data(b"hello") + protocol.end() == b"hello"
    assert not protocol.next_cycle()


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        (b"HEAD", 200, b""),
        (b"GET", 204, b""),
        (b"GET", 304, b""),
        (b"GET", 200, b"1\r\nx\r\n0\r\n\r\n"),
    ],
)
def test_some_responses_have_no_body(method: bytes, status: int, body: bytes) -> None:
    """To HEAD, and by their status."""
    protocol = new()
    protocol.receive(GET.replace(b"GET", method))
    protocol.next()
    assert protocol.whole(status, (), b"x").partition(b"\r\n\r\n")[2] == body
    assert protocol.next_cycle()


@pytest.mark.parametrize(
    ("request_line", "field", "framing"),
    [
        (b"GET / HTTP/1.1", b"X: y", [b"Keep-Alive: Keep-Alive", b"Transfer-Encoding: chunked"]),
        (b"GET / HTTP/1.1", b"Connection: close", [b"Keep-Alive: Close"]),
        (b"GET / HTTP/1.0", b"Connection: keep-alive", [b"Keep-Alive: Close"]),
        (b"HEAD / HTTP/1.1", b"X: y", [b"Content-Length: 1", b"Keep-Alive: Keep-Alive"]),
    ],
)
def test_a_whole_body_is_framed_as_the_server_does(
    request_line: bytes, field: bytes, framing: list[bytes]
) -> None:
    """In chunks, or by the end of the connection; its length is for HEAD."""
    protocol = new()
    protocol.receive(request_line + b"\r\nHost: localhost\r\n" + field + b"\r\n\r\n")
    protocol.next()
    head = protocol.whole(200, (), b"x").partition(b"\r\n\r\n")[0].split(b"\r\n")
    own = (b"Date:", b"Server:")
    assert sorted(line for line in head[1:] if not line.startswith(own)) == framing
    assert b"Server: BarracudaServer.com (Posix)" in head


def test_a_long_body_comes_in_chunks_of_the_servers_size() -> None:
    """However it was written."""
    protocol = new()
    protocol.receive(GET)
    protocol.next()
    body = protocol.whole(200, (), b"x" * 20_000).partition(b"\r\n\r\n")[2]
    sizes = [8192, 8192, 20_000 - 2 * 8192]
    assert body == b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in sizes) + b"0\r\n\r\n"


def test_no_client_waits_for_an_empty_body() -> None:
    """The server says nothing of its length, and one that is sized says it again."""
    for is_sized in (False, True):
        protocol = new()
        protocol.receive(GET)
        protocol.next()
        assert b"\r\nContent-Length: 0\r\n" in protocol.whole(200, (), b"", is_sized=is_sized)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, b"HTTP/1.1 200 OK"),
        (500, b"HTTP/1.1 500 Server Error"),
        (299, b"HTTP/1.1 299 "),
        (99, b"HTTP/1.1 ??? Server Error"),
        (600, b"HTTP/1.1 ??? Server Error"),
    ],
)
def test_a_status_that_is_none_has_no_number(status: int, line: bytes) -> None:
    """The others have, also those without a reason, of which the server would say the same."""
    protocol = new()
    protocol.receive(GET)
    protocol.next()
    assert protocol.whole(status, (), b"x").partition(b"\r\n")[0] == line


def test_a_body_is_never_longer_than_announced() -> None:
    """And one that is shorter costs the connection, for its end cannot be told otherwise."""
    for data, is_kept in ((b"abcd", True), (b"ab", False)):
        protocol = new()
        protocol.receive(GET)
        protocol.next()
        protocol.head(200, (), 3)
        assert protocol.data(data) + protocol.end() == data[:3]
        assert protocol.next_cycle() is is_kept


def test_a_field_cannot_break_the_head() -> None:
    """Nor contradict how the body is framed."""
    protocol = new()
    protocol.receive(GET)
    protocol.next()
    fields = (b"X", b"a\r\nSet-Cookie: b", b"Content-Length", b"99", b"Y", b"z")
    head = protocol.whole(200, fields, b"")
    assert b"Set-Cookie" not in head
    assert head.count(b"Content-Length") == 1
    assert b"\r\nY: z\r\n" in head


def test_a_client_that_waits_for_continue_gets_it() -> None:
    """Once, and before the body, also where that has come with the head."""
    protocol = new()
    protocol.receive(POST.replace(b"\r\n\r\nhello", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert protocol.next() is None
    assert protocol.take_outgoing() == b"HTTP/1.1 100 Continue\r\n\r\n"
    protocol.receive(b"hello")
    assert isinstance(protocol.next(), Request)
    assert protocol.take_outgoing() == b""
    protocol = new()
    protocol.receive(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert isinstance(protocol.next(), Request)
    assert protocol.take_outgoing() == b"HTTP/1.1 100 Continue\r\n\r\n"
