"""What has been queued for a program and is no longer true when it gets it: a drained queue, a late answer.

The order in which things happen is made sure of by stopping Lua: `hold(name)` traces the name and then spins,
so that nothing of the network is looked at, until the test lets go of it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest

from ba_runtime import SocketClosed, SocketOpened
from ba_runtime._resolver import Address, Kind, Resolver

from ._programs import TIMEOUT_S, Session, session, traced

HOLD = """
function hold(name)
  trace(name)
  local file
  repeat file = io.open({folder!r} .. name) until file
  file:close()
end
"""


class Held(Session):
    """A session whose programs can be stopped, and a listener for them."""

    folder: Path

    def let_go(self, name: str) -> None:
        """Ends a `hold`."""
        (self.folder / name).touch()


@contextmanager
def holding(folder: Path) -> Iterator[Held]:
    """A session for the time of a `with` block."""
    with session() as plain:
        plain.__class__ = Held
        assert isinstance(plain, Held)
        plain.folder = folder
        plain.run(HOLD.format(folder=f"{folder}/"))
        yield plain


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that the test itself is."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(TIMEOUT_S)
        yield sock


def accept(listener: socket.socket) -> socket.socket:
    """The next client."""
    client, _ = listener.accept()
    client.settimeout(TIMEOUT_S)
    return client


def drain(sock: socket.socket, most: int = 1 << 40) -> bytes:
    """Takes what has arrived, at most so much, and waits for none of it."""
    got = bytearray()
    sock.setblocking(False)
    try:
        while len(got) < most and (data := sock.recv(1 << 16)):
            got += data
    except BlockingIOError:
        pass
    sock.settimeout(TIMEOUT_S)
    return bytes(got)


def receive(sock: socket.socket, end: bytes) -> bytes:
    """Reads until these bytes have come last."""
    got = bytearray()
    while not got.endswith(end):
        data = sock.recv(1 << 20)
        assert data, len(got)
        got += data
    return bytes(got)


def runs(data: bytes) -> str:
    """The bytes without repetitions."""
    return bytes(byte for byte, _ in groupby(data)).decode()


def test_a_write_does_not_overtake_one_that_came_after_the_queue_had_drained(
    tmp_path: Path, listener: socket.socket
) -> None:
    """In one batch of events: a text for B, whose cosocket writes to A; then that A's queue has drained."""
    with holding(tmp_path) as lua:
        port = listener.getsockname()[1]
        # A coroutine inside a cosocket is other code, whose writes never wait for the queue.
        lua.run(f"""
            local function write(data)
              coroutine.wrap(function() AA:write(data) end)()
            end
            A = ba.socket.connect("127.0.0.1", {port})
            A:event(function(s) AA = s s:read() end, "s")
            B = ba.socket.connect("127.0.0.1", {port})
            B:event(function(s)
              s:read()
              write(("B"):rep(20000000))
              trace "first"
              s:read()
              hold "third"
              write "C"
            end, "s")
            AA:queuelen(1 << 30)
            repeat local _, n = AA:write(("A"):rep(1000)) until n > 0
        """)
        with accept(listener) as a, accept(listener) as b:
            end = lua.start('hold "second"')
            lua.recorder.wait_for_trace("second")
            b.sendall(b"1")  # so B is what the system reports first
            got = drain(a)
            lua.let_go("second")
            assert end().error is None
            lua.recorder.wait_for_trace("first")
            b.sendall(b"2")
            lua.recorder.wait_for_trace("third")
            got += drain(a, 5_000_000)  # so the system has room again, and the queue does not know
            lua.let_go("third")
            got += receive(a, b"C")
        assert runs(got) == "ABC"
        assert len(got) > 20_000_000


# ---------------------------------------------------------------- who waits no more


class SlowNames:
    """A system resolver that answers when the test lets it."""

    def __init__(self) -> None:
        """Answers nothing yet."""
        self.asked = threading.Semaphore(0)
        self.may_answer = threading.Event()

    def __call__(
        self, _name: bytes, port: int, _kind: Kind, family: socket.AddressFamily
    ) -> tuple[Address, ...]:
        """Answers that every name is this computer's."""
        self.asked.release()
        assert self.may_answer.wait(TIMEOUT_S)
        return ((family, ("127.0.0.1", port)),)


