"""What has been queued for a program and is no longer true when it gets it: a drained queue, a late answer.

The order in which things happen is made sure of by stopping Lua: `hold(name)` traces the name and then spins,
so that nothing of the network is looked at, until the test lets go of it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest

from ._programs import TIMEOUT_S, Session, session

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
