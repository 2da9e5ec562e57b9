-- `require "httpm"`: what programs do most with an HTTP client, in one call each.
--
-- An object is a table; its field `raw` is the `httpc` client that does the work, so that the connection is kept
-- from one call to the next. It has that client's methods too. While one of its own calls is under way (a program's
-- function may wait in the middle of a transfer), another one, or request, read and write, are nil, "incorrectuse".
--
-- The original is a module in Lua whose failures have four results, of which the last two are nil.

local import = ...
local check = import "check"
local dates = import "data/dates"
local files = import "files"
local follow = import "http_client/follow"
local httpc = import "http_client/httpc"
local json = import "json/json"
local options = import "http_client/options"
local transfer = import "http_client/transfer"

local type, select, next, setmetatable, tonumber, upper =
  type, select, next, setmetatable, tonumber, string.upper
local inner = httpc.inner
local ask, ask_all, make_room, with_own = follow.ask, follow.ask_all, follow.make_room, follow.with_own

-- What a download may have at most unless `max` says otherwise: a server must not be able to fill the disk.
local MOST_BYTES = 1 << 30

local Manager = {}
Manager.__index = Manager

local httpm = {}

-- create([op]) → object; op as for httpc
function httpm.create(...)
  local op = ...
  if op ~= nil and type(op) ~= "table" then
    check.expected(1, "table", op, select("#", ...))
  end
  return setmetatable({op = op or {}, nop = {}, raw = httpc.api.create(op or {})}, Manager)
end

local function failure(reason)
  return nil, reason, nil, nil
end

-- Tells what is wrong with the first arguments of a call: their position, what is expected there, and the value.
local function fault(self, url)
  if type(self) ~= "table" or not inner.is_client(self.raw) then
    return 1, "httpm object", self
  elseif type(url) ~= "string" then
    return 2, "string", url
  end
end

-- ---------------------------------------------------------------- one call at a time

local busy = setmetatable({}, {__mode = "k"}) -- objects

local Use = {
  __close = function(use)
    busy[use.of] = nil
  end,
}

-- Calls `f(client, …)` while nobody else can call anything; also an error ends that.
local function alone(self, f, ...)
  if busy[self] then
    return failure "incorrectuse"
  end
  busy[self] = true
  local _ <close> = setmetatable({of = self}, Use)
  return f(self.raw, ...)
end

-- The client's methods, and whether they would spoil a call that is under way. `close` ends one, as it should.
local SPOILS = {
  request = true, read = true, write = true,
  status = false, header = false, headerpairs = false, cookie = false, close = false, timeout = false,
  certificate = false, cipher = false, trusted = false, peername = false, sockname = false,
}

for name, spoils in next, SPOILS do
  Manager[name] = function(...)
    local self = ...
    if type(self) ~= "table" or not inner.is_client(self.raw) then
      check.expected(1, "httpm object", self, select("#", ...))
    elseif spoils and busy[self] then
      return nil, "incorrectuse"
    end
    local client = self.raw
    return client[name](client, select(2, ...))
  end
end

-- ---------------------------------------------------------------- JSON and forms

-- The options of a request that sends a table: as a query, or in its body if it has one; with the body. What is wrong
-- with the table raises.
local function with_table(op, method, url, values)
  local all = with_own(op, {url = url})
  all.method = type(all.method) == "string" and all.method or method
  local own = {["x-requested-with"] = "XMLHttpRequest"}
  local name, text = upper(all.method), nil
  if name == "POST" or name == "PUT" or name == "PATCH" then
    local problem
    text, problem = options.form(values)
    if problem then
      check.raise_outside(problem)
    end
    own["Content-Type"], all.size = "application/x-www-form-urlencoded", #text
  else
    all.query = values
  end
  all.header = with_own(own, type(all.header) == "table" and all.header or {})
  return all, text
end

local function get_json(http, op, text)
  local status, body = ask_all(http, op, text)
  if status ~= 200 then
    return failure(body)
  elseif not body then
    return failure()
  end
  local decoded, reason = json.decode(body, op.jnull == true) -- otherwise nulls are left out
  if not decoded then
    return nil, "json", reason
  end
  return decoded
