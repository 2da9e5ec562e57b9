"""Engines against the program `openssl`, on loopback sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from ba_runtime.tls import CertStore, Closed, Context, Failed, HandshakeDone, Options, Role, State, judge

from ._authority import NOW, Issued, client_context, family, issue, rsa_key, server_context
from ._openssl import PATIENCE_S, client, connect, files, needs_openssl, server
from ._pair import data_of, last_word, reason_of

pytestmark = needs_openssl

VERSIONS = pytest.mark.parametrize(("flag", "version"), [("-tls1_2", "TLS_1_2"), ("-tls1_3", "TLS_1_3")])


def trusted(*certificates: Issued) -> CertStore:
    """A store that holds these."""
    store = CertStore()
    for one in certificates:
        store.addcert(one.pem)
    return store


@pytest.fixture
def root_file(tmp_path: Path) -> str:
    """The family's root in a file."""
    path = tmp_path / "root.pem"
    path.write_bytes(family().root.pem)
    return str(path)


# ------------------------------------------------------------ an engine serves


@VERSIONS
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_client_that_checks_everything_is_served(
    tmp_path: Path, root_file: str, flag: str, version: str, kind: str
) -> None:
    """Chain, name, protocol, data both ways, and a clean end."""
    key = rsa_key() if kind == "rsa" else None
    leaf = issue("leaf.test", family().intermediate, san=["localhost"], key=key)
    context = server_context(leaf.credentials(family().intermediate))
    checks = (
        "-CAfile",
        root_file,
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
        "-alpn",
        "a,mqtt",
    )
    with client(tmp_path, context, b"hello\n", flag, *checks, alpn=("mqtt",)) as (wire, process):
        wire.shake_hands().until_data(b"hello\n")
        assert wire.engine.alpn == "mqtt"
        cipher = wire.engine.cipher()
        assert cipher is not None
        assert cipher[1] == version
        wire.send(b"and goodbye\n")
        wire.close()
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert b"and goodbye" in told
    assert b"Verification: OK" in told
    assert b"ALPN protocol: mqtt" in told


@VERSIONS
@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_a_client_shows_the_certificate_that_it_is_asked_for(
    tmp_path: Path, flag: str, version: str, is_known: bool
) -> None:
    """Trusted or not, it gets in; the program asks."""
    shown = family().client if is_known else family().stranger
    context = Context(Role.SERVER, trusted(family().root))
    context.addcert(family().server.credentials())
    with client(tmp_path, context, b"hello\n", flag, *files(tmp_path, "client", shown)) as (wire, _):
        wire.until_data(b"hello\n")
        chain = wire.engine.peer_chain()
        assert chain == (shown.der,)
        assert (judge(chain, context.store, "client.test", NOW) is None) is is_known


@VERSIONS
def test_a_client_without_a_certificate_gets_in(tmp_path: Path, flag: str, version: str) -> None:
    """It is asked and has none."""
    context = Context(Role.SERVER, trusted(family().root))
    context.addcert(family().server.credentials())
    with client(tmp_path, context, b"hello\n", flag) as (wire, _):
        wire.until_data(b"hello\n")
        assert wire.engine.peer_chain() == ()


def test_a_client_that_does_not_trust_the_server_says_so(tmp_path: Path, root_file: str) -> None:
    """Its alert is the reason."""
    context = server_context(family().stranger.credentials())
    checks = ("-CAfile", root_file, "-verify_return_error", "-tls1_2")
    with client(tmp_path, context, b"", *checks) as (wire, _):
        wire.until(lambda events: last_word(events) is not None)
    assert reason_of(wire.events) == "sslalertrecv"


@pytest.mark.parametrize("flag", ["-tls1", "-tls1_1"])
def test_an_old_version_is_refused(tmp_path: Path, flag: str) -> None:
    """With an alert, and a reason of ours."""
    with client(tmp_path, server_context(), b"", flag, "-cipher", "ALL:@SECLEVEL=0") as (wire, _):
        wire.until(lambda events: last_word(events) is not None)
    assert reason_of(wire.events) == "sslhandshake"


def test_a_client_that_wants_to_renegotiate_does_no_harm(tmp_path: Path) -> None:
    """TLS 1.2: it is refused, and whatever the client makes of that is an ordinary end."""
    with client(tmp_path, server_context(), b"R\n", "-tls1_2") as (wire, process):
        wire.shake_hands()
        assert process.stdin is not None
        process.stdin.close()
        wire.until(lambda events: last_word(events) is not None)
    assert not data_of(wire.events)
    assert isinstance(last_word(wire.events), Closed | Failed)


