-- The `response` object of a page, and deferred responses, which answer after the page has ended.

local import = ...
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local exchange = import "web/exchange"
local userdata = import "userdata"
local check = import "check"
local json = import "json/json"

local type, select, setmetatable, error, find = type, select, setmetatable, error, string.find
local tostring = import "console/text".tostring

local exchanges = setmetatable({}, {__mode = "k"})
local meta, later = {__name = "HTTPRESPONSE"}, {__name = "DEFERREDRESPONSE"}
meta.__index, later.__index = meta, later

local response = {meta = meta, later = later}

function response.new(X)
  local u = userdata.new(meta)
  exchanges[u] = X
  return u
end

-- Both kinds of object have these. A page's is of no use once its response was stopped; a deferred one works
-- until it is closed.
local function usable(X)
  if X.stopped then
    error("request/response expired", 0)
  end
  return X
end

-- ---------------------------------------------------------------- the body

-- Strings, and numbers as print has them; other values are left out, as documented.
local function write_all(writer, X, ...)
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

-- write(...) → bytes written
function meta.write(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  return write_all(exchange.write, usable(X), select(2, ...))
end

-- flush() → true: what was written so far goes to the client now
function meta.flush(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  if not usable(X).ended and not X.deferred then
    exchange.flush(X)
  end
  return true
end

-- reset(["buffer"]) → true: forgets what was written, and without "buffer" the headers too; false when committed
function meta.reset(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  return exchange.reset(usable(X), select(2, ...) == "buffer")
end

-- json(table): the response is this value as JSON
function meta.json(...)
  local n, self, value = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  local text, problem = json.encode(value)
  if not text then
    error(problem, 2)
  end
  exchange.replace(usable(X), X.status, "application/json; charset=utf-8", text)
end

-- ---------------------------------------------------------------- the head

function meta.setheader(...)
  local n, self, name, value = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  name = check.string(2, name, n)
  value = value ~= nil and check.string(3, value, n) or nil
  if not find(name, "^[%w!#$%%&'*+%-.^_`|~]+$") then
    check.fail(2, "invalid header name")
  elseif value and find(value, "[\0-\8\10-\31\127]") then
    check.fail(3, "control character in a header")
  end
  exchange.set_field(usable(X), name, value)
end

function meta.setstatus(...)
  local n, self, status = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  status = check.integer(2, status, n)
  if status < 200 or status > 599 then
    check.fail(2, "invalid status code")
  end
  usable(X).status = status
end

function meta.setcontenttype(...)
  local n, self, value = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  value = check.string(2, value, n)
  if find(value, "%c") then
    check.fail(2, "control character in a header")
  end
  exchange.set_field(usable(X), "Content-Type", value)
end

function meta.setcontentlength(...)
  local n, self, length = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  length = check.integer(2, length, n)
  if length < 0 then
    check.fail(2, "invalid length")
  end
  usable(X).length = length
end

-- committed() → whether the head has gone out
function meta.committed(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  return X.committed or X.ended or false
end

-- valid() → whether the response can still be used
function meta.valid(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  return not X.stopped
end

-- ---------------------------------------------------------------- other ends

-- Ends the page; what is called in it, or in its cosockets, later on raises.
local function stop(X)
  X.stopped = true
  if X.task and X.task == sched.current then
    return waiting.abandon(X.task)
  end
end

-- senderror(status [, text]): the response is an error
function meta.senderror(...)
  local n, self, status, text = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  status = check.integer(2, status, n)
  if status < 200 or status > 599 then
    check.fail(2, "invalid status code")
  end
  text = text ~= nil and check.string(3, text) or ""
  exchange.replace(usable(X), status, "text/plain; charset=utf-8", status .. "\n" .. text .. "\n")
end

-- sendredirect(url [, status]): sends the client elsewhere and ends the page
function meta.sendredirect(...)
  local n, self, url, status = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  url = check.string(2, url, n)
  if find(url, "%c") then
    check.fail(2, "control character in a header")
  end
  status = status == nil and 302 or check.integer(3, status)
  if exchange.reset(usable(X)) then
    X.status = status
    X.fields = {"Location", url}
    exchange.finish(X)
  end
  stop(X)
end

-- abort(): ends the page; what was written so far is the response
function meta.abort(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  if not usable(X).deferred then
    exchange.finish(X)
  end
  stop(X)
end

-- include(path) → true: another page writes its part here; relative paths begin at this page's folder
function meta.include(...)
  local n, self, path = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  path = check.string(2, path, n)
  if not import "web/server".include(usable(X), path) then
    check.raise("page '" .. path .. "' does not exist")
  end
  return true
end

-- forward(path): another page answers instead, and this one ends
function meta.forward(...)
  local n, self, path = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPRESPONSE", self, n)
  path = check.string(2, path, n)
  exchange.reset(usable(X))
  if not import "web/server".include(X, path) then
    check.raise("page '" .. path .. "' does not exist")
  end
  exchange.finish(X)
  stop(X)
end

-- ---------------------------------------------------------------- deferred

-- deferred() → an object that answers later; what the page itself writes from now on goes nowhere
function meta.deferred(...)
  local X = exchanges[...] or check.expected(1, "HTTPRESPONSE", (...), select("#", ...))
  if usable(X).ended then
    return nil
  end
  X.deferred = true
  local u = userdata.new(later)
  exchanges[u] = X
  return u
end

for _, name in ipairs {"setheader", "setstatus", "setcontenttype", "setcontentlength", "reset", "json", "committed"} do
  later[name] = meta[name]
end

-- write(...) → true; nil, "socketwritefailed" when the client is gone or the response was closed
function later.write(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  if X.ended or X.lost then
    return nil, "socketwritefailed"
  end
  write_all(exchange.put, X, select(2, ...))
  return true
end

-- flush() → true: what was written so far goes to the client now
function later.flush(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  if X.ended or X.lost then
    return nil, "socketwritefailed"
  end
  exchange.flush(X)
  return true
end

-- valid() → whether there is still somebody to answer
function later.valid(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  return not (X.ended or X.lost)
end

-- close(): the response is complete
function later.close(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  exchange.finish(X)
  if X.closer then
    X.closer(X)
  end
end

-- Called by the collector: nobody can answer any more, so what there is goes out.
function later.__gc(u)
  local X = exchanges[u]
  if X then
    exchange.finish(X)
    if X.closer then
      X.closer(X)
    end
  end
end

later.__close = later.close

return response
