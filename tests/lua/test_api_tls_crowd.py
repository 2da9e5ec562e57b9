"""Many TLS connections at once, and bad company beside them."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ._programs import TIMEOUT_S, Session
from ._tls import certificates, tls_session

COUNT, SIZE = 200, 1_000_000

# An echo server, and clients that write a million bytes each while they read them back.
CROWD = """
    _, port = listen_tls(function(s)
      s:event(function(s)
        local first, problem
        repeat
          local data, reason = s:read()
          first = first or data and data:sub(1, 1)
          problem = reason
          if data then s:write(data) end
        until not data
        trace("end", first, problem)
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


class _BadPeers:
    """Clients that each do something wrong, by the first byte that they write, None where they write none."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        """Connects them all; two have done their worst by then, the others wait."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificates() / "ca.pem")
        self._halting = stack.enter_context(_raw(port))
        self._halting.sendall(_hello()[:100])
        stack.enter_context(_raw(port)).sendall(b"?" + b"\0" * 500)

        def secure(first: bytes) -> ssl.SSLSocket:
            plain = stack.enter_context(_raw(port))
            peer = stack.enter_context(context.wrap_socket(plain, server_hostname="localhost"))
            peer.sendall(first)
            assert peer.recv(1) == first
            return peer

        self._rude, self._forger = secure(b"r"), secure(b"f")
        command = ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{port}"]
        self._openssl = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        )
        stack.callback(self._openssl.kill)

    def do_their_worst(self) -> None:
        """One forges a record, one leaves without close_notify, one wants a new handshake (TLS 1.2)."""
        os.write(self._forger.fileno(), b"\x17\x03\x03\x00\x20" + b"?" * 32)
        self._rude.close()
        said, _ = self._openssl.communicate(b"R\n", timeout=TIMEOUT_S)
        assert b"RENEGOTIATING" in said

    def give_up(self) -> None:
        """The one that stopped in the middle of its handshake leaves."""
        self._halting.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not here")
def test_two_hundred_connections_exchange_a_million_bytes_each_beside_bad_peers() -> None:
    """Both ends of all in one Lua state, both ways at once; each bad peer ends with its own reason."""
    with tls_session() as fresh, ExitStack() as stack:
        _start(fresh, CROWD)
        bad = _BadPeers(int(fresh.value("port")), stack)
        _start(fresh, f"crowd({COUNT}, {SIZE})")
        bad.do_their_worst()
        for _ in range(600):  # a cell for each look, since one may take ten seconds at most
            if int(fresh.value("done + wrong")) == COUNT:
                break
            _start(fresh, "ba.sleep(100)")
        assert fresh.value("done") == str(COUNT)
        assert fresh.value("wrong") == "0"
        bad.give_up()
        fresh.recorder.wait(lambda: len(_ends(fresh)) == COUNT + 5)
        assert Counter(_ends(fresh)) == {
            ("0", "socketreadfailed"): COUNT,
            ("r", "socketreadfailed"): 1,  # left without close_notify
            ("f", "sslcryptoerr"): 1,
            ("nil", "socketwritefailed"): 1,  # sent garbage
            ("nil", "socketreadfailed"): 1,  # stopped in the middle of its handshake
            ("nil", "sslalertrecv"): 1,  # was refused a new handshake, and does without us
        }
        assert fresh.recorder.faults == []


def _ends(fresh: Session) -> list[tuple[str, ...]]:
    """How the server's connections have ended: the first byte that came, and the reason."""
    words = [text.split("\t") for text in fresh.recorder.traced]
    return [tuple(one[1:]) for one in words if one[0] == "end"]
