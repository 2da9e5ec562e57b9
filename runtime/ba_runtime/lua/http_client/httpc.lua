-- `require "httpc"`: the HTTP client object.
--
-- The documented face. What the network did is nil and a reason; what the caller did wrong raises. A client has one
-- round trip at a time; who comes while another task is in it gets nil, "incorrectuse".

local import = ...
local check = import "check"
local round_trip = import "http_client/round_trip"
local fields = import "http_client/fields"
local host = import "host"
local options = import "http_client/options"
local sock = import "sockets/sock"
local userdata = import "userdata"
local wire = import "http_client/wire"

local type, select, next, pairs, tonumber, setmetatable, find =
  type, select, next, pairs, tonumber, setmetatable, string.find

-- How long a wait may last, unless `timeout` says otherwise: to connect, for the response's head, for each piece.
local PATIENCE_S = 20

local clients = setmetatable({}, {__mode = "k"}) -- by object: its options, its patience and the running round trip

local meta = {__name = "HTTP"}
meta.__index = meta

local httpc = {}

-- Seconds from milliseconds; nil for what is no positive number.
local function seconds(ms)
  ms = tonumber(ms)
  return ms and ms > 0 and ms / 1000 or nil
end

local function is_busy(H)
  local X = H.trip
  return X and X.S and wire.is_busy(X.S)
end

-- As many values as there are: programs count them.
local function values(value, reason, detail)
  if detail then
    return value, reason, detail
  elseif reason then
    return value, reason
  end
  return value
end

-- request(op) → true | nil, reason
function meta.request(...)
  local self, op = ...
  local n = select("#", ...)
  local H = clients[self]
  if not H then
    check.expected(1, "HTTP", self, n)
  elseif type(op) ~= "table" then
    check.expected(2, "table", op, n)
  elseif is_busy(H) then
    return nil, "incorrectuse"
  end
  local R, reason, problem = options.request(op, H.op)
  if problem then
    check.raise_outside(problem) -- httpm may stand between
  elseif not R then
    return nil, reason
  end
  H.patience_s = seconds(op.timeout) or H.patience_s
  local X = round_trip.new(R, H, H.trip)
  H.trip = X
  return values(round_trip.start(X))
end

-- write(data) → true | nil, reason
function meta.write(...)
  local self, data = ...
  local n = select("#", ...)
  local H = clients[self]
  if not H then
    check.expected(1, "HTTP", self, n)
  end
  data = check.string(2, data, n)
  if not H.trip or is_busy(H) then
    return nil, "incorrectuse"
  end
  return values(round_trip.write(H.trip, data))
end

-- ---------------------------------------------------------------- the response

-- The round trip, once its response has begun; or nil and the reason.
local function answered(H)
  if not H.trip or is_busy(H) then
    return nil, "incorrectuse"
  end
  local ok, reason, detail = round_trip.await_head(H.trip)
  if not ok then
    return nil, reason, detail
  end
  return H.trip
end

-- status() → code | nil, reason
function meta.status(...)
  local H = clients[...] or check.expected(1, "HTTP", (...), select("#", ...))
  local X, reason, detail = answered(H)
  if not X then
    return values(nil, reason, detail)
  end
  return X.status
end

-- header() → table | nil, reason.
function meta.header(...)
  local H = clients[...] or check.expected(1, "HTTP", (...), select("#", ...))
  local X, reason, detail = answered(H)
  if not X then
    return values(nil, reason, detail)
  end
  return fields.table(X.fields)
end

-- headerpairs() → an iterator over names and values, each as sent | nil, reason
function meta.headerpairs(...)
  local H = clients[...] or check.expected(1, "HTTP", (...), select("#", ...))
  local X, reason, detail = answered(H)
  if not X then
    return values(nil, reason, detail)
  end
  return fields.pairs(X.fields)
end

-- cookie() → a table of the cookies that the response sets, values by names | nil, reason
function meta.cookie(...)
  local H = clients[...] or check.expected(1, "HTTP", (...), select("#", ...))
  local X, reason, detail = answered(H)
  if not X then
    return values(nil, reason, detail)
  end
  return fields.cookies(X.fields)
end

-- read("*a") → all that is left of the body | nil at the end; read(n): so many bytes; read(): what comes next.
function meta.read(...)
  local self, wanted = ...
  local H = clients[self] or check.expected(1, "HTTP", self, select("#", ...))
  local is_all = wanted == "*a" or wanted == "a"
  if not is_all and wanted ~= nil then
    if type(wanted) == "string" and not tonumber(wanted) then
      check.fail(2, "invalid format")
    end
    wanted = check.integer(2, wanted)
    if wanted < 1 then
      check.fail(2, "size out of range")
    end
  end
  if not H.trip or is_busy(H) then
    return nil, "incorrectuse"
  end
  if is_all then
    return values(round_trip.read_all(H.trip))
  end
  return values(round_trip.read(H.trip, wanted))
end

-- ---------------------------------------------------------------- the connection

-- close() → whether there was a connection
function meta.close(...)
  local H = clients[...] or check.expected(1, "HTTP", (...), select("#", ...))
  local X = H.trip
  H.trip = nil
  return X ~= nil and round_trip.close(X)
end

-- timeout([ms]) → how many milliseconds a wait may last, before this call
function meta.timeout(...)
  local self, ms = ...
  local H = clients[self] or check.expected(1, "HTTP", self, select("#", ...))
  local before = H.patience_s * 1000 // 1 | 0
  if ms ~= nil then
    H.patience_s = seconds(check.number(2, ms)) or PATIENCE_S
  end
  return before
end

-- These ask the connection, in the words of a socket.
for _, name in pairs {"certificate", "cipher", "trusted", "peername", "sockname"} do
  local ask = sock.meta[name]
  local none = find(name, "name$") and "failed" or "sslnotenabled"
  meta[name] = function(...)
    local self, argument = ...
    local H = clients[self] or check.expected(1, "HTTP", self, select("#", ...))
    local S = H.trip and H.trip.S
    if not S or not S.stream then
      return nil, none
    elseif name == "trusted" then
      return ask(S.u, argument)
    end
    return ask(S.u)
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
  if op ~= nil and type(op) ~= "table" then
    check.expected(1, "table", op, select("#", ...))
  end
  local own = {}
  for name, value in next, op or own do
    own[name] = value
  end
  local u = userdata.new(meta)
  clients[u] = {op = own, patience_s = seconds(own.timeout) or PATIENCE_S}
  return u
end

-- ---------------------------------------------------------------- for ba.socket.http2sock

local taking = {}

-- Tells whether a value is a client.
function taking.is_client(value)
  return clients[value] ~= nil
end

-- Takes the connection out of a client: its socket's state, what has arrived for it, and whether it speaks
-- WebSocket now; nil when there is none.
function taking.take(value)
  local H = clients[value]
  local X = answered(H)
  if not X then
    return nil
  end
  local key = X.status == 101 and X.request.key
  local accept = key and fields.find(X.fields, "sec-websocket-accept")
  local S, early = round_trip.release(X)
  return S, early, accept and host.http_is_accepted(key, accept) or false
end

return {api = httpc, taking = taking}
