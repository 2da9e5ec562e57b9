"""Objects that are made and dropped without end: Lua's collector keeps up, and memory stays small."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lua._programs import session
from tests.runtime._secure import bring_helpers

BOUND_KB = 16_000  # a small heap may grow fourfold before it is collected, see lua/collector.lua

TLS_ECHO = """
    local context = client_context()
    local listener, port = listen_tls(function(s)
      s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
    end)
"""

PROGRAMS = {
    "timers": "for _ = 1, 100000 do ba.timer(print) note() end",
    "coroutines": "for _ = 1, 200000 do coroutine.wrap(function() end)() note() end",
    "sockets": "for _ = 1, 100000 do ba.socket.event(function() end) note() end",
    "datagrams": "for _ = 1, 10000 do ba.socket.udpcon() note() end",
    "connections": """
        local listener, port = listen(function(s) s:event(function(s) s:read() end) end)
        for _ = 1, 5000 do ba.socket.connect("127.0.0.1", port):close() note() end
        listener:close()
    """,
    "digests": "for _ = 1, 20000 do ba.crypto.hash 'sha256' 'x' () note() end",
    "digests with a key": "for _ = 1, 20000 do ba.crypto.hash('hmac', 'sha256', 'key') 'x' () note() end",
    "digests at once": "for _ = 1, 100000 do ba.crypto.sha1 'x' note() end",
    "ciphers": """
        for _ = 1, 50000 do ba.crypto.symmetric('GCM', ('k'):rep(16), ('i'):rep(12)) note() end
    """,
    "certificate stores": "for _ = 1, 10000 do ba.create.certstore() note() end",
    "TLS contexts": "for _ = 1, 5000 do ba.create.sharkssl() note() end",
    "bytearrays": "for _ = 1, 50000 do ba.bytearray.create(10) note() end",
    "large bytearrays": "for _ = 1, 500 do ba.bytearray.create(100000) note() end",
    "datetimes": "for _ = 1, 50000 do ba.datetime 'NOW' note() end",
    "JSON parsers": "for _ = 1, 10000 do ba.json.parser():parse '[1' note() end",
    "threads": "for _ = 1, 50000 do ba.thread.create() note() end",
    "timers that were set": "for _ = 1, 30000 do local t = ba.timer(print) t:set(9000) t:cancel() note() end",
    "HTTP clients": "for _ = 1, 20000 do require 'httpc'.create() require 'httpm'.create() note() end",
    "ios": "local d = ba.openio 'disk' for _ = 1, 20000 do ba.mkio(d, '/') note() end",
    "files": "for _ = 1, 3000 do assert(ba.openio 'disk':open(FILE)) assert(io.open(FILE)) note() end",
    "directories of pages": "for _ = 1, 20000 do ba.create.dir 'name' note() end",
    "listeners": "for _ = 1, 3000 do assert(ba.socket.bind(0)) note() end",
    "connections left open": """
        local listener, port = listen(function(s) s:event(function(s) s:read() end) end)
        for _ = 1, 1000 do assert(ba.socket.connect("127.0.0.1", port)) note() end
        listener:close()
    """,
    "hooks": "for _ = 1, 20000 do debug.sethook(coroutine.create(print), print, 'l') note() end",
    "chunks": "for _ = 1, 20000 do load 'return 1' () note() end",
    "jobs": "for _ = 1, 20000 do ba.thread.run(function() end) ba.sleep(0) note() end",
    "certificates": """
        local certificate, key = pem "ec.pem", pem "ec.key"
        for _ = 1, 2000 do assert(ba.create.sharkcert(certificate, key)) note() end
    """,
    "TLS connections": TLS_ECHO
    + """
        for _ = 1, 1000 do assert(ba.socket.connect("127.0.0.1", port, {shark = context})):close() note() end
        listener:close()
    """,
    "TLS connections left open": TLS_ECHO
    + """
        for _ = 1, 500 do assert(ba.socket.connect("127.0.0.1", port, {shark = context})) note() end
        listener:close()
    """,
    "WebSockets": """
        serve(function(s) s:write(s:read(), true) end)
        local url = "ws://127.0.0.1:" .. mako.port .. "/ws/"
        for _ = 1, 500 do
          local s = dial(url)
          s:write("x", true) assert(s:read(5000) == "x") s:close() note()
        end
    """,
    "WebSockets left open": """
        serve(function(s) s:read() end)
        local url = "ws://127.0.0.1:" .. mako.port .. "/ws/"
        for _ = 1, 500 do dial(url) note() end
    """,
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_what_is_made_and_dropped_does_not_pile_up(kind: str, tmp_path: Path) -> None:
    """Nobody collects by hand; the most that Lua ever holds is a few megabytes."""
    (tmp_path / "file").write_text("text", encoding="utf-8")
    with session() as lua:
        bring_helpers(lua)
        result = lua.run(f"""
            FILE = "{(tmp_path / "file").as_posix()}"
            local most, count = 0, 0
            function note()
              count = count + 1
              if count % 100 == 0 then most = math.max(most, collectgarbage "count") end
            end
            {PROGRAMS[kind]}
            return most // 1 | 0
        """)
        assert result.error is None, result.error
        assert int(result.values[0]) < BOUND_KB


MADE_FOR_LONG = {
    "handles": "for _ = 1, 3000 do local t = ba.timer(print) t:set(1e6) t:cancel() end ba.sleep(0)",
    "functions": """
        for _ = 1, 600 do ba.socket.connect("127.0.0.1", port):close() end
        ba.sleep(1)
    """,
    "functions of datagrams": "for _ = 1, 2000 do ba.socket.udpcon():close() end",
}


@pytest.mark.parametrize("kind", MADE_FOR_LONG)
def test_the_table_of_pythons_objects_stays_as_it_is(kind: str) -> None:
    """Places in it are used again, though Lua looks for its end where objects have been collected."""
    with session() as lua:
        result = lua.run(f"""
            listener, port = listen(function(s) s:event(function(s) s:read() end) end)
            local function held()
              for _ = 1, 4 do collectgarbage() end
              return collectgarbage "count"
            end
            local first, last
            for turn = 1, 60 do
              {MADE_FOR_LONG[kind]}
              if turn % 10 == 0 then last = held() end
              if turn == 20 then first = last end
            end
            return last - first
        """)
        assert result.error is None, result.error
        assert float(result.values[0]) < 100


def test_a_collector_that_was_stopped_stays_stopped() -> None:
    """What a program asks of Lua's collector is its own affair."""
    with session() as lua:
        assert lua.value("collectgarbage 'stop'") == "0"
        lua.run("for _ = 1, 1000 do ba.timer(print) coroutine.wrap(print) end")
        assert lua.value("collectgarbage 'isrunning'") == "false"
        assert lua.run("dropped = setmetatable({}, {__mode = 'k'}) dropped[{}] = true").error is None
        lua.run("for _ = 1, 1000 do ba.timer(print) end")
        assert lua.value("next(dropped) ~= nil") == "true"
