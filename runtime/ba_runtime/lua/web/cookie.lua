-- Cookies: what `response:createcookie` and `request:cookie` return.
--
-- A method without an argument tells, one with an argument sets. Nothing is sent before `activate`.

local import = ...
local userdata = import "userdata"
local check = import "check"
local exchange = import "web/exchange"

local select, setmetatable, type, find, gmatch, concat = select, setmetatable, type, string.find, string.gmatch,
  table.concat

local cookies = setmetatable({}, {__mode = "k"})
local meta = {__name = "COOKIE"}
meta.__index = meta

local cookie = {}

-- Returns a cookie that the page may set.
function cookie.new(X, name, value)
  local u = userdata.new(meta)
  cookies[u] = {X = X, name = name, value = value or "", path = "/"}
  return u
end

-- Returns the cookie of that name in a request's `Cookie` field, nil for none.
function cookie.received(X, name, field)
  for key, value in gmatch(field or "", "%s*([^=;]+)=([^;]*)") do
    if key == name then
      return cookie.new(X, name, value)
    end
  end
  return nil
end

-- name() → its name
function meta.name(...)
  local C = cookies[...] or check.expected(1, "COOKIE", (...), select("#", ...))
  return C.name
end

-- What may not be in a part of a cookie: the end of it, and of the head.
local FORBIDDEN = "[%c;]"

local function add_text(key)
  meta[key] = function(...)
    local n, self, text = select("#", ...), ...
    local C = cookies[self] or check.expected(1, "COOKIE", self, n)
    if n == 1 then
      return C[key]
    end
    text = check.string(2, text, n)
    if find(text, FORBIDDEN) then
      check.fail(2, "invalid character in a cookie")
    end
    C[key] = text
  end
end

-- value([text]), path([text]), domain([text]), comment([text])
add_text "value"
add_text "path"
add_text "domain"
add_text "comment"

-- maxage([seconds]): how long the client keeps it; without, until the browser is closed
function meta.maxage(...)
  local n, self, seconds = select("#", ...), ...
  local C = cookies[self] or check.expected(1, "COOKIE", self, n)
  if n == 1 then
    return C.maxage or 0
  end
  C.maxage = check.integer(2, seconds, n)
end

local function add_switch(key)
  meta[key] = function(...)
    local n, self, is_on = select("#", ...), ...
    local C = cookies[self] or check.expected(1, "COOKIE", self, n)
    if n == 1 then
      return C[key] or false
    elseif type(is_on) ~= "boolean" then
      check.expected(2, "boolean", is_on, n)
    end
    C[key] = is_on
  end
end

-- secure([boolean]): only for HTTPS. httponly([boolean]): not for scripts
add_switch "secure"
add_switch "httponly"

-- activate() → true: the response sets it
function meta.activate(...)
  local C = cookies[...] or check.expected(1, "COOKIE", (...), select("#", ...))
  if C.X.stopped or C.X.committed then
    check.raise(C.X.stopped and "request/response expired" or "Error iscommitted")
  end
  local parts = {C.name .. "=" .. C.value, "Path=" .. C.path}
  parts[#parts + 1] = C.domain and "Domain=" .. C.domain
  parts[#parts + 1] = C.maxage and "Max-Age=" .. C.maxage
  parts[#parts + 1] = C.secure and "Secure" or nil
  parts[#parts + 1] = C.httponly and "HttpOnly" or nil
  exchange.set_field(C.X, "Set-Cookie", concat(parts, "; "))
  return true
end

-- delete() → true: the response has the client forget it
function meta.delete(...)
  local C = cookies[...] or check.expected(1, "COOKIE", (...), select("#", ...))
  C.value, C.maxage = "", 0
  return meta.activate(...)
end

return cookie
