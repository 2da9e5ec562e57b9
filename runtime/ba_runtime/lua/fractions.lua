-- Fractions where an integer is wanted: the server's Lua rounds them down, everywhere; stock Lua raises an error.
--
-- Rounding happens in three places. Functions of the API call `check.integer`. Operators on bits use the metatable of
-- numbers, which Lua looks at only when an operand is not an integer, so integers cost nothing. And some functions of
-- Lua's library are called through one of ours:
--
--   * `os.date` and `os.time`, which do a lot in one call: a tenth more.
--   * `string.rep`, which looks whether its number is a small integer: a tenth more for 100 characters.
--   * `string.format`, because programs for the server write `format("%d", ms / 1000)` without noticing. It lets Lua's
--     own fail, rounds the argument that it complains about, and calls it again: 700 instructions of the processor
--     for a call of 1,600 (one integer) or 4,300 (three values).
--   * `math.tointeger`, which raises no error to put a hint behind: nil would be the answer where a device has 2.
--
-- In all others Lua's own error stays, and the trace says what to write instead (console/advice.lua). A function of
-- ours takes at least 280 instructions, and 550 where errors keep their names, and that is more than a tenth of
-- `string.char` and `utf8.char` (600 to 900), `string.pack` (1,000 to 1,600) and `table.concat` (3,900 for 10 values).

local import = ...
local check = import "check"
local show_numbers_by = import "console/text".show_numbers_by

local error, getmetatable, pcall, rawget, rawset, select, setmetatable, tonumber, type =
  error, debug.getmetatable, pcall, rawget, rawset, select, debug.setmetatable, tonumber, type
local format, match, find = string.format, string.match, string.find
local mathtype, tointeger, pack, unpack = math.type, math.tointeger, table.pack, table.unpack
local rounded, typename = check.rounded, check.typename

local NO_INTEGER = "number has no integer representation"

local fractions = {}

-- ---------------------------------------------------------------- operators on bits

-- Returns an operand as an integer, if it is one after rounding; numeric strings are not rounded.
local function operand(value)
  if type(value) == "number" then
    return rounded(value)
  end
  return type(value) == "string" and tointeger(tonumber(value)) or nil
end

-- Returns the method that a value other than a number has for an operator. Lua asks the first operand that has one, and
-- now numbers always do.
local function of_other(event, value)
  local meta = type(value) ~= "number" and getmetatable(value)
  return meta and rawget(meta, event) or nil
end

local function operator(event, compute)
  return function(a, b)
    local x, y = operand(a), operand(b)
    if x and y then
      return compute(x, y)
    end
    local method = of_other(event, a) or of_other(event, b)
    if method then
      return method(a, b)
    elseif type(a) == "number" and type(b) == "number" then
      error(NO_INTEGER, 2)
    end
    if type(a) == "number" then
      a = b
    end
    error(format("attempt to perform bitwise operation on a %s value", typename(a)), 2)
  end
end

-- `getmetatable` shows false for it, so no program can reach it.
local ROUNDING = {
  __metatable = false,
  __band = operator("__band", function(a, b) return a & b end),
  __bor = operator("__bor", function(a, b) return a | b end),
  __bxor = operator("__bxor", function(a, b) return a ~ b end),
  __shl = operator("__shl", function(a, b) return a << b end),
  __shr = operator("__shr", function(a, b) return a >> b end),
  __bnot = operator("__bnot", function(a) return ~a end),
}

-- Returns the metatable that a program has given to numbers, if any.
function fractions.metatable()
  local meta = getmetatable(0)
  return meta ~= ROUNDING and meta or nil
end

-- Gives numbers a program's metatable, which replaces ours; with nil they round again.
function fractions.set_metatable(meta)
  setmetatable(0, meta or ROUNDING)
  show_numbers_by(meta)
end

-- ---------------------------------------------------------------- functions of the library

