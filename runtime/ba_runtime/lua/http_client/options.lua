-- What a program asks of the HTTP client, as a request: a table with
--
--   scheme, authority, host, port   of the URL
--   shark (a context's number, 0 for none), interface, ipv6, proxy   how to get there; two requests with the same
--                   `place` can share a connection
--   method, target, fields   `name:value` lines
--   has_body, size  there is a body, so long (nil: any, in chunks); of a method that has none, if a field says so
--   trusted         the server must be
--   key             of a WebSocket's handshake
--
-- What is sent is what the server's client sends, odd as it is in places: the trace then says once what to write
-- instead.

local import = ...
local host = import "host"
local check = import "check"
local encoding = import "data/encoding"
local fields = import "http_client/fields"
local advice = import "console/advice"
local shark = import "sockets/shark"

local type, tostring, tonumber, concat = type, tostring, tonumber, table.concat
local byte, find, format, gsub, upper = string.byte, string.find, string.format, string.gsub, string.upper
local whole = check.whole

-- The methods that there are, and whether they have a body; every other word is a GET…
local METHODS = {GET = false, HEAD = false, POST = true, PUT = true, PATCH = true, DELETE = true}

-- …but for those of HTTP and WebDAV that the server knows and does not send.
local UNSENT = {
  CONNECT = true, OPTIONS = true, TRACE = true,
  COPY = true, LOCK = true, MKCOL = true, MOVE = true, PROPFIND = true, PROPPATCH = true, UNLOCK = true,
}

-- Where a proxy listens unless `proxyport` says otherwise.
local HTTP_PROXY_PORT, SOCKS_PORT = 8080, 1080

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

-- ---------------------------------------------------------------- the target

local function percent(char)
  return format("%%%02x", byte(char))
end

-- Returns the text of a form, as httpm sends it.
function options.form(table)
  local parts = {}
  local problem = fields.each(table, "params", function(name, value)
    local pair = gsub(name, "[^%w_]", percent) .. "=" .. gsub(value, "[^%w_]", percent)
    parts[#parts + 1] = pair
  end)
  return not problem and concat(parts, "&") or nil, problem
end

-- Returns the path as it is sent. One from a response's Location is a URL's path and query, and so escaped already.
local function path_of(path, is_escaped)
  if is_escaped then
    return (gsub(gsub(path, "#.*", ""), "[%c\128-\255 ]", percent))
  elseif find(path, "?", 1, true) then
    advice.once(
      "httpc escapes the '?' in a URL, as the server does, so that it is a part of the path; "
        .. "put what follows it into the request's table: query = {name = value}"
    )
  elseif find(path, "#", 1, true) then
    advice.once("httpc escapes the '#' in a URL, as the server does, and sends what follows it; leave that out")
  elseif find(path, "%%%x%x") then
    advice.once("httpc escapes the '%' in a URL, as the server does; write the path unescaped")
  end
  return encoding.urlencode(path)
end

-- Returns path and query, or nil and what is wrong with the query. Its keys go out as they are.
local function target_of(path, query)
  local parts = {}
  local problem = type(query) == "table" and fields.each(query, "params", function(name, value)
    parts[#parts + 1] = name .. "=" .. encoding.urlencode(value)
  end)
  local text = concat(parts, "&")
  if problem then
    return nil, problem
  elseif find(text, "[\r\n%z]") then
    return nil, "a key of the query contains a forbidden character"
  elseif find(text, " ", 1, true) then
    advice.once("httpc does not escape the keys of a query, as the server does not; one has a blank in it")
  end
  return text == "" and path or path .. "?" .. text
end

-- ---------------------------------------------------------------- the fields

local function add_websocket(R, lines, seen)
  local wanted = {
    {"Upgrade", "websocket"}, {"Connection", "Upgrade"},
    {"Sec-WebSocket-Key", R.key}, {"Sec-WebSocket-Version", "13"},
  }
  for i = 1, #wanted do
    local name, value = wanted[i][1], wanted[i][2]
    if not seen[name:lower()] then
      fields.add(lines, seen, name, value)
    end
  end
  R.key = seen["sec-websocket-key"]
end

local function advise_about(seen, R)
  if seen.host then
    advice.once("httpc sends its own Host field besides yours, as the server does; most servers refuse two")
  end
  if seen["content-length"] and not seen["transfer-encoding"] and R.has_body and not R.size then
    advice.once(
      "httpc sends a body in chunks besides the Content-Length of your header, as the server does; use size = n instead"
    )
  end
end

-- Adds the field that says how long the body is. Where the method has none, the program's own fields may say that there
-- is one.
local function announce_body(R, lines, seen)
  local is_chunked = seen["transfer-encoding"] ~= nil
  if R.size then
    fields.add(lines, seen, "Content-Length", R.size)
  elseif R.has_body and not is_chunked then
    fields.add(lines, seen, "Transfer-Encoding", "chunked")
  elseif not R.has_body then
    local size = whole(tonumber(seen["content-length"]) or 0)
    R.has_body = is_chunked or size > 0
    R.size = not is_chunked and size > 0 and size or nil
  end
end

-- All fields, with those that say how long the body is. Returns what is wrong with one.
local function set_fields(R, op, base)
  local lines, seen = {}, {}
  local problem = fields.add_all(lines, seen, op.header) or fields.add_all(lines, seen, base.header)
  if problem then
    return problem
  end
  advise_about(seen, R)
  local user = text_option(op, {}, "user")
  if user and not seen.authorization then
    local login = user .. ":" .. (text_option(op, {}, "password") or "")
    fields.add(lines, seen, "Authorization", "Basic " .. encoding.b64encode(login))
  end
  announce_body(R, lines, seen)
  if R.key then
    add_websocket(R, lines, seen)
  end
  R.fields = "Host:" .. R.authority .. "\n" .. concat(lines)
  return host.http_problem(R.method, R.fields)
end

-- ---------------------------------------------------------------- the connection

-- Sets the TLS context; returns what is wrong with it.
local function set_context(R, op, base)
  local context = op.shark
  if context == nil then
    context = base.shark
  end
  if context == nil then
    context = shark.sharkclient()
  end
  local number = shark.number(context)
  if not number then
    return "BASHARKSSL expected, got " .. check.typename(context)
  end
  R.shark, R.context = number, context -- referenced, so that the number stays good
  return shark.not_a_client(context)
end

-- The proxy of a client: only `create` has one.
local function proxy_of(base)
  local address = text_option(base, {}, "proxy")
  if not address then
    return nil
  end
  local is_socks = base.socks == true
  return {
    host = address,
    port = whole(tonumber(base.proxyport) or is_socks and SOCKS_PORT or HTTP_PROXY_PORT) & 0xFFFF,
    is_socks = is_socks,
    user = text_option(base, {}, "proxyuser"),
    password = text_option(base, {}, "proxypass"),
  }
end

local function set_place(R, op, base)
  R.interface = text_option(op, base, "intf")
  R.ipv6 = flag(op, base, "ipv6") or find(R.host, ":", 1, true) ~= nil
  R.proxy = proxy_of(base)
  R.place = format("%d %d %s %s %s", R.shark, R.port, R.host, R.interface or "", R.ipv6)
end

-- How long the body is, and whether there is one; returns what is wrong with that. An empty one is in chunks too.
local function set_body(R, size)
  local number = (type(size) == "number" or type(size) == "string") and tonumber(size)
  if size ~= nil and not number then
    return "bad argument #-1 to 'request' (number expected, got " .. check.typename(size) .. ")"
  end
  R.size = number and number >= 1 and whole(number) or nil
  R.has_body = R.size ~= nil or METHODS[R.method]
end

-- Makes a request of the options, those of the call before those of the client; else nil and the reason, or nil,
-- nil and what is to be raised. `is_escaped`: the URL is one from a response.
function options.request(op, base, is_escaped)
  if op.url == nil then
    return nil, nil, "Tab arg #2: url required!"
  end
  local scheme, address, port, path, authority = host.http_url(tostring(op.url))
  if not scheme then
    return nil, address
  end
  local method = upper(type(op.method) == "string" and op.method or "GET")
  if UNSENT[method] then
    return nil, "invalidparam"
  end
  local R = {scheme = scheme, host = address, port = port, authority = authority, shark = 0}
  R.method = METHODS[method] ~= nil and method or "GET"
  R.trusted = flag(op, base, "trusted")
  local is_secure = scheme == "https" or scheme == "wss"
  local problem = is_secure and set_context(R, op, base) or set_body(R, op.size)
  if not problem then
    set_place(R, op, base)
    R.key = (scheme == "ws" or scheme == "wss") and host.http_key() or nil
    R.target, problem = target_of(path_of(path, is_escaped), op.query)
  end
  problem = problem or set_fields(R, op, base)
  if problem then
    return nil, nil, problem
  end
  return R
end

return options
