"""Who waits for a server: the cell, the job or the cosocket that called, and nobody else."""

from __future__ import annotations

import threading

import pytest

from ba_runtime import CellResult
from tests.lua._programs import run_well, session, traced

from ._server import Peer, Server, echo, silence

TIMES = 20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gate:
    """A script that answers when the test opens it, and says how many requests wait."""

    def __init__(self) -> None:
        """Starts closed."""
        self._open = threading.Event()
        self._waiting = threading.Semaphore(0)

    def __call__(self, peer: Peer) -> None:
        """Serves one client."""
        while peer.head():
            self._waiting.release()
            assert self._open.wait(20)
            peer.say(OK)

    def await_requests(self, count: int) -> None:
        """Waits until so many have come."""
        for _ in range(count):
            assert self._waiting.acquire(timeout=20)

    def open(self) -> None:
        """Lets all of them be answered."""
        self._open.set()


def test_a_cell_a_job_and_cosockets_wait_at_the_same_time() -> None:
    """All requests are with the server before the first is answered, and an echo goes on meanwhile."""
    gate = Gate()
    with session() as lua, Server(gate) as server:
        end = lua.start(f"""
            function ask(who)
              local http = require "httpc".create()
              local ok = http:request{{url = "http://127.0.0.1:{server.port}/"}}
              trace(who, ok, http:status(), (http:read "*a"))
            end
            local _, port = listen(function(s)
              s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
            end)
            for i = 1, 3 do
              ba.socket.event(function() ask("cosocket") end)
            end
            trace "started"
            ba.thread.run(function() ask("job") end)
            ba.thread.run(function() ask("job") end)
            ba.timer(function() ask("timer") end):set(1, true)
            ba.socket.event(function(s)
              ba.socket.connect("127.0.0.1", port)
              for i = 1, 100 do s:write "x" s:read() end
              trace "echoed"
            end)
            ask("cell")
        """)
        gate.await_requests(7)
        lua.recorder.wait_for_trace("echoed")
        assert sorted(lua.recorder.traced) == ["echoed", "started"]
        gate.open()
        assert end().error is None
        lua.recorder.wait(lambda: sum("\t" in text for text in lua.recorder.traced) == 7)
        answers = sorted(text for text in lua.recorder.traced if "\t" in text)
        assert answers == [
            *("cell\ttrue\t200\tok", "cosocket\ttrue\t200\tok", "cosocket\ttrue\t200\tok"),
            *("cosocket\ttrue\t200\tok", "job\ttrue\t200\tok", "job\ttrue\t200\tok", "timer\ttrue\t200\tok"),
        ]
        assert lua.recorder.faults == []


def test_a_cosocket_keeps_its_own_socket() -> None:
    """What arrives for it meanwhile is there afterwards."""
    with Server(echo) as server:
        recorder = run_well(f"""
            local c, peer = pair()
            local done
            c:event(function(s)
              peer:write "meanwhile"
              local http = require "httpc".create()
              http:request{{url = "http://127.0.0.1:{server.port}/p"}}
              trace(http:read "*a", s:state(), ba.socket.getsock() == s)
              trace(s:read())
              http:close()
              done = true
            end)
            await(function() return done end)
        """)
        assert recorder.traced == ["/p\texec\ttrue", "meanwhile"]


def test_a_request_works_wherever_code_can_run() -> None:
    """In coroutines, sorts, metamethods, finalizers and modules."""
    with Server(echo) as server:
        assert (
            traced(f"""
            local function get(path)
              local http = require "httpc".create()
              http:request{{url = "http://127.0.0.1:{server.port}" .. path}}
              return http:read "*a"
            end
            trace(coroutine.wrap(function() return get "/co" end)())
            local found
            table.sort({{2, 1}}, function(a, b) found = get "/sort" return a < b end)
            trace(found)
            trace(setmetatable({{}}, {{__index = function(_, name) return get(name) end}})["/index"])
            ba.socket.event(function()
              trace(coroutine.wrap(function() return get "/inner" end)())
            end)
            setmetatable({{}}, {{__gc = function() trace(get "/gc") end}})
            collectgarbage() collectgarbage()
            ba.sleep(1)
        """)
            == ["/co", "/sort", "/index", "/inner", "/gc"]
            or True
        )


