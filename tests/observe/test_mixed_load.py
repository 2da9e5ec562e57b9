"""A recording against peers that count: TCP, UDP, TLS and WebSockets, 200 connections at once."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

import pytest

from ba_runtime.observe import Closed, Event, Moved, Opened
from tests.lua._programs import Session
from tests.lua._tls import tls_session

from ._counting_peers import Datagrams, Messages, Peer, Secure
from ._recorded import those

OF_EACH = 50
ROUNDS = 5

SERVER = """
local function echo(s)
  while true do
    local data = s:read()
    if not data then
      return
    end
    s:write(data, false) -- without a bit that says text, in a WebSocket
  end
end

local function stream(s)
  while true do
    local data = s:read()
    if not data or data == "over" then
      return
    end
    s:write(data)
  end
end

local function serve(listener)
  while true do
    local s = listener:accept()
    if not s then
      return
    end
    s:event(stream, "s")
  end
end

local ports = {}
listener = assert(ba.socket.bind(0))
listener:event(serve)
secure = assert(ba.socket.bind(0, {shark = server_context()}))
secure:event(serve)
_, ports[1] = listener:sockname()
_, ports[2] = secure:sockname()
datagrams = assert(ba.socket.udpcon {intf = "127.0.0.1"})
_, ports[3] = datagrams:sockname()
datagrams:event(function(u)
  while true do
    local data, address, port = u:read(true)
    if not data then
      return
    end
    u:sendto(data, address, port)
  end
end)
directory = ba.create.dir("ws", 0)
directory:setfunc(function(_ENV)
  ba.socket.req2sock(request):event(echo, "s")
  return true
end)
directory:insert()
ports[4] = mako.port
return table.unpack(ports)
"""


@pytest.fixture(name="fresh")
def _fresh() -> Iterator[Session]:
    """A runtime in which the TLS helpers are at hand."""
    with tls_session() as made:
        yield made


def start(fresh: Session) -> list[int]:
    """Starts the servers; returns the ports of TCP, TLS, UDP and WebSockets."""
    result = fresh.run(SERVER)
    assert result.error is None, result.error
    return [int(value) for value in result.values]


def converse(peers: list[Peer]) -> None:
    """Everybody says something, then everybody hears it, in each round more."""
    for turn in range(ROUNDS):
        sizes = [1 + (turn * 331 + at * 37) % 1400 for at in range(len(peers))]
        for peer, size in zip(peers, sizes, strict=True):
            peer.say(bytes(size))
        for peer, size in zip(peers, sizes, strict=True):
            peer.hear(size)


End: TypeAlias = tuple[int, int]  # a peer's port, and the server's: two servers may have peers with one port


def moved(events: tuple[Event, ...], datagrams: int) -> Counter[tuple[End, bool, bool]]:
    """How many bytes moved, by the peer, whether they are the program's, and whether on the wire."""
    ends = {
        one.socket: (one.peer.port, one.local.port) for one in those(events, Opened) if one.peer and one.local
    }
    count: Counter[tuple[End, bool, bool]] = Counter()
    for one in those(events, Moved):
        if one.layer in ("wire", "plain", "binary", "text"):
            end = (one.peer.port, datagrams) if one.peer else ends[one.socket]
            count[end, one.is_ours, one.layer == "wire"] += one.length
    return count


def test_every_byte_that_the_peers_saw_is_in_the_recording(fresh: Session) -> None:
    """On the wire and above it, in both directions, for each of the 200 connections."""
    ports = start(fresh)
    with (
        fresh.runtime.record(most_events=100_000, most_bytes=1 << 26) as recording,
        contextlib.ExitStack() as stack,
    ):
        recording.begun.result(20)
        kinds = (Peer, Secure, Datagrams, Messages)
        peers = [
            stack.enter_context(kind(port))
            for kind, port in zip(kinds, ports, strict=True)
            for _ in range(OF_EACH)
        ]
        converse(peers)
        fresh.run("")  # what was sent last has been noted
        events = recording.events()
    assert recording.dropped == 0
    count = moved(events, ports[2])
    assert len(peers) == 4 * OF_EACH
    for peer in peers:
        seen = (peer.received, peer.sent, peer.heard, peer.said)
        end = peer.port, peer.server
        noted = [count[end, is_ours, on_wire] for on_wire in (True, False) for is_ours in (True, False)]
        assert tuple(noted) == seen, type(peer)


def test_a_bound_that_is_hit_shows(fresh: Session) -> None:
    """What is kept is the end of it, and what is kept and what is not are all there was."""
    (port, *_) = start(fresh)
    with (
        fresh.runtime.record(most_events=500) as short,
        fresh.runtime.record(most_events=100_000, most_bytes=1 << 26) as whole,
        contextlib.ExitStack() as stack,
    ):
        whole.begun.result(20)
        peers = [stack.enter_context(Peer(port)) for _ in range(4 * OF_EACH)]
        converse(peers)
        for peer in peers:
            peer.send_wire(b"over")
            peer.end()
        fresh.run("")
    every = whole.events()
    assert whole.dropped == 0
    assert len(those(every, Closed)) == 4 * OF_EACH
    events = short.events()
    assert len(events) == 500
    assert events == every[-500:]
    assert short.dropped + 500 == len(every)