@pytest.mark.parametrize(
    "code",
    [
        "ba.socket.toip 'slow.example'",
        "ba.socket.udpcon('slow.example', 9)",
        "ba.socket.connect('slow.example', 9)",
        "u:sendto('x', 'slow.example', 9)",
        "pcall(ba.socket.toip, 'slow.example') ba.sleep(200)",
    ],
)
def test_a_late_answer_wakes_nobody_who_was_interrupted(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next cell sleeps its full time, each cell has one end, and no socket is left behind."""
    names = SlowNames()
    monkeypatch.setattr("ba_runtime.runtime.Resolver", lambda: Resolver(names))
    with session() as lua:
        lua.run("u = ba.socket.udpcon()")
        end = lua.start(code)
        assert names.asked.acquire(timeout=TIMEOUT_S)
        lua.runtime.interrupt()
        result = end()
        assert result.error is not None
        assert result.error.kind == "interrupt"
        end = lua.start(
            "trace 'asleep' local start = ba.clock() ba.sleep(200) return ba.clock() - start >= 200"
        )
        lua.recorder.wait_for_trace("asleep")
        names.may_answer.set()
        assert end().values == (b"true",)
        assert lua.value("2 + 2") == "4"
        lua.run("u:close() u = nil collectgarbage() collectgarbage()")
        opened = sum(isinstance(event, SocketOpened) for event in lua.recorder.events)
        lua.recorder.wait(
            lambda: sum(isinstance(event, SocketClosed) for event in lua.recorder.events) == opened
        )
        assert lua.recorder.faults == []


def test_a_deadline_does_not_wake_who_was_woken_and_queued() -> None:
    """Deep inside other cosockets the reader is only put into a queue; then its time is up."""
    assert traced("""
        local c, peer = pair()
        local over
        c:event(function(s)
          trace("read", s:read(20))
          local start = ba.clock()
          ba.sleep(200)
          trace("slept", ba.clock() - start >= 200)
          over = true
        end)
        local function deeper(n)
          if n > 0 then
            return ba.socket.event(function() deeper(n - 1) end)
          end
          c:close()
        end
        local timer = ba.timer(function() deeper(119) end) -- as deep as the scheduler goes
        timer:set(1)
        local start = ba.clock()
        while ba.clock() - start < 50 do end
        await(function() return over end)
    """) == ["read\tnil\tsocketclosed", "slept\ttrue"]


def test_reads_whose_time_was_up_leave_no_place_in_the_row() -> None:
    """Who reads last is served last, however often somebody else has begun to read before."""
    assert traced("""
        local c, peer = pair()
        local busy = 0
        local function job(f)
          busy = busy + 1
          ba.thread.run(function() f() busy = busy - 1 end)
          ba.sleep(0)
        end
        job(function() trace("first", c:read()) end)
        job(function()
          for _ = 1, 5 do assert(select(2, c:read(1)) == "timeout") end
          trace "again"
          trace("second", c:read())
          trace("second", c:read())
        end)
        ba.sleep(20)
        job(function() trace("third", c:read()) end)
        for i = 1, 4 do
          peer:write(tostring(i))
          ba.sleep(10)
        end
        await(function() return busy == 0 end)
    """) == ["again", "first\t1", "second\t2", "third\t3", "second\t4"]


# ---------------------------------------------------------------- connections that change hands


def test_what_had_arrived_goes_with_a_socket_that_becomes_a_request(tmp_path: Path) -> None:
    """In one batch of events: a text for the cosocket that hands it over; then the request."""
    with holding(tmp_path) as lua:
        lua.run("""
            local dir = ba.create.dir("page")
            dir:setfunc(function(_ENV) print "well" return true end)
            dir:insert()
            clients = {}
            listener, port = listen(function(s)
              clients[#clients + 1] = s
              if #clients == 2 then
                s:event(function(s)
                  s:read()
                  ba.socket.sock2req(clients[1])
                  trace "handed over"
                end)
                trace "ready"
              end
            end)
        """)
        port = int(lua.value("port"))
        with (
            socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as browser,
            socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as other,
        ):
            lua.recorder.wait_for_trace("ready")
            lua.run("trace(clients[1]:read(1))")  # from now on it is listened to
            end = lua.start('hold "both"')
            lua.recorder.wait_for_trace("both")
            other.sendall(b"go")
            browser.sendall(b"GET /page/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            lua.let_go("both")
            assert end().error is None
            assert receive(browser, b"well\n").startswith(b"HTTP/1.1 200 ")
