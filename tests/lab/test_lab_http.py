"""The lab's web hosts: the conversation in memory, and real sockets."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from ba_runtime.lab import Clock, Lab
from ba_runtime.lab._http import HttpConversation
from ba_runtime.lab._service import Turn

NOON = "2026-01-01T12:00:00Z"
WEB_HOSTS = ["simplemq.com", "www.google.com", "example.com", "realtimelogic.com"]
GET = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A running lab at noon."""
    lab = Lab(Clock.fixed(NOON))
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def web() -> HttpConversation:
    """The server's side of one connection to example.com, at noon."""
    return HttpConversation("example.com", Clock.fixed(NOON))


def status_of(turn: Turn) -> int:
    return int(turn.data.split(b" ", 2)[1])


def head_and_body(response: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = response.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def test_the_page_is_complete_and_says_that_it_is_simulated(web: HttpConversation) -> None:
    """Status, date of the lab's clock, right length, and plain words in the header and on the page."""
    turn = web.received(GET)
    head, body = head_and_body(turn.data)
    assert head == [
        b"HTTP/1.1 200 OK",
        b"Date: Thu, 01 Jan 2026 12:00:00 GMT",
        b"Server: ba-lua lab (simulated)",
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Length: %d" % len(body),
    ]
    assert b"<title>example.com (simulated)</title>" in body
    assert (turn.served, turn.is_last) == (1, False)


def test_the_server_waits_for_the_client_to_begin(web: HttpConversation) -> None:
    """Nothing is said before the first request, and nothing before a request is complete."""
    assert web.opened() == Turn()
    assert web.received(GET[:20]) == Turn()
    assert status_of(web.received(GET[20:])) == 200


def test_head_has_the_headers_of_get_and_no_body(web: HttpConversation) -> None:
    """RFC 9110 section 9.3.2: the length is that of the body which is not there."""
    headers_of_get, _ = head_and_body(web.received(GET).data)
    headers_of_head, body = head_and_body(web.received(GET.replace(b"GET", b"HEAD")).data)
    assert headers_of_head == headers_of_get
    assert body == b""


def test_a_connection_serves_one_request_after_the_other(web: HttpConversation) -> None:
    """HTTP/1.1 keeps the connection, also for requests sent without waiting."""
    one = web.received(GET)
    assert web.received(GET) == one
    assert web.received(GET * 3) == Turn(one.data * 3, served=3)


@pytest.mark.parametrize(
    "request_",
    [b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"],
    ids=["Connection: close", "HTTP/1.0"],
)
def test_a_client_that_wants_only_one_answer_gets_the_end_with_it(
    web: HttpConversation, request_: bytes
) -> None:
    """The answer announces it."""
    turn = web.received(request_)
    head, _ = head_and_body(turn.data)
    assert status_of(turn) == 200
    assert b"Connection: close" in head
    assert turn.is_last


def test_the_end_of_the_client_is_the_end(web: HttpConversation) -> None:
    """Between two requests it needs no answer."""
    web.received(GET)
    assert web.received(b"") == Turn(is_last=True)


@pytest.mark.parametrize("target", [b"/?q=lua", b"http://example.com/", b"http://example.com", b"HTTP://x?q"])
def test_the_page_is_found_under_every_form_of_its_address(web: HttpConversation, target: bytes) -> None:
    """With a query, and in the absolute form that RFC 9112 section 3.2.2 requires servers to accept."""
    assert status_of(web.received(GET.replace(b"/ ", target + b" ", 1))) == 200


@pytest.mark.parametrize("target", [b"/nowhere", b"//", b"*", b"http://example.com/nowhere"])
def test_there_is_only_one_page(web: HttpConversation, target: bytes) -> None:
    """Everything else is not found, and the connection stays."""
    turn = web.received(GET.replace(b"/ ", target + b" ", 1))
    assert (status_of(turn), turn.is_last) == (404, False)


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS", b"BREW"])
def test_other_methods_are_not_allowed(web: HttpConversation, method: bytes) -> None:
    """The answer names those that are, after the body has been read past; the connection stays."""
    request = method + b" / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello"
    turn = web.received(request + GET)
    head, _ = head_and_body(turn.data)
    assert head[0] == b"HTTP/1.1 405 Method Not Allowed"
    assert b"Allow: GET, HEAD" in head
    assert (turn.served, turn.is_last) == (2, False)


def test_connect_is_not_allowed_either(web: HttpConversation) -> None:
    """The host is no proxy, and no protocol is switched to."""
    turn = web.received(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert status_of(turn) == 405
    assert status_of(web.received(GET)) == 200


def test_an_upgrade_is_ignored(web: HttpConversation) -> None:
    """A server that does not know the protocol answers as if nothing had been asked."""
    turn = web.received(GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert status_of(turn) == 200
    assert status_of(web.received(GET)) == 200


def test_a_client_that_waits_for_continue_is_told_to(web: HttpConversation) -> None:
    """RFC 9110 section 10.1.1: the body comes only after a 100."""
    head = b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    assert status_of(web.received(head)) == 100
    assert status_of(web.received(b"hello")) == 405


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["no HTTP", "TLS", "no Host", "no version", "two hosts", "negative length"],
)
def test_garbage_is_a_bad_request_and_the_end(web: HttpConversation, garbage: bytes) -> None:
    """The answer is complete all the same."""
    turn = web.received(garbage)
    head, body = head_and_body(turn.data)
    assert head[0] == b"HTTP/1.1 400 Bad Request"
    assert b"Server: ba-lua lab (simulated)" in head
    assert b"Connection: close" in head
    assert b"Content-Length: %d" % len(body) in head
    assert (turn.served, turn.is_last) == (0, True)


def test_garbage_after_a_good_request_does_not_spoil_its_answer(web: HttpConversation) -> None:
    """Both are answered, in order; the second with its body, although the first was a HEAD."""
    page = web.received(GET.replace(b"GET", b"HEAD"))
    turn = web.received(GET.replace(b"GET", b"HEAD") + b"hello\r\n\r\n")
    assert turn.data.startswith(page.data)
    head, body = head_and_body(turn.data[len(page.data) :])
    assert head[0] == b"HTTP/1.1 400 Bad Request"
    assert body != b""
    assert (turn.served, turn.is_last) == (1, True)


def test_a_request_that_breaks_off_is_a_bad_request(web: HttpConversation) -> None:
    """The client has ended, but may still read."""
    web.received(GET[:20])
    turn = web.received(b"")
    assert (status_of(turn), turn.is_last) == (400, True)


def test_headers_without_end_are_refused(web: HttpConversation) -> None:
    """No more than 8 KiB are kept for a client that never comes to the point."""
    web.received(b"GET / HTTP/1.1\r\nHost: example.com\r\n")
    turn = web.received(b"X: " + b"x" * 10_000)
    assert (status_of(turn), turn.is_last) == (431, True)


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_a_body_without_end_is_refused(web: HttpConversation, framing: bytes) -> None:
    """However its length is told."""
    turn = web.received(b"POST / HTTP/1.1\r\nHost: example.com\r\n" + framing + b"\r\n\r\n")
    chunk = b"1000\r\n" + bytes(0x1000) + b"\r\n"
    for _ in range(16):
        assert turn == Turn()
        turn = web.received(chunk)
    if not turn.is_last:
        turn = web.received(chunk)
    assert (status_of(turn), turn.is_last) == (413, True)


def post(size: int) -> bytes:
    """A request with a body of so many bytes."""
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)


@pytest.mark.parametrize(("size", "status"), [(65_536, 405), (65_537, 413)])
def test_a_body_has_64_kib_at_most(web: HttpConversation, size: int, status: int) -> None:
    """That many are read past."""
    assert status_of(web.received(post(size))) == status


def test_every_request_of_a_connection_has_a_body_of_its_own(web: HttpConversation) -> None:
    """Ten of them together are longer than one may be; sent one by one or all at once."""
    turns = [web.received(post(65_536)) for _ in range(5)]
    assert [(status_of(turn), turn.is_last, turn.served) for turn in turns] == [(405, False, 1)] * 5
    assert web.received(post(65_536) * 5).served == 5


@pytest.mark.parametrize("host", WEB_HOSTS)
def test_every_web_host_has_its_own_page(lab: Lab, host: str) -> None:
    """An ordinary client gets it, twice over one connection, and the lab has counted."""
    ip, port = lab.routes[host, 80, "tcp"]
    client = http.client.HTTPConnection(ip, port, timeout=20)
    try:
        for _ in range(2):
            client.request("GET", "/", headers={"Host": host})
            response = client.getresponse()
            assert response.status == 200
            assert response.headers["Server"] == "ba-lua lab (simulated)"
            assert f"<h1>{host}</h1>".encode() in response.read()
    finally:
        client.close()
    assert {status.host: status.served for status in lab.status() if status.port == 80}[host] == 2


def test_a_refusal_arrives_although_the_client_goes_on_sending(lab: Lab) -> None:
    """The server reads on after its last word; closing at once would reset the connection and lose it."""
    with socket.create_connection(lab.routes["example.com", 80, "tcp"], timeout=20) as client:
        client.sendall(b"nonsense\r\n" * 10_000)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as stream:
            assert stream.read().startswith(b"HTTP/1.1 431 ")
