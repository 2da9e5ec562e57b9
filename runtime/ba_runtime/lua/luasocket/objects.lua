-- What the objects of LuaSocket have in common: their state, their timeouts, the words of their errors.
--
-- Theory of operation. A program written for LuaSocket gets `tcp` and `udp` objects; each stands before a socket
-- object of `ba.socket` that it keeps to itself, and every wait is one of the scheduler's. A cell's wait holds up the
-- cell; a cosocket's holds up only the cosocket, and nobody who has started it (`waiting.rest`). So the usual server,
-- one client after the other, runs in a cell, and several of them run at a time, one to a cosocket.
--
-- What is written here follows LuaSocket's public documentation (its reference, version 3). State `L` of an object:
--
--   kind      "tcp{master}", "tcp{client}", "tcp{server}", "udp{unconnected}", "udp{connected}", as messages call it
--   S         the state of the socket object behind it (sockets/sock.lua), nil before there is one
--   block_s, total_s   the two timeouts, seconds, nil for none; began: when the call under way began
--   kept, at  what was received and not yet asked for: a string, and where in it that begins
--   options   by their names, what setoption was told

local import = ...
local host = import "host"
local userdata = import "userdata"
local check = import "check"

local setmetatable, format, select = setmetatable, string.format, select
local clock = host.monotonic
local type, tonumber, pairs = type, tonumber, pairs

local state = setmetatable({}, {__mode = "k"})

local objects = {state = state}

-- Returns a new object of this metatable, and its state.
function objects.new(meta, kind)
  local object = userdata.new(meta)
  local L = {kind = kind, kept = "", at = 1, options = {}, born = clock(), received = 0, sent = 0}
  state[object] = L
  return object, L
end

-- LuaSocket's words for the documented reasons of `ba.socket`.
local WORDS = {
  socketreadfailed = "closed",
  socketwritefailed = "closed",
  socketclosed = "closed",
  cannotconnect = "connection refused",
  cannotresolve = "host not found",
  gethostbyname = "host not found",
  bind = "address already in use",
  malloc = "too many open files",
}

function objects.words(reason)
  return WORDS[reason] or reason
end

-- Notes that a call begins: the total timeout counts from here.
function objects.begin(L)
  L.began = clock()
end

-- Returns how many seconds the next wait may take at most, nil for no limit, and since when, nil for now.
function objects.limit(L)
  local block_s, total_s = L.block_s, L.total_s
  if total_s and not (block_s and clock() + block_s < L.began + total_s) then
    return total_s, L.began
  end
  return block_s
end

-- ---------------------------------------------------------------- methods of all kinds

local common = {}

-- settimeout(value [, mode]): seconds, "b" for each wait (the default) or "t" for the whole call
function common.settimeout(...)
  local self, value, mode = ...
  local L = state[self] or check.fail(1, "tcp{any} or udp{any} expected")
  value = value == nil and -1 or check.number(2, value, select("#", ...))
  mode = mode == nil and "b" or check.string(3, mode)
  local limit = value >= 0 and value or nil
  if mode == "b" then
    L.block_s = limit
  elseif mode == "t" or mode == "r" then
    L.total_s = limit
  else
    check.fail(3, "invalid timeout mode")
  end
  return 1
end

-- gettimeout() → the timeout of each wait, of a whole call; -1 for none
function common.gettimeout(...)
  local L = state[...] or check.fail(1, "tcp{any} or udp{any} expected")
  return L.block_s or -1, L.total_s or -1
end

local function name_of(which, L)
  local S = L.S
  if S and S.number then
    return which(S.number)
  end
end

-- getsockname() → address, port, family
function common.getsockname(...)
  local L = state[...] or check.fail(1, "tcp{any} or udp{any} expected")
  local address, port, is_ipv6 = name_of(host.sockname, L)
  if not address then
    return nil, "closed"
  end
  return address, port, is_ipv6 and "inet6" or "inet"
end

-- getpeername() → address, port, family
function common.getpeername(...)
  local L = state[...] or check.fail(1, "tcp{any} or udp{any} expected")
  local address, port, is_ipv6 = name_of(host.peername, L)
  if not address then
    return nil, "not connected"
  end
  return address, port, is_ipv6 and "inet6" or "inet"
end

-- getstats() → bytes received, bytes sent, age in seconds
function common.getstats(...)
  local L = state[...] or check.fail(1, "tcp{any} or udp{any} expected")
  return L.received, L.sent, clock() - L.born
end

-- setstats(received, sent, age): counts on from these
function common.setstats(...)
  local self, received, sent, age = ...
  local L = state[self] or check.fail(1, "tcp{any} or udp{any} expected")
  L.received, L.sent = check.number(2, received or L.received), check.number(3, sent or L.sent)
  if age ~= nil then
    L.born = clock() - check.number(4, age)
  end
  return 1
end

-- dirty() → whether something was received that nobody has asked for yet
function common.dirty(...)
  local L = state[...] or check.fail(1, "tcp{any} or udp{any} expected")
  return L.at <= #L.kept or L.S ~= nil and L.S.inbox ~= nil
end

function common.__tostring(self)
  local L = state[self]
  return L and format("%s: %p", L.kind, self) or "collected object"
end

-- ---------------------------------------------------------------- options

-- By LuaSocket's names: the name at `ba.socket`, false for those that are taken and change nothing here, because it is
-- so already or because the system decides.
local OPTIONS = {
  keepalive = "keepalive",
  ["tcp-nodelay"] = "tcp-nodelay",
  dontroute = "dontroute",
  broadcast = "broadcast",
  ["ip-add-membership"] = "ip-membership",
  ["ip-drop-membership"] = "ip-membership",
  reuseaddr = false,
  reuseport = false,
  linger = false,
  ["ipv6-v6only"] = false,
}

-- Tells the socket behind it what was asked for, if there is one by now.
local function apply(L, name, value)
  local documented, S = OPTIONS[name], L.S
  if not documented or not S or not S.number then
    return true
  elseif type(value) ~= "table" then
    return host.setoption(S.number, documented, value)
  end
  local is_on = name == "ip-add-membership"
  return host.setoption(S.number, documented, is_on, value.multiaddr, value.interface)
end

-- Gives a socket that has just come to be what was asked for before.
function objects.apply_options(L)
  for name, value in pairs(L.options) do
    apply(L, name, value)
  end
end

-- setoption(name [, value]) → 1 | nil, reason
function common.setoption(...)
  local self, name, value = ...
  local L = state[self] or check.fail(1, "tcp{any} or udp{any} expected")
  name = check.string(2, name, select("#", ...))
  if OPTIONS[name] == nil then
    check.fail(2, "unsupported option `" .. name .. "'")
  elseif value == nil then
    value = true
  elseif tonumber(value) then
    value = value ~= 0
  end
  local ok, reason = apply(L, name, value)
  if not ok then
    return nil, reason
  end
  L.options[name] = value
  return 1
end

-- getoption(name) → what it was set to
function common.getoption(...)
  local self, name = ...
  local L = state[self] or check.fail(1, "tcp{any} or udp{any} expected")
  name = check.string(2, name, select("#", ...))
  if OPTIONS[name] == nil then
    check.fail(2, "unsupported option `" .. name .. "'")
  end
  return L.options[name] or false
end

-- Returns a metatable with these methods and the common ones.
function objects.metatable(name, methods)
  for key, method in pairs(common) do
    methods[key] = methods[key] or method
  end
  methods.__name, methods.__index = name, methods
  return methods
end

return objects
