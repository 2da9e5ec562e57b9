-- `require "ltn12"`: filters, sources, sinks and pumps.
--
-- A source is called for the next piece, nil at the end; a sink takes pieces, nil at the end; a filter changes pieces
-- on their way; a pump moves them. Errors are nil and a reason.

local type, error, select, tostring = type, error, select, tostring
local sub, insert = string.sub, table.insert

local ltn12 = {filter = {}, source = {}, sink = {}, pump = {}, BLOCKSIZE = 2048, _VERSION = "LTN12 1.0.3"}
local filter, source, sink, pump = ltn12.filter, ltn12.source, ltn12.sink, ltn12.pump

-- ---------------------------------------------------------------- filters

-- filter.cycle(f, context, extra) → a filter around a low-level one, which takes and returns what is left over
function filter.cycle(f, context, extra)
  if type(f) ~= "function" then
    error("bad argument #1 to 'cycle' (function expected, got " .. type(f) .. ")", 2)
  end
  return function(chunk)
    local result
    result, context = f(context, chunk, extra)
    return result
  end
end

-- Puts a piece through a filter of the row and all behind it; what comes out of the last goes to `out`. Each is asked,
-- by "" or at the end by nil, for what it has left, until it gives that back.
local function through(filters, first, chunk, out)
  local f = filters[first]
  if not f then
    if chunk and chunk ~= "" then
      out[#out + 1] = chunk
    end
    return
  end
  local done = chunk and ""
  local piece = f(chunk)
  while piece and piece ~= done do
    through(filters, first + 1, piece, out)
    piece = f(done)
  end
  if chunk == nil then
    through(filters, first + 1, nil, out)
  end
end

-- filter.chain(f1, f2, ...) → one filter for all of them
function filter.chain(...)
  local filters = {...}
  for i = 1, select("#", ...) do
    if filters[i] == nil then
      error("bad argument #" .. i .. " to 'chain' (filter expected, got nil)", 2)
    end
  end
  local out, at, is_over = {}, 0, false
  return function(chunk)
    if chunk ~= "" and not is_over then
      is_over = chunk == nil
      through(filters, 1, chunk, out)
    end
    at = at + 1
    local piece = out[at]
    if piece then
      return piece
    end
    out, at = {}, 0
    if chunk == nil then
      is_over = false
      return nil
    end
    return ""
  end
end

-- ---------------------------------------------------------------- sources

local function empty()
  return nil
end

-- source.empty() → a source without a piece
function source.empty()
  return empty
end

-- source.error(reason) → a source that fails
function source.error(reason)
  return function()
    return nil, reason
  end
end

-- source.file(handle, reason) → the file's content, which is closed at the end; without a handle, a source that fails
function source.file(handle, reason)
  if not handle then
    return source.error(reason or "unable to open file")
  end
  return function()
    local chunk = handle:read(ltn12.BLOCKSIZE)
    if not chunk then
      handle:close()
    end
    return chunk
  end
end

-- source.simplify(s) → a source around one that returns its successor as second value
function source.simplify(src)
  return function()
    local chunk, next_or_reason = src()
    if not chunk then
      return nil, next_or_reason
    end
    src = next_or_reason or src
    return chunk
  end
end

-- source.string(s) → its text in pieces
function source.string(text)
  if not text then
    return empty
  end
  local at = 1
  return function()
    local chunk = sub(text, at, at + ltn12.BLOCKSIZE - 1)
    at = at + ltn12.BLOCKSIZE
    return chunk ~= "" and chunk or nil
  end
end

-- source.table(t) → its items one by one
function source.table(items)
  local at = 0
  return function()
    at = at + 1
    return items[at]
  end
end

-- source.rewind(s) → a source to which pieces can be given back, by an argument
function source.rewind(src)
  local given_back = {}
  return function(chunk)
    if chunk then
      given_back[#given_back + 1] = chunk
      return nil
    end
    local last = #given_back
    if last == 0 then
      return src()
    end
    chunk = given_back[last]
    given_back[last] = nil
    return chunk
  end
end

-- One source with one filter, which is asked by "" for what it has left of a piece, and by nil at the end.
local function filtered(src, f)
  local is_over, has_more = false, false
  return function()
    while true do
      local chunk = ""
      if is_over then
        chunk = nil
      elseif not has_more then
        local reason
        chunk, reason = src()
        if reason then
          return nil, reason
        end
        is_over = chunk == nil
      end
      local result = f(chunk)
      has_more = chunk ~= nil and result ~= nil and result ~= ""
      if chunk == nil or has_more then
        return result
      end
    end
  end
end

-- source.chain(s, f1, ...) → what the source gives, filtered
function source.chain(src, ...)
  for i = 1, select("#", ...) do
    src = filtered(src, (select(i, ...)))
  end
  return src
end

-- source.cat(s1, s2, ...) → one after the other
function source.cat(...)
  local sources, at = {...}, 1
  return function()
    while sources[at] do
      local chunk, reason = sources[at]()
      if chunk then
        return chunk
      elseif reason then
        return nil, reason
      end
      at = at + 1
    end
    return nil
  end
end

-- ---------------------------------------------------------------- sinks

local function null()
  return 1
end

-- sink.null() → takes everything, keeps nothing
function sink.null()
  return null
end

-- sink.error(reason) → a sink that fails
function sink.error(reason)
  return function()
    return nil, reason
  end
end

-- sink.table([t]) → a sink, and the table of its pieces
function sink.table(items)
  items = items or {}
  return function(chunk)
    if chunk then
      insert(items, chunk)
    end
    return 1
  end, items
end

-- sink.file(handle, reason) → writes into the file, which is closed at the end
function sink.file(handle, reason)
  if not handle then
    return sink.error(reason or "unable to open file")
  end
  return function(chunk)
    if not chunk then
      handle:close()
      return 1
    end
    return handle:write(chunk)
  end
end

-- sink.simplify(s) → a sink around one that returns its successor as second value
function sink.simplify(snk)
  return function(chunk, reason)
    local ok, next_or_reason = snk(chunk, reason)
    if not ok then
      return nil, next_or_reason
    end
    snk = next_or_reason or snk
    return 1
  end
end

-- One sink behind one filter.
local function behind(f, snk)
  return function(chunk, reason)
    local done = chunk and ""
    local piece = f(chunk)
    while true do
      local ok, problem = snk(piece, reason)
      if not ok then
        return nil, problem
      elseif not piece or piece == done then
        return 1
      end
      piece = f(done)
    end
  end
end

-- sink.chain(f1, ..., s) → a sink that gets what the filters make of it
function sink.chain(...)
  local n = select("#", ...)
  local snk = (select(n, ...))
  for i = n - 1, 1, -1 do
    snk = behind((select(i, ...)), snk)
  end
  return snk
end

-- ---------------------------------------------------------------- pumps

-- pump.step(source, sink) → 1 | nil, reason; moves one piece
function pump.step(src, snk)
  local chunk, source_reason = src()
  local ok, sink_reason = snk(chunk, source_reason)
  if chunk and ok then
    return 1
  end
  return nil, source_reason or sink_reason
end

-- pump.all(source, sink [, step]) → 1 | nil, reason; moves all of them
function pump.all(src, snk, step)
  if not src or not snk then
    error("ltn12.pump.all needs a source and a sink, got " .. tostring(src) .. " and " .. tostring(snk), 2)
  end
  step = step or pump.step
  while true do
    local ok, reason = step(src, snk)
    if not ok then
      if reason then
        return nil, reason
      end
      return 1
    end
  end
end

return ltn12
