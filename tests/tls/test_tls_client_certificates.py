"""Servers that ask their clients for a certificate, and clients that have one."""

from __future__ import annotations

import ssl

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ba_runtime.tls import (
    CertStore,
    Context,
    Credentials,
    Failed,
    HandshakeDone,
    Options,
    Role,
    judge,
    unofficial,
)

from ._authority import PAST, Issued, client_context, family, issue, server_context
from ._pair import Pair, Spoiler, exchange, last_word, lengths, reason_of

VERSIONS = pytest.mark.parametrize(
    "options", [Options(newest=ssl.TLSVersion.TLSv1_2), Options()], ids=["1.2", "1.3"]
)


def asking_server(*trusted: Issued) -> Context:
    """A server whose store holds `trusted`."""
    store = CertStore()
    for one in trusted or (family().root,):
        store.addcert(one.pem)
    context = Context(Role.SERVER, store)
    context.addcert(family().server.credentials())
    return context


def client_with(*chain: Issued, options: Options | None = None) -> Context:
    """A client that shows `chain`."""
    context = client_context(options)
    if chain:
        context.addcert(chain[0].credentials(*chain[1:]))
    return context


@VERSIONS
def test_a_client_without_a_certificate_is_let_in(options: Options) -> None:
    """The server asks, and requires nothing."""
    pair = Pair(client_with(options=options), asking_server()).connected()
    exchange(pair)
    assert pair.server.peer_chain() == ()


@VERSIONS
def test_a_client_shows_its_whole_chain(options: Options) -> None:
    """Leaf first, as it was loaded."""
    chain = (family().leaf, family().intermediate)
    pair = Pair(client_with(*chain, options=options), asking_server()).connected()
    exchange(pair)
    assert pair.server.peer_chain() == tuple(one.der for one in chain)
    assert judge(pair.server.peer_chain(), asking_server().store, "leaf.test") is None


@VERSIONS
@pytest.mark.parametrize("kind", ["stranger", "expired", "unknown issuer", "a CA", "chain without end"])
def test_a_client_that_is_not_trusted_is_let_in_too(options: Options, kind: str) -> None:
    """The program asks `trusted`; OpenSSL has no say."""
    others = issue("Other Root", is_ca=True)
    shown = {
        "stranger": family().stranger,
        "expired": issue("old.test", family().root, valid=PAST),
        "unknown issuer": issue("client.test", others),
        "a CA": others,
        "chain without end": family().leaf,
    }[kind]
    server = asking_server()
    pair = Pair(client_with(shown, options=options), server).connected()
    exchange(pair)
    assert pair.server.peer_chain() == (shown.der,)
    assert judge(pair.server.peer_chain(), server.store, None) in ("cert", "none")


def test_an_empty_store_asks_as_well() -> None:
    """A store is what makes a server ask, not what is in it."""
    context = Context(Role.SERVER, CertStore())
    context.addcert(family().server.credentials())
    pair = Pair(client_with(family().client), context).connected()
    assert pair.server.peer_chain() == (family().client.der,)


def test_a_server_without_a_store_does_not_ask() -> None:
    """A client with a certificate keeps it to itself."""
    pair = Pair(client_with(family().client), server_context()).connected()
    assert pair.server.peer_chain() == ()


def test_what_one_client_shows_is_not_remembered_for_the_next() -> None:
    """Each connection has a context of its own."""
    server = asking_server()
    for _ in range(3):
        shown = issue("client.test")
        assert Pair(client_with(shown), server).connected().server.peer_chain() == (shown.der,)
    assert server.store is not None
    assert len(server.store) == 1


@VERSIONS
def test_a_server_that_asks_resumes_nothing(options: Options) -> None:
    """So that every connection shows its certificate."""
    client, server = client_with(family().client, options=options), asking_server()
    for _ in range(2):
        pair = Pair(client, server).connected()
        exchange(pair)
        pair.client.close()
        assert not pair.server.is_resumed
        assert pair.server.peer_chain() == (family().client.der,)


@VERSIONS
def test_data_is_not_shown_to_the_callback(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for the handshake only, and gone after it."""
    seen: list[bytes] = []
    real = unofficial.leaf_of_message

    def leaf_of_message(message: bytes, has_context: bool) -> bytes:
        seen.append(message)
        return real(message, has_context)

    monkeypatch.setattr(unofficial, "leaf_of_message", leaf_of_message)
    pair = Pair(client_with(family().client, options=options), asking_server()).connected()
    assert len(seen) == 1
    exchange(pair)
    assert len(seen) == 1


@VERSIONS
def test_a_certificate_for_servers_only_is_refused(options: Options) -> None:
    """The limit of what the standard library offers: OpenSSL checks the extended key usage."""
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    client = client_with(issue("client.test", extensions=[usage]), options=options)
    pair = Pair(client, asking_server()).pump()
    assert reason_of(pair.server_events) == "sslhandshake"
    assert reason_of(pair.client_events) == "sslalertrecv"


@VERSIONS
def test_a_client_whose_key_does_not_fit_fails_before_it_sends_anything_of_use(options: Options) -> None:
    """A clear reason on both ends, no crash."""
    wrong = Credentials.load(family().client.pem, family().server.key_pem())
    assert isinstance(wrong, Credentials)
    client = client_context(options)
    client.addcert(wrong)
    pair = Pair(client, asking_server()).pump()
    assert [type(event) for event in pair.client_events + pair.server_events] == [Failed, Failed]


@VERSIONS
def test_without_the_callback_known_clients_and_those_without_a_certificate_get_in(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fallback, which uses public names only: the store decides within the handshake."""
    monkeypatch.setattr(unofficial, "has_message_callback", lambda: False)
    server = asking_server()
    for shown in ((), (family().client,), (issue("old.test", family().root, valid=PAST),)):
        pair = Pair(client_with(*shown, options=options), server).connected()
        exchange(pair)
        assert pair.server.peer_chain() == tuple(one.der for one in shown)
    pair = Pair(client_with(family().stranger, options=options), server).pump()
    assert isinstance(last_word(pair.server_events), Failed)


@pytest.mark.parametrize("message", [b"", b"\x0b", b"\x0b\0\0\0", b"\x0b\0\0\3\0\0\0", b"\x0b\0\0\1\xff"])
@pytest.mark.parametrize("has_context", [True, False])
def test_a_short_message_holds_no_certificate(message: bytes, has_context: bool) -> None:
    """Whatever a client sends; OpenSSL judges it afterwards."""
    assert unofficial.leaf_of_message(message, has_context) == b""


@VERSIONS
def test_the_handshake_goes_on_byte_by_byte(options: Options) -> None:
    """The callback sees whole messages only."""
    chain = (family().leaf, family().intermediate)
    pair = Pair(client_with(*chain, options=options), asking_server(), piece_bytes=1).pump()
    assert pair.server_events == [HandshakeDone()]
    assert len(pair.server.peer_chain()) == 2


@VERSIONS
def test_any_changed_byte_of_a_client_with_a_certificate_ends_the_handshake(options: Options) -> None:
    """The certificate is looked at before OpenSSL has checked it; that must not matter."""
    client, server = client_with(family().client, options=options), asking_server()
    for position in range(3, lengths(client, server)[0]):
        spoiler = Spoiler(position, 0x22)
        pair = Pair(client, server).pump(spoiler).hang_up()
        if spoiler.has_struck:
            assert HandshakeDone() not in pair.server_events
            assert isinstance(last_word(pair.server_events), Failed)
