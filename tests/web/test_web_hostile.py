"""Clients that are slow, broken or hostile: each is answered or dropped by itself, and nobody else waits.

Deadlines are made short, and every wait here is for the server to hang up.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator

import pytest

from ba_runtime.web import Limits
from ba_runtime.web.server import MOST_TOLD

from ._site import Client, Site, client, get, request, site

QUICK = Limits(head_s=0.2, body_s=0.2, send_s=0.2, idle_s=0.4, linger_s=0.1, connections=50)
GET = request("/page/")


@pytest.fixture
def here() -> Iterator[Site]:
    """A site with one page."""
    with site() as fresh:
        fresh.page("print'well'")
        yield fresh


@pytest.fixture
def quick() -> Iterator[Site]:
    """A site whose patience is short."""
    with site(QUICK) as fresh:
        fresh.page("print'well'")
        yield fresh


def is_well(here: Site) -> bool:
    """Tells whether the page still answers."""
    return get(here.port, "/page/").body == b"well\n"


def status(answer: bytes) -> int:
    """The status of a response in these bytes."""
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer[9:12])


# ---------------------------------------------------------------- slow


@pytest.mark.parametrize(
    "sent", [b"GET / HT", GET[:-2], request("/page/", method="POST", body=b"12345")[:-1]]
)
def test_half_a_request_is_given_up_in_time(quick: Site, sent: bytes) -> None:
    """The client is told why."""
    with client(quick.port) as browser:
        browser.send(sent)
        assert status(browser.rest()) == 408
    assert is_well(quick)


def test_a_client_that_says_nothing_is_dropped(quick: Site) -> None:
    """Before its first request and after one."""
    with client(quick.port) as silent, client(quick.port) as kept:
        assert kept.get("/page/").status == 200
        assert silent.rest() == kept.rest() == b""


def test_a_slow_drip_does_not_extend_the_deadline(quick: Site) -> None:
    """However steadily it comes: the deadline is for the whole head."""
    with client(quick.port) as browser:
        answer = b""
        start = time.monotonic()
        for byte in b"GET /page/ HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 1000:
            try:
                browser.send(bytes([byte]))
            except OSError:  # it has hung up
                break
            if select.select([browser.sock], [], [], 0.01)[0]:
                answer = browser.rest()
                break
        assert time.monotonic() - start < 5
        assert status(answer) == 408


def test_a_crowd_of_slow_clients_stops_nobody(quick: Site) -> None:
    """Pages, a cell and a cosocket go on; later the server has forgotten the crowd."""
    code = """
    echoes = 0
    local l = ba.socket.bind(0)
    l:event(function(l)
      local s = l:accept()
      s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
    end)
    local _, port = l:sockname()
    ba.socket.event(function(s)
      assert(ba.socket.connect("127.0.0.1", port))
      while not enough do s:write"x" s:read() echoes = echoes + 1 end
      trace"enough"
    end)
    """
    assert quick.run(code).error is None
    crowd = [Client(quick.port) for _ in range(40)]
    for i, one in enumerate(crowd):
        one.send(GET[: 1 + i % (len(GET) - 1)])
    for _ in range(20):
        before = int(quick.value("echoes"))
        assert is_well(quick)
        quick.run("ba.sleep(2)")
        assert int(quick.value("echoes")) > before
    for one in crowd:
        assert status(one.rest()) == 408
        one.close()
    quick.run("enough = true")
    quick.recorder.wait_for_trace("enough")


def test_a_client_that_does_not_read_is_dropped(quick: Site) -> None:
    """Its page hears of it at its next output."""
    code = """
    local _ <close> = setmetatable({}, {__close = function() trace"over" end})
    while true do print(("x"):rep(9999)) end
    """
    quick.page(code, "endless")
    with client(quick.port) as browser:
        browser.send(request("/endless/"))
        quick.recorder.wait_for_trace("over")
    assert is_well(quick)


# ---------------------------------------------------------------- too much


def test_more_connections_than_allowed_are_told_so(quick: Site) -> None:
    """And there is room again once some have gone."""
    crowd = [Client(quick.port) for _ in range(QUICK.connections)]
    with client(quick.port) as browser:
        assert status(browser.rest()) == 503
    for one in crowd:
        one.close()
    quick.run("ba.sleep(50)")
    assert is_well(quick)


def test_a_head_that_is_too_large_is_refused_while_it_comes(here: Site) -> None:
    """With a response that arrives, although more was sent than was read."""
    with client(here.port) as browser:
        browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000)
        assert status(browser.rest()) == 431
    assert is_well(here)


def test_a_body_that_is_too_large_is_refused_before_it_comes(here: Site) -> None:
    """By its announced length."""
    with client(here.port) as browser:
        browser.send(
            b"POST /page/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 9999
        )
        assert status(browser.rest()) == 413
    assert is_well(here)


def test_all_bodies_together_are_bounded() -> None:
    """Each of them would be allowed alone."""
    with site(Limits(body_bytes=1 << 20, bodies_bytes=2 << 20, body_s=2)) as here:
        crowd = [Client(here.port) for _ in range(6)]
        for one in crowd:
            one.send(request("/", method="POST", body=b"x" * (1 << 20))[:-1])
        answers = sorted(status(one.rest()) for one in crowd)
        assert answers[-1] == 503
        assert answers[0] == 408
        for one in crowd:
            one.close()


# ---------------------------------------------------------------- wrong


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.1", "2130706433"])
def test_a_foreign_host_reaches_no_page(here: Site, host: str) -> None:
    """As after DNS rebinding; the words say how to allow it."""
    with client(here.port) as browser:
        browser.send(GET.replace(b"localhost", host.encode()))
        answer = browser.rest()
    assert status(answer) == 421
    assert f"start the kernel with BA_LUA_HOSTS={host}.".encode() in answer
    assert b"well" not in answer
    (note,) = here.recorder.notes
    assert note.startswith("the page server refused a request (421): This server only answers to localhost")
    assert note.endswith(f"start the kernel with BA_LUA_HOSTS={host}.")


def test_refusals_are_traced_once_each_and_not_without_end(here: Site) -> None:
    """A page that means harm can ask for any number of names."""
    for number in range(MOST_TOLD + 5):
        for _ in range(2):
            with client(here.port) as browser:
                browser.send(GET.replace(b"localhost", b"host%d.example" % number))
                browser.rest()
    assert len(here.recorder.notes) == MOST_TOLD + 1
    assert here.recorder.notes[-1].endswith("different requests; further ones are not traced")


def test_a_page_without_a_name_cannot_be_allowed(here: Site) -> None:
    """A file, or a frame where no script may run, says `null`."""
    with client(here.port) as browser:
        browser.send(request("/page/", "Upgrade: websocket", "Connection: Upgrade", "Origin: null"))
        assert status(browser.rest()) == 403
    (note,) = here.recorder.notes
    assert note.endswith("Pages of 'null' may not open WebSockets here. Open a page of this server instead.")


def test_a_foreign_page_opens_no_websocket(here: Site) -> None:
    """The page is not even run."""
    here.page("trace'ran' ba.socket.req2sock(request)", "ws")
    fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]  # fmt: skip
    with client(here.port) as browser:
        browser.send(request("/ws/", *fields, "Origin: https://evil.example"))
        assert status(browser.rest()) == 403
    assert here.recorder.traced == []
    assert here.recorder.notes == [
        "the page server refused a request (403): "
        "Pages of 'https://evil.example' may not open WebSockets here. Open a page of this server instead. "
        "If you trust that page, start the kernel with BA_LUA_HOSTS=evil.example."
    ]
    with client(here.port) as browser:
        browser.send(request("/ws/", *fields, "Origin: http://localhost"))
        here.recorder.wait_for_trace("ran")
        assert browser.sock.recv(12) == b"HTTP/1.1 101"


def test_pipelined_requests_are_answered_in_order_and_garbage_ends_them(here: Site) -> None:
    """What is right before the garbage is answered."""
    here.page("print(request:data'n')", "n")
    data = b"".join(request(f"/n/?n={i}") for i in range(50))
    with client(here.port) as browser:
        browser.send(data + b"\0\1\2 garbage\r\n\r\n" + GET)
        for i in range(50):
            assert browser.response().body == f"{i}\n".encode()
        assert browser.response().status == 405
        assert browser.rest() == b""
    assert is_well(here)


def test_a_pipeline_is_not_read_ahead_without_bound(here: Site) -> None:
    """A client that floods while its page runs is slowed down by its system's buffers."""
    here.page("ba.sleep(300) print'slow'", "slow")
    with client(here.port) as browser:
        browser.sock.setblocking(False)
        flood, sent = request("/slow/") + GET * 1000, 0
        stuck = False
        while not stuck and sent < 200_000_000:
            if select.select([], [browser.sock], [], 0.1)[1]:
                sent += browser.sock.send(flood)
            else:
                stuck = True
        assert stuck
    assert is_well(here)


