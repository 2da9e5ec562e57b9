"""The rows of the socket table: every socket that is of use, and none that is closed for good."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lua._tls import tls_session

from ba_runtime import Runtime
from ba_runtime.events import SocketInfo

PATIENCE_S = 20


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A runtime that nobody listens to."""
    with Runtime(lambda event: None) as runtime:
        yield runtime


def run(runtime: Runtime, program: str) -> tuple[SocketInfo, ...]:
    """Runs a cell and returns the socket table after it."""
    result = runtime.run_cell(program.encode(), name="cell[1]", cell=1).result(PATIENCE_S)
    assert result.error is None, result.error
    return runtime.sockets().result(PATIENCE_S)


def test_an_open_socket_has_a_row(runtime: Runtime) -> None:
    """With its number and what it is."""
    (row,) = run(runtime, "s = ba.socket.bind(0)")
    assert row.socket > 0
    assert row.kind == "listen"


def test_a_closed_socket_has_no_row_although_a_variable_holds_it(runtime: Runtime) -> None:
    """Nothing can be done with it any more."""
    assert run(runtime, "s = ba.socket.bind(0) s:close()") == ()


def test_a_cosocket_that_has_ended_has_no_row(runtime: Runtime) -> None:
    """Whether it had a system socket or not."""
    assert run(runtime, "a = ba.socket.event(function() end)") == ()
    assert run(runtime, "b = ba.socket.event(function() ba.socket.udpcon() end)") == ()


def test_a_cosocket_without_a_system_socket_has_the_number_0(runtime: Runtime) -> None:
    """It runs, and may connect yet."""
    (row,) = run(runtime, "c = ba.socket.event(function(s) s:disable() end)")
    assert (row.socket, row.kind) == (0, "none")


def test_a_row_tells_tls_and_websockets_apart() -> None:
    """A plain and a TLS connection, a WebSocket of each kind with what serves it, and listeners."""
    with tls_session() as lua:
        result = lua.run(r"""
            plain, plain_peer = pair()
            secure, secure_peer = tls_pair()
            raw = ba.socket.bind(0)
            local function answer(s)
              local key = s:read():match "Sec%-WebSocket%-Key: *(%S+)"
              local sum = ba.crypto.hash "sha1" (key .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
              s:write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                .. "Sec-WebSocket-Accept: " .. sum(true, "b64") .. "\r\n\r\n")
              s:read()
            end
            local function dial(scheme, serve)
              local _, port = serve(function(s) s:event(answer) end)
              local http = require "httpc".create{shark = client_context()}
              assert(http:request{url = scheme .. "://127.0.0.1:" .. port .. "/"})
              assert(http:status() == 101)
              return assert(ba.socket.http2sock(http))
            end
            ws, wss = dial("ws", listen), dial("wss", listen_tls)
        """)
        assert result.error is None, result.error
        rows = lua.runtime.sockets().result(PATIENCE_S)
    assert sorted((row.kind, row.tls) for row in rows) == sorted(
        [
            *(("tcp", ""), ("tcp", ""), ("tcp", "1.3"), ("tcp", "1.3"), ("listen", "")),
            *(("listen", ""), ("ws", ""), ("tcp", ""), ("listen", "yes"), ("wss", "1.3"), ("tcp", "1.3")),
        ]
    )