end

-- json(url [, query [, op]]) → table | nil, reason
function Manager.json(...)
  local self, url, query, op = ...
  local position, expected, value = fault(self, url)
  if not position and query ~= nil and type(query) ~= "table" then
    position, expected, value = 3, "table", query
  end
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  return alone(self, get_json, with_table(op, "GET", url, query or {}))
end

local function post(http, op, text)
  local status, body = ask_all(http, op, text)
  if not status then
    return failure(body)
  end
  return status, body
end

-- post(url, form [, op]) → status, body | nil, reason
function Manager.post(...)
  local self, url, form, op = ...
  local position, expected, value = fault(self, url)
  if not position and type(form) ~= "table" then
    position, expected, value = 3, "table", form
  end
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  return alone(self, post, with_table(op, "POST", url, form))
end

-- ---------------------------------------------------------------- files

local function is_success(status)
  return status >= 200 and status <= 299
end

local function ask_about(http, op)
  local status, reason = ask(http, op)
  if not status then
    return failure(reason)
  elseif not is_success(status) then
    return nil, status
  end
  local changed = dates.parsedate(http:header "last-modified" or "")
  return {size = tonumber((http:header "content-length")), mtime = changed ~= 0 and changed or nil}
end

-- stat(url [, op]) → {size=, mtime=} | nil, reason
function Manager.stat(...)
  local self, url, op = ...
  local position, expected, value = fault(self, url)
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  return alone(self, ask_about, with_own(op, {url = url, method = "HEAD"}))
end

-- Tells what is wrong with the table that names a transfer, in the original's words.
local function conf_fault(conf)
  if type(conf) ~= "table" or type(conf.url) ~= "string" then
    return "Required attribute: URL"
  elseif conf.fp == nil and not (files.is_io(conf.io) and type(conf.name) == "string") then
    return "Required attribute: (io and name) or fp"
  end
end

-- The options of a transfer's request.
local function transfer_options(conf, op, method, size)
  local all = with_own(conf, type(op) == "table" and op or {})
  all.url, all.size, all.method = conf.url, size, method
  return all
end

local function download(http, conf, op)
  local status, reason = ask(http, transfer_options(conf, op, "GET"))
  if not status then
    return failure(reason)
  elseif not is_success(status) then
    http:close()
    return nil, status
  end
  return transfer.receive(http, conf, tonumber(conf.max) or MOST_BYTES)
end

-- download({url=, io=, name= | fp=, func=} [, op]) → true | nil, reason
function Manager.download(...)
  local self, conf, op = ...
  local position, expected, value = fault(self, "")
  if not position and conf == nil then
    position, expected, value = 2, "table", conf
  end
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  local problem = conf_fault(conf)
  if problem then
    check.raise(problem)
  end
  return alone(self, download, conf, op)
end

local function upload(http, conf, op)
  local source <close>, size = transfer.source(conf)
  if not source then
    return failure(size)
  elseif not size then -- the original sends no body whose length nobody knows
    return failure "incorrectuse"
  end
  make_room(http)
  local ok, reason = http:request(transfer_options(conf, op, "PUT", size))
  if ok then
    ok, reason = transfer.send(http, conf, source, size)
  end
  local status
  if ok then
    status, reason = http:status()
  end
  if not status then
    http:close()
    return failure(reason)
  elseif not is_success(status) then
    http:close()
    return nil, status
  end
  http:read(0)
  return true
end

-- upload({url=, io=, name= | fp=, size=, func=} [, op]) → true | nil, reason
function Manager.upload(...)
  local self, conf, op = ...
  local position, expected, value = fault(self, "")
  if not position and conf == nil then
    position, expected, value = 2, "table", conf
  end
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  local problem = conf_fault(conf)
  if problem then
    check.raise(problem)
  end
  return alone(self, upload, conf, op)
end

return httpm
