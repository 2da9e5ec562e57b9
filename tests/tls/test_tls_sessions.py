"""Sessions that a client resumes."""

from __future__ import annotations

import ssl

import pytest

from ba_runtime.tls import Context, Engine, Options, Role, engine
from ba_runtime.tls.sessions import MAX_MISSES, NOTED_MISSES, SessionCache, can_be_resumed

from ._authority import client_context, family, server_context
from ._pair import Pair, exchange

TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3
VERSIONS = pytest.mark.parametrize("newest", [TLS_1_2, TLS_1_3], ids=["1.2", "1.3"])


def generous_server(newest: ssl.TLSVersion = TLS_1_3) -> Context:
    """A server that gives sessions, and sends a chain of two certificates."""
    credentials = family().leaf.credentials(family().intermediate)
    return server_context(credentials, options=Options(cachesize=8, newest=newest))


def meet_once(client: Context, server: Context, port: int = 443, name: str = "localhost") -> Pair:
    """One connection, from the handshake to the close."""
    pair = Pair(client, server, name=name, port=port).connected()
    exchange(pair)
    pair.server_events += pair.server.receive(pair.client.close())
    return pair


@VERSIONS
def test_the_second_connection_with_a_host_resumes_the_session_of_the_first(newest: ssl.TLSVersion) -> None:
    """And so does every further one."""
    client, server = client_context(), generous_server(newest)
    seen = [meet_once(client, server) for _ in range(4)]
    assert [pair.client.is_resumed for pair in seen] == [False, True, True, True]
    assert [pair.server.is_resumed for pair in seen] == [False, True, True, True]


@VERSIONS
def test_a_resumed_session_shows_the_certificates_of_the_first_time(newest: ssl.TLSVersion) -> None:
    """The server sends none then, but `trusted` and `certificate` go on to work."""
    client, server = client_context(), generous_server(newest)
    chains = [meet_once(client, server).client.peer_chain() for _ in range(3)]
    assert chains == [(family().leaf.der, family().intermediate.der)] * 3


@VERSIONS
def test_a_session_is_there_while_its_first_connection_is_still_open(newest: ssl.TLSVersion) -> None:
    """A ticket that comes alone is noticed at once."""
    client, server = client_context(), generous_server(newest)
    first = Pair(client, server).connected()
    second = Pair(client, server).connected()
    assert second.client.is_resumed
    exchange(first)
    exchange(second)


def test_hosts_and_ports_have_sessions_of_their_own() -> None:
    """Names regardless of case."""
    client, server = client_context(), generous_server()
    meet_once(client, server)
    assert not meet_once(client, server, port=444).client.is_resumed
    assert not meet_once(client, server, name="example.test").client.is_resumed
    assert meet_once(client, server, name="LOCALHOST").client.is_resumed


def test_lists_of_protocols_have_sessions_of_their_own() -> None:
    """A session of one context of the standard library cannot be used with another."""
    client, server = client_context(), generous_server()
    meet_once(client, server)
    assert not Pair(client, server, alpn=("mqtt",)).connected().client.is_resumed
    assert Pair(client, server, alpn=("mqtt",)).connected().client.is_resumed


def test_the_cache_keeps_its_size() -> None:
    """The host that was not used for the longest time goes first."""
    client, server = client_context(Options(cachesize=2)), generous_server()
    for port in (1, 2, 1, 3):
        meet_once(client, server, port=port)
    assert [meet_once(client, server, port=port).client.is_resumed for port in (1, 2)] == [True, False]


@pytest.mark.parametrize("size", [0, -1])
def test_a_client_with_no_cache_resumes_nothing(size: int) -> None:
    """The option `cachesize`."""
    client, server = client_context(Options(cachesize=size)), generous_server()
    pairs = [meet_once(client, server) for _ in range(2)]
    assert [pair.client.is_resumed for pair in pairs] == [False, False]
    assert pairs[1].client.release_session() is False


def test_a_server_gives_no_sessions_unless_asked_to() -> None:
    """As documented for the original: `isresumed` and `relsession` are both false."""
    client, server = client_context(), server_context()
    for _ in range(2):
        pair = Pair(client, server).connected()
        exchange(pair)
        assert not pair.client.is_resumed
        assert not pair.client.release_session()


