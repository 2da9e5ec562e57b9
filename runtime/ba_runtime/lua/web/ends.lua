-- The methods of `response` that end an answer, or hand it on: errors, redirects, other pages, deferred responses.
--
-- Some of them end the page, as on the server, by raising nil: a page may catch that, but can answer no more. What is
-- called then, in the page or in its cosockets, raises in the server's words.

local import = ...
local check = import "check"
local command = import "web/command"
local deferred = import "web/deferred"
local exchange = import "web/exchange"
local answers = import "web/answers"
local response = import "web/response"
local json = import "json/json"

local type, select, error, find, ipairs, concat, upper =
  type, select, error, string.find, ipairs, table.concat, string.upper
local tostring = import "console/text".tostring

local exchanges, meta = command.exchanges, command.meta
local obstacle, note_status, EXPIRED = response.obstacle, response.note_status, response.EXPIRED

-- Ends the page, or whatever else has called: what runs is over unless somebody catches this.
local function stop(X)
  X.stopped = true
  error(nil, 0)
end

-- json(table, …): the response is this table as JSON, or the list of these tables; ends the page
function meta.json(...)
  local n, self = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  local values = {select(2, ...)}
  for i = 1, n > 1 and n - 1 or 1 do
    if type(values[i]) ~= "table" then
      check.expected(i + 1, "table", values[i], n)
    end
  end
  if X.stopped then
    check.raise(EXPIRED)
  end
  local text, problem = json.encode(n > 2 and values or values[1])
  if not text then
    error(problem, 2)
  end
  exchange.replace(X, X.status, "application/json", text)
  stop(X)
end

-- senderror(status [, html]) → true: the response is the server's page for this error; the page goes on
function meta.senderror(...)
  local n, self, status, html = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  status = check.integer(2, status, n)
  html = html ~= nil and check.string(3, html) or ""
  if X.stopped or X.committed then
    check.raise(obstacle(X))
  end
  note_status(status)
  answers.error(X, status, html)
  return true
end

-- allow(methods) → true when the client's method is in this list; else it is told so, and the page ends
function meta.allow(...)
  local n, self, methods = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  if type(methods) ~= "table" then
    check.expected(2, "table", methods, n)
  elseif X.stopped then
    check.raise(EXPIRED)
  end
  local names = {}
  for i, method in ipairs(methods) do
    names[i] = upper(tostring(method))
    if names[i] == X.method then
      return true
    end
  end
  if exchange.reset(X, true) then
    exchange.set_field(X, "Allow", concat(names, ", "))
    if X.method == "OPTIONS" then
      exchange.finish(X)
    else
      answers.error(X, 405)
    end
  end
  stop(X)
end

-- sendredirect(url [, status]): sends the client elsewhere and ends the page
function meta.sendredirect(...)
  local n, self, url, status = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  url = check.string(2, url, n)
  if find(url, "%c") then
    check.fail(2, "control character in a header")
  end
  status = status == nil and 302 or check.integer(3, status)
  if X.stopped then
    check.raise(EXPIRED)
  end
  answers.redirect(X, url, status)
  stop(X)
end

-- abort(): ends the page; what was written so far is the response
function meta.abort(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  if X.stopped then
    check.raise(EXPIRED)
  elseif not X.deferred then
    exchange.finish(X)
  end
  stop(X)
end

-- include(path) → true: another page writes its part here; relative paths begin at this page's folder
function meta.include(...)
  local n, self, path = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  path = check.string(2, path, n)
  if X.stopped then
    check.raise(EXPIRED)
  elseif not import "web/server".include(X, path, "include") then
    check.raise("Error pagenotfound: " .. path)
  end
  return true
end

-- forward(path): another page answers instead, and this one ends
function meta.forward(...)
  local n, self, path = select("#", ...), ...
  local X = exchanges[self] or check.expected(1, "HTTPCMD", self, n)
  path = check.string(2, path, n)
  if X.stopped then
    check.raise(EXPIRED)
  end
  exchange.reset(X, true)
  if not import "web/server".include(X, path, "forward") then
    check.raise("Error pagenotfound: " .. path)
  elseif not X.deferred then
    exchange.finish(X)
  end
  stop(X)
end

-- deferred() → an object that answers later; what the page itself writes from now on goes nowhere
function meta.deferred(...)
  local X = exchanges[...] or check.expected(1, "HTTPCMD", (...), select("#", ...))
  if X.stopped then
    check.raise(EXPIRED)
  elseif X.ended then
    return nil
  end
  return deferred.new(X)
end

return {}
