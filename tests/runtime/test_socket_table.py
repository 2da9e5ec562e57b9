"""The rows of the socket table: every socket that is of use, and none that is closed for good."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from tests.lua._tls import tls_session

from ba_runtime import Runtime
from ba_runtime.events import SocketInfo
from ba_runtime.lab import Lab

PATIENCE_S = 20
# Whoever starts a cosocket that sleeps at once would sleep as well; these two come after a short read.
SLEEP = "asleep = true ba.sleep(1e6)"
ASLEEP = "while not asleep do ba.sleep(1) end"


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A runtime that nobody listens to."""
    with Runtime(lambda event: None) as runtime:
        yield runtime


def run(runtime: Runtime, program: str, cell: int = 1) -> tuple[SocketInfo, ...]:
    """Runs a cell and returns the socket table after it."""
    result = runtime.run_cell(program.encode(), name=f"cell[{cell}]", cell=cell).result(PATIENCE_S)
    assert result.error is None, result.error
    return runtime.sockets().result(PATIENCE_S)


def test_an_open_socket_has_a_row(runtime: Runtime) -> None:
    """With its number and what it is."""
    (row,) = run(runtime, "s = ba.socket.bind(0)")
    assert row.socket > 0
    assert row.kind == "listener"


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
    assert (row.socket, row.kind) == (0, "cosocket")


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
            *(("client", ""), ("client", ""), ("client", "1.2"), ("client", "1.2"), ("listener", "")),
            *(("listener", ""), ("websocket", ""), ("cosocket", "")),
            *(("listener", "yes"), ("websocket", "1.2"), ("cosocket", "1.2")),
        ]
    )


def test_both_ends_of_a_conversation_name_each_other(runtime: Runtime) -> None:
    """Of two connections to the same server, each end has its own partner; the listener has none."""
    rows = run(
        runtime,
        """
        l = ba.socket.bind(0) _, port = l:sockname()
        l:event(function(l) while true do l:accept():event(function(s) s:read() end) end end)
        a, b = ba.socket.connect("127.0.0.1", port), ba.socket.connect("127.0.0.1", port)
        while select(2, ba.socket.stat()) < 5 do ba.sleep(1) end
        """,
    )
    by_id = {row.socket: row for row in rows}
    clients = [row for row in rows if row.holder in ("a", "b")]
    assert len(clients) == 2
    for row in clients:
        other = by_id[row.partner]
        assert (other.kind, other.partner, other.local, other.peer) == (
            *("cosocket", row.socket),
            *(row.peer, row.local),
        )
    assert [row.partner for row in rows if row.kind == "listener"] == [0]


def test_two_connected_udp_sockets_are_a_conversation(runtime: Runtime) -> None:
    """One that is not connected talks to anybody."""
    rows = run(
        runtime,
        """
        a = ba.socket.udpcon("127.0.0.1", 9) local _, port = a:sockname() a:close()
        b = ba.socket.udpcon{port = 0, intf = "127.0.0.1"} local _, far = b:sockname()
        a = ba.socket.udpcon("127.0.0.1", far, {port = port}) b:close()
        b = ba.socket.udpcon("127.0.0.1", port, {port = far})
        c = ba.socket.udpcon{port = 0, intf = "127.0.0.1"}
        """,
    )
    a, b, c = (next(row for row in rows if row.holder == name) for name in "abc")
    assert (a.partner, b.partner, c.partner) == (b.socket, a.socket, 0)
    assert (a.doing, c.doing) == ("connected", "open")


def test_a_row_has_the_name_that_the_program_called(runtime: Runtime) -> None:
    """The other end is a socket of the same program, so its own end has that name; numbers are no name."""
    rows = run(
        runtime,
        """
        l = ba.socket.bind(0) _, port = l:sockname()
        byname, bynumber = ba.socket.connect("localhost", port), ba.socket.connect("127.0.0.1", port)
        u = ba.socket.udpcon("localhost", 9)
        """,
    )
    names = {row.holder: (row.local_name, row.peer_name) for row in rows}
    port = rows[0].local.rpartition(":")[2]
    assert names == {
        "l": (f"localhost:{port}", ""),
        "byname": ("", f"localhost:{port}"),
        "bynumber": ("", ""),
        "u": ("", "localhost:9"),
    }


