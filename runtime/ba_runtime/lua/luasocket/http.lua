-- `require "socket.http"`: HTTP requests over LuaSocket's sockets, with ltn12's sources and sinks (RFC 9112).

local import = ...
local ltn12 = import "luasocket/ltn12"
local mime = import "luasocket/mime"
local url = import "luasocket/url"
local flow = import "luasocket/flow"
local protect = import "luasocket/protect"
local socket = import "luasocket/socket"
local canonic = import "luasocket/headers".canonic

local pairs, tonumber, tostring, type = pairs, tonumber, tostring, type
local concat, find, format, gsub, lower, match =
  table.concat, string.find, string.format, string.gsub, string.lower, string.match
local try = protect.try

local MOST_REDIRECTS <const> = 5
local MOST_HEADERS <const> = 1000 -- a peer that never ends its head would fill the memory

local http = {TIMEOUT = 60, PORT = 80, USERAGENT = socket._VERSION, _VERSION = "HTTP 1.0"}

-- ---------------------------------------------------------------- heads

-- Returns header fields by their names in lower case; values of a repeated one are joined. Or nil and a reason.
local function receive_headers(connection)
  local headers, count, last = {}, 0, nil
  while true do
    local line, reason = connection:receive "*l"
    if not line then
      return nil, reason
    elseif line == "" then
      return headers
    end
    count = count + 1
    local name, value = match(line, "^([^%s:]+)%s*:%s*(.-)%s*$")
    if count > MOST_HEADERS or not name and not (last and find(line, "^%s")) then
      return nil, "malformed response headers"
    elseif name then
      last = lower(name)
      headers[last] = headers[last] and headers[last] .. ", " .. value or value
    else -- a line that goes on
      headers[last] = headers[last] .. " " .. match(line, "^%s*(.-)%s*$")
    end
  end
end