@VERSIONS
def test_a_released_session_is_not_resumed(newest: ssl.TLSVersion) -> None:
    """The same connection does not bring it back, and says that it did not come with it."""
    client, server = client_context(), generous_server(newest)
    pair = Pair(client, server).connected()
    assert pair.client.release_session() is False
    exchange(pair)
    pair.client.close()
    assert not Pair(client, server).connected().client.is_resumed


@VERSIONS
def test_a_connection_that_was_resumed_releases_its_session_once(newest: ssl.TLSVersion) -> None:
    """And says so."""
    client, server = client_context(), generous_server(newest)
    meet_once(client, server)
    pair = Pair(client, server).connected()
    assert pair.client.is_resumed
    assert [pair.client.release_session() for _ in range(2)] == [True, False]
    assert not Pair(client, server).connected().client.is_resumed


def test_a_session_that_the_server_does_not_know_ends_in_a_full_handshake() -> None:
    """It was restarted meanwhile."""
    client = client_context()
    meet_once(client, generous_server())
    pair = meet_once(client, generous_server())
    assert not pair.client.is_resumed
    assert pair.client.peer_chain() == (family().leaf.der, family().intermediate.der)


def test_a_session_that_the_server_did_not_take_is_forgotten() -> None:
    """It is not offered again, and there is nothing to release."""
    client = client_context()
    meet_once(client, generous_server())
    pair = Pair(client, server_context()).connected()
    assert not pair.client.is_resumed
    exchange(pair)
    assert pair.client.release_session() is False


def test_a_certificate_that_is_added_ends_all_sessions() -> None:
    """Also the one that a connection from before brings later."""
    client, server = client_context(), generous_server()
    before = Pair(client, server)
    before.connected()
    client.addcert(family().client.credentials())
    before.client.close()
    meet_once(client, server)
    assert meet_once(client, server).client.is_resumed


def test_a_late_session_of_another_context_is_left_out() -> None:
    """A ticket that comes after the context has changed cannot be used, and does no harm."""
    client, server = client_context(), generous_server()
    before = Pair(client, server)
    before.server.receive(before.client.take())
    before.client.receive(before.server.take())
    before.server.receive(before.client.take())
    client.addcert(family().client.credentials())
    before.pump()  # the tickets
    assert not meet_once(client, server).client.is_resumed


def test_servers_and_connections_without_a_name_remember_nothing() -> None:
    """There is nothing to find the session by."""
    server = generous_server()
    pair = Pair(client_context(), server, name=None).connected()
    exchange(pair)
    assert not pair.client.release_session()
    assert not pair.server.release_session()
    assert Engine(Context(Role.SERVER, None, Options(cachesize=3)), "localhost").release_session() is False


def looks_of(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What engines have seen when they looked for a session: each look loses memory in CPython."""
    looks: list[object] = []

    def look(session: ssl.SSLSession | None) -> bool:
        looks.append(session)
        return can_be_resumed(session)

    monkeypatch.setattr(engine, "can_be_resumed", look)
    return looks


@VERSIONS
def test_a_session_is_looked_for_once_a_host(newest: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections resume it."""
    looks = looks_of(monkeypatch)
    client, server = client_context(), generous_server(newest)
    for number in range(10):
        assert meet_once(client, server).client.is_resumed is (number > 0)
    assert len(looks) == 1


def test_a_host_that_gives_no_session_is_left_alone_after_some_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And others are not, for its sake."""
    looks = looks_of(monkeypatch)
    client, server = client_context(), server_context()
    for _ in range(MAX_MISSES):
        meet_once(client, server)
    seen = len(looks)
    for _ in range(10):
        meet_once(client, server)
    assert len(looks) == seen
    meet_once(client, generous_server(), port=444)
    assert meet_once(client, generous_server(), port=444).client.is_resumed is False
    assert len(looks) > seen


def test_what_is_noted_of_hosts_is_bounded() -> None:
    """The oldest notes go first."""
    cache = SessionCache(1)
    for port in range(1000):
        for _ in range(MAX_MISSES):
            cache.miss(("host", port, ()))
    assert sum(not cache.is_worth_a_look(("host", port, ())) for port in range(1000)) == NOTED_MISSES
    cache.clear()
    assert cache.is_worth_a_look(("host", 999, ()))