def test_a_host_of_the_lab_has_its_name_and_its_trust() -> None:
    """The program called 443; the lab's server listens elsewhere, and its root is trusted while it is on."""
    lab = Lab()
    lab.start()
    with contextlib.ExitStack() as ending, Runtime(lambda event: None) as runtime:
        ending.callback(lab.stop)
        runtime.use_lab(lab)
        rows = run(
            runtime,
            """
            s = ba.socket.connect("www.google.com", 443, {shark = mako.sharkclient()})
            t = ba.socket.connect("www.google.com", 443, {shark = ba.create.sharkssl()})
            """,
        )
    good, doubtful = rows
    assert (good.peer_name, good.tls, good.trust) == ("www.google.com:443", "1.3", "trusted")
    assert doubtful.trust == "not trusted: cn (unknown CA)"
    assert good.peer.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("program", "kind", "doing"),
    [
        ("s = ba.socket.bind(0)", "listener", "listening"),
        ("s = ba.socket.bind(0) s:event(function(s) s:accept() end)", "listener", "waiting for a client"),
        ("s = ba.socket.udpcon()", "udp", "open"),
        ("s = ba.socket.udpcon() s:event(function(s) s:read() end)", "udp", "reading"),
        ("s = ba.socket.event(function(s) s:read(1e6) end)", "cosocket", "waiting"),
        ("s = ba.socket.event(function(s) s:disable() end)", "cosocket", "disabled"),
        (f"s = ba.socket.event(function(s) s:read(1) {SLEEP} end) {ASLEEP}", "cosocket", "running"),
        (f"s = client() s:event(function(s) s:read(1) s:close() {SLEEP} end) {ASLEEP}", "cosocket", "closed"),
        ("s = client()", "client", "connected"),
        ("s = client() s:event(function(s) s:read() end)", "cosocket", "reading"),
        ("s = client() ba.thread.run(function() s:read() end) ba.sleep(5)", "client", "reading"),
        ("s = client() s:event(function(s) s:write(('x'):rep(1e8)) end)", "cosocket", "writing"),
        ("s = client() server:close() _, p = s:sockname() s:read(20)", "client", "connected"),
    ],
)
def test_a_row_says_what_the_socket_is_and_does(program: str, kind: str, doing: str) -> None:
    """In words that need no manual. The peer here takes connections, and reads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as peer, Runtime(lambda event: None) as runtime:
        setup = (
            f"function client() return assert(ba.socket.connect('127.0.0.1', {peer.getsockname()[1]})) end"
        )
        rows = run(runtime, f"{setup} server = client() {program}")
    (row,) = (row for row in rows if row.holder == "s")
    assert (row.kind, row.doing) == (kind, doing)


def test_a_connection_that_is_being_made_has_its_destination() -> None:
    """Nobody answers yet: the queue of the listener is full."""
    with socket.socket() as peer, Runtime(lambda event: None) as runtime:
        peer.bind(("127.0.0.1", 0))
        peer.listen(0)
        address = peer.getsockname()
        with socket.create_connection(address):
            rows = run(
                runtime,
                f"""
                s = ba.socket.event(function(s)
                  ba.socket.connect("localhost", {address[1]}, {{timeout = 60000}})
                end)
                """,
            )
            (row,) = rows
    assert (row.kind, row.doing, row.peer_name) == ("cosocket", "connecting", f"localhost:{address[1]}")


def test_a_row_names_the_global_that_holds_it(runtime: Runtime) -> None:
    """Or the field of a global table; a local of the cell is gone."""
    rows = run(
        runtime,
        """
        local function new() return ba.socket.udpcon() end
        name, t = new(), {field = new(), new(), ["two words"] = new()}
        both = new() t.both = both
        _G["<b>\0"] = new()
        kept = {deep = {er = new()}}
        """,
    )
    assert [row.holder for row in rows] == [
        "name",
        "t.field",
        "t[1]",
        't["two words"]',
        "both",
        '_G["<b>\\x00"]',
        "",
    ]


def test_looking_for_the_holder_runs_no_code_of_the_users(runtime: Runtime) -> None:
    """Metamethods of tables that globals hold, and of the globals themselves, are left alone."""
    rows = run(
        runtime,
        """
        local function called() used = true error "called" end
        local hostile = {__index = called, __pairs = called, __len = called, __eq = called, __name = 1,
                         __metatable = called, __tostring = called, __newindex = called}
        trap = setmetatable({s = ba.socket.udpcon()}, hostile)
        setmetatable(_G, hostile)
        """,
    )
    assert [row.holder for row in rows] == ["trap.s"]
    runtime.run_cell(b"assert(rawget(_G, 'used') == nil)", name="c", cell=2).result(PATIENCE_S)


def test_a_million_globals_cost_no_more_than_a_bounded_look(runtime: Runtime) -> None:
    """A socket behind the bound has no holder; the table comes all the same, and soon."""
    run(runtime, "big = {} for i = 1, 1000000 do big[i] = i end big.s = ba.socket.udpcon()")
    start_s = runtime.processor_time().result(PATIENCE_S)
    (row,) = runtime.sockets().result(PATIENCE_S)
    assert runtime.processor_time().result(PATIENCE_S) - start_s < 0.5
    assert row.holder == ""


def test_a_connection_of_the_page_server_has_a_row(runtime: Runtime) -> None:
    """Its client here is a socket of the program, so they are one conversation."""
    rows = run(runtime, "s = ba.socket.connect('127.0.0.1', mako.port) ba.sleep(20)")
    client, page = rows
    assert (page.kind, page.doing, page.bytes_in) == ("page", "waiting for a request", None)
    assert (client.partner, page.partner) == (page.socket, client.socket)


def test_a_thousand_sockets_have_a_row_each(runtime: Runtime) -> None:
    """In one answer, and within a moment."""
    run(runtime, "t = {} for i = 1, 1000 do t[i] = ba.socket.udpcon() end")
    start_s = runtime.processor_time().result(PATIENCE_S)
    rows = runtime.sockets().result(PATIENCE_S)
    assert runtime.processor_time().result(PATIENCE_S) - start_s < 1
    assert (len(rows), rows[-1].holder) == (1000, "t[1000]")
