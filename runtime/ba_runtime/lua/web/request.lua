-- The `request` object of a page.
--
-- All of a request is here before its page begins, so nothing of it waits, and it can be asked for as long as
-- somebody refers to it, also after the page has ended. Fields of forms and queries are parsed on first use.

local import = ...
local host = import "host"
local userdata = import "userdata"
local check = import "check"

local select, setmetatable, lower, sub, match, gmatch, gsub, error =
  select, setmetatable, string.lower, string.sub, string.match, string.gmatch, string.gsub, error

local exchanges = setmetatable({}, {__mode = "k"})
local meta = {__name = "HTTPCMD"}
meta.__index = meta

local request = {meta = meta}

-- Returns the object for an exchange.
function request.new(X)
  local u = userdata.new(meta)
  exchanges[u] = X
  return u
end

-- Returns the exchange of a request object, nil for other values.
function request.exchange(value)
  return exchanges[value]
end

function meta.method(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.method
end

-- The path, decoded, without the query.
function meta.uri(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.path
end

-- The HTTP version, "1.0" or "1.1".
function meta.version(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.version
end

-- ---------------------------------------------------------------- headers

-- The headers in their order, flat, names in lower case: taken apart on first use.
local function headers_of(X)
  local headers = X.parsed
  if not headers then
    headers = {}
    for part in gmatch(X.headers, "([^\0]*)\0") do
      headers[#headers + 1] = part
    end
    X.parsed = headers
  end
  return headers
end

local function header(X, name)
  local headers = headers_of(X)
  for i = 1, #headers, 2 do
    if headers[i] == name then
      return headers[i + 1]
    end
  end
  return nil
end

-- header(name): its value or nil, in any case. header(): a table of all.
function meta.header(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  if name ~= nil then
    return header(X, lower(check.string(2, name)))
  end
  local all, headers = {}, headers_of(X)
  for i = 1, #headers, 2 do
    local before = all[headers[i]]
    all[headers[i]] = before and before .. ", " .. headers[i + 1] or headers[i + 1]
  end
  return all
end

-- The name that the client called, without the port.
function meta.domain(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  local name = header(X, "host")
  return name and (match(name, "^%[.-%]") or match(name, "^[^:]*"))
end

-- The complete address, without the query.
function meta.url(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return "http://" .. (header(X, "host") or "localhost") .. X.path
end

-- ---------------------------------------------------------------- data

-- The fields of the query and then those of a form in the body, flat.
local function fields(X)
  local list = X.data
  if list then
    return list
  end
  local text = X.query
  if match(lower(header(X, "content-type") or ""), "^application/x%-www%-form%-urlencoded") then
    text = text .. (text ~= "" and X.body ~= "" and "&" or "") .. X.body
  end
  list = text == "" and {} or {host.web_form(text)}
  if text ~= "" and list[1] == nil then
    list = {}
    if match(text, "&") then
      error("the request has too many form fields", 3)
    end
  end
  X.data = list
  return list
end

-- data(name): the first value of that field or nil. data(): a table of all.
function meta.data(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  name = name ~= nil and check.string(2, name)
  local list, all = fields(X), {}
  for i = 1, #list, 2 do
    if name and list[i] == name then
      return list[i + 1]
    elseif all[list[i]] == nil then
      all[list[i]] = list[i + 1]
    end
  end
  return not name and all or nil
end

-- An iterator over names and values, in their order.
function meta.datapairs(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  local list, i = fields(X), -1
  return function()
    i = i + 2
    return list[i], list[i + 1]
  end
end

local BLOCK_BYTES = 1024

-- An iterator over the body as it was sent, in blocks of `size` bytes.
function meta.rawrdr(...)
  local n, self, size = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  size = size == nil and BLOCK_BYTES or check.integer(2, size)
  if size < 1 then
    check.fail(2, "size out of range")
  end
  local at = 1
  return function()
    local block = sub(X.body, at, at + size - 1)
    at = at + size
    return block ~= "" and block or nil
  end
end

-- ---------------------------------------------------------------- names

local function names(X)
  if X.number and not X.ended then
    return host.web_names(X.number)
  end
end

local function endpoint(address, port, is_ipv6)
  if not address then
    return nil, "failed"
  end
  return address, port, is_ipv6
end

-- peername() → address, port, isIPv6
function meta.peername(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  local address, port, is_ipv6 = names(X)
  return endpoint(address, port, is_ipv6)
end

-- sockname() → address, port, isIPv6
function meta.sockname(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return endpoint(select(4, names(X)))
end

function meta.__tostring(self)
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self)
  return gsub("[HTTP " .. X.method .. " " .. X.path .. "]", "%c", "?")
end

return request
