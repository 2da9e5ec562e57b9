-- What a program asks of the HTTP client, as a request: a table with
--
--   host, port, shark (a context's number, 0 for none), interface, ipv6, place   where to connect; two requests
--                   with the same `place` can share a connection
--   method, target, fields   `name:value` lines, without what says how long the body is
--   has_body, size, length, is_held   there may be a body, so long (nil: any), said so in this field; held: wait
--                   for the first piece, for there may be none
--   trusted         the server must be
--   key             of a WebSocket's handshake

local import = ...
local host = import "host"
local check = import "check"
local encoding = import "data/encoding"
local fields = import "http_client/fields"
local shark = import "sockets/shark"

local type, tostring, tonumber, tointeger, concat = type, tostring, tonumber, math.tointeger, table.concat
local byte, find, format, gsub, upper = string.byte, string.find, string.format, string.gsub, string.upper

-- Where a body may be expected although no `size` was given.
local WITH_BODY = {POST = true, PUT = true, PATCH = true}

local options = {}

local function text_option(op, base, name)
  local value = op[name]
  if value == nil then
    value = base[name]
  end
  return (type(value) == "string" or type(value) == "number") and tostring(value) or nil
end

local function flag(op, base, name)
  if op[name] ~= nil then
    return op[name] == true
  end
  return base[name] == true
end

local function encoded(text)
  return (gsub(tostring(text), "[^%w%-._~]", function(char)
    return format("%%%02X", byte(char))
  end))
end

-- Returns the text of a query, or of a form (`application/x-www-form-urlencoded`).
function options.query(query)
  local parts = {}
  local names = fields.names(query)
  for i = 1, #names do
    parts[i] = encoded(names[i]) .. "=" .. encoded(query[names[i]])
  end
  return concat(parts, "&")
end

local function all_fields(R, op, base, authority, user, password)
  local lines, seen = {}, {}
  local problem = fields.add_all(lines, seen, op.header) or fields.add_all(lines, seen, base.header)
  if problem then
    return nil, problem
  end
  fields.add(lines, seen, "Host", authority)
  fields.add(lines, seen, "User-Agent", "ba-lua-kernel")
  fields.add(lines, seen, "Accept", "*/*")
  if user then
    fields.add(lines, seen, "Authorization", "Basic " .. encoding.b64encode(user .. ":" .. (password or "")))
  end
  if R.key then
    fields.add(lines, seen, "Upgrade", "websocket")
    fields.add(lines, seen, "Connection", "Upgrade")
    fields.add(lines, seen, "Sec-WebSocket-Key", R.key)
    fields.add(lines, seen, "Sec-WebSocket-Version", "13")
    R.key = seen["sec-websocket-key"] or R.key
  end
  R.fields = concat(lines)
  return seen
end

-- How long the body is, and how that is said; returns what is wrong with it.
local function set_body(R, size, seen)
  local announced = seen["content-length"]
  R.size, R.length = nil, ""
  if announced then
    R.size = tointeger(tonumber(announced))
  elseif size ~= nil then
    R.size = tointeger(tonumber(size))
    R.length = R.size and "Content-Length:" .. R.size .. "\n"
  end
  if (announced or size ~= nil) and (not R.size or R.size < 0) then
    return "invalid size"
  end
  R.has_body = R.size ~= nil or seen["transfer-encoding"] ~= nil or WITH_BODY[R.method] or false
  R.is_held = R.has_body and not R.size and not seen["transfer-encoding"]
end

local function context_for(op, base)
  local context = op.shark
  if context == nil then
    context = base.shark
  end
  if context == nil then
    context = shark.sharkclient()
  end
  return context, shark.number(context)
end

-- Makes a request of the options, those of the call before those of the client; else nil and the reason, or nil,
-- nil and what is to be raised.
function options.request(op, base)
  local url = op.url
  if url == nil then
    url = base.url
  end
  if type(url) ~= "string" then
    return nil, "invalidurl"
  end
  local scheme, address, port, target, authority, user, password = host.http_url(url)
  if not scheme then
    return nil, "invalidurl"
  end
  local R = {host = address, port = port, target = target, trusted = flag(op, base, "trusted"), shark = 0}
  R.method = upper(text_option(op, base, "method") or "GET")
  R.interface, R.ipv6 = text_option(op, base, "intf"), flag(op, base, "ipv6") or find(address, ":", 1, true) ~= nil
  if scheme == "https" or scheme == "wss" then
    local context, number = context_for(op, base)
    if not number then
      return nil, nil, "BASHARKSSL expected, got " .. check.typename(context)
    end
    local problem = shark.not_a_client(context)
    if problem then
      return nil, nil, problem
    end
    R.shark, R.context = number, context -- referenced, so that the number stays good
  end
  R.place = format("%d %d %s %s %s", R.shark, port, address, R.interface or "", R.ipv6)
  if type(op.query) == "table" then
    local query = options.query(op.query)
    if query ~= "" then
      R.target = target .. (find(target, "?", 1, true) and "&" or "?") .. query
    end
  end
  R.key = (scheme == "ws" or scheme == "wss") and host.http_key() or nil
  user = text_option(op, base, "user") or user ~= "" and user or nil
  local seen, problem = all_fields(R, op, base, authority, user, text_option(op, base, "password") or password)
  problem = not seen and problem or set_body(R, op.size, seen) or host.http_problem(R.method, R.target, R.fields)
  if problem then
    return nil, nil, problem
  end
  return R
end

return options
