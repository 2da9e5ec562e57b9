"""What is opened while memory runs out is closed again: no error comes between a socket and its object.

The system socket is made in Python and its object in Lua. Whichever comes second may find no memory, and then
nobody would know of the first: it would stay open, and hold a descriptor, until the runtime ends.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.lua._programs import Session, session
from tests.runtime._secure import bring_helpers

BOUND = 8 << 20

# What is done before, and what opens something and lets it go.
OPENERS = {
    "bind": ("", "ba.socket.bind(0)"),
    "bind with TLS": ("local shark = server_context()", "ba.socket.bind(0, {shark = shark})"),
    "udpcon": ("", "ba.socket.udpcon()"),
    "udpcon to a peer": ("", "ba.socket.udpcon('127.0.0.1', 9)"),
    "connect": ("local _, port = listen(function() end)", "ba.socket.connect('127.0.0.1', port)"),
    "connect in vain": ("local port = refused_port()", "ba.socket.connect('127.0.0.1', port)"),
    "a cosocket": ("", "ba.socket.event(function(s) ba.socket.bind(0) s:disable() end)"),
    "a LuaSocket server": ("local socket = require 'socket'", "socket.bind('127.0.0.1', 0)"),
    "a LuaSocket client": (
        "local socket, _, port = require 'socket', listen(function() end)",
        "socket.connect('127.0.0.1', port)",
    ),
    "a LuaSocket datagram": ("local socket = require 'socket'", "socket.udp():setsockname('127.0.0.1', 0)"),
    "an HTTP request": (
        "local url = 'http://127.0.0.1:' .. refused_port()",
        "require 'httpc'.create():request{url = url}",
    ),
    "a file": ("local disk = ba.openio 'disk'", "disk:open('/dev/null')"),
    "Lua's file": ("", "io.open('/dev/null')"),
    "a certificate store": ("", "ba.create.certstore()"),
    "a certificate": (
        "local certificate, key = pem 'ec.pem', pem 'ec.key'",
        "ba.create.sharkcert(certificate, key)",
    ),
    "a TLS context": ("", "ba.create.sharkssl()"),
}


def _open(lua: Session) -> tuple[int, int]:
    """Returns how many sockets and TLS objects are open in Python, and how many descriptors."""
    network = lua.runtime._thread._network
    return len(network._endpoints) + len(network.tls_objects._objects), len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("opener", OPENERS)
def test_nothing_stays_open_that_nobody_knows_of(opener: str) -> None:
    """However much memory is left, from none to enough for the whole call."""
    before, opens = OPENERS[opener]
    with session(max_memory=BOUND) as lua:
        bring_helpers(lua)
        result = lua.run(f"""
            {before}
            function open() {opens} end
            open()
            function drop() held = nil for _ = 1, 3 do collectgarbage() ba.sleep(0) end end
            drop()
        """)
        assert result.error is None, result.error
        at_first = _open(lua)
        result = lua.run("""
            held = {}
            for _, size in ipairs{10000, 500} do
              while pcall(function() held[#held + 1] = ("x"):rep(size) .. #held end) do end
            end
            local full = 0
            for _ = 1, 120 do
              if not pcall(open) then
                full = full + 1
              end
              for _ = 1, 8 do held[#held] = nil end
            end
            drop()
            return full > 0 and full < 120
        """)
        assert result.error is None, result.error
        assert result.values == (b"true",)
        assert _open(lua) == at_first


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are counted in /proc")
def test_the_file_of_a_page_that_is_too_large_is_closed(tmp_path: Path) -> None:
    """Whoever asks for it gets an error."""
    with (tmp_path / "large.lsp").open("wb") as page:
        page.truncate(2 * BOUND)
    with session(max_memory=BOUND) as lua:
        result = lua.run(f"""
            local dir = ba.create.resrdr("pages", 0, ba.mkio(ba.openio "disk", "{tmp_path.as_posix()}"))
            dir:lspfilter()
            dir:insert()
            url = "http://127.0.0.1:" .. mako.port .. "/pages/large.lsp"
            function ask()
              local http <close> = require "httpc".create()
              http:request{{url = url}}
              return http:status()
            end
            return ask()
        """)
        assert result.values == (b"500",), result
        at_first = _open(lua)  # the server's end of that connection may be among them
        assert lua.value("ask(), ask(), ask()") == "500\t500\t500"
        assert lua.run("for _ = 1, 3 do collectgarbage() ba.sleep(0) end").error is None
        assert _open(lua) <= at_first
