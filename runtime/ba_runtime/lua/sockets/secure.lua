-- The methods of a socket that are about TLS: certificate, cipher, trusted, isresumed, relsession, upgrade.
--
-- On a connection without TLS, or a closed one, they say "sslnotenabled".

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local sock = import "sockets/sock"
local check = import "check"
local shark = import "sockets/shark"
local stream = import "sockets/stream"

local type, select = type, select
local state, meta = sock.state, sock.meta

local function is_secure(S)
  return (S.stream or S.websocket) and S.secure
end

-- s:certificate() → table | nil, whether its CA is known
function meta.certificate(...)
  local S = state[...]
  if not S then
    check.expected(1, "_BASOCK", (...), select("#", ...))
  elseif not is_secure(S) then
    return nil, "sslnotenabled"
  end
  return shark.certificate(host.tls_certificate(S.number))
end

-- s:cipher() → suite, version
function meta.cipher(...)
  local S = state[...]
  if not S then
    check.expected(1, "_BASOCK", (...), select("#", ...))
  elseif not is_secure(S) then
    return nil, "sslnotenabled"
  end
  local suite, version = host.tls_cipher(S.number)
  if not suite then
    return "UNKNOWN", "UNKNOWN" -- a server's, before its handshake
  end
  return suite, version
end

-- s:trusted([name]) → true | nil, the doubt
function meta.trusted(...)
  local self, name = ...
  local S = state[self]
  if not S then
    check.expected(1, "_BASOCK", self, select("#", ...))
  elseif not is_secure(S) then
    return nil, "sslnotenabled"
  elseif name ~= nil then
    name = check.string(2, name)
  end
  local doubt = host.tls_doubt(S.number, name)
  if doubt then
    return nil, doubt
  end
  return true
end

-- s:isresumed() → boolean
function meta.isresumed(...)
  local S = state[...]
  if not S then
    check.expected(1, "_BASOCK", (...), select("#", ...))
  elseif not is_secure(S) then
    return nil, "sslnotenabled"
  end
  return host.tls_is_resumed(S.number) or false
end

-- s:relsession() → whether there was a session to forget
function meta.relsession(...)
  local S = state[...]
  if not S then
    check.expected(1, "_BASOCK", (...), select("#", ...))
  end
  return is_secure(S) and host.tls_release_session(S.number) or false
end

-- s:upgrade(shark [, alpn]) → true | false | nil, reason
function meta.upgrade(...)
  local self, context, alpn = ...
  local n = select("#", ...)
  local S = state[self]
  if not S then
    check.expected(1, "_BASOCK", self, n)
  elseif type(context) ~= "userdata" then
    check.expected(2, "userdata", context, n)
  end
  local number = shark.number(context)
  if not number then
    check.expected(2, "BASHARKSSL", context, n)
  elseif not S.stream or is_secure(S) then
    return false
  end
  local problem = shark.is_server(context) and shark.not_a_server(context)
  if problem then
    check.raise(problem)
  end
  local own = sched.owns(S)
  if S.task and not own then
    check.raise("Invalid op:  when socket is in cosocket mode")
  end
  local ok, reason = stream.drain(S) -- `context` stays referenced, so its number stays good
  if not ok then
    return nil, reason
  end
  return stream.upgrade(S, number, type(alpn) == "string" and alpn or nil, own)
end

return meta
