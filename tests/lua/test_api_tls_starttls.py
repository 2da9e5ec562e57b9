"""STARTTLS and ALPN of Lua programs against `openssl` and Python's `ssl`."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ._openssl import needs_openssl, s_client
from ._programs import TIMEOUT_S, Session
from ._tls import certificates, tls_session

VERSIONS = pytest.mark.parametrize(("option", "version"), [("-tls1_2", "TLS_1_2"), ("-tls1_3", "TLS_1_3")])
OFFERS = pytest.mark.parametrize("option", ["-tls1_2", "-no_ssl3"])  # that version alone, or newer ones too
WAYS = pytest.mark.parametrize("way", ["blocking", "cosocket"])

# A mail server as far as STARTTLS (RFC 3207); then it answers a line with what it was. ALPN is what it has.
MAIL_SERVER = """
    local context = server_context()
    local function serve(s)
      local function expect(line)
        local got = s:read(10000)
        assert(got == line .. "\\r\\n", got)
      end
      s:write "220 mail.test ESMTP\\r\\n"
      local hello = s:read(10000)
      assert(hello:find "^EHLO .*\\r\\n$", hello)
      s:write "250-mail.test\\r\\n250-SIZE 1000\\r\\n250 STARTTLS\\r\\n"
      expect "STARTTLS"
      s:write "220 go ahead\\r\\n"
      trace("upgrade", s:upgrade(context, ALPN))
      s:write("echo|" .. s:read(10000):gsub("%s", "") .. "|" .. select(2, s:cipher()) .. "\\n")
      trace("end", s:read(10000))
    end
    local _, port = listen(function(s)
      if "WAY" == "cosocket" then s:event(serve) else ba.thread.create():run(function() serve(s) end) end
    end)
    return port
"""


def _port(fresh: Session, program: str) -> int:
    result = fresh.run(program)
    assert result.error is None, result.error
    return int(result.values[0])


def _s_client(port: int, *options: str) -> str:
    """What `openssl s_client` says, which accepts nobody but our server."""
    folder = certificates()
    checks = ("-CAfile", f"{folder}/ca.pem", "-verify_return_error", "-verify_hostname", "localhost")
    return s_client(port, *checks, *options)


@needs_openssl
@OFFERS
@WAYS
def test_openssl_upgrades_a_mail_connection_with_us(option: str, way: str) -> None:
    """Our server speaks SMTP until STARTTLS, then TLS; openssl trusts it by its name."""
    with tls_session() as fresh:
        port = _port(fresh, MAIL_SERVER.replace("ALPN", "nil").replace("WAY", way))
        said = _s_client(port, "-starttls", "smtp", option)
        assert "echo|hello|TLS_1_2" in said
        assert "Verify return code: 0 (ok)" in said
        assert "No ALPN negotiated" in said
        fresh.recorder.wait(lambda: len(fresh.recorder.traced) == 2)
        assert fresh.recorder.traced == ["upgrade\ttrue", "end\tnil\tsocketreadfailed"]
        assert fresh.recorder.faults == []


@needs_openssl
@OFFERS
@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        ("smtp", "smtp", "ALPN protocol: smtp"),
        ("mqtt, smtp", "http/1.1,smtp", "ALPN protocol: smtp"),
        ("mqtt", "", "No ALPN negotiated"),
    ],
)
def test_a_server_agrees_with_openssl_on_a_protocol(option: str, ours: str, theirs: str, agreed: str) -> None:
    """The second argument of upgrade."""
    with tls_session() as fresh:
        port = _port(fresh, MAIL_SERVER.replace("ALPN", f'"{ours}"').replace("WAY", "cosocket"))
        said = _s_client(port, "-starttls", "smtp", option, *(("-alpn", theirs) if theirs else ()))
        assert agreed in said
        assert "echo|hello|TLS_1_2" in said


@needs_openssl
def test_a_listener_without_protocols_serves_a_client_that_offers_some() -> None:
    """`bind` has no option for them: the client hears of none and goes on."""
    with tls_session() as fresh:
        port = _port(
            fresh,
            """
            local _, port = listen_tls(function(s)
              s:event(function(s) s:write("echo|" .. s:read(10000)) s:read(10000) end)
            end)
            return port
            """,
        )
        said = _s_client(port, "-alpn", "http/1.1,mqtt")
    assert "No ALPN negotiated" in said
    assert "echo|hello" in said


@contextmanager
def _s_server(*options: str) -> Iterator[tuple[int, Callable[[], str]]]:
    """Runs `openssl s_server` for one client; yields its port, and how to wait for all it said."""
    folder = certificates()
    own = ("-cert", f"{folder}/server.pem", "-key", f"{folder}/server.key")
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", *own, *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(b"ACCEPT "):
                    port = int(line.rpartition(b":")[2])
                    break
            else:
                raise AssertionError("s_server has not started")
            yield port, lambda: process.communicate(timeout=TIMEOUT_S)[0].decode()
        finally:
            process.kill()


@needs_openssl
@VERSIONS
@WAYS
@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        ('"mqtt"', "mqtt", "ALPN protocols selected: mqtt"),
        ('"http/1.1, mqtt"', "other,mqtt", "ALPN protocols selected: mqtt"),
        ("nil", "mqtt", None),
    ],
)
def test_a_client_agrees_with_openssl_on_a_protocol(
    option: str, version: str, way: str, ours: str, theirs: str, agreed: str | None
) -> None:
    """The option `alpn` of connect; openssl tells what it heard and what it chose."""
    with _s_server(option, "-alpn", theirs, "-rev") as (port, end), tls_session() as fresh:
        result = fresh.run(f"""
            local over
            local function talk()
              local op = {{shark = client_context "ca", alpn = {ours}}}
              local c = assert(ba.socket.connect("localhost", {port}, op))
              c:write "hello\\n"
              trace((c:read(10000):gsub("%s", "")), c:trusted(), select(2, c:cipher()))
              c:close()
              over = true
            end
            if "{way}" == "blocking" then talk() else ba.socket.event(talk) end
            await(function() return over end)
        """)
        assert result.error is None, result.error
        assert fresh.recorder.traced == [f"olleh\ttrue\t{version}"]
        said = end()
    assert ("ALPN protocols selected" in said) is (agreed is not None)
    assert agreed is None or agreed in said


# ------------------------------------------------------------ our client, Python's server


@contextmanager
def _mail_server(
    after_starttls: bytes = b"", *, newest: str = "TLS_1_3"
) -> Iterator[tuple[int, list[bytes]]]:
    """A plain server for one client that goes on to TLS when asked; yields its port and what it heard in TLS.

    `after_starttls` follows its answer at once, in plain text.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates() / "server.pem", certificates() / "server.key")
    context.maximum_version = ssl.TLSVersion[newest.replace("TLS_", "TLSv")]
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with plain:
            plain.settimeout(TIMEOUT_S)
            plain.sendall(b"220 mail.test ESMTP\r\n")
            assert plain.recv(100) == b"EHLO us\r\n"
            plain.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
            assert plain.recv(100) == b"STARTTLS\r\n"
            plain.sendall(b"220 go ahead\r\n" + after_starttls)
            try:
                with context.wrap_socket(plain, server_side=True) as secure:
                    while data := secure.recv(65536):
                        heard.append(data)
                        secure.sendall(data)
            except OSError as error:
                heard.append(type(error).__name__.encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT_S)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], heard
        finally:
            thread.join(TIMEOUT_S)


