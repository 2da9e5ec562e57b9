"""Two engines in memory: handshake, data, end."""

from __future__ import annotations

import ssl

import pytest

from ba_runtime.tls import Closed, Credentials, Engine, Failed, HandshakeDone, Options, State, alpn_list
from ba_runtime.tls.ciphers import documented_name
from ba_runtime.tls.context import sni_name

from ._authority import client_context, family, issue, rsa_key, server_context
from ._pair import Pair, Plain, data_of, exchange, meet, reason_of

TLS_1_2 = Options(newest=ssl.TLSVersion.TLSv1_2)
VERSIONS = pytest.mark.parametrize(
    ("options", "version"), [(TLS_1_2, "TLS_1_2"), (Options(), "TLS_1_3")], ids=["1.2", "1.3"]
)


@VERSIONS
def test_both_ends_report_the_handshake_once_and_then_exchange_data(options: Options, version: str) -> None:
    """The newest version that both speak is used, and both name it and the suite alike."""
    pair = Pair(client_context(options), server_context()).connected()
    exchange(pair)
    cipher = pair.client.cipher()
    assert cipher is not None
    assert cipher[1] == version
    assert pair.server.cipher() == cipher


@VERSIONS
@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 100])
def test_bytes_may_come_in_pieces_of_any_size(options: Options, version: str, piece_bytes: int) -> None:
    """TCP keeps no records together."""
    pair = Pair(client_context(options), server_context(), piece_bytes=piece_bytes).connected()
    records = pair.client.send(b"hello") + pair.client.send(bytes(range(256)))
    events = [event for at in range(len(records)) for event in pair.server.receive(records[at : at + 1])]
    assert events == [b"hello", bytes(range(256))]


@VERSIONS
def test_what_is_written_before_the_handshake_is_sent_after_it(options: Options, version: str) -> None:
    """In order, and counted meanwhile."""
    pair = Pair(client_context(options), server_context())
    hello = pair.client.send(b"one") + pair.client.send(b"two")
    assert pair.server.send(b"three") == b""
    assert (pair.client.queued_bytes, pair.server.queued_bytes) == (6, 5)
    pair.server_events += pair.server.receive(hello)
    pair.pump()
    assert pair.server_events[0] == pair.client_events[0] == HandshakeDone()
    assert data_of(pair.server_events) == b"onetwo"
    assert data_of(pair.client_events) == b"three"
    assert (pair.client.queued_bytes, pair.server.queued_bytes) == (0, 0)


def test_data_that_comes_with_the_end_of_the_handshake_follows_it() -> None:
    """A client may send its last handshake message, data and close_notify in one segment."""
    pair = Pair(client_context(), server_context())
    pair.server.receive(pair.client.take())
    pair.client.receive(pair.server.take())
    last = pair.client.send(b"bye") + pair.client.close()
    assert pair.server.receive(last) == [HandshakeDone(), b"bye", Closed(is_clean=True)]


