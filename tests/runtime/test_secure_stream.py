"""A TLS stream whose socket takes no more: what waits, what fails, and what its peer can still read."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.tls._authority import client_context, server_context

from ba_runtime._reactor import Reactor
from ba_runtime.sockets.channel import StreamChannel
from ba_runtime.sockets.reasons import Signal
from ba_runtime.sockets.secure import SecureStream
from ba_runtime.tls import Closed, Context, Engine, HandshakeDone

NUMBER = 1
PATIENCE_S = 10


@dataclass
class Ends:
    """Our stream with its reactor, and the peer's plain socket with an engine of its own."""

    reactor: Reactor
    stream: SecureStream
    theirs: socket.socket
    engine: Engine

    def shake_hands(self) -> None:
        """Goes on until the peer has its handshake, and we have ours."""
        self.stream.arm()
        done = False
        self.engine.start()
        while not (done and self.stream.is_shaken):
            self.theirs.sendall(self.engine.take())
            self.reactor.poll(0)
            with contextlib.suppress(BlockingIOError):
                done |= HandshakeDone() in self.engine.receive(self.theirs.recv(65536))
        self.theirs.sendall(self.engine.take())
        self.reactor.poll(0)

    def drain(self) -> bytes:
        """Takes all that the system holds for the peer now."""
        taken = b""
        with contextlib.suppress(BlockingIOError):
            while chunk := self.theirs.recv(1 << 20):
                taken += chunk
        return taken


@contextlib.contextmanager
def ends(ours: Context, peers: Context, *, announces: bool) -> Iterator[Ends]:
    """Both ends, before the handshake."""
    near, far = socket.socketpair()
    far.setblocking(False)
    reactor = Reactor()
    channel = StreamChannel(NUMBER, near)
    stream = SecureStream(channel, 0, reactor, Engine(ours), None, announces=announces)
    with far:
        yield Ends(reactor, stream, far, Engine(peers))
    stream.close()
    reactor.close()


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_goodbye_never_follows_what_could_not_be_sent(size: int) -> None:
    """The peer would take it for the rest of a record, and a cut stream for a forged one."""
    with ends(server_context(), client_context(), announces=False) as both:
        both.shake_hands()
        waits = both.stream.send(b"x" * size) > 0
        assert waits == (size > 10)
        taken = both.drain()  # now the system would take a goodbye
        both.stream.close()
        both.theirs.setblocking(True)
        both.theirs.settimeout(PATIENCE_S)
        rest = b""
        while chunk := both.theirs.recv(1 << 20):
            rest += chunk
        assert (rest == b"") == waits
        events = both.engine.receive(taken + rest)
        events += both.engine.receive(b"")
        ended = [event for event in events if not isinstance(event, bytes)]
        assert ended == [Closed(is_clean=not waits)]


def test_a_queue_that_fails_in_a_handshake_is_a_failed_handshake() -> None:
    """It is told once, by TLS_FAILED, as whatever else ends a handshake: nothing of Lua's was to be sent."""
    with ends(client_context(), server_context(), announces=True) as both:
        with contextlib.suppress(BlockingIOError):
            while True:  # no room is left for the handshake
                both.stream.channel.send(bytes(65536))
        both.stream.start()
        assert both.stream.queued_bytes > 0
        both.theirs.close()
        told: list[object] = []
        while -NUMBER not in told[::2]:
            told += both.reactor.poll()
        told += both.reactor.poll(0)
        assert told == [-NUMBER, Signal.TLS_FAILED]
        assert both.stream.failure is not None