-- Returns which argument a message complains about, and the complaint; nothing if it is about something else. The
-- function has no name in it because pcall has called it.
local function complaint(message)
  if type(message) == "string" then
    local n, text = match(message, "^bad argument #(%d+) to '%?' %((.*)%)$")
    return tointeger(n), text
  end
end

-- How the functions' other errors begin; they are raised at the place of the call. All the rest comes from one of the
-- program's metamethods, or says that there is no memory, and passes unchanged.
local OWN = {"^invalid ", "^resulting string too large", "^'__tostring' must", "^date result", "^field '"}

local function is_own(message)
  for i = 1, #OWN do
    if type(message) == "string" and find(message, OWN[i]) then
      return true
    end
  end
  return false
end

-- Calls a function again with the argument that it complained about rounded, for as long as that helps, and returns its
-- result. Otherwise it raises the error in the name of the function that calls this one.
local function again(native, message, ...)
  local arguments = pack(...)
  local n, text = complaint(message)
  while text == NO_INTEGER do
    local number = tonumber(arguments[n])
    local integer = number and rounded(number)
    if not integer then
      break
    end
    arguments[n] = integer
    local ok, result = pcall(native, unpack(arguments, 1, arguments.n))
    if ok then
      return result
    end
    message = result
    n, text = complaint(message)
  end
  if n then
    check.fail_above(n, text)
  end
  error(message, is_own(message) and 3 or 0)
end

-- Returns a function that does as `native` does, with one result, and rounds.
local function rounding(native)
  return function(...)
    local ok, result = pcall(native, ...)
    if ok then
      return result
    end
    result = again(native, result, ...)
    return result
  end
end

local SMALL <const> = 255

-- Returns string.rep. Its arguments have names here, because any number of them would cost more.
local function rep_rounding(native)
  local is_small = {}
  for n = 0, SMALL do
    is_small[n] = true
  end
  return function(text, times, separator)
    if text and is_small[times] then
      return native(text, times, separator)
    end
    local ok, result
    if text == nil and times == nil then -- what is not given is not there in the error either
      ok, result = pcall(native)
    elseif times == nil then
      ok, result = pcall(native, text)
    else
      ok, result = pcall(native, text, times, separator)
    end
    if ok then
      return result
    end
    result = again(native, result, text, times, separator)
    return result
  end
end

-- Returns os.date, with names for its arguments for the same reason.
local function date_rounding(native)
  return function(shape, time)
    local ok, result = pcall(native, shape, time)
    if ok then
      return result
    end
    result = again(native, result, shape, time)
    return result
  end
end

-- Returns math.tointeger(x): nil if x is not a number.
local function tointeger_rounding(native)
  return function(...)
    local x = ...
    local integer = x and native(x)
    if integer then
      return integer
    elseif x == nil and select("#", ...) == 0 then
      check.fail(1, "value expected")
    end
    local number = tonumber(x)
    return number and rounded(number)
  end
end

local FIELDS = {"year", "month", "day", "hour", "min", "sec"}

-- Returns os.time, which also rounds the fields of its table; it normalizes them anyway.
local function time_rounding(native)
  return function(...)
    local date = ...
    if date == nil then
      return native()
    end
    for i = 1, type(date) == "table" and #FIELDS or 0 do
      local value = rawget(date, FIELDS[i])
      if mathtype(value) == "float" then
        rawset(date, FIELDS[i], rounded(value) or value)
      end
    end
    local ok, result = pcall(native, ...)
    if ok then
      return result
    end
    result = again(native, result, ...)
    return result
  end
end

-- Makes numbers and those functions of these libraries round.
function fractions.apply(string, math, os)
  setmetatable(0, ROUNDING)
  string.format, string.rep = rounding(string.format), rep_rounding(string.rep)
  os.date, os.time, math.tointeger = date_rounding(os.date), time_rounding(os.time), tointeger_rounding(math.tointeger)
end

return fractions
