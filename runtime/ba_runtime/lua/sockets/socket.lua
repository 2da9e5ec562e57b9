-- The documented face: the methods of a socket object, and the functions of `ba.socket`.
--
-- Everything here checks its arguments, in the words of Lua's C API, finds out who calls (the socket's own
-- cosocket or anybody else) and hands over. The metatable holds exactly the documented names.

local import = ...
local host = import "host"
local crossing = import "crossing"
local sched = import "tasks/sched"
local slot = import "tasks/interrupt".slot -- the running coroutine
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local check = import "check"
local bytes = import "data/bytes"
local bytearray = import "data/bytearray"
local stream = import "sockets/stream"
local datagram = import "sockets/datagram"
local listener = import "sockets/listener"
local cosocket = import "sockets/cosocket"
local dial = import "sockets/dial"
local websocket = import "sockets/websocket"
import "sockets/secure" -- adds its methods
local takeover = import "sockets/takeover"
local text = import "console/text"

local TIGHT_KB <const> = crossing.tight_kb -- inside a finalizer Lua does not tell the size of its heap
local collectgarbage, type, select, error, pcall, tonumber, sub =
  collectgarbage, type, select, error, pcall, tonumber, string.sub
local state, meta = sock.state, sock.meta
local to_text = text.tostring
local whole = check.whole
local read_own, block = stream.read_own, waiting.block

-- ---------------------------------------------------------------- read

-- The timeout argument: milliseconds as number or numeric text; anything else, and what is negative (a huge
-- unsigned time in the original), means none. In seconds.
local function timeout_of(ms)
  local number = (type(ms) == "number" or type(ms) == "string") and tonumber(ms)
  return number and number >= 0 and number / 1000 or nil
end

-- Reading where there is no connection. Returns a true third value when that is worth raising.
local function read_closed(S, wait_s, own)
  if own and wait_s and not S.used and not S.lost then -- an idle cosocket reads to wait
    return stream.wait_own(S, wait_s)
  elseif S.misread then
    return nil, nil, true
  end
  S.misread = true
  return nil, "socketreadfailed"
end

function meta.read(...)
  local self, ms, flag = ...
  local S = state[self] or check.expected(1, "_BASOCK", self, select("#", ...))
  if crossing.is_tight then
    crossing.need(0)
  end
  local owner = S.task
  local own = owner and owner.co == slot[1]
  if own and S.stream then
    return read_own(S, ms and timeout_of(ms))
  end
  local task = S.task
  if S.stream and not task then
    return stream.read_blocking(S, block, ms and timeout_of(ms))
  end
  if S.listening then
    check.raise("Invalid op:  on listen socket")
  elseif task and S.open and not own then
    check.raise("Invalid op:  when socket is in cosocket mode")
  elseif S.datagram and S.open then
    if type(ms) == "boolean" then
      ms, flag = nil, ms
    elseif ms == nil then
      flag = nil -- as the server has it: the flag comes first, or after a number
    elseif flag ~= nil and type(flag) ~= "boolean" then
      check.expected(3, "boolean", flag)
    end
    if own then
      return datagram.read_own(S, timeout_of(ms), flag)
    end
    return datagram.read_blocking(S, false, block, timeout_of(ms))
  elseif S.websocket then
    return websocket.read(S, timeout_of(ms), own)
  end
  local data, reason, raises = read_closed(S, timeout_of(ms), own)
  if raises then
    check.raise("Invalid op: : Socket closed")
  end
  return data, reason
end

-- ---------------------------------------------------------------- write

function meta.write(...)
  local self, data, first, last = ...
  local S = state[self] or check.expected(1, "_BASOCK", self, select("#", ...))
  local direct = S.send
  if direct and first == nil and last == nil and data ~= "" and (collectgarbage "count" or TIGHT_KB) < TIGHT_KB then
    -- The common case, without a look at the type: what is not text fails there, and is seen to below.
    local ok, n = pcall(direct, data)
    if ok then
      S.sent = S.sent + n
      if n == #data then
        if S.nonblocking then
          return true, 0
        end
        return true
      end
      data = sub(data, n + 1)
    end
  end
  if S.listening then -- before the arguments are looked at
    check.raise("Invalid op:  on listen socket")
  elseif not S.open then
    return nil, "socketwritefailed"
  elseif type(data) ~= "string" then
    if select("#", ...) < 2 then
      check.expected(2, "string", nil, 1)
    end
    data = bytearray.is(data) and bytearray.window(data) or to_text(data)
  end
  if (first ~= nil and type(first) ~= "boolean") or last ~= nil then
    local n = select("#", ...)
    local i = first == nil and 1 or check.number(3, first, n)
    local j = (last == nil or type(last) == "boolean") and -1 or check.number(4, last, n)
    data = sub(data, whole(i), whole(j))
  end
  if S.stream and data ~= "" then
    if S.nonblocking then
      return stream.write_queued(S, data)
    end
    return stream.write_blocking(S, data)
  elseif S.websocket and data ~= "" then
    return websocket.write(S, data, first == true or last == true or select(5, ...) == true)
  elseif not S.stream and not S.websocket and not S.datagram then
    return nil, "socketwritefailed"
  elseif data == "" then
    return false
  end
  return datagram.write(S, data)
end

