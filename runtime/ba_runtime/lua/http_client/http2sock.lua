-- ba.socket.http2sock(http): takes the connection out of an HTTP client, as a socket.

local import = ...
local httpc = import "http_client/httpc"
local websocket = import "sockets/websocket"

local type, rawget = type, rawget

-- http2sock(httpc or httpm object) → socket [, data] | nil, "invalidsocketcon"
--
-- After a WebSocket's handshake it is one, and what came with the handshake is read from it. Of any other response
-- what came beyond its head is the second result.
return function(...)
  local client = ...
  if type(client) == "table" then
    client = rawget(client, "raw")
  end
  local S, early, is_websocket
  if httpc.taking.is_client(client) then
    S, early, is_websocket = httpc.taking.take(client)
  end
  if not S then -- also for what is no client at all: the documentation knows no other failure
    return nil, "invalidsocketcon"
  elseif is_websocket then
    websocket.adopt(S, true, early)
  elseif early ~= "" then
    return S.u, early
  end
  return S.u
end
