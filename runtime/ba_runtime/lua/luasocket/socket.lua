-- `require "socket"`: LuaSocket's module, over the sockets of `ba.socket`.

local import = ...
local host = import "host"
local check = import "check"
local waiting = import "tasks/waiting"
local dial = import "sockets/dial"
local tcp = import "luasocket/tcp"
local udp = import "luasocket/udp"
local protect = import "luasocket/protect"
local flow = import "luasocket/flow"

local select, type, error, find = select, type, error, string.find

local socket = {
  _VERSION = "LuaSocket 3.0 (over ba.socket)",
  _SETSIZE = 1024,
  _DATAGRAMSIZE = udp.DATAGRAM_BYTES,
  BLOCKSIZE = flow.BLOCK_BYTES,
  _DEBUG = false,
  select = import "luasocket/select",
  newtry = protect.newtry,
  protect = protect.protect,
  try = protect.try,
  skip = protect.skip,
  sink = flow.sink,
  source = flow.source,
  sinkt = flow.sinks,
  sourcet = flow.sources,
}

function socket.tcp()
  return tcp.new()
end

function socket.tcp4()
  return tcp.new "inet"
end

function socket.tcp6()
  return tcp.new "inet6"
end

function socket.udp()
  return udp.new()
end

function socket.udp4()
  return udp.new "inet"
end

function socket.udp6()
  return udp.new "inet6"
end

-- gettime() → seconds since 1970, with a fraction
function socket.gettime()
  return host.time_ns() / 1e9
end

-- sleep(seconds)
function socket.sleep(...)
  local seconds = check.number(1, (...), select("#", ...))
  waiting.rest(waiting.caller(), "sleep", seconds > 0 and seconds or 0)
end

local function client_of(object, address, port, local_address, local_port)
  if local_address then
    local ok, reason = object:bind(local_address, local_port or 0)
    if not ok then
      return nil, reason
    end
  end
  local ok, reason = object:connect(address, port)
  if not ok then
    object:close()
    return nil, reason
  end
  return object
end

-- connect(address, port [, local address, local port]) → client | nil, reason
function socket.connect(...)
  local address, port, local_address, local_port = ...
  local n = select("#", ...)
  address, port = check.string(1, address, n), check.number(2, port, n)
  return client_of(tcp.new(), address, port, local_address, local_port)
end

function socket.connect4(address, port, local_address, local_port)
  return client_of(tcp.new "inet", address, port, local_address, local_port)
end

function socket.connect6(address, port, local_address, local_port)
  return client_of(tcp.new "inet6", address, port, local_address, local_port)
end

-- bind(address, port [, backlog]) → server | nil, reason
function socket.bind(...)
  local address, port, backlog = ...
  local n = select("#", ...)
  address, port = check.string(1, address, n), check.number(2, port, n)
  local object = tcp.new()
  local ok, reason = object:bind(address, port)
  if not ok then
    return nil, reason
  end
  object:listen(backlog)
  return object
end

-- choose(table) → a function that makes a sink or source by its mode
function socket.choose(modes)
  return function(mode, ...)
    if type(mode) ~= "string" then
      return modes.default(mode, ...)
    elseif not modes[mode] then
      error("unknown key (" .. mode .. ")", 2)
    end
    return modes[mode](...)
  end
end

-- ---------------------------------------------------------------- dns

socket.dns = {}

-- dns.toip(name) → address, what is known of the name | nil, reason
function socket.dns.toip(...)
  local name = check.string(1, (...), select("#", ...))
  local address = dial.toip(name)
  if not address then
    return nil, "host not found"
  end
  return address, {name = name, alias = {}, ip = {address}}
end

-- dns.getaddrinfo(name) → list of {family=, addr=} | nil, reason
function socket.dns.getaddrinfo(...)
  local name = check.string(1, (...), select("#", ...))
  local address = dial.toip(name)
  if not address then
    return nil, "host not found"
  end
  return {{family = find(address, ":", 1, true) and "inet6" or "inet", addr = address}}
end

-- dns.tohostname(address) → name, what is known of it | nil, reason; only the loopback's is known
function socket.dns.tohostname(...)
  local address = check.string(1, (...), select("#", ...))
  if find(address, "^127%.") or address == "::1" or address == "localhost" then
    return "localhost", {name = "localhost", alias = {}, ip = {dial.toip(address)}}
  end
  return nil, "host not found"
end

-- dns.gethostname() → the name of this computer: as far as programs here are concerned, the loopback's
function socket.dns.gethostname()
  return "localhost"
end

return socket