@VERSIONS
@pytest.mark.parametrize("size", [1, 8191, 8192, 8193, 16384, 16385, 1_000_000])
def test_large_data_arrives_whole_in_pieces_of_at_most_8192(
    options: Options, version: str, size: int
) -> None:
    """The documented size of a read, whatever the size of the records and of what TCP delivers."""
    pair = Pair(client_context(options), server_context()).connected()
    sent = (bytes(range(251)) * (size // 251 + 1))[:size]
    records = pair.client.send(sent)
    events = [
        event for at in range(0, len(records), 8192) for event in pair.server.receive(records[at : at + 8192])
    ]
    assert data_of(events) == sent
    assert all(isinstance(event, bytes) and 0 < len(event) <= 8192 for event in events)


def test_nothing_that_was_received_waits_inside() -> None:
    """Many records at once come out at once, so that a driver need not ask again."""
    pair = Pair(client_context(), server_context()).connected()
    records = b"".join(pair.client.send(bytes([number])) for number in range(200))
    assert pair.server.receive(records) == [bytes([number]) for number in range(200)]


def test_no_data_is_no_record() -> None:
    """Writing nothing sends nothing."""
    pair = Pair(client_context(), server_context()).connected()
    assert pair.client.send(b"") == b""


@VERSIONS
def test_a_close_is_announced_and_answered(options: Options, version: str) -> None:
    """After it neither end takes or gives anything."""
    pair = Pair(client_context(options), server_context()).connected()
    goodbye = pair.client.close()
    assert pair.server.receive(goodbye) == [Closed(is_clean=True)]
    assert pair.server.take() != b""
    for end in (pair.client, pair.server):
        assert end.state is State.OVER
        assert end.send(b"more") == b""
        assert end.close() == b""
        assert end.receive(b"x") == []
        assert end.receive(b"") == []


def test_data_before_a_close_is_delivered_first() -> None:
    """In the same segment, too."""
    pair = Pair(client_context(), server_context()).connected()
    records = pair.client.send(b"last words") + pair.client.close()
    assert pair.server.receive(records) == [b"last words", Closed(is_clean=True)]


def test_an_end_of_the_stream_without_goodbye_is_not_clean() -> None:
    """Somebody may have cut it."""
    pair = Pair(client_context(), server_context()).connected()
    assert pair.server.receive(b"") == [Closed(is_clean=False)]
    assert pair.server.receive(b"") == []


def test_data_that_crosses_a_close_is_dropped() -> None:
    """Who has closed hears nothing any more."""
    pair = Pair(client_context(), server_context()).connected()
    on_its_way = pair.server.send(b"too late")
    pair.client.close()
    assert pair.client.receive(on_its_way) == []


@pytest.mark.parametrize("is_started", [True, False])
def test_closing_within_the_handshake_is_silent(is_started: bool) -> None:
    """There is no connection to end yet."""
    end = Engine(client_context(), "localhost")
    if is_started:
        end.start()
        end.take()
    assert end.close() == b""
    assert end.state is State.OVER
    assert end.cipher() is None
    assert end.peer_chain() == ()
    assert not end.is_resumed
    assert end.alpn is None


@VERSIONS
def test_nothing_is_told_of_a_connection_before_the_handshake_is_done(options: Options, version: str) -> None:
    """At whatever byte it stands; afterwards all of it stays known, also when the connection is over."""
    pair = Pair(client_context(options), server_context(), server_alpn=("a",), alpn=("a",))

    def ask(data: bytes) -> bytes:
        for byte in data:
            if pair.client.state is State.HANDSHAKE:
                told = (
                    pair.client.cipher(),
                    pair.client.peer_chain(),
                    pair.client.alpn,
                    pair.client.is_resumed,
                )
                assert told == (None, (), None, False)
            pair.client_events += pair.client.receive(bytes([byte]))
        return b""

    pair.pump(to_client=ask)
    assert pair.client_events == [HandshakeDone()]
    pair.client.close()
    cipher = pair.client.cipher()
    assert cipher is not None
    assert cipher == pair.server.cipher()
    assert pair.client.peer_chain() == (family().server.der,)
    assert pair.client.alpn == "a"


def test_a_peer_that_hangs_up_within_the_handshake_is_a_failed_read() -> None:
    """The documented string for it."""
    end = Engine(client_context(), "localhost")
    assert end.start() == []
    assert end.receive(b"") == [Failed("socketreadfailed", "the peer ended the connection")]
    assert end.receive(b"") == []


def test_both_kinds_of_key_serve_side_by_side() -> None:
    """A client that knows only RSA signatures gets the RSA certificate, every other the EC one."""
    with_rsa = issue("rsa.test", family().root, key=rsa_key())
    context = server_context(with_rsa.credentials(), family().server.credentials())
    pair = Pair(client_context(TLS_1_2), context).connected()
    assert pair.client.peer_chain() == (family().server.der,)
    only_rsa = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    only_rsa.check_hostname = False
    only_rsa.verify_mode = ssl.CERT_NONE
    only_rsa.maximum_version = ssl.TLSVersion.TLSv1_2
    only_rsa.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    end = Engine(context)
    plain = Plain(only_rsa, is_server=False)
    assert meet(end, plain) == [HandshakeDone()]
    assert plain.connection.getpeercert(binary_form=True) == with_rsa.der
    assert end.cipher() == ("ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_1_2")


@VERSIONS
def test_a_key_of_another_certificate_is_a_clear_failure_on_both_ends(options: Options, version: str) -> None:
    """Loading does not notice; the handshake does, and tells the peer."""
    wrong = Credentials.load(family().server.pem, family().client.key_pem())
    assert isinstance(wrong, Credentials)
    pair = Pair(client_context(options), server_context(wrong)).pump()
    assert pair.server_events == [
        Failed("sslcryptoerr", "certificate of CN=server.test: key values mismatch")
    ]
    assert reason_of(pair.client_events) == "sslalertrecv"


def test_a_server_without_a_certificate_fails_the_handshake() -> None:
    """The program should have been told before; nothing crashes if it was not."""
    context = server_context()
    context = type(context)(context.role)
    pair = Pair(client_context(), context).pump()
    assert reason_of(pair.server_events) == "sslhandshake"
    assert reason_of(pair.client_events) == "sslalertrecv"


@VERSIONS
def test_the_first_protocol_of_the_server_that_the_client_offers_is_agreed_upon(
    options: Options, version: str
) -> None:
    """RFC 7301."""
    pair = Pair(
        client_context(options), server_context(), alpn=("mqtt", "http/1.1"), server_alpn=("http/1.1",)
    )
    pair.connected()
    assert pair.client.alpn == pair.server.alpn == "http/1.1"


@pytest.mark.parametrize("server_alpn", [(), ("smtp",)])
def test_a_server_without_a_common_protocol_goes_on_without(server_alpn: tuple[str, ...]) -> None:
    """As documented: the option is accepted silently."""
    pair = Pair(client_context(), server_context(), alpn=("mqtt",), server_alpn=server_alpn).connected()
    assert pair.client.alpn is None


def test_a_list_of_protocols_is_cleaned_of_what_cannot_be_one() -> None:
    """Names have 1 to 255 bytes, all of them together fit in 16 bits of length."""
    assert alpn_list(b" mqtt, http/1.1,,\xff," + b"x" * 256) == ("mqtt", "http/1.1")
    assert alpn_list(b"") == ()
    assert [len(name) for name in alpn_list(b"x," + b"y" * 255)] == [1, 255]
    many = alpn_list(b",".join([b"y" * 255] * 1000))
    assert sum(len(name) + 1 for name in many) <= 0xFFFF
    assert Pair(client_context(), server_context(), alpn=many).connected().client.alpn is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("example.test", "example.test"),
        ("Example.Test.", "Example.Test"),
        ("under_score.test", "under_score.test"),
        ("localhost", "localhost"),
        ("127.0.0.1", None),
        ("::1", None),
        ("fe80::1%lo", None),
        (None, None),
        ("", None),
        (".", None),
        (".test", None),
        ("a..test", None),
        ("x" * 64 + ".test", None),
        (".".join(["abc"] * 64), ".".join(["abc"] * 64)),
        (".".join(["abc"] * 65), None),
        ("b\u00fccher.test", "xn--bcher-kva.test"),
        ("zero\0.test", None),
        ("two words", None),
        ("line\n", None),
        ("\udcff.test", None),
    ],
)
def test_the_name_of_the_server_is_sent_unless_it_is_an_address(host: str | None, name: str | None) -> None:
    """RFC 6066; and a name that cannot be sent does not stop the connection."""
    assert sni_name(host) == name
    Pair(client_context(), server_context(), name=host).connected()


def test_suites_are_spelled_as_documented() -> None:
    """Every suite that can be agreed upon has a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Some builds of Python offer suites for shared keys and passwords too (RFC 4279, RFC 5054). Nobody has
    # either here, so these are never agreed upon.
    suites = [suite["name"] for suite in context.get_ciphers()]
    names = [documented_name(suite) for suite in suites if not {"PSK", "SRP"} & set(suite.split("-"))]
    assert "UNKNOWN" not in names
    assert {"ECDHE_RSA_WITH_AES_256_GCM_SHA384", "AES_256_GCM_SHA384"} <= set(names)
    assert documented_name("AES256-SHA256") == "RSA_WITH_AES_256_CBC_SHA256"
    assert documented_name("ECDHE-RSA-CAMELLIA256-SHA384") == documented_name("NULL-MD5") == "UNKNOWN"
