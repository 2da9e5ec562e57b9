"""The grammar of the random programs, as data: for each name, what can stand for it.

`$name` in a text stands for one of that name's alternatives, and `$block` for some statements. A text that is
listed more than once is more likely. Every statement compiles wherever a statement may stand, refers only to
its enclosing function's parameters and the globals of `_prelude.lua`, and leaves no local behind: so any of
them can be dropped (`shrink.py`).
"""

from __future__ import annotations

BLOCK, STATEMENT = "block", "statement"

# Words, numbers and other values.
VALUES: dict[str, tuple[str, ...]] = {
    "ms": ("0", "0", "1", "1", "3", "10", "1e9", "1e9", "-1"),
    "soon": ("0", "0", "1", "2", "5"),
    "few": ("1", "2", "3", "10", "100"),
    "bool": ("true", "false", "nil"),
    "number": ("0", "1", "-1", "7", "2.5", "1 << 40", "math.mininteger", "1/0", "0/0", "'12'", "65536"),
    "data": (
        *("'x'", "''", "'\\0\\xFF'", "('y'):rep(3000)", "('z'):rep(70000)", "ba.bytearray.create(20)"),
        *("$object", "$number"),
    ),
    "object": (
        "setmetatable({}, {__tostring = function(self)\n$block\nreturn 'object' end})",
        "setmetatable({}, {__tostring = function() return {} end})",
        "setmetatable({}, {__name = 'MINE'})",
    ),
    "value": (
        *(
            "nil",
            "true",
            "$number",
            "'text'",
            "{}",
            "{1, 2, 3}",
            "print",
            "any()",
            "any()",
            "$object",
            "$function",
        ),
        *("coroutine.running()", "function() end", "ba.json.null", "io.stderr", "_G", "ba.clock()"),
    ),
    "error": ("'boom'", "'boom', 0", "'boom', 2", "nil", "{}", "$object", "any()", "$value"),
    "function": (
        *("function(...)\n$block\nend", "function(a, b)\n$block\nreturn a\nend"),
        *("function() error($error) end", "error", "print", "coroutine.yield", "ba.sleep"),
    ),
    "coroutine": ("coroutine.create($function)", "co($number)", "co(1)", "co(2)", "coroutine.running()"),
    "event": (
        "__index",
        *("__newindex", "__call", "__eq", "__lt", "__le", "__concat", "__len", "__add", "__unm", "__pairs"),
    ),
    "method": (
        *(
            "read",
            "read",
            "write",
            "write",
            "close",
            "disable",
            "enable",
            "event",
            "state",
            "sockname",
            "peername",
        ),
        *(
            "owner",
            "queuelen",
            "maxsize",
            "setoption",
            "accept",
            "sendto",
            "upgrade",
            "ping",
            "trusted",
            "cipher",
        ),
    ),
    "opener": (
        *(
            "ba.socket.bind",
            "client",
            "pair",
            "page",
            "tls_pair",
            "ba.create.sharkssl",
            "ba.create.certstore",
        ),
        *("ba.sharkclient", "ba.socket.toip", "io.open", "io.tmpfile", "require", "ba.openio", "ba.rndbs"),
        *("function() return mako.port end", "function() return ba.openio('disk'):open('/dev/null') end"),
        "function() return require 'httpc'.create():request{url = 'https://127.0.0.1:1/'} end",
    ),
    "alg": ("'sha1'", "'sha256'", "'md5'", "'hmac', 'sha256', 'key'", "'none'"),
    "hook": (
        *("function() error('limit') end", "function() debug.sethook() error('limit') end"),
        *("function(...)\n$block\nend", "function() debug.sethook()\n$block\nend", "function() end"),
        *("function() error('limit', 2) end", "error", "print"),
    ),
    "mask": ("'', $count", "'', $count", "'', 1", "'l'", "'c'", "'r'", "'crl', $count"),
    "api": (
        *("coroutine.create(print)", "coroutine.wrap(print)", "coroutine.close(co(1))", "ba.sleep(0)"),
        *("coroutine.resume(co(1))", "ba.timer(print):set(1)", "ba.thread.run(print)"),
        "ba.socket.event(function(s) s:read(1) end)",
        *("client()", "pair()", "any():read(0)", "any():write('x')", "any():close()", "tostring(any())"),
        *("ba.json.encode{1}", "ba.crypto.sha1('x')", "load(function() end)", "require 'httpc'.create()"),
    ),
    "count": ("1", "2", "7", "20", "61", "100", "1000", "20000"),
}

