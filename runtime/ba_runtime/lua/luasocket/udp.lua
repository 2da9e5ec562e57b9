-- LuaSocket's udp objects: unconnected and connected.
--
-- The socket behind one is made when it is first needed, and again when the object gets another name or peer.

local import = ...
local host = import "host"
local check = import "check"
local crossing = import "crossing"
local sock = import "sockets/sock"
local datagram = import "sockets/datagram"
local cosocket = import "sockets/cosocket"
local reasons = import "sockets/reasons"
local waiting = import "tasks/waiting"
local addresses = import "luasocket/addresses"
local objects = import "luasocket/objects"

local select, sub = select, string.sub
local state, words, limit = objects.state, objects.words, objects.limit
local rest = waiting.rest
local RESOLVED <const>, CANNOT_RESOLVE <const> = reasons.RESOLVED, reasons.CANNOT_RESOLVE

local DATAGRAM_BYTES <const> = 8192 -- what receive returns unless told otherwise

local methods = {}
local meta = objects.metatable("udp{any}", methods)

local udp = {DATAGRAM_BYTES = DATAGRAM_BYTES}

function udp.new(family)
  local object, L = objects.new(meta, "udp{unconnected}")
  L.family, L.port = family, 0
  return object
end

local function close(L)
  if L.S then
    cosocket.close(L.S)
    L.S = nil
  end
end

-- Makes the socket anew: true, or nil and the reason.
local function open(L)
  close(L)
  local cell = addresses.cell()
  local is_ipv6 = addresses.is_ipv6(L, L.peer or L.interface or "")
  local S = sock.reserve(cell)
  local number, signal = host.udp_open(
    addresses.cell_number(cell), L.peer, L.peer_port or 0, L.interface, L.port, is_ipv6
  )
  signal = signal or datagram.await_answer(number)
  if signal ~= RESOLVED then
    host.close(number, "error", reasons.text[signal])
    return nil, words(signal == CANNOT_RESOLVE and "cannotresolve" or reasons.text[signal])
  end
  datagram.open(S, number, L.peer ~= nil)
  L.S = S
  objects.apply_options(L)
  return true
end

-- Sees to it that there is a socket: true, or nil and the reason.
local function opened(L)
  if L.is_closed then
    return nil, "closed"
  elseif L.S and L.S.open then
    return true
  end
  return open(L)
end

-- setsockname(address, port) → 1 | nil, reason
function methods.setsockname(...)
  local self, address, port = ...
  local n = select("#", ...)
  local L = state[self]
  if not L or L.kind ~= "udp{unconnected}" then
    check.fail(1, "udp{unconnected} expected")
  end
  address, port = check.string(2, address, n), check.number(3, port, n)
  local interface, problem = addresses.interface(address, "udp:setsockname")
  if problem then
    return nil, problem
  end
  L.interface, L.port = interface or L.family == "inet6" and "::1" or "127.0.0.1", check.whole(port) & 0xFFFF
  local ok, reason = open(L)
  if not ok then
    return nil, reason
  end
  return 1
end

-- setpeername(address, port) → 1 | nil, reason; "*" undoes it
function methods.setpeername(...)
  local self, address, port = ...
  local n = select("#", ...)
  local L = state[self] or check.fail(1, "udp{any} expected")
  address = check.string(2, address, n)
  if address == "*" then
    L.peer, L.peer_port, L.kind = nil, nil, "udp{unconnected}"
  else
    L.peer, L.peer_port = address, check.whole(check.number(3, port, n)) & 0xFFFF
    L.kind = "udp{connected}"
  end
  if L.S and L.port == 0 and L.S.number then -- the port that it has got is its own by now
    local _, own = host.sockname(L.S.number)
    L.port = own or 0
  end
  local ok, reason = open(L)
  if not ok then
    L.peer, L.kind = nil, "udp{unconnected}"
    return nil, reason
  end
  return 1
end

-- send(datagram) → its length | nil, reason
function methods.send(...)
  local self, data = ...
  local L = state[self]
  if not L or L.kind ~= "udp{connected}" then
    check.fail(1, "udp{connected} expected")
  end
  data = check.string(2, data, select("#", ...))
  local ok, reason = opened(L)
  if not ok then
    return nil, reason
  elseif not datagram.write(L.S, data) then
    return nil, "connection refused"
  end
  L.sent = L.sent + #data
  return #data
end

-- sendto(datagram, address, port) → its length | nil, reason
function methods.sendto(...)
  local self, data, address, port = ...
  local n = select("#", ...)
  local L = state[self]
  if not L or L.kind ~= "udp{unconnected}" then
    check.fail(1, "udp{unconnected} expected")
  end
  data, address, port = check.string(2, data, n), check.string(3, address, n), check.number(4, port, n)
  local ok, reason = opened(L)
  if not ok then
    return nil, reason
  end
  ok, reason = datagram.send_to(L.S, data, address, check.whole(port) & 0xFFFF)
  if not ok then
    return nil, reason == "gethostbyname" and "host not found" or "refused"
  end
  L.sent = L.sent + #data
  return #data
end

local function receive(L, size, full)
  local ok, problem = opened(L)
  if not ok then
    return nil, problem
  end
  if crossing.is_tight then -- for what the poll brings
    crossing.need(0)
  end
  objects.begin(L)
  local data, address, port = datagram.read_blocking(L.S, full, rest, limit(L))
  if not data then
    return nil, address == "timeout" and address or L.is_closed and "closed" or "connection refused"
  end
  L.received = L.received + #data
  return sub(data, 1, size), address, port
end

-- receive([size]) → datagram | nil, reason
function methods.receive(...)
  local self, size = ...
  local L = state[self] or check.fail(1, "udp{any} expected")
  size = size == nil and DATAGRAM_BYTES or check.number(2, size)
  local data, reason = receive(L, check.whole(size), false)
  if not data then
    return nil, reason
  end
  return data
end

-- receivefrom([size]) → datagram, address, port | nil, reason
function methods.receivefrom(...)
  local self, size = ...
  local L = state[self]
  if not L or L.kind ~= "udp{unconnected}" then
    check.fail(1, "udp{unconnected} expected")
  end
  size = size == nil and DATAGRAM_BYTES or check.number(2, size)
  return receive(L, check.whole(size), true)
end

-- close() → 1
function methods.close(...)
  local L = state[...] or check.fail(1, "udp{any} expected")
  L.is_closed = true
  close(L)
  return 1
end

methods.__close = methods.close

return udp
