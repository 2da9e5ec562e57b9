-- ba.socket.http2sock(http): takes the connection out of an HTTP client, as a socket.

local import = ...
local check = import "check"
local inner = import "http_client/httpc".inner
local websocket = import "sockets/websocket"

local type, rawget, select = type, rawget, select

-- http2sock(httpc or httpm object) → socket [, data] | nil, "invalidsocketcon"
--
-- After a WebSocket's handshake it is one, and what came with the handshake is read from it. Of any other response
-- what came beyond its head is the second result.
return function(...)
  local given = ...
  local client = type(given) == "table" and rawget(given, "raw") or given
  if not inner.is_client(client) then
    check.expected(1, inner.NAME, given, select("#", ...))
  end
  local S, early, is_websocket = inner.take(client)
  if not S then
    return nil, "invalidsocketcon"
  elseif is_websocket then
    websocket.adopt(S, true, early)
  elseif early ~= "" then
    return S.u, early
  end
  return S.u
end
