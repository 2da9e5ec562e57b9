-- The methods of `response` by which a page writes its answer: the body and the head. `ends.lua` has those that end it.

local import = ...
local check = import "check"
local command = import "web/command"
local cookie = import "web/cookie"
local exchange = import "web/exchange"
local answers = import "web/answers"
local dates = import "data/dates"
local advice = import "console/advice"

local type, select, find, gsub = type, select, string.find, string.gsub
local tostring = import "console/text".tostring

local exchanges, meta = command.exchanges, command.meta

local response = {EXPIRED = "request/response expired"}

local EXPIRED, COMMITTED = response.EXPIRED, "Error iscommitted"

-- Returns why a response cannot be changed any more.
function response.obstacle(X)
  if X.stopped then
    return EXPIRED
  end
  return X.deferred and X.ended and "expired" or COMMITTED
end

local obstacle = response.obstacle

-- ---------------------------------------------------------------- the body

-- Writes strings, and numbers as print has them; other values are left out. Returns how many bytes that were.
function response.write_all(writer, X, ...)
  local values, bytes = {...}, 0
  for i = 1, select("#", ...) do
    local value = values[i]
    if type(value) == "number" then
      value = tostring(value)
    end
    if type(value) == "string" then
      bytes = bytes + #value
      if value ~= "" then
        writer(X, value)
      end
    end
  end
  return bytes
end

local write_all = response.write_all

-- write(...) → bytes written
function meta.write(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  if X.stopped then
    check.raise(EXPIRED)
  end
  return (write_all(exchange.write, X, select(2, ...)))
end

-- flush() → true: what was written so far goes to the client now; the head alone if that is nothing
function meta.flush(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  if X.stopped then
    check.raise(EXPIRED)
  elseif not X.ended and not X.deferred then
    exchange.flush(X)
  end
  return true
end

-- send(...) → bytes written: they go to the client now
function meta.send(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  if X.stopped then
    check.raise(EXPIRED)
  end
  local bytes = write_all(exchange.write, X, select(2, ...))
  if bytes > 0 and not X.ended and not X.deferred then
    exchange.flush(X)
  end
  return bytes
end

-- reset(["buffer"]) → true: forgets what was written, and without "buffer" the headers too; false when committed
function meta.reset(...)
  local n, self, what = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  what = what == nil and "headers" or check.string(2, what)
  if what ~= "buffer" and what ~= "headers" then
    check.fail(2, "invalid option '" .. what .. "'")
  elseif X.stopped then
    check.raise(EXPIRED)
  end
  return exchange.reset(X, what == "buffer")
end

-- bytecount() → the bytes of the body that were written so far
function meta.bytecount(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return exchange.written(X)
end

-- ---------------------------------------------------------------- the head

local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"
local CONTROL = "[\0-\8\10-\31\127]" -- but for the tab

-- setheader(name, value) → true; nil takes the header away
function meta.setheader(...)
  local n, self, name, value = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  name = check.string(2, name, n)
  value = value ~= nil and check.string(3, value, n) or nil
  if not find(name, TOKEN) then
    check.fail(2, "invalid header name")
  elseif value and find(value, CONTROL) then
    check.fail(3, "control character in a header")
  elseif X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  exchange.set_field(X, name, value)
  return true
end

-- containsheader(name) → the value that the page has set, nil for none
function meta.containsheader(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  return exchange.field(X, check.string(2, name, n))
end

-- setdateheader(name, seconds) → true: a header with a date, in seconds since 1970
function meta.setdateheader(...)
  local n, self, name, seconds = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  name, seconds = check.string(2, name, n), check.integer(3, seconds, n)
  if not find(name, TOKEN) then
    check.fail(2, "invalid header name")
  elseif X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  exchange.set_field(X, name, dates.encdate(seconds))
  return true
end

-- setmaxage(seconds) → true: for how long the client may keep the response
function meta.setmaxage(...)
  local n, self, seconds = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  seconds = check.integer(2, seconds, n)
  if X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  exchange.set_field(X, "Cache-Control", "max-age=" .. seconds)
  return true
end

-- setdefaultheaders() → true: HTML that the client may not keep
function meta.setdefaultheaders(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  if X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  answers.set_default_fields(X, "text/html; charset=utf-8")
  return true
end

-- Says once what becomes of a number that is not a status.
function response.note_status(status)
  if status < 200 or status > 599 then
    advice.once "a response can have a status from 200 to 599; in place of another number, the client gets `???`"
  end
end

-- setstatus(status) → true
function meta.setstatus(...)
  local n, self, status = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  status = check.integer(2, status, n)
  if X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  response.note_status(status)
  X.status = status
  return true
end

-- getstatus() → the status as set
function meta.getstatus(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.status
end

-- setcontenttype(type) → true
function meta.setcontenttype(...)
  local n, self, value = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  value = check.string(2, value, n)
  if find(value, "%c") then
    check.fail(2, "control character in a header")
  elseif X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  exchange.set_field(X, "Content-Type", value)
  return true
end

-- setcontentlength(bytes) → true: the body has this length, which is announced
function meta.setcontentlength(...)
  local n, self, length = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  length = check.integer(2, length, n)
  if length < 0 then
    check.fail(2, "invalid length")
  elseif X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  X.length = length
  return true
end

-- createcookie(name) → an object that sets a cookie when it is activated
function meta.createcookie(...)
  local n, self, name = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  name = check.string(2, name, n)
  if not find(name, TOKEN) then
    check.fail(2, "invalid cookie name")
  elseif X.stopped then
    check.raise(EXPIRED)
  end
  return cookie.new(X, name)
end

-- ---------------------------------------------------------------- what state it is in

-- committed() → whether the head has gone out
function meta.committed(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.committed or X.ended or false
end

-- valid() → whether the response can still be used
function meta.valid(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return not X.stopped
end

-- isinclude() → whether another page has included this one
function meta.isinclude(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.how == "include"
end

-- isforward() → whether another page has forwarded to this one
function meta.isforward(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  return X.how == "forward"
end

function meta.__tostring(self)
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self)
  return (gsub("[HTTP " .. X.method .. " " .. X.path .. "]", "%c", "?"))
end

return response
