-- `require "httpm"`: what programs do most with an HTTP client, in one call each.
--
-- An object is a table; its field `raw` is the `httpc` client that does the work, so that the connection is kept
-- from one call to the next. It has that client's methods too. While one of its own calls is under way (a program's
-- function may wait in the middle of a transfer), another one, or request, read and write, are nil, "incorrectuse".

local import = ...
local check = import "check"
local dates = import "data/dates"
local files = import "files"
local httpc = import "http_client/httpc"
local json = import "json/json"
local options = import "http_client/options"
local transfer = import "http_client/transfer"

local type, select, next, setmetatable, tonumber = type, select, next, setmetatable, tonumber

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
  return setmetatable({raw = httpc.api.create(op)}, Manager)
end

-- The program's options, with ours on top.
local function with_own(op, own)
  local all = {}
  for name, value in next, type(op) == "table" and op or {} do
    all[name] = value
  end
  for name, value in next, own do
    all[name] = value
  end
  return all
end

-- Tells what is wrong with the first arguments of a call: their position, what is expected there, and the value.
local function fault(self, url)
  if type(self) ~= "table" or self.raw == nil then
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
    return nil, "incorrectuse"
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
    if type(self) ~= "table" or self.raw == nil then
      check.expected(1, "httpm object", self, select("#", ...))
    elseif spoils and busy[self] then
      return nil, "incorrectuse"
    end
    local client = self.raw
    return client[name](client, select(2, ...))
  end
end

-- ---------------------------------------------------------------- JSON and forms

local function get_json(http, op)
  local status, reason = transfer.begin(http, op)
  if not status then
    return nil, reason
  end
  local body
  body, reason = http:read "*a"
  if not body then
    return nil, reason
  end
  local decoded
  decoded, reason = json.decode(body)
  if not decoded then
    return nil, reason
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
  return alone(self, get_json, with_own(op, {url = url, query = query}))
end

local function post_text(http, op, text)
  local sent, problem = http:request(op)
  if not sent then
    return nil, problem
  end
  http:write(text) -- should that fail, the response says why
  local status, reason = http:status()
  if not status then
    return nil, reason
  end
  local body
  body, reason = http:read "*a"
  if not body then
    return nil, reason
  end
  return status, body
end

-- post(url [, form [, op]]) → status, body | nil, reason
function Manager.post(...)
  local self, url, form, op = ...
  local position, expected, value = fault(self, url)
  if not position and form ~= nil and type(form) ~= "table" and type(form) ~= "string" then
    position, expected, value = 3, "table", form
  end
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  local text = type(form) == "string" and form or options.query(form or {})
  local all = with_own(op, {url = url, method = "POST", size = #text})
  all.header = with_own({["Content-Type"] = "application/x-www-form-urlencoded"}, all.header or {})
  return alone(self, post_text, all, text)
end

-- ---------------------------------------------------------------- files

local function ask_about(http, op)
  local status, reason = transfer.begin(http, op)
  if not status then
    return nil, reason
  end
  local changed = dates.parsedate(transfer.field(http, "last-modified") or "")
  return {
    size = tonumber(transfer.field(http, "content-length")),
    mtime = changed ~= 0 and changed or nil,
    type = transfer.field(http, "content-type"),
    status = status,
  }
end

-- stat(url [, op]) → table | nil, reason
function Manager.stat(...)
  local self, url, op = ...
  local position, expected, value = fault(self, url)
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  return alone(self, ask_about, with_own(op, {url = url, method = "HEAD"}))
end

-- Tells what is wrong with the arguments that both directions have, as `fault` does.
local function transfer_fault(self, url, place, name)
  local position, expected, value = fault(self, url)
  if position then
    return position, expected, value
  elseif files.is_io(place) then
    return type(name) ~= "string" and 4 or nil, "string", name
  end
  return type(place) ~= "function" and 3 or nil, "io or function", place
end

-- download(url, io, name [, op]) → bytes | nil, reason; download(url, f [, op]): f gets each piece
function Manager.download(...)
  local self, url, place, name, op = ...
  local position, expected, value = transfer_fault(self, url, place, name)
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  local function open()
    if type(place) == "function" then
      return transfer.to_function(place)
    end
    return transfer.to_file(place, name)
  end
  if type(place) == "function" then
    op = name
  end
  local all = with_own(op, {url = url})
  all.max = tonumber(all.max) or MOST_BYTES
  return alone(self, transfer.receive, all, open)
end

-- upload(url, io, name [, op]) → status, body | nil, reason; upload(url, f [, op]): f returns each piece
function Manager.upload(...)
  local self, url, place, name, op = ...
  local position, expected, value = transfer_fault(self, url, place, name)
  if position then
    check.expected(position, expected, value, select("#", ...))
  end
  local is_function = type(place) == "function"
  local all = with_own(is_function and name or op, {url = url})
  all.method = all.method or "PUT"
  if is_function then
    return alone(self, transfer.send, all, transfer.from_function(place))
  end
  local source <close>, size = transfer.from_file(place, name)
  if not source then
    return nil, size
  end
  all.size = size
  return alone(self, transfer.send, all, source)
end

return httpm
