"""HTTPS: who is trusted when it was asked for, and what is known of the server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from ba_runtime.lab import Clock, Lab
from tests.lua._programs import session
from tests.lua._tls import certificates, tls_session

from ._server import Peer, Server, echo

# What the conformance scripts' certificates are to a client that knows their CA and connects to 127.0.0.1.
DOUBTS = {
    "ipcn": None,
    "server": "cert",
    "wronghost": "cert",
    "selfsigned": "none",
    "expired": "cert",
}


def serving(folder: Path, name: str) -> Server:
    """An HTTPS server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return Server(echo, context=context)


CLIENT = """
    local store = ba.create.certstore()
    assert(store:addcert(ba.openio "disk", CERTS .. "/ca.pem") == 1)
    local http = require "httpc".create{shark = ba.create.sharkssl(store)}
"""


@pytest.mark.parametrize("name", DOUBTS)
def test_trusted_refuses_whom_the_certificate_does_not_prove(name: str) -> None:
    """Before the request is sent; without it anybody will do. socket:trusted has words for it."""
    with tls_session() as lua, serving(certificates(), name) as server:
        result = lua.run(
            CLIENT
            + f"""
            local url = "https://127.0.0.1:{server.port}/secret"
            trace(http:request{{url = url, trusted = true}})
            trace(http:status())
            http:close()
            trace(http:request{{url = url}})
            trace(http:trusted())
            trace(http:read "*a")
            trace(http:request{{url = url, trusted = true}})
            http:status() -- so that the server has it
        """
        )
        assert result.error is None, result.error
        doubt = DOUBTS[name]
        trust = "true" if doubt is None else f"nil\t{doubt}"
        answer = "true" if doubt is None else "nil\tsslnottrusted"
        status = "200" if doubt is None else answer
        assert lua.recorder.traced == [answer, status, "true", trust, "/secret", answer]
        assert len(server.requests) == (3 if doubt is None else 1)


def test_trusted_refuses_plain_http() -> None:
    """Nobody proves anything there."""
    with session() as lua, Server(echo) as server:
        lua.run(f"""
            local http = require "httpc".create{{trusted = true}}
            trace(http:request{{url = "http://127.0.0.1:{server.port}/"}})
            trace(http:trusted()) trace(http:certificate()) trace(http:cipher())
            trace(http:peername()) trace(http:sockname())
        """)
        assert lua.recorder.traced == [
            *("nil\tsslnottrusted", "nil\tnone", "nil\tsslnotenabled", "nil\tsslnotenabled"),
            *("nil\tfailed", "nil\tfailed"),
        ]
        assert server.requests == []


def test_the_connection_can_be_asked_about() -> None:
    """Certificate, cipher, names, also after the body was read."""
    with tls_session() as lua, serving(certificates(), "server") as server:
        result = lua.run(
            CLIENT
            + f"""
            http:request{{url = "https://127.0.0.1:{server.port}/"}}
            http:read "*a"
            local certificate, known = http:certificate()
            trace(certificate.subject.commonname, known)
            trace(select(2, http:cipher()))
            trace(http:trusted "localhost")
            local address, port = http:peername()
            trace(address, port, (http:sockname()))
        """
        )
        assert result.error is None, result.error
        *known, names = lua.recorder.traced
        assert known == ["server.test\ttrue", "TLS_1_3", "true"]
        assert names == f"127.0.0.1\t{server.port}\t127.0.0.1"


def test_a_large_body_comes_through_tls() -> None:
    """Both ways."""
    size = 1 << 20

    def script(peer: Peer) -> None:
        peer.head()
        body = peer.body(size)
        peer.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

    folder = certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with session() as lua, Server(script, context=context) as server:
        lua.run(f"""
            local http = require "httpc".create()
            local text = ("0123456789abcdef"):rep({size} // 16)
            http:request{{url = "https://127.0.0.1:{server.port}/", method = "POST", size = #text}}
            trace(http:write(text))
            trace(http:read "*a" == text, http:status())
        """)
        assert lua.recorder.traced == ["true", "true\t200"]


def surly(peer: Peer) -> None:
    """A script that answers whatever comes."""
    peer.body(1)
    peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    peer.await_end()


@pytest.mark.parametrize(("url", "problem"), [("https", "socketwritefailed"), ("http", "socketreadfailed")])
def test_the_wrong_scheme_is_an_error(url: str, problem: str) -> None:
    """HTTP spoken to TLS, and the other way round."""
    folder = certificates()
    server = Server(surly) if url == "https" else serving(folder, "server")
    with session() as lua, server:
        lua.run(f"""
            local http = require "httpc".create{{timeout = 5000}}
            local ok, problem = http:request{{url = "{url}://127.0.0.1:{server.port}/"}}
            if ok then ok, problem = http:status() end
            trace(ok, problem)
        """)
        (told,) = lua.recorder.traced
        assert told in {f"nil\t{problem}", "nil\tinvalidresponse"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A running lab at noon."""
    lab = Lab(Clock.fixed("2026-01-01T12:00:00Z"))
    lab.start()
    yield lab
    lab.stop()


def test_the_documentations_hosts_answer_in_the_lab(lab: Lab) -> None:
    """As trusted as they are in the world."""
    with session() as lua:
        lua.runtime.use_lab(lab)
        lua.run("""
            local http = require "httpc".create()
            for _, url in ipairs{
              "http://www.google.com/", "https://www.google.com", "https://example.com/",
            } do
              trace(http:request{url = url, trusted = url:find "https" ~= nil})
              trace(http:status(), (http:read "*a"):match "<h1>(.-)</h1>")
            end
            for _, name in ipairs{"expired", "self-signed", "wrong-name"} do
              trace(http:request{url = "https://" .. name .. ".lab.test/", trusted = true})
            end
        """)
        assert lua.recorder.traced == [
            *("true", "200\twww.google.com", "true", "200\twww.google.com", "true", "200\texample.com"),
            *["nil\tsslnottrusted"] * 3,
        ]
