-- Argument errors that read as the server's: the words of Lua's own auxiliary library, for functions that
-- are written in Lua here and in C there.
--
-- Every function below must be called directly (no tail call) by the documented function that found the
-- fault, because it names that function (stack level 2) and blames the position of its caller (level 3).

local import = ...
local is_ours = import "ours".source

local running = coroutine.running
local getinfo, error, type, pairs, rawget, getmetatable, format =
  debug.getinfo, error, type, pairs, rawget, debug.getmetatable, string.format
local tonumber, tointeger, mathtype, maxinteger, mininteger =
  tonumber, math.tointeger, math.type, math.maxinteger, math.mininteger
local loaded = package.loaded

-- Of coroutines their functions, see `raise`: those that programs make, and those of tasks.
local bodies, task_bodies = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"})

local check = {bodies = bodies, task_bodies = task_bodies}

-- A function reached through pcall has no name of its own; Lua then looks for it in the loaded modules, one
-- level deep (`ba.sleep`), and says `?` where that fails (`ba.socket.connect`).
local function global_name(f)
  for module, content in pairs(loaded) do
    if type(content) == "table" then
      for name, value in pairs(content) do
        if value == f and type(name) == "string" then
          return module == "_G" and name or module .. "." .. name
        end
      end
    end
  end
end

-- The type as messages give it: `__name` first, as for the sockets' `_BASOCK`.
local function typename(value)
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  return type(name) == "string" and name or type(value)
end
check.typename = typename

local function blame(n, text, level)
  local info = getinfo(level, "nf")
  if info.namewhat == "method" then
    n = n - 1
    if n == 0 then
      error(format("calling '%s' on bad self (%s)", info.name, text), level + 1)
    end
  end
  error(format("bad argument #%d to '%s' (%s)", n, info.name or global_name(info.func) or "?", text), level + 1)
end

-- Raises `message` at the position of the documented function's caller. A function in C sees that position even
-- when it was called as a tail call; one in Lua has taken its caller's place on the stack. Where the caller was
-- a coroutine's whole function, and of one line, that line is still known.
function check.raise(message)
  if getinfo(2, "t").istailcall and not getinfo(3, "l") then
    local f = bodies[running()] or task_bodies[running()]
    local info = f and getinfo(f, "S")
    if info and info.linedefined == info.lastlinedefined then
      error(format("%s:%d: %s", info.short_src, info.linedefined, message), 0)
    end
  end
  error(message, 3)
end

-- Raises `message` at the position of the innermost code that is not ours; with none if that is in C, or if it says
-- that there is no memory: by exactly these words that error is known.
function check.raise_outside(message)
  if message == "not enough memory" then
    error(message, 0)
  end
  local level = 2
  local info = getinfo(level, "Sl")
  while info and is_ours(info.source) and level < 20 do
    level = level + 1
    info = getinfo(level, "Sl")
  end
  if info and info.currentline > 0 then
    message = format("%s:%d: %s", info.short_src, info.currentline, message)
  end
  error(message, 0)
end

-- Raises `bad argument #n to 'f' (text)`.
function check.fail(n, text)
  blame(n, text, 3)
end

-- The same, in the name of the function that has called the one that calls this.
function check.fail_above(n, text)
  blame(n, text, 4)
end

-- Raises `bad argument #n to 'f' (expected, got …)`; `count` is how many arguments were passed. Methods of few
-- arguments do not count them: where their object is missing, nothing was passed at all.
function check.expected(n, expected, value, count)
  count = count or (n == 1 and value == nil and 0)
  blame(n, expected .. " expected, got " .. (count and n > count and "no value" or typename(value)), 3)
end

-- Returns a number's integer part, rounded down as in the server's Lua; nil if that does not fit into 64 bits.
local function rounded(number)
  return tointeger(number // 1)
end
check.rounded = rounded

-- Returns the argument as an integer; fractions are rounded down, and numeric strings count.
function check.integer(n, value, count)
  if mathtype(value) == "integer" then
    return value
  end
  local number = tonumber(value)
  if (type(value) ~= "number" and type(value) ~= "string") or not number then
    blame(n, "number expected, got " .. (count and n > count and "no value" or typename(value)), 3)
  end
  return rounded(number) or blame(n, "number has no integer representation", 3)
end

-- Returns the argument as a number; numeric strings count.
function check.number(n, value, count)
  local number = (type(value) == "number" or type(value) == "string") and tonumber(value)
  if not number then
    blame(n, "number expected, got " .. (count and n > count and "no value" or typename(value)), 3)
  end
  return number
end

-- Returns a number's integer part; of one too large for an integer, the nearest integer.
function check.whole(number)
  if mathtype(number) == "integer" then
    return number
  elseif number ~= number then
    return 0
  end
  return number >= 0x1p63 and maxinteger or number < -0x1p63 and mininteger or number // 1 | 0
end

-- Returns the argument as a string; numbers count, and read as everywhere (`Inf`).
function check.string(n, value, count)
  if type(value) == "string" then
    return value
  elseif type(value) == "number" then
    return import "console/text".tostring(value)
  end
  blame(n, "string expected, got " .. (count and n > count and "no value" or typename(value)), 3)
end

return check
