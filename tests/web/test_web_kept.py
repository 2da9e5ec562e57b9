"""Requests that share a connection: what one leaves behind for the next, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime.web.access import Access
from ba_runtime.web.limits import Limits
from ba_runtime.web.memory import Memory
from ba_runtime.web.outcome import Refusal, Request
from ba_runtime.web.protocol import Protocol
from tests.websocket._wire import TEXT, frame

from ._fuzz import UPGRADE
from ._site import Site, client, request, site

GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
REMEMBERED, REMEMBERED_BYTES = 256, 2048
ONE, TWO = GET % b"one", GET % b"two"


@pytest.fixture
def here() -> Iterator[Site]:
    """A site whose page says what it was asked."""
    with site() as fresh:
        fresh.page("print(request:method(), path, request:data'n', request:header'x-a', #request:header())")
        yield fresh


def protocol(memory: Memory | None = None, limits: Limits | None = None) -> Protocol:
    """A connection before its first request."""
    return Protocol(limits or Limits(), Access({}), memory or Memory())


def answers(one: Protocol) -> list[bytes]:
    """The paths of the requests that have come whole; each is answered."""
    found = []
    while isinstance(outcome := one.next(), Request):
        found.append(outcome.path)
        one.whole(200, (), b"x")
        assert one.next_cycle()
    return found


# ---------------------------------------------------------------- heads that came before


def test_two_requests_in_one_piece_are_two_however_often_they_come() -> None:
    """What is remembered of a head is never that of a pair."""
    memory = Memory()
    one, other = protocol(memory), protocol(memory)
    for _ in range(3):
        for kept in (one, other):
            kept.receive(ONE + TWO)
            assert answers(kept) == [b"/one", b"/two"]
    assert memory.get(ONE + TWO) is None


@pytest.mark.parametrize(
    "data",
    [
        ONE + TWO[:20],
        ONE.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"),
        ONE.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ONE.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
        request("/ws", *UPGRADE),
        request("/evil", host="evil.example"),
        b"not HTTP\r\n\r\n",
    ],
)
def test_what_is_more_than_a_head_is_not_remembered(data: bytes) -> None:
    """Nor what must be looked at each time."""
    memory = Memory()
    kept = protocol(memory)
    kept.receive(data)
    assert kept.next() is not None
    assert memory.get(data) is None


def test_a_head_that_comes_in_pieces_is_not_remembered_by_its_last() -> None:
    """A piece of one request may be a piece of another."""
    memory = Memory()
    kept = protocol(memory)
    for _ in range(2):
        kept.receive(ONE[:10])
        assert kept.next() is None
        kept.receive(ONE[10:])
        assert answers(kept) == [b"/one"]
    assert memory.get(ONE) is memory.get(ONE[:10]) is memory.get(ONE[10:]) is None


def test_the_longest_head_that_is_remembered() -> None:
    """One byte more, and it is read anew each time."""
    for more, is_remembered in ((0, True), (1, False)):
        memory = Memory()
        kept = protocol(memory)
        data = ONE.replace(b"\r\n\r\n", b"\r\nX: \r\n\r\n")
        data = data.replace(b"X: ", b"X: " + b"y" * (REMEMBERED_BYTES - len(data) + more))
        kept.receive(data)
        assert answers(kept) == [b"/one"]
        assert (memory.get(data) is not None) is is_remembered


def test_so_many_heads_are_remembered_and_the_oldest_goes() -> None:
    """Not one more, and not one less."""
    memory = Memory()
    kept = protocol(memory)
    heads = [GET % b"%d" % i for i in range(REMEMBERED + 1)]
    for head in heads:
        assert memory.get(heads[0]) is not None or head is heads[0]
        kept.receive(head)
        answers(kept)
    assert [memory.get(head) is not None for head in heads] == [False] + [True] * REMEMBERED


# ---------------------------------------------------------------- exact bounds


@pytest.mark.parametrize(("count", "is_fine"), [(99, True), (100, True), (101, False)])
def test_a_head_has_at_most_a_hundred_fields(count: int, is_fine: bool) -> None:
    """The Host is one of them."""
    kept = protocol()
    kept.receive(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * (count - 1) + b"\r\n")
    outcome = kept.next()
    assert isinstance(outcome, Request) if is_fine else isinstance(outcome, Refusal)
    if isinstance(outcome, Refusal):
        assert (outcome.status, outcome.text) == (431, "The request has more than 100 header fields.")


@pytest.mark.parametrize(("more", "is_fine"), [(0, True), (1, False)])
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_has_at_most_so_many_bytes(more: int, is_fine: bool, is_announced: bool) -> None:
    """Whether they were announced or come in chunks."""
    kept = protocol(limits=Limits(body_bytes=1000))
    body = b"x" * (1000 + more)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
    if is_announced:
        kept.receive(head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    else:
        chunk = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        kept.receive(head + chunk % (len(body), body))
    outcome = kept.next()
    if is_fine:
        assert isinstance(outcome, Request)
        assert outcome.body == body
    else:
        assert isinstance(outcome, Refusal)
        assert outcome.status == 413


@pytest.mark.parametrize(("more", "is_fine"), [(0, True), (1, False)])
def test_a_head_has_at_most_so_many_bytes(more: int, is_fine: bool) -> None:
    """Names and values, with four bytes for what stands between them, and the target."""
    bound = 500
    kept = protocol(limits=Limits(head_bytes=bound))
    size = len("/") + len("Host") + len("localhost") + 4 + len("X") + 4
    data = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n" % (b"y" * (bound - size + more))
    kept.receive(data)
    outcome = kept.next()
    assert isinstance(outcome, Request) if is_fine else isinstance(outcome, Refusal)
    if isinstance(outcome, Refusal):
        assert outcome.status == 431


# ---------------------------------------------------------------- one request after the other


def test_nothing_of_a_request_is_in_the_next(here: Site) -> None:
    """Neither its body, its query, its fields nor what its page set."""
    form = "Content-Type: application/x-www-form-urlencoded"
    with client(here.port) as browser:
        first = browser.get("/page/a?n=1", "X-A: 1", form, method="POST", body=b"m=2")
        assert first.body == b"POST\ta\t1\t1\t0\n"
        assert browser.get("/page/b").body == b"GET\tb\tnil\tnil\t0\n"
        assert browser.get("/page/c", method="HEAD").body == b""
        assert browser.get("/page/d").body == b"GET\td\tnil\tnil\t0\n"
        here.page("response:setstatus(201) response:setheader('X-B', 1) print'x' response:flush()")
        assert browser.get("/page/").headers["x-b"] == "1"
        here.page("print'y'")
        after = browser.get("/page/")
        assert (after.status, "x-b" in after.headers, after.body) == (200, False, b"y\n")


def test_every_kind_of_response_leaves_the_connection_ready(here: Site) -> None:
    """With a length, in chunks, without a body, to HEAD; in any order, and pipelined too."""
    kinds = {
        "whole": "print'whole'",
        "chunks": "print'chunks' response:flush() print'more'",
        "none": "response:setstatus(204)",
        "length": "response:setcontentlength(3) response:write'abc' response:flush() response:write'de'",
        "error": "error'boom'",
        "redirect": "response:sendredirect'/x'",
    }
    bodies = {
        "whole": b"whole\n",
        "chunks": b"chunks\nmore\n",
        "none": b"",
        "length": b"abc",
        "redirect": b"",
    }
    for name, code in kinds.items():
        here.page(code, name)
    with client(here.port) as browser:
        order = [*kinds, *reversed(kinds)]
        browser.send(b"".join(request(f"/{name}/") + request(f"/{name}/", method="HEAD") for name in order))
        for name in order:
            answer = browser.response()
            assert answer.body == bodies.get(name, answer.body)
            assert browser.response("HEAD").status == answer.status


@pytest.mark.parametrize("is_raw", [False, True], ids=["websocket", "raw"])
def test_a_connection_taken_behind_a_large_answer_comes_after_it(here: Site, is_raw: bool) -> None:
    """All of that answer first, though it still waits for the client when the page takes the connection."""
    here.keep_little_in_the_system()
    large = b"x" * 60_000
    here.page(f"response:write(('x'):rep({len(large)}))", "large")
    here.page(
        f"""
        local s, data = ba.socket.req2sock(request, {"true" if is_raw else "false"})
        trace "taken"
        s:write "hello"
        trace(data or s:read())
    """,
        "taken",
    )
    with client(here.port, receive_bytes=4096) as browser:
        early = b"early" if is_raw else frame(TEXT, b"early", masked=True)
        browser.send(request("/large/") + request("/taken/", *UPGRADE) + early)
        here.recorder.wait_for_trace("taken")
        assert browser.response().body == large
        rest = b""
        while not rest.endswith(b"hello"):
            rest += browser._reader.read1()
        assert rest == b"hello" if is_raw else rest.startswith(b"HTTP/1.1 101 ")
        here.recorder.wait_for_trace("early")


def test_a_connection_handed_over_with_something_unsent_sends_that_first(here: Site) -> None:
    """A socket that becomes a request again, while its peer has not read yet."""
    here.keep_little_in_the_system()
    here.page("""
        local s = ba.socket.req2sock(request, true)
        s:event(function(s)
          s:write(("x"):rep(60000)) -- queued, because of the "s" below
          ba.socket.sock2req(s, "GET /next/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
          trace "handed over"
        end, "s")
    """)
    here.page("print'next'", "next")
    with client(here.port, receive_bytes=4096) as browser:
        browser.send(request("/page/"))
        here.recorder.wait_for_trace("handed over")
        assert browser._reader.read(60_000) == b"x" * 60_000
        assert browser.response().body == b"next\n"