# Goes as far as the server's permission, then upgrades and says what came of it.
MAIL_CLIENT = """
    local over
    local function talk()
      local c = assert(ba.socket.connect("localhost", PORT))
      assert(c:read(10000):find "^220 ")
      c:write "EHLO us\\r\\n"
      assert(c:read(10000):find "STARTTLS")
      c:write "STARTTLS\\r\\n"
      trace((c:read(10000):gsub("%s+$", "")))
      local ok, reason = c:upgrade(client_context "ca")
      trace("upgrade", ok, reason)
      if ok then
        trace("secure", c:trusted "localhost", select(2, c:cipher()), c:upgrade(client_context "ca"))
        local text = ("0123456789"):rep(20000)
        c:write(text)
        trace("same", read_all(c, #text) == text)
      end
      c:close()
      over = true
    end
    if "WAY" == "blocking" then talk() else ba.socket.event(talk) end
    await(function() return over end)
"""


@WAYS
@pytest.mark.parametrize("newest", ["TLS_1_2", "TLS_1_3"])
def test_a_client_upgrades_and_trusts_the_server(way: str, newest: str) -> None:
    """From plain text to TLS, once, with data of any length after it."""
    with _mail_server(newest=newest) as (port, heard), tls_session() as fresh:
        result = fresh.run(MAIL_CLIENT.replace("PORT", str(port)).replace("WAY", way))
        assert result.error is None, result.error
        assert fresh.recorder.traced == [
            "220 go ahead",
            "upgrade\ttrue\tnil",
            f"secure\ttrue\t{newest}\tfalse",
            "same\ttrue",
        ]
        assert fresh.recorder.faults == []
    assert b"".join(heard) == b"0123456789" * 20000


@WAYS
def test_plain_text_behind_the_permission_never_passes_for_secure(way: str) -> None:
    """What is slipped in before the handshake (as CVE-2011-0411) ends it; nobody reads it afterwards."""
    slipped = b"250 evil\r\n"
    with _mail_server(slipped * 2000) as (port, heard), tls_session() as fresh:
        result = fresh.run(MAIL_CLIENT.replace("PORT", str(port)).replace("WAY", way))
        assert result.error is None, result.error
        assert fresh.recorder.traced[1:] == ["upgrade\tnil\tsocketwritefailed"]
    assert b"evil" not in b"".join(heard)
