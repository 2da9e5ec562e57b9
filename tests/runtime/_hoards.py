"""Keeps all that one function of the API returns, until there is no memory, in a process of its own.

Run with a bound in MiB and the names of hoards; writes each name when it begins, and `fine` when the runtime
works afterwards as it did before. If the process stands still, the last name tells where.
"""

from __future__ import annotations

import sys

from tests.lua._programs import Session, session
from tests.runtime._secure import bring_helpers

FILE = """
    local name = os.tmpname()
    local removed <close> = setmetatable({}, {__close = function() os.remove(name) end})
    local f <close> = io.open(name, "w")
    f:write(("x"):rep(1 << 16))
    f:flush()
"""

# Connections take descriptors and handshakes too, so there is only room for some hundred of them. What a
# failed one says depends on which end found no memory.
FEW = """
    local ballast = {} for i = 1, 450 do ballast[i] = ('x'):rep(10000) .. i end
    local function no_memory(...)
      local held = collectgarbage "count"
      assert(held > 6000, "there is memory left: " .. held .. " KB, " .. shown(...))
      error("not enough memory", 0)
    end
"""

TLS_ECHO = """
    local context = client_context()
    local _, port = listen_tls(function(s)
      s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
    end)
"""

# What is done once for the loop, and what is kept again and again.
HOARDS = {
    "b64encode": ("local x = ('x'):rep(30000)", "ba.b64encode(x)"),
    "b64urlencode": ("local x = ('x'):rep(30000)", "ba.b64urlencode(x)"),
    "b64decode": ("local x = ba.b64encode(('x'):rep(30000))", "ba.b64decode(x)"),
    "small b64encode": ("", "ba.b64encode(#t .. 'x')"),
    "urlencode": ("local x = ('/'):rep(10000)", "ba.urlencode(x .. #t)"),
    "urldecode": ("local x = ('%2f'):rep(10000)", "ba.urldecode(x .. #t)"),
    "rndbs": ("", "ba.rndbs(20000)"),
    "large rndbs": ("", "ba.rndbs(1 << 20)"),
    "rndbs of a seed": ("ba.rndseed 'seed'", "ba.rndbs(20000)"),
    "sha1": ("", "ba.crypto.sha1(#t .. 'x')"),
    "hash": ("", "ba.crypto.hash 'sha256'"),
    "hmac": ("", "ba.crypto.hash('hmac', 'sha256', 'key')"),
    "a digest in hexadecimal": ("local h = ba.crypto.hash 'sha512'", "h(#t .. 'x')(true, 'hex')"),
    "PBKDF2": ("", "ba.crypto.PBKDF2('sha256', 'password', 'salt', 1, 100000)"),
    "encrypt": (
        "local c, x = ba.crypto.symmetric('GCM', ('k'):rep(16), ('i'):rep(12)), ('x'):rep(30000)",
        "c:encrypt(x)",
    ),
    "decrypt": (
        "local k, x = ('k'):rep(16), ('x'):rep(32000) local c = ba.crypto.symmetric('CBC', k, k, 'decrypt')",
        "c:decrypt(x)",
    ),
    "ciphers": ("", "ba.crypto.symmetric('GCM', ('k'):rep(16), ('i'):rep(12))"),
    "JSON text": ("local x = {} for i = 1, 1000 do x[i] = i end", "ba.json.encode(x) .. #t"),
    "JSON strings": ("local x = ('x'):rep(30000)", "ba.json.encodestr(x .. #t)"),
    "JSON values": ("local x = '[' .. ('{},'):rep(500) .. '1]'", "ba.json.decode(x)"),
    "JSON parsers": ("", "ba.json.parser()"),
    "string.rep": ("", "('x'):rep(30000) .. #t"),
    "string.format": ("", "('%099d%s'):format(#t, ('x'):rep(3000))"),
    "string.pack": ("local x = ('x'):rep(30000)", "('s4j'):pack(x, #t)"),
    "gsub": ("local x = ('x'):rep(3000)", "x:gsub('x', 'yz') .. #t"),
    "table.concat": ("local x = {} for i = 1, 3000 do x[i] = 'text' end", "table.concat(x) .. #t"),
    "utf8.char": ("", "utf8.char(table.unpack((function() local c = {} for i = 1, 99 do c[i] = 9999 end "
                      "return c end)())) .. #t"),
    "os.date": ("", "os.date('%c'):rep(99) .. #t"),
    "tracebacks": ("", "debug.traceback(('m'):rep(30000) .. #t)"),
    "debug.getinfo": ("", "debug.getinfo(1)"),
    "bytearrays": ("", "ba.bytearray.create(10000)"),
    "text of bytearrays": ("local b = ba.bytearray.create(30000)", "ba.bytearray.tostring(b) .. #t"),
    "datetimes": ("", "ba.datetime('NOW')"),
    "dates": ("", "ba.encdate(#t):rep(99)"),
    "timers": ("", "ba.timer(print)"),
    "threads": ("", "ba.thread.create()"),
    "coroutines": ("", "coroutine.wrap(print)"),
    "chunks": ("local x = 'return ' .. ('1,'):rep(200) .. '1'", "load(x) or error('not enough memory', 0)"),
    "certificate stores": ("", "ba.create.certstore()"),
    "TLS contexts": ("", "ba.create.sharkssl()"),
    "HTTP clients": ("", "require 'httpc'.create()"),
    "idle cosockets": ("", "ba.socket.event(function(s) s:disable() end)"),
    "addresses": ("", "(ba.socket.toip '127.0.0.1'):rep(1000) .. #t"),
    "directories": ("", "ba.create.dir(#t .. 'name')"),
    "ios": ("", "ba.openio 'disk'"),
    "what a file holds": (
        FILE,
        "(function() local f = ba.openio 'disk':open(name) local d = f:read 'a' f:close() return d end)()",
    ),
    "what Lua's own file holds": (
        FILE,
        "(function() local f <close> = io.open(name) return f:read 'a' end)()",
    ),
    "what TCP brings": (
        """
        local c, peer = pair()
        peer:event(function(s) while s:write(('x'):rep(8192)) do end end)
        """,
        "assert(c:read()) .. #t",
    ),
    "what UDP brings": (
        "local u, port = udp() local x = ('x'):rep(8000)",
        "(function() u:sendto(x, '127.0.0.1', port) return assert(u:read(5000)) .. #t end)()",
    ),
    "what a web server sends": (
        """
        local _, port = listen(function(s)
          s:event(function(s)
            while s:read() do
              s:write("HTTP/1.1 200 OK\\r\\nContent-Length: 20000\\r\\n\\r\\n" .. ("x"):rep(20000))
            end
          end)
        end)
        local h = require "httpc".create()
        """,
        """(function()
          assert(h:request{url = "http://127.0.0.1:" .. port .. "/"})
          return assert(h:read "*a") .. #t
        end)()""",
    ),
    "fields of a web server's answer": (
        """
        local _, port = listen(function(s)
          s:event(function(s)
            while s:read() do
              s:write("HTTP/1.1 200 OK\\r\\nX: " .. ("x"):rep(9000) .. "\\r\\nContent-Length: 0\\r\\n\\r\\n")
            end
          end)
        end)
        local h = require "httpc".create()
        """,
        """(function()
          assert(h:request{url = "http://127.0.0.1:" .. port .. "/"})
          return h:header()
        end)()""",
    ),
    "certificates": (
        "local c, k = pem 'ec.pem', pem 'ec.key'",
        "{assert(ba.create.sharkcert(c, k)), ('x'):rep(9000) .. #t}",
    ),
    "TLS connections": (
        FEW + TLS_ECHO,
        """(function(s, ...) return s or no_memory(...) end)(
          ba.socket.connect('127.0.0.1', port, {shark = context}))""",
    ),
    "what TLS brings": (
        """
        local c, peer = tls_pair()
        peer:event(function(s) while s:write(('x'):rep(8192)) do end end)
        """,
        "assert(c:read()) .. #t",
    ),
    "WebSockets": (
        FEW + """
        serve(function(s) s:read() end)
        local url = "ws://127.0.0.1:" .. mako.port .. "/ws/"
        """,
        "(function(ok, ...) return ok and (...) or no_memory(...) end)(pcall(dial, url))",
    ),
    "what a WebSocket brings": (
        """
        serve(function(s) while s:write(("x"):rep(8192)) do end end)
        local s = dial("ws://127.0.0.1:" .. mako.port .. "/ws/")
        """,
        "assert(s:read()) .. #t",
    ),
    "what httpm decodes": (
        """
        local dir = ba.create.dir("numbers", 0)
        dir:setfunc(function(env)
          local list = {}
          for i = 1, 1000 do list[i] = i end
          env.response:json(list)
          return true
        end)
        dir:insert()
        local url, m = "http://127.0.0.1:" .. mako.port .. "/numbers/", require "httpm".create()
        """,
        "assert(m:json(url))",
    ),
}  # fmt: skip


