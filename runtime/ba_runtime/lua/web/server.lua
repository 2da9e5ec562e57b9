-- The page server: listens when somebody first asks for its port, and answers requests by pages and directories.
--
-- Python (`web/`) reads, checks and bounds requests and tells of whole ones here, under the listener's number.
-- Time is its business too, but it has no clock: as long as there are connections, `sweep` lets it look.

local import = ...
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local deadlines = import "tasks/deadlines"
local exchange = import "web/exchange"
local page = import "web/page"
local dir = import "web/dir"
local answers = import "web/answers"

local sub, match, gmatch, gsub, find, concat, error, clock =
  string.sub, string.match, string.gmatch, string.gsub, string.find, table.concat, error, host.monotonic

local web = {}

local held = keepers.add({})
local port

-- ---------------------------------------------------------------- what time does

local sweeper = {}

function sweeper.expire()
  local pause_s = host.web_sweep()
  if pause_s then
    deadlines.set(sweeper, clock() + pause_s)
  end
end

-- ---------------------------------------------------------------- requests

local fixed = keepers.add({}) -- by path: pages that cells have put there

local function dispatch(X, path)
  local f = fixed[path]
  if f then
    return f(X) ~= false
  end
  return dir.answer(X, sub(path, 2))
end

local function serve(X)
  if not dispatch(X, X.path) and not X.ended then
    answers.not_found(X)
  end
end

local server = {}

function server.ready(_, number)
  if number == 0 then
    return sweeper.expire()
  end
  local X = exchange.new(number, host.web_request(number))
  if X then
    page.start(X, serve)
  end
end

-- Returns the port; listens if nobody has asked for it before. Raises when that is impossible.
function web.listen()
  if not port then
    local number, found = host.web_listen()
    if not number then
      error(found, 0)
    end
    held[1], port = server, found
    sched.handlers[number] = server
  end
  return port
end

-- Puts a page at a path of its own, in place of an earlier one there; `f(X)` answers. Returns its address.
function web.put(path, f)
  fixed[path] = f
  return "http://127.0.0.1:" .. web.listen() .. gsub(path, "[^%w%-._~/]", function(c)
    return ("%%%02X"):format(c:byte())
  end)
end

-- ---------------------------------------------------------------- pages that use other pages

-- Takes `.` and `..` out of a path, as is done for those of requests.
local function normal(path)
  local parts, n = {}, 0
  for part in gmatch(path, "[^/]+") do
    if part == ".." then
      n = n > 0 and n - 1 or 0
    elseif part ~= "." then
      n = n + 1
      parts[n] = part
    end
  end
  return "/" .. concat(parts, "/", 1, n) .. (n > 0 and match(path, "/$") or "")
end

local function resolve(X, path)
  path = match(path, "^[^?]*")
  if sub(path, 1, 1) ~= "/" then
    path = match(X.base or X.path, "^.*/") .. path
  end
  return find(path, "/.", 1, true) and normal(path) or path
end

-- Runs what answers to another path, in the same request; false when there is nothing. `how` is "include" or "forward".
function web.include(X, path, how)
  local depth = X.depth or 0
  if depth >= 10 then
    error("pages are included too deeply; check whether a page includes itself", 0)
  end
  local base, outer = X.base, X.how -- where relative paths of the page that runs begin
  X.depth, X.base, X.how = depth + 1, resolve(X, path), how
  local found = dispatch(X, X.base)
  X.depth, X.base, X.how = depth, base, outer
  return found
end

return web
