"""TLS programs and other implementations on loopback: `openssl`, and Python's `ssl`."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ._openssl import needs_openssl, s_client
from ._programs import TIMEOUT_S, Session
from ._tls import certificates, tls_session

# Answers a line with what it was, the version, and who the client is; STORE is whom it trusts.
SERVER = """
    listener, port = listen_tls(function(s)
      s:event(function(s)
        local data = s:read()
        if not data then return end
        local t = s:certificate()
        s:write(table.concat({"echo", data:gsub("%s", ""), select(2, s:cipher()),
          t and t.subject.commonname or "nobody", tostring(s:trusted "client.test")}, "|") .. "\\n")
        s:read(5000)
      end)
    end, server_context("server", STORE))
    return port
"""


def _openssl(*arguments: str) -> list[str]:
    return ["openssl", *arguments]


def _port(fresh: Session, program: str) -> int:
    result = fresh.run(program)
    assert result.error is None, result.error
    return int(result.values[0])


@needs_openssl
@pytest.mark.parametrize("option", ["-tls1_2", "-no_ssl3"])
@pytest.mark.parametrize("shows", [False, True])
def test_openssl_is_served(option: str, shows: bool) -> None:
    """By TLS 1.2, whatever it offers; with and without a certificate of its own, which is then trusted."""
    folder = certificates()
    own = ("-cert", f"{folder}/client.pem", "-key", f"{folder}/client.key") if shows else ()
    with tls_session() as fresh:
        port = _port(fresh, SERVER.replace("STORE", "store 'ca'"))
        said = s_client(port, option, *own, "-CAfile", f"{folder}/ca.pem")
    who = "client.test|true" if shows else "nobody|nil"
    assert f"echo|hello|TLS_1_2|{who}" in said
    assert "Verify return code: 0 (ok)" in said


@contextmanager
def _s_server(*options: str) -> Iterator[int]:
    """Runs `openssl s_server`, which answers a line with the line reversed; yields its port."""
    folder = certificates()
    command = _openssl("s_server", "-accept", "127.0.0.1:0", "-cert", f"{folder}/server.pem",
                       "-key", f"{folder}/server.key", "-rev", *options)  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.match(rb"ACCEPT 127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise AssertionError("s_server has not started")
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        try:
            yield int(found[1])
        finally:
            process.kill()
            drain.join()


@needs_openssl
@pytest.mark.parametrize(("option", "version"), [("-tls1_2", "TLS_1_2"), ("-tls1_3", "TLS_1_3")])
@pytest.mark.parametrize("way", ["blocking", "cosocket"])
def test_openssl_serves_us(option: str, version: str, way: str) -> None:
    """In both versions; it is trusted by name, and asks for our certificate, which we show."""
    folder = certificates()
    asks = ("-Verify", "1", "-verify_return_error", "-CAfile", f"{folder}/ca.pem")
    with _s_server(option, *asks) as port, tls_session() as fresh:
        result = fresh.run(f"""
            local context = client_context "ca"
            context:addcert(ba.create.sharkcert(pem "client.pem", pem "client.key"))
            local over
            local function talk()
              local c = assert(ba.socket.connect("localhost", {port}, {{shark = context, alpn = "http/1.1"}}))
              trace(c:trusted(), select(2, c:cipher()))
              c:write "hello\\n"
              trace((c:read(5000):gsub("%s", "")))
              over = true
            end
            if "{way}" == "blocking" then talk() else ba.socket.event(talk) end
            await(function() return over end)
        """)
        assert result.error is None, result.error
        assert fresh.recorder.traced == [f"true\t{version}", "olleh"]


def _context(*, server: bool = False) -> ssl.SSLContext:
    if server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates() / "server.pem", certificates() / "server.key")
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates() / "ca.pem")
    return context


def test_python_upgrades_with_us() -> None:
    """STARTTLS on our server, which is trusted by its name."""
    with tls_session() as fresh:
        port = _port(
            fresh,
            """
            local _, port = listen(function(s)
              s:event(function(s)
                s:write "220 ready"
                assert(s:read() == "STARTTLS")
                s:write "go"
                assert(s:upgrade(server_context()))
                s:write("echo " .. s:read())
                s:read()
              end)
            end)
            return port
        """,
        )
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as plain:
            assert plain.recv(100) == b"220 ready"
            plain.sendall(b"STARTTLS")
            assert plain.recv(100) == b"go"
            with _context().wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"hello")
                assert secure.recv(100) == b"echo hello"
        assert fresh.recorder.faults == []


def test_python_serves_us_and_agrees_on_a_protocol() -> None:
    """The application protocol of the option `alpn`, and the host's name."""
    context = _context(server=True)
    context.set_alpn_protocols(["other", "mqtt"])
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener, tls_session() as fresh:
        listener.settimeout(TIMEOUT_S)
        finish = fresh.start(f"""
            local c = ba.socket.connect("localhost", {listener.getsockname()[1]},
              {{shark = client_context(), alpn = "http/1.1, mqtt"}})
            return c:read(5000)
        """)
        with context.wrap_socket(listener.accept()[0], server_side=True) as peer:
            peer.sendall((peer.selected_alpn_protocol() or "none").encode())
            assert b"mqtt" in finish().values[0]
    assert names == ["localhost"]
