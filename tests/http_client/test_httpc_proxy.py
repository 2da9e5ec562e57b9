"""Requests that go through a proxy, by CONNECT and by SOCKS5: the talk in memory, and on loopback."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

from ba_runtime.http_client.proxy import ConnectProxy, SocksProxy, Talk
from tests.lua._programs import run_well, session, traced
from tests.lua._tls import certificates, tls_session

from ._server import Peer, Script, Server, echo

MORE = Talk(b"more", b"")


def by_bytes(talk: ConnectProxy | SocksProxy, text: bytes) -> Talk:
    """What follows from the last byte; from none before it anything does."""
    for at in range(len(text) - 1):
        assert talk.next(text[at : at + 1]) == MORE
    return talk.next(text[-1:])


def test_connect_is_asked_for_in_http_1_0() -> None:
    """With the user, if there is one; what comes behind the answer is the host's."""
    talk = ConnectProxy(b"a", 81, b"u", b"p")
    assert talk.start() == (
        b"CONNECT a:81 HTTP/1.0\r\nUser-Agent: ba-lua-kernel\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
    )
    assert by_bytes(talk, b"HTTP/1.1 200 Fine\r\nX: y\r\n\r\n") == Talk(b"open", b"")
    talk = ConnectProxy(b"::1", 81, None, b"")
    assert talk.start() == b"CONNECT [::1]:81 HTTP/1.0\r\nUser-Agent: ba-lua-kernel\r\n\r\n"
    assert talk.next(b"HTTP/1.0 200 OK\r\n\r\nSSH-2.0") == Talk(b"open", b"SSH-2.0")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Log In\r\nContent-Length: 0\r\n\r\n", b"it answers 407 Log In"),
        (b"\x05\xff\r\n\r\n", b"its answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20000, b"its answer is not HTTP"),
    ],
)
def test_a_proxy_may_refuse_to_connect(answer: bytes, words: bytes) -> None:
    """Or be none."""
    talk = ConnectProxy(b"a", 81, None, b"")
    talk.start()
    assert talk.next(answer) == Talk(b"fault", words)


@pytest.mark.parametrize("user", [None, b"u"])
def test_socks_is_spoken_with_a_user_if_the_proxy_wants_one(user: bytes | None) -> None:
    """Both are always offered, and names are left to the proxy."""
    talk = SocksProxy(b"a.test", 81, user, b"p")
    assert talk.start() == b"\x05\x02\x00\x02"
    if user is None:
        command = by_bytes(talk, b"\x05\x00")
    else:
        assert by_bytes(talk, b"\x05\x02") == Talk(b"more", b"\x01\x01u\x01p")
        command = by_bytes(talk, b"\x01\x00")
    assert command == Talk(b"more", b"\x05\x01\x00\x03\x06a.test\x00\x51")
    assert by_bytes(talk, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x51") == Talk(b"open", b"")


@pytest.mark.parametrize(
    ("host", "address"), [(b"127.0.0.1", b"\x01\x7f\x00\x00\x01"), (b"::1", b"\x04" + b"\x00" * 15 + b"\x01")]
)
def test_addresses_are_given_to_socks_as_such(host: bytes, address: bytes) -> None:
    """And its reply may have any kind of them; what comes behind it is the host's."""
    for bound in (address, b"\x03\x01a"):
        talk = SocksProxy(host, 81, None, b"")
        talk.start()
        assert talk.next(b"\x05\x00") == Talk(b"more", b"\x05\x01\x00" + address + b"\x00\x51")
        assert by_bytes(talk, b"\x05\x00\x00" + bound + b"\x00\x51") == Talk(b"open", b"")
    talk = SocksProxy(host, 81, None, b"")
    talk.start()
    talk.next(b"\x05\x00")
    assert talk.next(b"\x05\x00\x00" + address + b"\x00\x51more") == Talk(b"open", b"more")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([b"\x05\xff"], b"it wants neither no login nor one by user and password"),
        ([b"\x05\x07"], b"its answer is not SOCKS5"),
        ([b"\x05\x02", b"\x01\x01"], b"it refuses the user or the password"),
        ([b"\x05\x00", b"\x05\x05\x00\x01\0\0\0\0\0\0"], b"it says: connection refused"),
        ([b"\x05\x00", b"\x05\x99\x00\x01\0\0\0\0\0\0"], b"its answer is not SOCKS5"),
        ([b"\x05\x00", b"\x05\x00\x00\x09\0\0\0\0\0\0"], b"its answer is not SOCKS5"),
        ([b"\x05\x00", b"\x04\x00\x00\x01\0\0\0\0\0\0"], b"its answer is not SOCKS5"),
        ([b"\x05\x00", b"\x05\x00\x00\x03\x01\xff\x00\x51"], b"its answer is not SOCKS5"),
    ],
)
def test_a_socks_proxy_may_refuse(answers: list[bytes], words: bytes) -> None:
    """In some way at each step, or be none."""
    talk = SocksProxy(b"a", 81, b"u", b"p")
    talk.start()
    assert [talk.next(answer) for answer in answers][-1] == Talk(b"fault", words)


