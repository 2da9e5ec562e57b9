-- Connections that change hands: from a page to a socket, and from a socket to the page server.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local sock = import "sockets/sock"
local stream = import "sockets/stream"
local cosocket = import "sockets/cosocket"
local websocket = import "sockets/websocket"
local command = import "web/command"
local exchange = import "web/exchange"
local web = import "web/server"
local check = import "check"

local select, type, find, lower = select, type, string.find, string.lower
local state = sock.state

local takeover = {}

-- Tells whether a request for a WebSocket has what a handshake needs; without that, the server gives the plain socket.
local function has_handshake(X)
  local headers = lower("\0" .. X.headers) -- names and values, a NUL behind each
  return find(headers, "\0sec-websocket-key\0", 1, true) and find(headers, "\0sec-websocket-version\0", 1, true)
end

-- ba.socket.req2sock(request [, raw]) → socket [, data]
function takeover.req2sock(...)
  local n, self, raw = select("#", ...), ...
  local X = command.exchange(self) or check.expected(1, "HTTPCMD", self, n)
  if raw ~= nil and type(raw) ~= "boolean" then
    check.expected(2, "boolean", raw)
  elseif not X.number or X.ended or X.committed and not X.is_bare or X.lost then
    return nil, "invalidsocketcon" -- it came from no client, or the client has its answer already
  end
  exchange.send_bare(X)
  local current = sched.current
  local cell = current and current.cell
  local number, body = X.number, X.body
  local upgrades = X.websocket and not raw and not X.committed and has_handshake(X) ~= nil
  local subprotocol = exchange.field(X, "Sec-WebSocket-Protocol") -- the one thing that the page may add to a 101
  local S = sock.reserve(cell)
  local ok, early = host.web_take(number, cell_number(cell), upgrades, subprotocol)
  if not ok then
    return nil, "invalidsocketcon"
  end
  exchange.give_away(X)
  stream.open(S, number)
  if host.queued(number) > 0 then -- the end of an earlier response
    S.busy, S.send = true, nil
  end
  if upgrades then
    websocket.adopt(S, false, early)
    return S.u
  end
  early = body .. early
  if early ~= "" then
    return S.u, early
  end
  return S.u
end

-- ba.socket.sock2req(sock [, data]) → nothing, also for a socket that has no connection
function takeover.sock2req(...)
  local n, self, data = select("#", ...), ...
  local S = state[self] or check.expected(1, "_BASOCK", self, n)
  data = data ~= nil and check.string(2, data) or ""
  if S.secure then
    check.raise("Invalid op: only a plain TCP connection can be passed to the page server")
  elseif not S.stream then -- the server takes anything, and nothing comes of it
    return
  end
  web.listen()
  local number = S.number
  data = data .. stream.take_all(S) .. sched.recall(S.number)
  S.number = nil -- so that closing the object leaves the connection alone
  sched.handlers[number] = nil
  cosocket.close(S)
  if not host.web_adopt(number, data) then
    host.close(number)
  end
end

return takeover