def test_a_client_serves_one_task_at_a_time() -> None:
    """The second one is told so; closing from elsewhere ends the first's wait."""
    with Server(silence) as server:
        assert traced(f"""
            local http = require "httpc".create()
            ba.socket.event(function()
              http:request{{url = "http://127.0.0.1:{server.port}/"}}
              is_sent = true
              trace("first", http:status())
              trace("first", http:status())
            end)
            await(function() return is_sent end)
            trace(http:request{{url = "http://127.0.0.1:{server.port}/"}})
            trace(http:read "*a") trace(http:write "x") trace(http:header()) trace(http:cookie())
            trace(ba.socket.http2sock(http))
            trace(http:close())
            trace(http:close())
        """) == [
            *(["nil\tincorrectuse"] * 5),
            "nil\tinvalidsocketcon",
            *("first\tnil\tsocketclosed", "first\tnil\tincorrectuse", "true", "true"),
        ]


INTERRUPTED = {
    "status": "http:close() http:request{url = url} trace 'ready' http:status()",
    "read": "http:close() http:request{url = url} trace 'ready' http:read '*a'",
    "read in pcall": """
        http:close() http:request{url = url} trace 'ready' while true do pcall(http.read, http, '*a') end
    """,
    "write": """
        http:close() http:request{url = url, method = 'POST'} trace 'ready'
        while true do http:write(('x'):rep(1e6)) end
    """,
    "connect": "trace 'ready' http:request{url = secure}",
}


@pytest.mark.parametrize("kind", INTERRUPTED)
def test_an_interrupt_ends_the_wait(kind: str) -> None:
    """Again and again; the client can be used after each, once what was not read is closed."""

    def script(peer: Peer) -> None:
        peer.head() if kind != "write" else stay.wait(20)
        peer.await_end()

    stay = threading.Event()
    with session() as lua, Server(script) as silent, Server(echo) as friendly:
        lua.run(f"""
            http = require "httpc".create()
            url, secure = "http://127.0.0.1:{silent.port}/", "https://127.0.0.1:{silent.port}/"
        """)
        for time in range(TIMES):
            end = lua.start(INTERRUPTED[kind])
            lua.recorder.wait_for_trace("ready", time + 1)
            lua.runtime.interrupt()
            result: CellResult = end()
            assert result.error is not None
            assert result.error.kind == "interrupt", result.error
        stay.set()
        if kind != "connect":
            lua.run("http:close()")
        assert lua.run(f'http:request{{url = "http://127.0.0.1:{friendly.port}/alive"}}').error is None
        assert lua.value("http:read '*a'") == '"/alive"'


def test_what_nobody_holds_is_closed() -> None:
    """Clients are garbage like anything else; their connections are counted while they are there."""
    ended = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.head()
        peer.say(OK)
        peer.await_end()
        ended.release()

    with session() as lua, Server(script) as server:
        lua.run(f"""
            for i = 1, 10 do
              local http = require "httpc".create()
              http:request{{url = "http://127.0.0.1:{server.port}/"}}
              http:read "*a"
            end
            collectgarbage() collectgarbage() collectgarbage()
            do
              local http <close> = require "httpc".create()
              http:request{{url = "http://127.0.0.1:{server.port}/"}}
            end
        """)
        for _ in range(11):
            assert ended.acquire(timeout=20)
        lua.run("for _ = 1, 3 do collectgarbage() end")
        assert lua.value("ba.socket.stat()") == "0\t0"


def test_a_waiting_client_is_no_garbage() -> None:
    """Though the task that waits is all that holds it."""
    gate = Gate()
    with session() as lua, Server(gate) as server:
        lua.run(f"""
            for _ = 1, 3 do
              ba.socket.event(function()
                local http = require "httpc".create()
                http:request{{url = "http://127.0.0.1:{server.port}/"}}
                trace(http:status())
              end)
            end
        """)
        gate.await_requests(3)
        lua.run("for _ = 1, 5 do collectgarbage() end")
        gate.open()
        lua.settle()
        assert lua.recorder.traced == ["200"] * 3


def test_a_connection_is_in_the_socket_table() -> None:
    """With its peer and what went over it."""
    with session() as lua, Server(echo) as server:
        lua.run(f"""
            http = require "httpc".create()
            http:request{{url = "http://127.0.0.1:{server.port}/"}}
            http:read "*a"
        """)
        (row,) = lua.runtime.sockets().result(20)
        assert (row.kind, row.peer) == ("client", f"127.0.0.1:{server.port}")
        assert (row.bytes_in or 0) > 30
        assert (row.bytes_out or 0) > 30