@pytest.mark.parametrize(("host", "user"), [(b"a" * 256, b"u"), (b"a", b"u" * 256)])
def test_what_is_too_long_for_socks_is_not_sent(host: bytes, user: bytes) -> None:
    """Its lengths are bytes."""
    talk = SocksProxy(host, 81, user, b"p")
    talk.start()
    answers = [talk.next(b"\x05\x02")]
    if answers[-1].kind == b"more":
        answers.append(talk.next(b"\x01\x00"))
    assert answers[-1].kind == b"fault"
    assert b"at most 255 bytes" in answers[-1].text


# ---------------------------------------------------------------- on loopback


def relay(peer: Peer, port: int) -> None:
    """Passes bytes between the client and a server on loopback, until one of them ends."""
    with socket.create_connection(("127.0.0.1", port)) as other:

        def back() -> None:
            with contextlib.suppress(OSError):  # either end may be gone by now
                while data := other.recv(65536):
                    peer.say(data)
                peer.end()

        thread = threading.Thread(target=back)
        thread.start()
        while data := peer.anything():
            other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
        thread.join(20)


def http_proxy(port: int) -> Script:
    """A proxy that leads every CONNECT to one port."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        relay(peer, port)

    return script


def socks_proxy(port: int, commands: list[bytes]) -> Script:
    """A SOCKS5 proxy that wants a user, and leads every name of 12 bytes to one port."""

    def script(peer: Peer) -> None:
        peer.body(4)
        peer.say(b"\x05\x02")
        commands.append(peer.body(len("\1\1u\1p")))
        peer.say(b"\x01\x00")
        commands.append(peer.body(5 + 12 + 2))
        peer.say(b"\x05\x00\x00\x01\0\0\0\0\0\0")
        relay(peer, port)

    return script


ASK = """
    local http = require "httpc".create(OP)
    for i = 1, 2 do
      trace(http:request{url = "http://no-such.test:81/" .. i})
      trace(http:status(), http:read "*a")
    end
    trace(http:peername() == "127.0.0.1")
