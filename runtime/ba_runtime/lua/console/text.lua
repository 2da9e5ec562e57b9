-- Values as text, the way the server prints them: `tostring` for users, and the lines of print and trace.
--
-- Unlike stock Lua, infinities print as `Inf`, NaN as `NaN`, -0.0 as `0.0`, and addresses without `0x`.

local import = ...
local check = import "check"

local native, getmetatable = tostring, debug.getmetatable
local type, rawget, mathtype, select, concat = type, rawget, math.type, select, table.concat
local sub, find, format, gsub = string.sub, string.find, string.format, string.gsub
local error = error

local text = {}

local function float(value)
  if value ~= value then
    return sub(native(value), 1, 1) == "-" and "-NaN" or "NaN"
  elseif value == 0 then
    return "0.0"
  elseif value == 1 / 0 then
    return "Inf"
  elseif value == -1 / 0 then
    return "-Inf"
  end
  return value .. ""
end

-- What a value says of itself. Called from Lua, unlike by Lua's own tostring, so that it may wait.
local function own_words(method, value)
  local words = (method or nil)(value) -- what C calls has no name
  if type(words) == "number" then
    return native(words)
  elseif type(words) ~= "string" then
    check.raise_outside("'__tostring' must return a string")
  end
  return words
end

local of_numbers -- the metatable that a program has given to numbers, if any

-- Lua's own tostring would ask the metatable of all numbers (fractions.lua) each time; `..` does not.
local function number(value)
  local method = of_numbers and rawget(of_numbers, "__tostring")
  if method then
    return own_words(method, value)
  end
  return mathtype(value) == "float" and float(value) or value .. ""
end

function text.show_numbers_by(meta)
  of_numbers = meta
end

local HAS_ADDRESS = {table = true, ["function"] = true, userdata = true, thread = true}

local function tostring(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" then
    return number(value)
  elseif HAS_ADDRESS[kind] then
    local meta = getmetatable(value)
    local method = meta and rawget(meta, "__tostring")
    if method ~= nil then
      return own_words(method, value)
    end
    local words = native(value)
    if find(words, "^[%w_ ]+: 0x%x+$") then
      return (gsub(words, ": 0x", ": ", 1))
    end
    return words
  end
  return native(value)
end
text.tostring = tostring

-- Returns the text of a value that is neither string nor table without asking any metatable but for its `__name`.
function text.bare(value)
  local kind = type(value)
  if kind == "number" then
    return mathtype(value) == "float" and float(value) or value .. ""
  elseif kind == "nil" or kind == "boolean" then
    return value == nil and "nil" or value and "true" or "false"
  end
  local meta = getmetatable(value)
  local name = meta and rawget(meta, "__name")
  return format("%s: %p", type(name) == "string" and name or kind, value)
end

-- The global `tostring`.
function text.user_tostring(...)
  if select("#", ...) == 0 then
    error("bad argument #1 to 'tostring' (value expected)", 2)
  end
  return tostring((...))
end

-- Joins values with tabs, as print and trace do.
function text.line(...)
  local n = select("#", ...)
  if n == 1 then
    return tostring((...))
  end
  local words = {...}
  for i = 1, n do
    words[i] = tostring(words[i])
  end
  return concat(words, "\t")
end

return text