function meta.sendto(...)
  local self, data, address, port = ...
  local n = select("#", ...)
  local S = state[self] or check.expected(1, "_BASOCK", self, n)
  if n < 2 then
    check.expected(2, "string", nil, 1)
  end
  address = check.string(3, address, n)
  if type(port) ~= "number" and type(port) ~= "string" then
    check.expected(4, "string", port, n)
  end
  if not S.datagram then
    check.raise("Invalid op: Not a DGRAM socket")
  elseif not S.open then
    return nil, "socketwritefailed"
  end
  data = type(data) == "string" and data or bytearray.is(data) and bytearray.window(data) or to_text(data)
  local number = whole(tonumber(port) or 0)
  if number < 1 or number > 65535 then
    return nil, "socketwritefailed"
  end
  return datagram.send_to(S, data, address, number)
end

function meta.queuelen(...)
  local self, max = ...
  local S = state[self] or check.expected(1, "_BASOCK", self, select("#", ...))
  local before = S.limit or stream.QUEUE_LIMIT
  if max ~= nil then
    local limit = check.number(2, max)
    S.limit = limit > 0 and whole(limit) or 0
  end
  return before
end

-- How much one call of the system may send. The system takes what it takes here, so only the answer matters.
function meta.maxsize(...)
  local self, size = ...
  if not state[self] then
    check.expected(1, "_BASOCK", self, select("#", ...))
  end
  size = (type(size) == "number" or type(size) == "string") and tonumber(size)
  return size and size // 1 > 256 and size // 1 <= 8192 or false
end

-- ---------------------------------------------------------------- cosockets

function meta.event(...)
  local self, f, op = ...
  local n = select("#", ...)
  local S = state[self] or check.expected(1, "_BASOCK", self, n)
  if not S.open then
    return nil, "invalidsocketcon"
  elseif type(f) ~= "function" then
    check.expected(2, "function", f, n)
  elseif op ~= nil and type(op) ~= "string" and type(op) ~= "number" then
    check.expected(3, "string", op, n)
  elseif S.task and not sched.owns(S) then
    check.raise("Invalid op: Already in async/cosocket mode")
  end
  return cosocket.adopt(S, f, type(op) == "string" and sub(op, 1, 1) == "s", select(4, ...))
end

function meta.accept(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  if not S.listening then
    check.raise("Invalid op: : not a listen socket")
  elseif not sched.owns(S) then
    error("attempt to yield from outside a coroutine", 0)
  end
  cosocket.must_live(S)
  if not S.open then
    if S.misread then
      check.raise("Invalid op: : Socket closed")
    end
    S.misread = true
    return nil, "socketclosed"
  end
  return listener.accept(S)
end

function meta.disable(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  if sched.owns(S) then
    return cosocket.suspend(S)
  elseif S.task then
    return cosocket.park(S)
  elseif S.over ~= nil then
    return nil, "incorrectuse"
  end
  check.raise("Sock not async")
end

function meta.enable(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  if not S.task and S.over == nil then
    check.raise("Sock not async")
  end
  return cosocket.resume(S, select(2, ...))
end

function meta.owner(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  return sched.owns(S)
end

function meta.close(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  return cosocket.close(S)
end

function meta.__close(self)
  local S = state[self]
  if S then
    cosocket.close(S)
  end
end

-- ---------------------------------------------------------------- options

local OPTIONS = {
  ["tcp-nodelay"] = true,
  keepalive = true,
  dontroute = true,
  broadcast = true,
  ["ip-membership"] = true,
}

function meta.setoption(...)
  local self, name, value, a, b = ...
  local n = select("#", ...)
  local S = state[self] or check.expected(1, "_BASOCK", self, n)
  name = check.string(2, name, n)
  if not OPTIONS[name] then
    check.raise("Unknown option '" .. name .. "'")
  elseif type(value) ~= "boolean" then
    check.expected(3, "boolean", value, n)
  elseif name == "ip-membership" then
    a = check.string(4, a, n)
  elseif name == "tcp-nodelay" and not S.number then
    return true
  end
  if name == "keepalive" then
    a = a ~= nil and whole(check.number(4, a)) or nil
    b = b ~= nil and whole(check.number(5, b)) or nil
  elseif name == "broadcast" then
    S.broadcasts = value or nil
  end
  return host.setoption(S.number or 0, name, value, a, b)
end

-- ---------------------------------------------------------------- what only WebSockets have

function meta.websocket(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  return S.websocket ~= nil
end

-- s:ping([data="BAS"]) → as write
function meta.ping(...)
  local self, data = ...
  local S = state[self] or check.expected(1, "_BASOCK", self, select("#", ...))
  if not S.websocket then
    check.raise("Not WS")
  end
  return websocket.ping(S, data == nil and "BAS" or check.string(2, data))
end

-- ---------------------------------------------------------------- ba.socket

local socket = {
  bind = dial.bind,
  connect = dial.connect,
  udpcon = dial.udpcon,
  toip = dial.toip,
  h2n = bytes.h2n,
  n2h = bytes.n2h,
  fh2n = bytes.fh2n,
  fn2h = bytes.fn2h,
  stat = sock.stat,
  http2sock = import "http_client/http2sock",
  req2sock = takeover.req2sock,
  sock2req = takeover.sock2req,
}

function socket.event(...)
  local f = ...
  if type(f) ~= "function" then
    check.expected(1, "function", f, select("#", ...))
  end
  return cosocket.new(...)
end

function socket.getsock()
  local S = sched.owner()
  return S and S.u
end

return socket
