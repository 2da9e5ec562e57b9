-- Requests of `httpm` that go where the server sends them: up to so many redirects, each with what may be told there.

local import = ...
local host = import "host"
local inner = import "http_client/httpc".inner

local type, next, lower, match, upper = type, next, string.lower, string.match, string.upper

-- The statuses that send us elsewhere, and whether the request goes there as it was: else it becomes a GET, as browsers
-- do it (RFC 9110, 15.4).
local REDIRECTS = {[301] = false, [302] = false, [303] = false, [307] = true}
-- What one call follows at most; browsers allow 20.
local MOST_REDIRECTS = 10

-- What proves who we are to one host is not for another.
local SECRETS = {authorization = true, cookie = true}

local follow = {}

-- The program's options, with ours on top.
function follow.with_own(op, own)
  local all = {}
  for name, value in next, type(op) == "table" and op or {} do
    all[name] = value
  end
  for name, value in next, own do
    all[name] = value
  end
  return all
end

-- Makes the request and waits for the status, or returns nil and the reason. `text` is its body, nil for none.
local function ask_once(http, op, text, is_escaped)
  local ok, reason
  if is_escaped then
    ok, reason = inner.follow(http, op)
  else
    ok, reason = http:request(op)
  end
  if not ok then
    return nil, reason
  elseif text and text ~= "" then
    http:write(text) -- should that fail, the response says why
  end
  return http:status()
end

-- The options of the request that a redirect asks for; also its body.
local function redirected(op, text, status, from, to)
  local own = {url = to}
  if not REDIRECTS[status] and upper(op.method or "GET") ~= "HEAD" then
    own.method, own.size, text = "GET", 0, nil
  end
  local all = follow.with_own(op, own)
  all.query = nil -- it is in the Location, if at all
  if match(from, "^%a+://[^/]*") ~= match(to, "^%a+://[^/]*") then
    all.user, all.password, all.header = nil, nil, {}
    for name, value in next, type(op.header) == "table" and op.header or {} do
      if type(name) == "string" and not SECRETS[lower(name)] then
        all.header[name] = value
      end
    end
  end
  return all, text
end

-- Makes room for a request: what an earlier call has left of its response is of no use any more.
function follow.make_room(http)
  if inner.is_unread(http) then
    http:close()
  end
end

-- Makes the request, and those that the responses send us to: the last status, or nil and the reason.
function follow.ask(http, op, text)
  follow.make_room(http)
  local status, reason = ask_once(http, op, text)
  for _ = 1, MOST_REDIRECTS do
    local location = status and REDIRECTS[status] ~= nil and http:header "location"
    local from = location and inner.url(http)
    local to = from and host.http_join(from, location)
    if not to then
      break
    end
    op, text = redirected(op, text, status, from, to)
    http:close() -- its body, if any, is of no use
    status, reason = ask_once(http, op, text, true)
  end
  return status, reason
end

-- The status and the whole body, or nil and the reason.
function follow.ask_all(http, op, text)
  local status, reason = follow.ask(http, op, text)
  if not status then
    return nil, reason
  end
  local body
  body, reason = http:read "*a"
  if reason then
    return nil, reason
  end
  return status, body
end

return follow
