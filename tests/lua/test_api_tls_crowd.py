"""Many TLS connections at once, and bad company beside them."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ._programs import Session
from ._tls import certificates, tls_session

COUNT, SIZE = 200, 1_000_000

# An echo server, and clients that write a million bytes each while they read them back.
CROWD = """
    _, port = listen_tls(function(s)
      s:event(function(s)
        local problem
        repeat
          local data, reason = s:read()
          problem = reason
          if data then s:write(data) end
        until not data
        trace("end", problem)
      end)
    end)
    done, wrong = 0, 0
    function crowd(count, size)
      local own = client_context()
      local block = ("0123456789abcdef"):rep(625)
      for i = 1, count do
        ba.socket.event(function(s)
          if not ba.socket.connect("127.0.0.1", port, {shark = own, timeout = 60000}) then
            wrong = wrong + 1
            return
          end
          local sent, got = 0, 0
          while got < size do
            if sent < size then
              s:write(block)
              sent = sent + #block
            end
            while got < sent do
              local data = s:read()
              if not data then
                wrong = wrong + 1
                return
              end
              if data:byte() ~= block:byte(got % #block + 1) then wrong = wrong + 1 end
              got = got + #data
            end
          end
          done = done + 1
        end)
      end
    end
"""


def _start(fresh: Session, source: str) -> None:
    result = fresh.run(source)
    assert result.error is None, result.error


def test_two_hundred_connections_exchange_a_million_bytes_each() -> None:
    """Both ends of all of them in one Lua state, both ways at once."""
    with tls_session() as fresh:
        _start(fresh, CROWD)
        _start(fresh, f"crowd({COUNT}, {SIZE})")
        for _ in range(600):  # a cell for each look, since one may take ten seconds at most
            if int(fresh.value("done + wrong")) == COUNT:
                break
            _start(fresh, "ba.sleep(100)")
        assert fresh.value("done") == str(COUNT)
        assert fresh.value("wrong") == "0"


@contextmanager
def _raw(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        yield sock


def _hello() -> bytes:
    """The first message of a client."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


def test_bad_peers_leave_the_others_alone() -> None:
    """One stops in the middle of its handshake, one sends garbage, one ends without close_notify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates() / "ca.pem")
    with tls_session() as fresh, ExitStack() as stack:
        _start(fresh, CROWD)
        port = int(fresh.value("port"))
        slow = stack.enter_context(_raw(port))
        slow.sendall(_hello()[:100])
        garbage = stack.enter_context(_raw(port))
        garbage.sendall(os.urandom(1) + b"\0" * 500)
        rude = stack.enter_context(_raw(port))
        secure = context.wrap_socket(rude, server_hostname="localhost", suppress_ragged_eofs=False)
        secure.sendall(b"x")
        assert secure.recv(1) == b"x"
        spoiler = stack.enter_context(_raw(port))
        second = context.wrap_socket(spoiler, server_hostname="localhost")
        _start(fresh, "crowd(20, 200000)")
        os.write(second.fileno(), b"\x17\x03\x03\x00\x20" + b"?" * 32)  # a record that is not genuine
        secure.close()  # no close_notify
        second.close()
        slow.close()
        _start(fresh, "await(function() return done + wrong == 20 end)")
        assert fresh.value("done") == "20"
        fresh.recorder.wait(lambda: sum(text.startswith("end") for text in fresh.recorder.traced) >= 24)
        reasons = [text.split("\t")[1] for text in fresh.recorder.traced if text.startswith("end")]
        assert sorted(set(reasons)) == ["socketreadfailed", "socketwritefailed", "sslcryptoerr"]
        assert reasons.count("socketwritefailed") == reasons.count("sslcryptoerr") == 1
        assert fresh.recorder.faults == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not here")
def test_a_peer_that_renegotiates_is_refused() -> None:
    """`R` makes the client ask for a new handshake (TLS 1.2); no other connection notices."""
    with tls_session() as fresh:
        _start(fresh, CROWD)
        command = ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{fresh.value('port')}"]
        process = subprocess.run(command, input=b"R\n", capture_output=True, timeout=10)
        assert b"no renegotiation" in process.stderr.lower() or b"RENEGOTIATING" in process.stdout
        fresh.recorder.wait(lambda: any(text.startswith("end") for text in fresh.recorder.traced))
        _start(fresh, "crowd(1, 10000) await(function() return done == 1 end)")
        assert fresh.recorder.faults == []
