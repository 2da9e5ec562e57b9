-- Sinks and sources over a socket, for ltn12: `socket.sink` and `socket.source`.

local min, setmetatable, error, tostring = math.min, setmetatable, error, tostring

local BLOCK_BYTES <const> = 2048

local flow = {BLOCK_BYTES = BLOCK_BYTES, sinks = {}, sources = {}}
local sinks, sources = flow.sinks, flow.sources

-- A sink or source is a table that can be called, and asked about its socket, as LuaSocket's are.
local function over(socket, call)
  return setmetatable({
    getfd = function()
      return -1
    end,
    dirty = function()
      return socket:dirty()
    end,
  }, {__call = call})
end

sinks["keep-open"] = function(socket)
  return over(socket, function(_, chunk)
    if chunk then
      return socket:send(chunk)
    end
    return 1
  end)
end

sinks["close-when-done"] = function(socket)
  return over(socket, function(_, chunk)
    if chunk then
      return socket:send(chunk)
    end
    socket:close()
    return 1
  end)
end

sources["by-length"] = function(socket, length)
  local left = length
  return over(socket, function()
    if left <= 0 then
      return nil
    end
    local chunk, reason, partial = socket:receive(min(BLOCK_BYTES, left))
    if not chunk then
      return nil, reason, partial
    end
    left = left - #chunk
    return chunk
  end)
end

sources["until-closed"] = function(socket)
  local is_done = false
  return over(socket, function()
    if is_done then
      return nil
    end
    local chunk, reason, partial = socket:receive(BLOCK_BYTES)
    if chunk then
      return chunk
    elseif reason == "closed" then
      is_done = true
      socket:close()
      return partial ~= "" and partial or nil
    end
    return nil, reason
  end)
end

sinks.default, sources.default = sinks["keep-open"], sources["until-closed"]

-- sink(mode, socket) → a sink; mode is "close-when-done" or "keep-open"
function flow.sink(mode, socket, ...)
  local make = sinks[mode or "default"]
  if not make then
    error("unknown sink mode '" .. tostring(mode) .. "'", 2)
  end
  return make(socket, ...)
end

-- source(mode, socket [, length]) → a source; mode is "by-length" or "until-closed"
function flow.source(mode, socket, ...)
  local make = sources[mode or "default"]
  if not make then
    error("unknown source mode '" .. tostring(mode) .. "'", 2)
  end
  return make(socket, ...)
end

return flow
