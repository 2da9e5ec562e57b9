"""What Lua gets does not depend on where the network cuts; and who listens when the queue has drained."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

from ba_runtime._reactor import Reactor
from ba_runtime.sockets.channel import StreamChannel
from ba_runtime.sockets.stream import Stream
from ba_runtime.sockets.websocket import BUSY, MORE, OPEN, OVER, PONG_QUEUE_BYTES, WebSocket

from ._wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, pattern


@pytest.fixture
def ends() -> Iterator[tuple[WebSocket, socket.socket]]:
    """A server's WebSocket, and its peer's plain socket."""
    ours, theirs = socket.socketpair()
    reactor = Reactor()
    stream = Stream(StreamChannel(1, ours), 0, reactor)
    with theirs:
        theirs.settimeout(10)
        yield WebSocket(stream, is_client=False), theirs
    stream.close()
    reactor.close()


def received(web: WebSocket, chunk: bytes) -> Iterator[tuple[object, ...]]:
    """Everything that Lua gets for a chunk, without the flags."""
    found = web.receive(chunk)
    while isinstance(found, tuple):
        yield found[1:]
        if not found[0] & MORE:
            return
        found = web.receive(b"")


def _speech(chance: random.Random) -> tuple[bytes, list[tuple[bytes, bool]], bytes]:
    """Frames, the messages in them, and the pongs they ask for."""
    raw, messages, pongs = b"", [], b""
    for _ in range(chance.randrange(1, 12)):
        size = chance.choice([0, 1, 3, 125, 126, 127, 300, 499, 501, 5000, 9000, 66_000])
        is_text = chance.random() < 0.5
        payload = ("é" * size).encode()[: size // 2 * 2] if is_text else pattern(size)
        messages.append((payload, is_text))
        cuts = sorted(chance.randrange(len(payload) + 1) for _ in range(chance.choice([0, 0, 0, 1, 3])))
        parts = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
        for at, part in enumerate(parts):
            opcode = CONTINUATION if at else TEXT if is_text else BINARY
            raw += frame(opcode, part, final=at == len(parts) - 1, masked=True)
            if chance.random() < 0.3:
                body = pattern(chance.randrange(126))
                raw += frame(chance.choice([PING, PONG]), body, masked=True)
                if raw[-len(body) - 6] == 0x80 | PING:
                    pongs += frame(PONG, body)
    return raw, messages, pongs


@pytest.mark.parametrize("seed", range(60))
def test_messages_do_not_depend_on_the_chunks(ends: tuple[WebSocket, socket.socket], seed: int) -> None:
    """Whole frames, parts of some, several at once."""
    web, peer = ends
    chance = random.Random(seed)
    raw, messages, pongs = _speech(chance)
    found: list[tuple[bytes, bool]] = []
    begun = b""
    at = 0
    while at < len(raw):
        size = chance.choice([1, 2, 7, 131, 1000, 8192, 70_000])
        for data, kind, *progress in received(web, raw[at : at + size]):
            assert isinstance(data, bytes)
            begun += data
            assert not progress or progress[0] == len(begun)
            if not progress or progress[0] == progress[1]:
                found.append((begun, bool(kind)))
                begun = b""
        at += size
    assert found == messages
    answers = b""
    while len(answers) < len(pongs):
        answers += peer.recv(len(pongs) - len(answers))
    assert answers == pongs


@pytest.mark.parametrize("seed", range(20))
def test_noise_ends_in_a_fault_and_never_in_an_error(
    ends: tuple[WebSocket, socket.socket], seed: int
) -> None:
    """Random bytes behind a good beginning: data or an end, whatever they are."""
    web, _ = ends
    chance = random.Random(seed)
    for _ in range(200):
        for item in received(web, chance.randbytes(chance.randrange(1, 40))):
            assert item[0] is False or isinstance(item[0], bytes)
            if item[0] is False:
                assert item[1] in {1000, *range(1001, 1015), *range(3000, 5000)}
                assert web.receive(frame(TEXT, b"late", masked=True)) in (0, BUSY)
                return


def test_the_latest_of_many_pings_is_answered_once_there_is_room(
    ends: tuple[WebSocket, socket.socket],
) -> None:
    """What waits to be sent is bounded; after a close no pong is owed, and a program can still write."""
    web, peer = ends
    while web.write(bytes(60_000), False) <= PONG_QUEUE_BYTES:
        pass
    before = web.drained()
    for n in range(1000):
        assert web.receive(frame(PING, str(n).encode(), masked=True)) == BUSY
    assert web.drained() == before + len(frame(PONG, b"999"))
    assert web.drained() == before + len(frame(PONG, b"999"))
    pings = frame(PING, b"two", masked=True) + frame(PING, b"at once", masked=True)
    assert web.receive(pings) == BUSY
    before += len(frame(PONG, b"999"))
    assert web.drained() == before + len(frame(PONG, b"at once"))
    assert web.receive(frame(PING, b"too late", masked=True)) == BUSY
    assert web.receive(frame(CLOSE, masked=True)) == (BUSY | OPEN, False, 1000)
    before += len(frame(PONG, b"at once")) + len(frame(CLOSE, b"\x03\xe8"))
    assert web.drained() == before
    assert web.write(b"late", True) == before + len(frame(TEXT, b"late"))
    assert peer.recv(4) == b"\x82\x7e\xea\x60"


def test_nothing_is_sent_after_a_fault(ends: tuple[WebSocket, socket.socket]) -> None:
    """Its code was the last word, and the peer hears the end."""
    web, peer = ends
    assert web.receive(frame(TEXT, b"unmasked")) == (0, False, 1002)
    assert web.write(b"late", True) == OVER
    assert web.ping(b"") == OVER
    web.goodbye()
    assert peer.recv(100) == frame(CLOSE, b"\x03\xea")
    assert peer.recv(1) == b""


def test_after_a_close_what_comes_is_dropped(ends: tuple[WebSocket, socket.socket]) -> None:
    """It was answered; another goodbye is not said."""
    web, peer = ends
    assert web.receive(frame(CLOSE, masked=True) + frame(TEXT, b"late", masked=True)) == (OPEN, False, 1000)
    for _ in range(3):
        assert web.receive(frame(TEXT, b"late", masked=True)) == 0
    assert web.write(b"ours", True) == 0
    web.goodbye()
    last = frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"ours")
    assert peer.recv(100) == last
