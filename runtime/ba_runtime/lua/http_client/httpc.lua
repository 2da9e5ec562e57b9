-- `require "httpc"`: the HTTP client object.
--
-- The documented face. What the network did is nil and a reason; what the caller did wrong raises. A client has one
-- round trip at a time; whoever comes while another task is in it, or before its response was read, gets nil,
-- "incorrectuse".

local import = ...
local check = import "check"
local hints = import "hints"
local round_trip = import "http_client/round_trip"
local fields = import "http_client/fields"
local advice = import "console/advice"
local host = import "host"
local options = import "http_client/options"
local sock = import "sockets/sock"
local userdata = import "userdata"
local wire = import "http_client/wire"

local type, select, next, pairs, tonumber, setmetatable, find, lower =
  type, select, next, pairs, tonumber, setmetatable, string.find, string.lower
local whole = check.whole

-- How long a wait may last, unless `timeout` says otherwise: to connect, for the response's head, for each piece.
local PATIENCE_S = 20

local clients = setmetatable({}, {__mode = "k"}) -- by object: its options, its patience and the running round trip

local NAME = "HTTPCLIENT"
local meta = {__name = NAME}
meta.__index = meta

local httpc = {}

-- Seconds from milliseconds; nil for what is not a positive number.
local function seconds(ms)
  ms = tonumber(ms)
  return ms and ms > 0 and ms / 1000 or nil
end

local function is_busy(H)
  local X = H.trip
  return X and X.S and wire.is_busy(X.S)
end

-- As many values as there are: programs count them.
local function values(value, reason)
  if reason then
    return value, reason
  end
  return value
end

-- The same, for what programs call: that it has failed is remembered, as they forget to look.
local function told(call, value, reason)
  if value == nil and reason then
    hints.failed(call, nil, nil, reason)
  end
  return values(value, reason)
end

-- Starts a round trip: true, or nil and the reason. `is_escaped`: the URL is one from a response.
local function ask(H, op, is_escaped)
  if H.trip and (is_busy(H) or round_trip.is_unread(H.trip)) then
    if not is_busy(H) then
      advice.once(
        "httpc: a new request before the last response was read is nil, \"incorrectuse\"; "
          .. "call http:read \"*a\" or http:close() first"
      )
    end
    return nil, "incorrectuse"
  end
  local R, reason, problem = options.request(op, H.op, is_escaped)
  if problem then
    check.raise_outside(problem) -- httpm may stand between
  elseif not R then
    if H.trip then
      round_trip.close(H.trip)
    end
    H.refusal, H.trip = reason, nil
    return nil, reason
  end
  H.refusal = nil
  H.patience_s = seconds(op.timeout) or H.patience_s
  local X = round_trip.new(R, H, H.trip)
  H.trip = X
  return values(round_trip.start(X))
end

-- request(op) → true | nil, reason
function meta.request(...)
  local self, op = ...
  local n = select("#", ...)
  local H = clients[self]
  if not H then
    check.expected(1, NAME, self, n)
  elseif type(op) ~= "table" then
    check.expected(2, "table", op, n)
  end
  return told("http:request", ask(H, op))
end

-- write(data) → true | nil, reason
function meta.write(...)
  local self, data = ...
  local n = select("#", ...)
  local H = clients[self]
  if not H then
    check.expected(1, NAME, self, n)
  end
  data = check.string(2, data, n)
  if not H.trip or is_busy(H) then
    return told("http:write", nil, "incorrectuse")
  end
  return told("http:write", round_trip.write(H.trip, data))
end

-- ---------------------------------------------------------------- the response

-- The round trip, once its response has begun; or nil and the reason.
local function answered(H)
  if not H.trip or is_busy(H) then
    return nil, H.refusal or "incorrectuse"
  end
  local ok, reason = round_trip.await_head(H.trip)
  if not ok then
    return nil, reason
  end
  return H.trip
end

-- status() → code, 0 before the first request | nil, reason
function meta.status(...)
  local H = clients[...] or check.expected(1, NAME, (...), select("#", ...))
  local X, reason = answered(H)
  if X then
    return X.status
  elseif not H.trip and not H.refusal then
    return 0
  end
  return nil, reason
end

-- header() → table | nil, reason; header(name) → the first value of that name, status
function meta.header(...)
  local self, name = ...
  local n = select("#", ...)
  local H = clients[self] or check.expected(1, NAME, self, n)
  name = name ~= nil and check.string(2, name, n) or nil
  local X, reason = answered(H)
  if not X then
    return nil, reason
  elseif name then
    return fields.find(X.fields, lower(name)), X.status
  end
  return fields.table(X.fields)
end

-- headerpairs() → an iterator over names and values, each as sent | nil, reason
function meta.headerpairs(...)
  local H = clients[...] or check.expected(1, NAME, (...), select("#", ...))
  local X, reason = answered(H)
  if not X then
    return nil, reason
  end
  return fields.pairs(X.fields)