def is_well(lua: Session) -> None:
    """Checks that cells run, that a loop can be interrupted, and that cosockets work."""
    assert lua.value("mine, 6 * 7") == '"mine"\t42'
    finish = lua.start("trace 'busy' while true do end")
    lua.recorder.wait_for_trace("busy")
    lua.runtime.interrupt()
    error = finish().error
    assert error is not None
    assert error.kind == "interrupt", error
    lua.run("c, peer = pair() c:event(function(s) s:write(s:read():upper()) end)")
    assert lua.value("peer:write 'hello' and peer:read(5000)") == '"HELLO"'
    assert not [text for text in lua.recorder.faults if "loop failed" in text], lua.recorder.faults


def hoard(name: str, max_memory: int) -> None:
    """Keeps what the named function brings until there is no more room for it."""
    begin, keep = HOARDS[name]
    with session(max_memory=max_memory) as lua:
        lua.run("mine = 'mine'")
        bring_helpers(lua)
        result = lua.run(
            f"{begin}\nlocal t = {{}}\nt[1] = {keep}\ntrace 'begun'\nwhile true do t[#t + 1] = {keep} end"
        )
        assert lua.recorder.traced[:1] == ["begun"], result.error
        assert result.error is not None
        assert (result.error.kind, result.error.message) == ("memory", b"not enough memory"), result.error
        is_well(lua)


def main(bound_mib: str, *names: str) -> None:
    """Does all of them."""
    for name in names:
        print(name, flush=True)
        hoard(name, int(bound_mib) << 20)
        print("fine", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
