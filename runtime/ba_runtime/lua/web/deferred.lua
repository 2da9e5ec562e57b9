-- Deferred responses: what answers after the page has ended, from a cosocket, a timer or a job.

local import = ...
local userdata = import "userdata"
local check = import "check"
local command = import "web/command"
local exchange = import "web/exchange"
local response = import "web/response"
local json = import "json/json"

local select, type, error, ipairs = select, type, error, ipairs
local exchanges, write_all = command.exchanges, response.write_all

local meta = {__name = "DEFERREDRESPONSE"}
meta.__index = meta

local deferred = {}

-- Returns an object that answers from now on, in the page's place.
function deferred.new(X)
  X.deferred = true
  local u = userdata.new(meta)
  exchanges[u] = X
  return u
end

for _, name in ipairs {
  "setheader",
  "setdateheader",
  "setmaxage",
  "setdefaultheaders",
  "containsheader",
  "setstatus",
  "getstatus",
  "setcontenttype",
  "setcontentlength",
  "reset",
  "committed",
  "bytecount",
} do
  meta[name] = command.meta[name]
end

-- write(...) → true; nil, "socketwritefailed" when the client is gone
function meta.write(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  if X.ended then
    check.raise "expired"
  elseif X.lost then
    return nil, "socketwritefailed"
  end
  write_all(exchange.put, X, select(2, ...))
  return true
end

-- flush() → true: what was written so far goes to the client now
function meta.flush(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  if X.ended then
    check.raise "expired"
  elseif X.lost then
    return nil, "socketwritefailed"
  end
  exchange.flush(X)
  return true
end

-- send(...) → true: like write, and what was written so far goes to the client now
function meta.send(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  if X.ended then
    check.raise "expired"
  elseif X.lost then
    return nil, "socketwritefailed"
  end
  if write_all(exchange.put, X, select(2, ...)) > 0 then
    exchange.flush(X)
  end
  return true
end

-- valid() → whether there is still somebody to answer
function meta.valid(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  return not (X.ended or X.lost)
end

-- json(table) → whether the response was still whole: it is this table as JSON, and complete
function meta.json(...)
  local n, self, value = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "DEFERREDRESPONSE", self, n)
  if type(value) ~= "table" then
    check.expected(2, "table", value, n)
  elseif X.ended then
    check.raise "expired"
  end
  local text, problem = json.encode(value)
  if not text then
    error(problem, 2)
  end
  local is_whole = exchange.replace(X, X.status, "application/json", text)
  if is_whole and X.closer then
    X.closer(X)
  end
  return is_whole
end

local function finish(X)
  exchange.finish(X)
  if X.closer then
    X.closer(X)
  end
end

-- close(): the response is complete
function meta.close(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  finish(X)
end

-- abort(): the response ends with what the client has of it, and so does the connection
function meta.abort(...)
  local X = exchanges[...] or check.expected(1, "DEFERREDRESPONSE", (...), select("#", ...))
  if not X.ended then
    exchange.give_up(X)
  end
  finish(X)
end

-- Called by the collector: nobody can answer any more, so what there is goes out.
function meta.__gc(u)
  local X = exchanges[u]
  if X then
    finish(X)
  end
end

meta.__close = meta.close

return deferred
