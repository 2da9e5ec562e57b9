"""Engines against the standard library's own objects, used in the plainest way."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ba_runtime.tls import CertStore, Closed, Context, Engine, HandshakeDone, Options, Role, judge

from ._authority import client_context, family, server_context
from ._pair import Plain, meet

VERSIONS = pytest.mark.parametrize(
    "newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)


@pytest.fixture
def plain_server(tmp_path: Path) -> ssl.SSLContext:
    """A server of the standard library with a chain of two."""
    path = tmp_path / "server.pem"
    path.write_bytes(family().leaf.key_pem() + family().leaf.pem + family().intermediate.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def plain_client(tmp_path: Path) -> ssl.SSLContext:
    """A client of the standard library that checks everything, and has a certificate."""
    path = tmp_path / "client.pem"
    path.write_bytes(family().client.key_pem() + family().client.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=family().root.pem.decode())
    context.load_cert_chain(path)
    return context


@VERSIONS
def test_a_server_satisfies_a_client_that_checks_everything(
    newest: ssl.TLSVersion, plain_client: ssl.SSLContext
) -> None:
    """Name, chain and protocol."""
    plain_client.maximum_version = newest
    plain_client.set_alpn_protocols(["mqtt", "http/1.1"])
    end = Engine(server_context(family().leaf.credentials(family().intermediate)), alpn=("http/1.1",))
    plain = Plain(plain_client, is_server=False)
    assert meet(end, plain) == [HandshakeDone()]
    assert plain.connection.selected_alpn_protocol() == end.alpn == "http/1.1"
    plain.connection.write(b"hello")
    assert end.receive(plain.step(b"")) == [b"hello"]
    plain.incoming.write(end.send(b"hello yourself"))
    assert plain.connection.read() == b"hello yourself"


@VERSIONS
def test_a_client_gets_on_with_a_plain_server(newest: ssl.TLSVersion, plain_server: ssl.SSLContext) -> None:
    """The chain it sends is seen whole, and the name arrives."""
    names = []
    plain_server.sni_callback = lambda _, name, __: names.append(name)
    plain_server.maximum_version = newest
    end = Engine(client_context(), "LocalHost", 443)
    plain = Plain(plain_server, is_server=True)
    assert meet(end, plain) == [HandshakeDone()]
    assert names == ["LocalHost"]
    assert end.peer_chain() == (family().leaf.der, family().intermediate.der)
    store = CertStore()
    store.addcert(family().root.pem)
    assert judge(end.peer_chain(), store, "localhost") is None


def test_a_plain_client_shows_its_certificate(plain_client: ssl.SSLContext) -> None:
    """Asked by a server with a store."""
    context = Context(Role.SERVER, CertStore())
    context.addcert(family().server.credentials())
    end = Engine(context)
    plain = Plain(plain_client, is_server=False)
    assert meet(end, plain) == [HandshakeDone()]
    # OpenSSL completes the chain by what the client trusts.
    assert end.peer_chain() == (family().client.der, family().root.der)


def test_a_client_shows_its_certificate_to_a_plain_server(plain_server: ssl.SSLContext) -> None:
    """One that requires it."""
    plain_server.verify_mode = ssl.CERT_REQUIRED
    plain_server.load_verify_locations(cadata=family().root.pem.decode())
    context = client_context()
    context.addcert(family().client.credentials())
    plain = Plain(plain_server, is_server=True)
    assert meet(Engine(context), plain) == [HandshakeDone()]
    assert plain.connection.getpeercert(binary_form=True) == family().client.der


@VERSIONS
def test_a_plain_peer_hears_the_goodbye_and_says_its_own(
    newest: ssl.TLSVersion, plain_server: ssl.SSLContext
) -> None:
    """`unwrap` of the standard library returns when both have been exchanged."""
    end = Engine(client_context(Options(newest=newest)), "localhost")
    plain = Plain(plain_server, is_server=True)
    meet(end, plain)
    with pytest.raises(ssl.SSLWantReadError):
        plain.connection.unwrap()
    assert end.receive(plain.outgoing.read()) == [Closed(is_clean=True)]
    plain.incoming.write(end.take())
    plain.connection.unwrap()
