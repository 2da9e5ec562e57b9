-- `require "httpm"`: what programs do most with an HTTP client, in one call each.
--
-- An object is a table; its field `raw` is the `httpc` client that does the work, so that the connection is kept
-- from one call to the next.

local import = ...
local check = import "check"
local httpc = import "httpc"
local json = import "json"
local request = import "http_request"

local type, select, next, setmetatable = type, select, next, setmetatable

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
local function options(op, own)
  local all = {}
  for name, value in next, type(op) == "table" and op or {} do
    all[name] = value
  end
  for name, value in next, own do
    all[name] = value
  end
  return all
end

-- The options of a call; raises in the words of the function that was called, one level up.
local function arguments(self, url, fields, n)
  if type(self) ~= "table" or self.raw == nil then
    return nil, 1, "httpm object", self
  elseif type(url) ~= "string" then
    return nil, 2, "string", url
  elseif fields ~= nil and type(fields) ~= "table" and n then
    return nil, 3, "table", fields
  end
  return true
end

-- json(url [, query [, op]]) → table | nil, reason [, status [, body]]
function Manager.json(...)
  local self, url, query, op = ...
  local ok, position, expected, value = arguments(self, url, query, true)
  if not ok then
    check.expected(position, expected, value, select("#", ...))
  end
  local http = self.raw
  local sent, problem = http:request(options(op, {url = url, query = query}))
  if not sent then
    return nil, problem
  end
  local status, reason = http:status()
  if not status then
    return nil, reason
  end
  local body
  body, reason = http:read "*a"
  if not body then
    return nil, reason, status
  elseif status < 200 or status > 299 then
    return nil, status .. "", status, body
  end
  local decoded
  decoded, reason = json.decode(body)
  if not decoded then
    return nil, reason, status
  end
  return decoded
end

-- post(url [, form [, op]]) → status, body | nil, reason
function Manager.post(...)
  local self, url, form, op = ...
  local is_text = type(form) == "string"
  local ok, position, expected, value = arguments(self, url, form, not is_text)
  if not ok then
    check.expected(position, expected, value, select("#", ...))
  end
  local text = is_text and form or request.query(form or {})
  local all = options(op, {url = url, method = "POST", size = #text})
  all.header = options({["Content-Type"] = "application/x-www-form-urlencoded"}, all.header or {})
  local http = self.raw
  local sent, problem = http:request(all)
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

return httpm