SOCKETS = (
    "keep(client())",
    "local c, peer = pair() keep(c) keep(peer)",
    "keep(ba.socket.udpcon())",
    "keep(ba.socket.udpcon('127.0.0.1', UDP_PORT))",
    "keep(ba.socket.bind(0))",
    "seen(any():read($ms))",
    "seen(any():read($soon))",
    "seen(any():write($data))",
    "seen(any():close())",
    "seen(any():sendto($data, '127.0.0.1', UDP_PORT))",
    "seen(any():disable())",
    "seen(any():enable($value))",
    "seen(any():$method($value, $value))",
    "seen(tostring(any()), any():state())",
    "local s = client() s:write($data) seen(s:read($ms))",
    "local s = ba.socket.udpcon() s:sendto('x', '127.0.0.1', UDP_PORT) seen(s:read($ms))",
    "seen(any():event(function(s, ...)\n$block\nend, $value))",
    "keep(ba.socket.event(function(s)\n$block\nend))",
    "keep(ba.socket.event(function(s)\nkeep(ba.socket.connect('127.0.0.1', PORT))\n$block\nend))",
    "keep(ba.socket.event(function(s) seen(ba.socket.connect('127.0.0.1', PORT))\n"
    "while true do seen(s:write($data)) if not seen(s:read($ms)) then break end end end))",
    "local l = keep(ba.socket.bind(0)) seen(l:event(function(l)\nwhile true do local s = l:accept()\n"
    "if not s then break end keep(s) s:event(function(s)\n$block\nend, 's') end end))\n"
    "keep(ba.socket.connect('127.0.0.1', select(2, l:sockname()))):write($data)",
    "local s <close> = client()\n$block",
    "local c, peer = tls_pair() keep(c) keep(peer) c:write($data) seen(peer:read($ms))",
    "keep(ba.socket.connect('127.0.0.1', PORT, {shark = CLIENT, timeout = 10}))",
    "seen(ba.socket.connect('127.0.0.1', $number))",
    "exhausted(function()\n$block\nend)",
    "exhausted(function() seen(pcall($opener, $value)) seen(pcall($opener)) end)",
    "local http = require 'httpc'.create()\n"
    "seen(http:request{url = page(function(_ENV)\n$block\nend)}) seen(http:read '*a')",
)

TASKS = (
    "ba.sleep($soon)",
    "ba.sleep($ms)",
    "keep_timer(ba.timer(function()\n$block\nreturn $bool\nend)):set($soon, $bool, $bool)",
    "keep_timer(ba.timer(function()\n$block\nreturn true\nend)):set($soon, true)",
    "keep_timer(ba.timer(function() while true do\n$block\ncoroutine.yield(true) end end)):set($soon, true)",
    "seen(timer():reset($ms)) seen(timer():cancel())",
    "ba.thread.run(function()\n$block\nend)",
    "ba.thread.create():run(function()\n$block\nend)",
    "seen(ba.thread.dbg())",
    "ba.seterrh($function)",
    "ba.seterrh()",
    "os.exit($number)",
    "coroutine.wrap(function(...)\n$block\nend)($value)",
    "seen(coroutine.resume($coroutine, $value))",
    "keep_co(coroutine.create(function()\n$block\ncoroutine.yield($value)\n$block\nend))",
    "local co = coroutine.create(function()\nlocal x <close> = setmetatable({}, {__close = function(_, e)\n"
    "seen(e)\n$block\nend})\ncoroutine.yield()\nend)\nseen(coroutine.resume(co)) seen(coroutine.close(co))",
    "seen(coroutine.close($coroutine))",
    "seen(coroutine.yield($value))",
    "for v in coroutine.wrap(function() for i = 1, $few do\n$block\ncoroutine.yield(i) end end) do\n"
    "$block\nend",
    "seen(coroutine.status($coroutine), coroutine.isyieldable())",
)

FLOW = (
    "if chance() then\n$block\nend",
    "for i = 1, $few do\n$block\nend",
    "while true do\n$block\nend",
    "while true do end",
    "while true do seen(pcall(function()\n$block\nend)) end",
    "repeat\n$block\nuntil chance()",
    "local function f() return f() end f()",
    "local function f() seen(pcall(f)) end f()",
    "local function f() return 1 + f() end f()",
    "do return end",
    "(function()\n$block\nend)()",
)

ERRORS = (
    "error($error)",
    "seen(pcall(error, $error))",
    "seen(pcall(function()\n$block\nend))",
    "seen(pcall(function()\n$block\nerror($error)\nend))",
    "seen(xpcall(function()\n$block\nerror($error)\nend, function(e) seen(e)\n$block\nreturn e\nend))",
    "seen(xpcall(function()\n$block\nend, debug.traceback))",
    "seen(xpcall(error, function()\n$block\nend, $value))",
    "seen(xpcall(error, $function, $value))",
    "assert(false, $value)",
    "seen(select('#', tostring($value)))",
    "local x <close> = setmetatable({}, {__close = function(_, e) seen(e)\n$block\nend})\n$block",
    "local x <close> = setmetatable({}, {__close = function() error($error) end})\n$block",
    "setmetatable({}, {__gc = function()\n$block\nend}) collectgarbage()",
    "setmetatable({}, {__gc = function(self)\n$block\nend})",
    "setmetatable({}, {__gc = function() error($error) end}) collectgarbage()",
)

