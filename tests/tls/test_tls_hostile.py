"""What a hostile or broken peer can do to an engine: make it fail, and nothing else."""

from __future__ import annotations

import random
import ssl

import pytest

from ba_runtime.tls import Engine, Failed, HandshakeDone, Options, State

from ._authority import client_context, family, server_context
from ._pair import Pair, Spoiler, data_of, last_word, lengths, reason_of

TLS_1_2 = Options(newest=ssl.TLSVersion.TLSv1_2)
VERSIONS = pytest.mark.parametrize("options", [TLS_1_2, Options()], ids=["1.2", "1.3"])
REASONS = {"socketreadfailed", "socketwritefailed", "sslhandshake", "sslalertrecv", "sslcryptoerr"}

# The last byte of the version of the first record, "for historical purposes only ... MUST be ignored" (RFC
# 8446, 5.1): the one thing in a handshake that nothing protects.
UNPROTECTED = 2


@VERSIONS
@pytest.mark.parametrize("is_up", [True, False], ids=["to the server", "to the client"])
@pytest.mark.parametrize("mask", [0x01, 0x41, 0xFF])
def test_any_changed_byte_of_a_handshake_ends_it(options: Options, is_up: bool, mask: int) -> None:
    """One end notices, and after its alert or its hanging up the other: no exception, no data, no success."""
    client, server = client_context(options), server_context()
    total = lengths(client, server)[0 if is_up else 1]
    for position in range(total):
        spoiler = Spoiler(position, mask)
        pair = Pair(client, server).pump(spoiler if is_up else None, None if is_up else spoiler)
        if position == UNPROTECTED or not spoiler.has_struck:  # signatures vary in length, by a byte or two
            continue
        assert State.OPEN is not pair.client.state or State.OPEN is not pair.server.state, position
        pair.hang_up()
        ends = [last_word(pair.client_events), last_word(pair.server_events)]
        assert any(isinstance(end, Failed) for end in ends), position
        assert {end.reason for end in ends if isinstance(end, Failed)} <= REASONS
        assert all(end is not None for end in ends)
        assert not data_of(pair.client_events)
        assert not data_of(pair.server_events)


@VERSIONS
def test_any_changed_byte_of_a_record_ends_the_connection(options: Options) -> None:
    """Data is never delivered wrong."""
    client, server = client_context(options), server_context()
    length = len(Pair(client, server).connected().client.send(b"ten bytes."))
    for position in range(length):
        pair = Pair(client, server).connected()
        record = Spoiler(position, 0x80)(pair.client.send(b"ten bytes."))
        events = pair.server.receive(record) + pair.server.receive(b"")
        assert not data_of(events)
        assert last_word(events) is not None
        assert pair.server.send(b"more")[:1] in (
            b"",
            b"\x15",
            b"\x17",
        )  # at most the alert (1.3 disguises it)


@VERSIONS
@pytest.mark.parametrize("is_server", [True, False], ids=["server", "client"])
@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.0 400 nope\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\n\r\n",
        b"not a tls record, just some text\n",
        b"220 ready\r\n",
        bytes(20),
        b"\xff" * 20,
        b"\x16\x02\x00\x00\x01x",
        b"\x80\x2e\x01\x03\x01" + bytes(60),
    ],
)
def test_a_peer_that_does_not_speak_tls_is_a_failed_write(
    options: Options, is_server: bool, words: bytes
) -> None:
    """The documented string, and an alert for the peer where OpenSSL sends one."""
    end = Engine(server_context() if is_server else client_context(options), "localhost")
    end.start()
    end.take()
    events = [event for at in range(len(words)) for event in end.receive(words[at : at + 1])]
    assert len(events) == 1
    assert reason_of(events) == "socketwritefailed"
    assert end.state is State.OVER


def test_an_alert_of_the_peer_is_named() -> None:
    """`sslalertrecv`, with OpenSSL's words for it."""
    end = Engine(client_context(), "localhost")
    end.start()
    events = end.receive(b"\x15\x03\x03\x00\x02\x02\x28")
    assert reason_of(events) == "sslalertrecv"
    assert "handshake failure" in str(events)


def test_a_goodbye_within_the_handshake_is_a_failed_read() -> None:
    """A peer that closes politely has hung up all the same."""
    end = Engine(client_context(), "localhost")
    end.start()
    events = end.receive(b"\x15\x03\x03\x00\x02\x01\x00") + end.receive(b"")
    assert reason_of(events) == "socketreadfailed"


def test_a_peer_without_a_common_version_fails_on_both_ends() -> None:
    """Nothing older than TLS 1.2 is spoken."""
    pair = Pair(client_context(), server_context())
    hello = bytearray(pair.client.take())
    assert hello[9:11] == b"\x03\x03"
    hello[10] = 1  # TLS 1.0, in the version field and, by taking the type away, in supported_versions
    at = hello.index(b"\x00\x2b\x00\x05\x04\x03\x04\x03\x03")
    hello[at : at + 2] = b"\x3a\x3a"
    pair.server_events += pair.server.receive(bytes(hello))
    pair.pump()
    assert reason_of(pair.server_events) == "sslhandshake"
    assert reason_of(pair.client_events) == "sslalertrecv"


@VERSIONS
def test_random_bytes_after_the_handshake_end_the_connection(options: Options) -> None:
    """Whatever they are; the generator's seed is fixed."""
    dice = random.Random(5)
    client, server = client_context(options), server_context()
    for _ in range(100):
        pair = Pair(client, server).connected()
        noise = bytes([dice.choice((20, 21, 22, 23, dice.randrange(256))), 3, 3]) + dice.randbytes(40)
        events = pair.client.receive(noise) + pair.client.receive(b"")
        assert not data_of(events)
        assert last_word(events) is not None


@VERSIONS
def test_a_handshake_that_is_shuffled_cut_or_repeated_never_raises(options: Options) -> None:
    """A small fuzzer with a fixed seed: what is on its way is cut, doubled, swapped, dropped, overwritten."""
    dice = random.Random(7)
    client, server = client_context(options), server_context()
    client.addcert(family().client.credentials())

    def mangle(data: bytes) -> bytes:
        if dice.random() < 0.5:
            return data
        start, end = sorted(dice.randrange(len(data) + 1) for _ in range(2))
        part = data[start:end]
        return dice.choice(
            (
                data[:end],
                data + part,
                data[:start] + data[end:],
                part + data,
                data[:start] + dice.randbytes(len(part)) + data[end:],
                data[end:] + data[:end],
            )
        )

    for _ in range(300):
        pair = Pair(client, server, piece_bytes=dice.choice((1, 13, 500, 100_000))).pump(mangle, mangle)
        if pair.client.state is pair.server.state is State.OPEN:
            # What was left over from the mangling may still spoil the first record, but never its content.
            pair.server_events += pair.server.receive(pair.client.send(b"data"))
            assert data_of(pair.server_events) in (b"", b"data")
        pair.hang_up()
        for events in (pair.client_events, pair.server_events):
            assert last_word(events) is not None
            assert events.count(HandshakeDone()) <= 1
        for end in (pair.client, pair.server):
            end.take()
            assert end.close() == b""


def test_a_failed_engine_keeps_nothing() -> None:
    """Its queue is gone, and a flood after the failure goes nowhere."""
    end = Engine(client_context(), "localhost")
    end.start()
    end.send(b"x" * 1000)
    end.receive(b"no TLS here")
    assert end.queued_bytes == 0
    end.take()
    for _ in range(100):
        assert end.receive(bytes(10_000)) == []
    assert end.take() == b""