@pytest.mark.parametrize("letter", [b"K", b"k"])
def test_a_client_may_change_its_keys(tmp_path: Path, letter: bytes) -> None:
    """TLS 1.3, RFC 8446, 4.6.3: with K it asks us to do the same, and data goes on both ways."""
    with client(tmp_path, server_context(), letter + b"\n", "-tls1_3") as (wire, process):
        wire.shake_hands()
        assert process.stdin is not None
        assert process.stdout is not None
        assert any(b"KEYUPDATE" in line for line in process.stdout)
        process.stdin.write(b"hello\n")
        process.stdin.flush()
        wire.until_data(b"hello\n")
        wire.send(b"and goodbye\n")
        wire.close()
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert b"and goodbye" in told


@VERSIONS
def test_a_client_resumes_its_session(tmp_path: Path, flag: str, version: str) -> None:
    """From a file, in another process, with a server that gives sessions."""
    context = server_context(options=Options(cachesize=4))
    for option in ("-sess_out", "-sess_in"):
        with client(tmp_path, context, b"", flag, option, "session.pem") as (wire, process):
            wire.shake_hands()
            wire.send(b"x")
            wire.close()
            process.communicate(timeout=PATIENCE_S)
    assert wire.engine.is_resumed


# ------------------------------------------------------------ an engine calls


@VERSIONS
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_server_is_called_and_judged(tmp_path: Path, flag: str, version: str, kind: str) -> None:
    """It sends its chain, agrees upon a protocol, and turns lines round."""
    key = rsa_key() if kind == "rsa" else None
    leaf = issue("leaf.test", family().intermediate, san=["localhost"], key=key)
    own = files(tmp_path, "server", leaf, family().intermediate)
    with (
        server(tmp_path, flag, "-rev", "-alpn", "mqtt,smtp", *own) as port,
        connect(port, client_context(), alpn=("http/1.1", "smtp")) as wire,
    ):
        assert wire.shake_hands().events == [HandshakeDone()]
        assert wire.engine.alpn == "smtp"
        cipher = wire.engine.cipher()
        assert cipher is not None
        assert cipher[1] == version
        assert wire.engine.peer_chain() == (leaf.der, family().intermediate.der)
        assert judge(wire.engine.peer_chain(), trusted(family().root), "localhost", NOW) is None
        wire.send(b"hello\n")
        wire.until_data(b"olleh\n")


@VERSIONS
def test_a_server_that_requires_a_certificate_gets_it(
    tmp_path: Path, root_file: str, flag: str, version: str
) -> None:
    """And refuses a client without, or with one that it does not trust."""
    own = files(tmp_path, "server", family().server)
    checks = ("-Verify", "3", "-verify_return_error", "-CAfile", root_file)
    with server(tmp_path, flag, "-rev", *own, *checks) as port:
        for shown, is_fine in ((family().client, True), (family().stranger, False), (None, False)):
            context = client_context()
            if shown is not None:
                context.addcert(shown.credentials())
            with connect(port, context) as wire:
                wire.send(b"hello\n")
                wire.until_data(b"olleh\n")
                assert (data_of(wire.events) == b"olleh\n") is is_fine
                if not is_fine:  # an alert, unless the system's reset overtakes it
                    assert isinstance(last_word(wire.events), Failed | Closed)
                    assert wire.engine.state is State.OVER


@VERSIONS
def test_a_megabyte_arrives_whole(tmp_path: Path, flag: str, version: str) -> None:
    """As a file over HTTP, as the server likes to cut it."""
    content = bytes(range(256)) * 4096
    (tmp_path / "large.bin").write_bytes(content)
    own = files(tmp_path, "server", family().server)
    with server(tmp_path, flag, "-WWW", *own) as port, connect(port, client_context()) as wire:
        wire.send(b"GET /large.bin HTTP/1.0\r\n\r\n")
        wire.until(lambda events: last_word(events) is not None)
    assert data_of(wire.events).endswith(content)


@VERSIONS
def test_a_server_resumes_a_session(tmp_path: Path, flag: str, version: str) -> None:
    """The second connection is a short one, and still shows the certificate."""
    own = files(tmp_path, "server", family().server)
    context = client_context()
    with server(tmp_path, flag, "-rev", *own) as port:
        for is_resumed in (False, True, True):
            with connect(port, context) as wire:
                wire.shake_hands()
                assert wire.engine.is_resumed is is_resumed
                assert wire.engine.peer_chain() == (family().server.der,)
                wire.send(b"hello\n")
                wire.until_data(b"olleh\n")


def test_a_server_that_offers_nothing_of_ours_is_a_failure(tmp_path: Path) -> None:
    """An alert comes back, in the documented word for it."""
    own = files(tmp_path, "server", family().server)
    with (
        server(tmp_path, "-tls1_2", "-cipher", "AES128-SHA", "-rev", *own) as port,
        connect(port, client_context()) as wire,
    ):
        wire.shake_hands()
    assert reason_of(wire.events) == "sslalertrecv"