"""
ANSWERS = ["true", "200\t/1", "true", "200\t/2", "true"]


def test_a_request_goes_through_an_http_proxy() -> None:
    """Which alone need know the name; on one connection."""
    with Server(echo) as server, Server(http_proxy(server.port)) as proxy:
        assert traced(ASK.replace("OP", f'{{proxy = "127.0.0.1", proxyport = {proxy.port}}}')) == ANSWERS
        assert [head.split(b"\r\n")[0] for head in proxy.requests] == [b"CONNECT no-such.test:81 HTTP/1.0"]
        assert all(b"Host: no-such.test:81" in head for head in server.requests)
        assert (server.connections, proxy.connections) == (1, 1)


def test_a_request_goes_through_a_socks_proxy() -> None:
    """With a user and a password."""
    commands: list[bytes] = []
    with Server(echo) as server, Server(socks_proxy(server.port, commands)) as proxy:
        op = f'proxy = "127.0.0.1", proxyport = {proxy.port}, socks = true, proxyuser = "u", proxypass = "p"'
        assert traced(ASK.replace("OP", f"{{{op}}}")) == ANSWERS
        assert commands == [b"\x01\x01u\x01p", b"\x05\x01\x00\x03\x0cno-such.test\x00\x51"]


def test_only_create_has_a_proxy() -> None:
    """One in a request is not looked at."""
    with Server(echo) as server, Server(http_proxy(server.port)) as proxy:
        assert traced(f"""
            local http = require "httpc".create()
            local url = "http://127.0.0.1:{server.port}/"
            trace(http:request{{url = url, proxy = "127.0.0.1", proxyport = {proxy.port}}}, http:status())
        """) == ["true\t200"]
        assert proxy.connections == 0


@pytest.mark.parametrize("kind", ["http", "socks"])
def test_tls_is_spoken_with_the_host_behind_the_proxy(kind: str) -> None:
    """Its name is the one that the certificate must have."""
    folder = certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    names = []
    context.sni_callback = lambda _, name, __: names.append(name)
    commands: list[bytes] = []
    with tls_session() as lua, Server(echo, context=context) as server:
        script = http_proxy(server.port) if kind == "http" else socks_proxy(server.port, commands)
        with Server(script) as proxy:
            assert (
                lua.run(f"""
                local http = require "httpc".create{{
                  shark = client_context "ca", proxy = "127.0.0.1", proxyport = {proxy.port},
                  socks = {"true" if kind == "socks" else "false"}, proxyuser = "u", proxypass = "p",
                }}
                for _, name in ipairs{{"example.test", "another.test"}} do
                  trace(http:request{{url = "https://" .. name .. "/a", trusted = name == "example.test"}})
                  trace(http:read "*a", http:trusted())
                end
            """).error
                is None
            )
    assert lua.recorder.traced == ["true", "/a\ttrue", "true", "/a\tnil\tcert"]
    assert names == ["example.test", "another.test"]


def refuses(peer: Peer) -> None:
    """A script of a proxy that wants a login."""
    peer.head()
    peer.say(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    peer.await_end()


def hangs_up(peer: Peer) -> None:
    """A script that takes the request and goes."""
    peer.head()


def silent(peer: Peer) -> None:
    """A script that never says a word."""
    peer.await_end()


@pytest.mark.parametrize(
    ("script", "reason", "notes"),
    [
        (refuses, "prxunknown", ["it answers 407 Proxy Authentication Required"]),
        (hangs_up, "socketreadfailed", []),
        (silent, "timeout", []),
    ],
)
def test_a_proxy_that_makes_no_connection_is_a_reason(script: Script, reason: str, notes: list[str]) -> None:
    """The trace says what the proxy said."""
    with Server(script) as proxy:
        recorder = run_well(f"""
            local op = {{proxy = "127.0.0.1", proxyport = {proxy.port}, timeout = 100}}
            local http = require "httpc".create(op)
            trace(http:request{{url = "http://a.test/"}})
            trace(http:status())
        """)
    assert recorder.traced == [f"nil\t{reason}"] * 2
    expected = [f"httpc: the proxy 127.0.0.1 makes no connection: {note}" for note in notes]
    assert recorder.notes == expected


def test_a_proxy_that_is_not_there_is_one_that_cannot_be_reached() -> None:
    """As any host is."""
    assert traced("""
        local http = require "httpc".create{proxy = "127.0.0.1", proxyport = 1}
        trace(http:request{url = "http://a.test/"})
        http = require "httpc".create{proxy = "no-such.invalid", proxyport = 1}
        trace(http:request{url = "http://a.test/"})
    """) == ["nil\tcannotconnect", "nil\tcannotresolve"]


def test_closing_ends_the_talk_with_a_proxy() -> None:
    """From another task."""
    with session() as lua, Server(silent) as proxy:
        lua.run(f"""
            http = require "httpc".create{{proxy = "127.0.0.1", proxyport = {proxy.port}}}
            ba.socket.event(function() trace(http:request{{url = "http://a.test/"}}) end)
            await(function() return http:peername() end)
        """)
        lua.run("http:close()")
        lua.settle()
        assert lua.recorder.traced == ["nil\tsocketclosed"]
