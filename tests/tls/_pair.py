"""Connects two ends in memory and keeps what each of them reported."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ba_runtime.tls import Closed, Context, Engine, Event, Failed, HandshakeDone

Transit = Callable[[bytes], bytes]


def data_of(events: list[Event]) -> bytes:
    """All the data among the events, in one."""
    return b"".join(event for event in events if isinstance(event, bytes))


def last_word(events: list[Event]) -> Failed | Closed | None:
    """How it ended, if it did. Checks that nothing comes after the end."""
    ends = [event for event in events if isinstance(event, Failed | Closed)]
    assert len(ends) <= 1
    assert not ends or events[-1] is ends[0]
    return ends[0] if ends else None


def reason_of(events: list[Event]) -> str | None:
    """The documented reason for which it failed, if it did. What OpenSSL says to it varies by its version."""
    end = last_word(events)
    return end.reason if isinstance(end, Failed) else None


class Pair:
    """Two engines; `pump` carries bytes between them until neither has any more to say."""

    def __init__(
        self,
        client: Context,
        server: Context,
        *,
        name: str | None = "localhost",
        port: int = 443,
        alpn: tuple[str, ...] = (),
        server_alpn: tuple[str, ...] = (),
        piece_bytes: int = 1 << 30,
    ) -> None:
        """Makes both ends and starts them. Everything is delivered in pieces of `piece_bytes`."""
        self.client = Engine(client, name, port, alpn)
        self.server = Engine(server, alpn=server_alpn)
        self._piece_bytes = piece_bytes
        self.server_events = self.server.start()
        self.client_events = self.client.start()

    def pump(self, to_server: Transit | None = None, to_client: Transit | None = None) -> Pair:
        """Delivers everything; the functions may change what is on its way."""
        while True:
            up, down = self.client.take(), self.server.take()
            if not up and not down:
                return self
            self._deliver(to_server(up) if to_server else up, self.server, self.server_events)
            self._deliver(to_client(down) if to_client else down, self.client, self.client_events)

    def _deliver(self, data: bytes, end: Engine, events: list[Event]) -> None:
        for start in range(0, len(data), self._piece_bytes):
            events += end.receive(data[start : start + self._piece_bytes])

    def hang_up(self) -> Pair:
        """Ends both TCP streams."""
        self.server_events += self.server.receive(b"")
        self.client_events += self.client.receive(b"")
        return self

    def connected(self) -> Pair:
        """Does the handshake and checks that it is done."""
        self.pump()
        assert self.client_events == [HandshakeDone()]
        assert self.server_events == [HandshakeDone()]
        self.client_events.clear()
        self.server_events.clear()
        return self


def exchange(pair: Pair, up: bytes = b"question", down: bytes = b"answer") -> None:
    """Checks that data goes both ways."""
    pair.server_events += pair.server.receive(pair.client.send(up))
    pair.client_events += pair.client.receive(pair.server.send(down))
    assert data_of(pair.server_events) == up
    assert data_of(pair.client_events) == down
    pair.client_events.clear()
    pair.server_events.clear()


class Plain:
    """An end that is the standard library's own: what an engine has to get on with."""

    def __init__(self, context: ssl.SSLContext, is_server: bool) -> None:
        """Makes the end; the handshake begins with the first `step`."""
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if is_server else "localhost"
        self.connection = context.wrap_bio(self.incoming, self.outgoing, is_server, name)
        self.is_done = False

    def step(self, data: bytes) -> bytes:
        """Takes bytes, goes on with the handshake, returns bytes. Raises what `ssl` raises."""
        self.incoming.write(data)
        if not self.is_done:
            try:
                self.connection.do_handshake()
                self.is_done = True
            except ssl.SSLWantReadError:
                pass
        return self.outgoing.read()


def meet(engine: Engine, plain: Plain) -> list[Event]:
    """Does the handshake of an engine with a plain end and returns what the engine reported."""
    events = engine.start()
    while True:
        sent = engine.take()
        answer = plain.step(sent)
        if not sent and not answer:
            return events
        if answer:
            events += engine.receive(answer)


class Spoiler:
    """Changes one byte of a stream."""

    def __init__(self, position: int, mask: int) -> None:
        """The byte number `position` will be changed in the bits of `mask`."""
        self._left = position
        self._mask = mask
        self.has_struck = False

    def __call__(self, data: bytes) -> bytes:
        """Passes `data` on."""
        at, self._left = self._left, self._left - len(data)
        if not 0 <= at < len(data):
            return data
        self.has_struck = True
        return data[:at] + bytes([data[at] ^ self._mask]) + data[at + 1 :]


def lengths(client: Context, server: Context) -> tuple[int, int]:
    """How many bytes a handshake has, up and down."""
    counts = [0, 0]

    def counter(which: int) -> Transit:
        def count(data: bytes) -> bytes:
            counts[which] += len(data)
            return data

        return count

    Pair(client, server).pump(counter(0), counter(1))
    return counts[0], counts[1]