end

-- cookie() → an iterator over names and values of the cookies that the response sets | nil, reason
function meta.cookie(...)
  local H = clients[...] or check.expected(1, NAME, (...), select("#", ...))
  local X, reason = answered(H)
  if not X then
    return nil, reason
  end
  return fields.cookies(X.fields)
end

-- How much a read wants: false for all, 0 to pass over all; nil for what is not a format.
local function amount(wanted)
  if wanted == "*a" or wanted == "a" then
    return false
  end
  local number = (type(wanted) == "number" or type(wanted) == "string") and tonumber(wanted)
  if not number then
    return nil
  end
  number = whole(number)
  return number >= 0 and number
end

-- read("*a") → all that is left of the body | nil at the end; read(n) → at most so many bytes; a negative n is all.
-- read(0) passes over what is left, and returns true.
function meta.read(...)
  local self, wanted = ...
  local H = clients[self] or check.expected(1, NAME, self, select("#", ...))
  local count = amount(wanted)
  if count == nil then
    check.fail(2, "invalid option")
  elseif not H.trip or is_busy(H) then
    return told("http:read", nil, H.refusal or "incorrectuse")
  elseif not count then
    return told("http:read", round_trip.read_all(H.trip))
  elseif count == 0 then
    return values(round_trip.skip(H.trip))
  end
  return told("http:read", round_trip.read(H.trip, count))
end

-- ---------------------------------------------------------------- the connection

-- close() → true
function meta.close(...)
  local H = clients[...] or check.expected(1, NAME, (...), select("#", ...))
  local X = H.trip
  H.trip = nil
  if X then
    H.refusal = "incorrectuse"
    round_trip.close(X)
  end
  return true
end

-- timeout(ms) → true: a wait may last so long from now on
function meta.timeout(...)
  local self, ms = ...
  local n = select("#", ...)
  local H = clients[self] or check.expected(1, NAME, self, n)
  H.patience_s = seconds(check.number(2, ms, n)) or PATIENCE_S
  return true
end

-- These ask the connection, in the words of a socket.
for _, name in pairs {"certificate", "cipher", "trusted", "peername", "sockname"} do
  local ask_socket = sock.meta[name]
  local none = name == "trusted" and "none" or find(name, "name$") and "failed" or "sslnotenabled"
  meta[name] = function(...)
    local self, argument = ...
    local H = clients[self] or check.expected(1, NAME, self, select("#", ...))
    local S = H.trip and H.trip.S
    if not S or not S.stream then
      return nil, none
    elseif name ~= "trusted" then
      return ask_socket(S.u)
    elseif not S.secure then
      return nil, none
    end
    return ask_socket(S.u, argument)
  end
end

function meta.__gc(self, is_collected)
  local H = clients[self]
  if H and is_collected and H.trip then
    round_trip.close(H.trip)
  end
end

function meta.__close(self)
  local H = clients[self]
  if H and H.trip then
    round_trip.close(H.trip)
    H.trip = nil
  end
end

-- create([op]) → client
function httpc.create(...)
  local op = ...
  local n = select("#", ...)
  if n > 0 and type(op) ~= "table" then
    check.expected(1, "table", op, n)
  end
  local own = {}
  for name, value in next, op or own do
    own[name] = value
  end
  local u = userdata.new(meta)
  clients[u] = {op = own, patience_s = seconds(own.timeout) or PATIENCE_S}
  return u
end

-- ---------------------------------------------------------------- for ba.socket.http2sock, and httpm

local inner = {NAME = NAME}

-- Tells whether a value is a client.
function inner.is_client(value)
  return clients[value] ~= nil
end

-- Takes the connection out of a client: its socket's state, what has arrived for it, and whether it speaks
-- WebSocket now; nil when there is none, or where a server that was asked for a WebSocket gave a wrong proof.
function inner.take(value)
  local X = answered(clients[value])
  if not X then
    return nil
  end
  local key = X.status == 101 and X.request.key
  local is_websocket = key and host.http_is_accepted(key, fields.find(X.fields, "sec-websocket-accept")) or false
  if key and not is_websocket then
    return nil
  end
  local S, early = round_trip.release(X)
  return S, early, is_websocket
end

-- Requests where a response has sent us: true, or nil and the reason.
function inner.follow(value, op)
  return ask(clients[value], op, true)
end

-- Tells whether a client has a response that was not read to its end.
function inner.is_unread(value)
  local X = clients[value].trip
  return X ~= nil and not is_busy(clients[value]) and round_trip.is_unread(X)
end

-- Returns the URL that was asked for last, as it was sent.
function inner.url(value)
  local X = clients[value].trip
  local R = X and X.request
  return R and R.scheme .. "://" .. R.authority .. R.target
end

return {api = httpc, inner = inner}