IN_PLACE = (
    "seen(load(function()\n$block\nreturn nil\nend))",
    "seen(load([[return $number]])())",
    "seen(('abc'):gsub('.', function(c)\n$block\nend))",
    "seen(('abc'):gsub('%w', $value))",
    "local t = {3, 1, 2} table.sort(t, function(a, b)\n$block\nreturn a < b\nend)",
    "local t = setmetatable({}, {$event = function(a, b)\n$block\nend})\n"
    "seen(t.x) t.y = 1 seen(t(1)) seen(t < t, t <= t, t .. 1, #t, t + 1, -t)",
    "local t = setmetatable({}, {$event = function(a, b)\n$block\nreturn 1\nend}) seen(t.x)",
    "local t = setmetatable({}, {$event = $function}) seen(t .. t)",
    "for k, v in pairs(setmetatable({}, {__pairs = function(t)\n$block\nreturn next, {}\nend})) do end",
    "for v in function()\n$block\nend do break end",
    "seen(table.concat(setmetatable({}, {__index = function(_, i)\n$block\nreturn i\nend,\n"
    "__len = function() return 5 end})))",
    "seen(table.unpack(setmetatable({}, {__index = function()\n$block\nend}), 1, 3))",
    "seen(#setmetatable({}, {__len = function()\n$block\nreturn 3\nend}))",
    "table.move(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1 << 60, 2)",
    "print($value, $value)",
    "trace($value, $value)",
    "io.write($value)",
    "seen(string.format('%s %q %d', $value, $value, $number))",
)

DEBUG = (
    "debug.sethook($hook, $mask)",
    "debug.sethook($hook, $mask)\n$block\ndebug.sethook()",
    "seen(pcall(function() debug.sethook($hook, $mask)\n$block\nend)) debug.sethook()",
    # A limit that is hit at every instruction of something in turn.
    "for n = 1, 100 do pcall(function() debug.sethook(function() debug.sethook() error('limit') end, '', n)\n"
    "$api debug.sethook() end) end debug.sethook()",
    "debug.sethook()",
    "debug.sethook($coroutine, $hook, $mask)",
    "seen(debug.gethook())",
    "seen(debug.traceback($coroutine))",
    "seen(debug.traceback($value, $number))",
    "for level = 0, 9 do local info = debug.getinfo(level) seen(info and info.func) end",
    "for level = 0, 9 do for i = -2, 9 do seen(pcall(debug.getlocal, level, i)) end end",
    "local co = coroutine.running()\n"
    "for level = 0, 9 do for i = 1, 9 do seen(pcall(debug.getlocal, co, level, i)) end end",
    "local co = coroutine.running() for level = 2, 9 do pcall(debug.setlocal, co, level, 1, $value) end",
    "local co = $coroutine for level = 0, 9 do seen(pcall(debug.getlocal, co, level, 1)) end",
    "for level = 2, 9 do pcall(debug.setlocal, level, 1, $value) end",
    "for _, f in pairs(ba.socket) do for i = 1, 9 do seen(pcall(debug.getupvalue, f, i)) end end",
    "seen(pcall(debug.getuservalue, any(), 1), pcall(debug.getmetatable, $value))",
    "seen(pcall(debug.setmetatable, any(), {}))",
)

MEMORY = (
    "local t = {} for i = 1, $few * 10 do t[i] = ('x'):rep(10000) end\n$block",
    "local t = {} while true do t[#t + 1] = ('x'):rep(1 << 15) .. #t end",
    "local t = {} while true do t[#t + 1] = {} end",
    "local t = {} local x = ('x'):rep(30000) while true do t[#t + 1] = ba.b64encode(x) end",
    "local t = {} while true do t[#t + 1] = ba.rndbs(10000) end",
    "local t = {} while true do t[#t + 1] = ba.bytearray.create(10000) end",
    "local t = {} while true do t[#t + 1] = ba.socket.event(function(s) s:read() end) end",
    "local t = {} while true do t[#t + 1] = ba.timer(print) end",
    "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    "local t = {} while true do t[#t + 1] = coroutine.wrap(function()\n$block\ncoroutine.yield() end)\n"
    "t[#t]() end",
    "local t = {} while true do t[#t + 1] = ba.json.encode{('x'):rep(9000)} end",
    "local s = client() local t = {} while s:write(('x'):rep(8000)) do t[#t + 1] = s:read(5) end",
    "local x = 'x' while true do x = x .. x end",
    "seen(('x'):rep($number))",
    "seen(pcall(ba.rndbs, 1 << 24))",
    "seen(#ba.json.encode{{$number, 'x', {}}}, ba.json.decode('[1,{\"a\":null}]'), ba.json.decode($data))",
    "local h = ba.crypto.hash($alg) h($data) seen(h(true, 'hex'))",
    "for i = 1, 200 do ba.crypto.sha1('x') end",
    "local a = ba.bytearray.create(50) a[1] = $value seen(a[$number], ba.bytearray.copy(a, 1, $data))",
    "seen(ba.datetime(), ba.parsedate('x'), ba.urlencode($data), ba.b64decode($data))",
    "collectgarbage()",
    "collectgarbage('step')",
)

STATEMENTS = SOCKETS * 2 + TASKS * 2 + FLOW + ERRORS * 2 + IN_PLACE + DEBUG + MEMORY
