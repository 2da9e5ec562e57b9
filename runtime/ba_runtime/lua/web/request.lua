-- The methods of `request`: what a page can ask for.
--
-- All of a request is here before its page begins, so nothing of it waits, and it can be asked for as long as
-- somebody refers to it, also after the page has ended. Fields of forms and queries are parsed on first use.

local import = ...
local host = import "host"
local check = import "check"
local advice = import "console/advice"
local hints = import "hints"
local command = import "web/command"
local cookie = import "web/cookie"
local multipart = import "web/multipart"
local encoding = import "data/encoding"

local select, type, find, lower, sub, match, gmatch, error, unpack =
  select, type, string.find, string.lower, string.sub, string.match, string.gmatch, error, table.unpack

local exchanges, meta = command.exchanges, command.meta

local request = {}

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

-- The headers in their order, flat, with their names as the client sent them: taken apart on first use.
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

-- Returns a header of the request; the name is in lower case.
local function header(X, name)
  local headers = headers_of(X)
  for i = 1, #headers, 2 do
    if lower(headers[i]) == name then
      return headers[i + 1]
    end
  end
  return nil
end

-- header(name): its value or nil, in any case. header(): a table of all; of those with one name the last.
function meta.header(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  if name ~= nil then
    return header(X, lower(check.string(2, name)))
  end
  local all, headers = {}, headers_of(X)
  for i = 1, #headers, 2 do
    all[headers[i]] = headers[i + 1]
  end
  return all
end

-- The name that the client called, without the port.
function meta.domain(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  local name = header(X, "host")
  return name and (match(name, "^%[.-%]") or match(name, "^[^:]*"))
end

-- Returns the server's address as the client called it, nil if the client did not.
function request.server_address(X)
  local host_field = header(X, "host")
  return host_field and "http://" .. host_field
end

-- Returns the path as a client writes it.
function request.escaped_path(X)
  return encoding.urlencode(X.path)
end

-- The complete address, without the query.
function meta.url(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return (request.server_address(X) or "http://localhost") .. request.escaped_path(X)
end

-- issecure() → whether it came by HTTPS
function meta.issecure(...)
  local _ = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return false
end

-- env() → the environment of the pages that answer
function meta.env(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.env
end

-- user() → nil: there is no user management here, so nobody has logged in
function meta.user(...)
  local _ = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  hints.remember("user", "request:user")
  return nil
end

-- session([create]) → nil, for the same reason
function meta.session(...)
  local _ = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  hints.remember("session", "request:session")
  return nil
end

-- cookie(name) → what the client sent of that name, nil for nothing
function meta.cookie(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  return cookie.received(X, check.string(2, name, n), header(X, "cookie"))
end

-- ---------------------------------------------------------------- data

local function content_type(X)
  return lower(match(header(X, "content-type") or "", "^%s*([^;%s]*)"))
end

-- Tells whether the body is a form that the server reads: of POST only, and only with its length.
local function has_form(X)
  return X.method == "POST"
    and content_type(X) == "application/x-www-form-urlencoded"
    and header(X, "content-length") ~= nil
end

local FORM = "a form is read from a POST with a Content-Length only, on a device too; read others by request:rawrdr"
local SEMICOLON = "a semicolon in a query ends a field's value, and what follows can take its place, on a device too;"
  .. " separate fields by &, and write %3B for a semicolon"

-- Says of a request that surprises what to do instead.
local function advise(X)
  if X.body ~= "" and content_type(X) == "application/x-www-form-urlencoded" and not has_form(X) then
    advice.once(FORM)
  end
  if find(X.query, ";", 1, true) then
    advice.once(SEMICOLON)
  end
end

-- The fields of the query and then those of a form in the body, flat.
local function fields(X)
  local list = X.data
  if list then
    return list
  end
  local text = X.query
  if has_form(X) then
    text = text .. (text ~= "" and X.body ~= "" and "&" or "") .. X.body
  end
  list = text == "" and {} or {host.web_form(text)}
  if list[1] == false then
    error("the request has too many form fields", 3)
  end
  advise(X)
  X.data = list
  return list
end

local function first(list, name)
  for i = 1, #list, 2 do
    if list[i] == name then
      return list[i + 1]
    end
  end
  return nil
end

-- data(name, …): the first value of each of these fields, or nil. data(): a table of all; of those with one name the
-- last.
function meta.data(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  if name == nil then
    local list, all = fields(X), {}
    for i = 1, #list, 2 do
      all[list[i]] = list[i + 1]
    end
    return all
  end
  local list = fields(X)
  if n == 2 then
    return first(list, check.string(2, name))
  end
  local values = {select(2, ...)}
  for i = 1, n - 1 do
    values[i] = first(list, check.string(i + 1, values[i]))
  end
  return unpack(values, 1, n - 1)
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

-- Calls a function that comes as `...`, as C does: a name for it would show up in traces and tracebacks.
local function call(...)
  local f = ...
  if f ~= nil then
    (...)(select(2, ...))
  end
end

-- multipart(callbacks) → true, or nil and what is wrong: takes a form with files apart
function meta.multipart(...)
  local n, self, callbacks = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  if type(callbacks) ~= "table" then
    check.expected(2, "table", callbacks, n)
  end
  local boundary = content_type(X) == "multipart/form-data" and multipart.boundary(header(X, "content-type"))
  if not boundary then
    return nil, "the request is not multipart/form-data"
  end
  return multipart.each(X.body, boundary, function(content, name, filename, kind)
    if not filename then
      return call(callbacks.formdata, name, content)
    end
    call(callbacks.beginfile, name, filename, kind)
    call(callbacks.filedata, content)
    call(callbacks.endfile)
  end)
end

local BLOCK_BYTES = 1024

-- Returns why the body cannot be read as it was sent: the server has read it already, or there is none.
local function obstacle(X)
  if has_form(X) then
    return "URL encoded data"
  elseif content_type(X) == "multipart/form-data" then
    return "multipart/form-data"
  elseif not header(X, "content-length") and not header(X, "transfer-encoding") then
    return "Missing content-length and not chunk encoding"
  end
end

-- An iterator over the body as it was sent, in blocks of `size` bytes.
function meta.rawrdr(...)
  local n, self, size = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  size = size == nil and BLOCK_BYTES or check.integer(2, size)
  if size < 1 then
    check.fail(2, "size out of range")
  end
  local problem = obstacle(X)
  if problem then
    error(problem, 0)
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

return request