local function send_head(connection, request)
  local lines = {format("%s %s HTTP/1.1", request.method, request.uri)}
  for name, value in pairs(request.headers) do
    lines[#lines + 1] = canonic[name] .. ": " .. tostring(value)
  end
  return connection:send(concat(lines, "\r\n") .. "\r\n\r\n")
end

-- Returns status code and line; or nil and the beginning of a body without any head (HTTP/0.9); or nil, nil, a reason.
local function receive_status(connection)
  local start, reason = connection:receive(5)
  if not start then
    return nil, nil, reason
  elseif start ~= "HTTP/" then
    return nil, start
  end
  local line, problem = connection:receive("*l", start)
  if not line then
    return nil, nil, problem
  end
  return tonumber(match(line, "^HTTP/%d*%.?%d*%s+(%d%d%d)")) or 0, line
end

-- ---------------------------------------------------------------- bodies

flow.sources["http-chunked"] = function(connection, headers)
  local is_over = false
  return function()
    if is_over then
      return nil
    end
    local line, reason = connection:receive "*l"
    local size = tonumber(match(line or "", "^%s*(%x+)") or "", 16)
    if not size then
      return nil, reason or "invalid chunk size"
    elseif size > 0 then
      local chunk, problem = connection:receive(size)
      if chunk then
        connection:receive "*l"
      end
      return chunk, problem
    end
    is_over = true
    local trailer, problem = receive_headers(connection)
    for name, value in pairs(trailer or {}) do
      headers[name] = headers[name] or value
    end
    return nil, problem
  end
end

flow.sinks["http-chunked"] = function(connection)
  return function(chunk)
    if not chunk then
      return connection:send "0\r\n\r\n"
    elseif chunk == "" then
      return 1
    end
    return connection:send(format("%X\r\n", #chunk) .. chunk .. "\r\n")
  end
end

-- ---------------------------------------------------------------- the request

local DEFAULTS = {host = "", path = "/", scheme = "http"}

local function request_uri(request)
  if request.proxy or http.PROXY then
    local parts = url.parse(request.url) or request
    return url.build {
      scheme = request.scheme, host = parts.host, port = parts.port,
      path = request.path, params = request.params, query = request.query,
    }
  end
  return url.build {path = request.path, params = request.params, query = request.query}
end

local function request_headers(request)
  local port = tostring(request.port)
  local headers = {
    ["user-agent"] = http.USERAGENT,
    host = request.target_host .. (port ~= tostring(http.PORT) and ":" .. port or ""),
    connection = "close, TE",
    te = "trailers",
  }
  if request.user and request.password then
    local pair = url.unescape(request.user) .. ":" .. url.unescape(request.password)
    headers.authorization = "Basic " .. (mime.b64(pair) or "")
  end
  if request.source and not (request.headers and request.headers["content-length"]) then
    headers["transfer-encoding"] = "chunked"
  end
  for name, value in pairs(request.headers or {}) do
    headers[lower(name)] = value
  end
  if headers["content-length"] then
    headers["transfer-encoding"] = nil
  end
  return headers
end

-- Makes of what the program asks for all that the exchange needs.
local function completed(asked)
  local request = asked.url and url.parse(asked.url, DEFAULTS) or {}
  for key, value in pairs(asked) do
    request[key] = value
  end
  if not request.host or request.host == "" then
    try(nil, "invalid host '" .. tostring(request.host) .. "'")
  elseif request.scheme and request.scheme ~= "http" and not request.create then
    local scheme = request.scheme
    try(nil, "socket.http does not speak " .. scheme .. (scheme == "https" and '; use require"httpc"' or ""))
  end
  request.port = request.port or http.PORT
  request.method = request.method or "GET"
  request.path = request.path or "/"
  request.target_host = find(request.host, ":", 1, true) and "[" .. request.host .. "]" or request.host
  request.uri = asked.uri or request_uri(request)
  request.headers = request_headers(request)
  local proxy = request.proxy or http.PROXY
  if proxy then
    local parts = url.parse(proxy) or {}
    request.host, request.port = parts.host or request.host, parts.port or 3128
  end
  return request
end

local REDIRECTS = {[301] = true, [302] = true, [303] = true, [307] = true, [308] = true}

local function is_redirect(request, code, headers)
  local location = headers.location
  if not location or gsub(location, "%s", "") == "" or request.redirect == false or not REDIRECTS[code] then
    return false
  end
  local scheme = match(location, "^(%a[%w+.-]*):")
  return (not scheme or lower(scheme) == "http" or request.create ~= nil)
    and (request.method == "GET" or request.method == "HEAD")
    and (request.redirects or 0) < (request.maxredirects or MOST_REDIRECTS)
end

local function has_body(request, code)
  return request.method ~= "HEAD" and code ~= 204 and code ~= 304 and not (code >= 100 and code < 200)
end

local function body_source(connection, headers)
  local length = tonumber(headers["content-length"])
  local coding = headers["transfer-encoding"]
  if coding and lower(coding) ~= "identity" then
    return flow.source("http-chunked", connection, headers)
  elseif length then
    return flow.source("by-length", connection, length)
  end
  return flow.source("until-closed", connection)
end

local perform

local function redirected(request, asked, location)
  local again = {}
  for key, value in pairs(asked) do
    again[key] = value
  end
  again.url = url.absolute(asked.url or url.build(request), location)
  again.uri, again.host, again.port, again.path, again.redirects = nil, nil, nil, nil, (request.redirects or 0) + 1
  local ok, code, headers, status = perform(again)
  headers = headers or {}
  headers.location = headers.location or location
  return ok, code, headers, status
end

local function received(request, asked, connection)
  local try_here = protect.newtry(function()
    connection:close()
  end)
  local code, status, reason = receive_status(connection)
  if not code then
    local start = try_here(status, reason)
    local source = ltn12.source.cat(ltn12.source.string(start), flow.source("until-closed", connection))
    try_here(ltn12.pump.all(source, request.sink or ltn12.sink.null(), request.step))
    return 1, 200
  end
  local headers = try_here(receive_headers(connection))
  while code >= 100 and code < 200 and code ~= 101 do -- the real answer follows
    code, status, reason = receive_status(connection)
    try_here(code, reason or "malformed response")
    headers = try_here(receive_headers(connection))
  end
  if is_redirect(request, code, headers) then
    connection:close()
    return redirected(request, asked, headers.location)
  end
  if has_body(request, code) then
    try_here(ltn12.pump.all(body_source(connection, headers), request.sink or ltn12.sink.null(), request.step))
  end
  connection:close()
  return 1, code, headers, status
end

function perform(asked)
  local request = completed(asked)
  local connection = try((request.create or socket.tcp)())
  local try_here = protect.newtry(function()
    connection:close()
  end)
  try_here(connection:settimeout(http.TIMEOUT))
  try_here(connection:connect(request.host, tonumber(request.port)))
  try_here(send_head(connection, request))
  if request.source then
    local mode = request.headers["content-length"] and "keep-open" or "http-chunked"
    try_here(ltn12.pump.all(request.source, flow.sink(mode, connection), request.step))
  end
  return received(request, asked, connection)
end

-- A URL and perhaps a form's body: returns the body as a text.
local function simple(address, body)
  local pieces = {}
  local request = {url = address, sink = (ltn12.sink.table(pieces))}
  if body then
    request.source = ltn12.source.string(body)
    request.headers = {["content-length"] = #body, ["content-type"] = "application/x-www-form-urlencoded"}
    request.method = "POST"
  end
  local _, code, headers, status = perform(request)
  return concat(pieces), code, headers, status
end

-- request(url [, body]) → body, code, headers, status line | nil, reason
-- request{url=, sink=, method=, headers=, source=, step=, proxy=, redirect=, create=} → 1, code, headers, status line
http.request = protect.protect(function(request, body)
  if type(request) == "string" then
    return simple(request, body)
  end
  return perform(request)
end)

return http