def test_a_client_that_hangs_up_early_leaves_nothing_behind(here: Site) -> None:
    """At any byte of its request, orderly or by a reset."""
    for i in range(1, len(GET)):
        browser = Client(here.port)
        browser.send(GET[:i])
        if i % 2:
            browser.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        browser.close()
    assert is_well(here)
    assert here.recorder.faults == []


def test_a_client_that_half_closes_still_gets_its_answer(here: Site) -> None:
    """And then the end."""
    with client(here.port) as browser:
        browser.send(GET)
        browser.sock.shutdown(socket.SHUT_WR)
        answer = browser.rest()
    assert status(answer) == 200
    assert answer.endswith(b"5\r\nwell\n\r\n0\r\n\r\n")


def test_a_client_that_half_closes_gets_all_of_a_long_answer(here: Site) -> None:
    """Though its end is seen while the page still writes, waits for the client, and writes again."""
    here.page(
        "for i = 1, 100 do print(('x'):rep(99999)) if i % 40 == 0 then response:flush() ba.sleep(5) end end"
    )
    for end in (b"", b"GET / HT"):  # orderly, and in the middle of another request
        with client(here.port) as browser:
            browser.send(GET + end)
            browser.sock.shutdown(socket.SHUT_WR)
            assert browser.response().body == (b"x" * 99_999 + b"\n") * 100
            browser.rest()


def test_a_page_that_never_waits_can_be_interrupted(here: Site) -> None:
    """It is a runaway like any other: it gets a 500, and the rest goes on."""
    here.page("trace'in' while true do pcall(error) end", "busy")
    with client(here.port) as browser:
        browser.send(request("/busy/"))
        here.recorder.wait_for_trace("in")
        while not select.select([browser.sock], [], [], 0.01)[0]:
            here.runtime.interrupt()
        assert browser.response().status == 500
    assert is_well(here)
