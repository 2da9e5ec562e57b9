-- The object that a page knows as `request` and as `response`. On the server they are one, and programs that get "the
-- command" use the methods of either on it; `request.lua` and `response.lua` add them.
--
-- What the methods work on is an exchange (`exchange.lua`). Deferred responses have some methods of it, so they are in
-- the same table.

local import = ...
local userdata = import "userdata"

local setmetatable = setmetatable

local exchanges = setmetatable({}, {__mode = "k"})
local meta = {} -- without a name: messages call the object a userdata value
meta.__index = meta

local command = {exchanges = exchanges, meta = meta}

-- Returns the object for an exchange.
function command.new(X)
  local u = userdata.new(meta)
  exchanges[u] = X
  return u
end

-- Returns the exchange of such an object, nil for other values.
function command.exchange(value)
  return userdata.metatable(value) == meta and exchanges[value] or nil
end

return command
