-- The connection of a round trip: how it is made, directly or through a proxy, whom it may lead to, and how it ends.
--
-- `X` is a round trip (http_client/round_trip.lua), whose fields S and parser are the connection and the conversation
-- on it; while a proxy is asked, that with the proxy.

local import = ...
local advice = import "console/advice"
local host = import "host"
local wire = import "http_client/wire"

local clock = host.monotonic

local connection = {}

-- Takes the connection off the round trip; returns it.
function connection.let_go(X)
  local S, parser = X.S, X.parser
  X.S, X.parser = nil, nil
  if parser then
    host.http_forget(parser)
  end
  return S
end

-- Ends the round trip by a failure: nil and the reason.
function connection.fail(X, reason)
  X.failure = reason
  local S = connection.let_go(X)
  if S then
    wire.close(S)
  end
  return nil, reason
end

-- Closes the connection, if there is one.
function connection.close(X)
  local S = connection.let_go(X)
  X.failure = X.failure or "socketclosed"
  if S then
    wire.close(S)
  end
end

-- Asks the proxy for a connection to the host: true, or nil and the reason.
local function ask_proxy(X, since)
  local R = X.request
  local P, S, patience_s = R.proxy, X.S, X.settings.patience_s
  local talk, text = host.http_proxy(P.is_socks, R.host, R.port, P.user, P.password)
  X.parser = talk -- so that closing forgets it
  while true do
    local ok, reason = true, nil
    if text ~= "" then
      ok, reason = wire.send(S, text, patience_s)
    end
    local data
    if ok then
      data, reason = wire.receive(S, patience_s, since)
    end
    if not data or data == "" or not X.S then
      return nil, X.failure or data ~= "" and reason or "socketreadfailed"
    end
    local kind
    kind, text = host.http_proxied(talk, data)
    if kind == "fault" then
      advice.once("httpc: the proxy " .. P.host .. " makes no connection: " .. text, nil, "proxy")
      return nil, "prxunknown"
    elseif kind == "open" then
      host.http_forget(talk)
      X.parser, S.inbox = nil, text ~= "" and text or nil
      return true
    end
  end
end

-- Connects by way of the proxy: true, or nil and the reason.
local function pass_proxy(X, since)
  local R = X.request
  local ok, reason = ask_proxy(X, since)
  if ok and R.shark ~= 0 then
    return wire.secure(X.S, R.shark, R.host, R.port, X.settings.patience_s, since)
  end
  return ok, reason
end

local function dial(X)
  local R = X.request
  local P = R.proxy
  local since = clock()
  if P then
    X.S = wire.dial(P.host, P.port, 0, R.interface, false)
  else
    X.S = wire.dial(R.host, R.port, R.shark, R.interface, R.ipv6)
  end
  local S = X.S
  X.is_reused = false
  local ok, reason = wire.await_connection(S, X.settings.patience_s, since)
  if ok and P then
    ok, reason = pass_proxy(X, since)
  end
  if not ok then
    return connection.fail(X, reason)
  end
  -- Else a small piece of a body waits until the server has acknowledged the one before, which takes it 40 ms.
  host.setoption(S.number, "tcp-nodelay", true)
  X.parser = host.http_open()
  return true
end

-- Refuses a server that is not to be trusted, and so everybody who speaks no TLS.
local function trust(X)
  if X.request.shark == 0 or host.tls_doubt(X.S.number, nil) then
    return connection.fail(X, "sslnottrusted")
  end
  return true
end

-- A connection to send the request on: true, or nil and the reason.
function connection.connect(X)
  if X.is_reused and not wire.is_alive(X.S) then
    local S = connection.let_go(X)
    if S then
      wire.close(S)
    elseif X.failure then
      return nil, X.failure
    end
  end
  if not X.S then
    local ok, reason = dial(X)
    if not ok then
      return nil, reason
    end
  end
  if X.request.trusted then
    return trust(X)
  end
  return true
end

return connection
