-- The debug library that users see: their own functions, their own frames, and nothing of the runtime.
--
-- Our functions are functions in C to programs. So every level goes through `frame`, which counts only frames that
-- programs may know of; what is then asked of Lua is asked by the documented function itself, at the level that
-- `frame` has looked at. Between the two no other function can come: hooks of the user's are not called in here
-- (tasks/interrupt.lua). No function returns one of ours, or one in C, that the program did not hand in.

local import = ...
local check = import "check"
local fractions = import "fractions"
local interrupt = import "tasks/interrupt"
local ours = import "ours"
local frame = import "stack".frame

local d = debug
local getinfo, traceback = debug.getinfo, debug.traceback
local type, getmetatable, error, find, sub, select, gsub =
  type, getmetatable, error, string.find, string.sub, select, string.gsub
local running = coroutine.running
local is_hidden = ours.is_hidden

-- Splits off a coroutine in front of the other arguments; nil for none and for the running one.
local function coroutine_of(...)
  local co = ...
  if type(co) ~= "thread" then
    return nil, 0, ...
  elseif co == running() then
    return nil, 1, select(2, ...)
  end
  return co, 1, select(2, ...)
end

local debug = {}

-- ---------------------------------------------------------------- what a function and a frame are

local OPTIONS = "^[SlnrutLf]*$"

-- Functions of ours look as if written in C.
local function disguise(info, f)
  if info.source then
    info.source, info.short_src, info.what, info.linedefined, info.lastlinedefined = "=[C]", "[C]", "C", -1, -1
  end
  if info.currentline then
    info.currentline = -1
  end
  if info.nups then
    info.nups, info.nparams, info.isvararg = 0, 0, true
  end
  if info.func then
    info.func = f
  end
  info.activelines = nil
  return info
end

-- What is known of a caller that a tail call has lost, in the words of Lua 5.1.
local function lost(options)
  local info = {}
  if find(options, "S", 1, true) then
    info.source, info.short_src, info.what = "=(tail call)", "(tail call)", "tail"
    info.linedefined, info.lastlinedefined = -1, -1
  end
  if find(options, "l", 1, true) then
    info.currentline = -1
  end
  if find(options, "n", 1, true) then
    info.namewhat = ""
  end
  return info
end

-- debug.getinfo([co,] f | level [, what])
function debug.getinfo(...)
  local co, skipped, subject, options = coroutine_of(...)
  if options ~= nil then
    options = check.string(skipped + 2, options)
    if find(options, "^>") then
      check.fail(skipped + 2, "invalid option '>'")
    elseif not find(options, OPTIONS) then
      check.fail(skipped + 2, "invalid option")
    end
  end
  options = options or "SlnrutLf"
  if type(subject) == "function" then
    local info = getinfo(subject, options)
    return is_hidden(subject) and disguise(info, subject) or info
  end
  local level = check.integer(skipped + 1, subject, select("#", ...))
  if level == 0 and not co then
    return disguise(getinfo(1, options), debug.getinfo)
  end
  local at, is_lost = frame(co, level)
  if is_lost then
    return lost(options)
  end
  local info = at and (co and getinfo(co, at, options) or not co and getinfo(at, options))
  if info and info.func and is_hidden(info.func) then
    info.func = nil
  end
  return info or nil
end

-- ---------------------------------------------------------------- the stack

-- debug.traceback([co,] [message [, level]])
function debug.traceback(...)
  local co, skipped, message, level = coroutine_of(...)
  if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then
    return message
  end
  level = level == nil and (co and 0 or 1) or check.integer(skipped + 2, level)
  local frames = "stack traceback:"
  if level == 0 and not co then
    level, frames = 1, frames .. "\n\t[C]: in function 'debug.traceback'"
  end
  local at, is_lost = frame(co, level)
  if is_lost then
    frames = frames .. "\n\t(...tail calls...)"
  end
  if at then
    local text = co and traceback(co, nil, at) or traceback(nil, at)
    frames = frames .. gsub(ours.hide(text), "^stack traceback:", "")
  end
  return message and message .. "\n" .. frames or frames
end

-- ---------------------------------------------------------------- locals

-- Registers without a name still hold what other functions left there, ours among them.
local function is_named(name)
  return name and (sub(name, 1, 1) ~= "(" or name == "(vararg)")
end

local function named(name, ...)
  if is_named(name) then
    return name, ...
  end
  return nil
end

-- debug.getlocal([co,] f | level, i)
function debug.getlocal(...)
  local co, skipped, subject, i = coroutine_of(...)
  local count = select("#", ...)
  i = check.integer(skipped + 2, i, count)
  if type(subject) == "function" then
    return not is_hidden(subject) and d.getlocal(subject, i) or nil
  end
  local level = check.integer(skipped + 1, subject, count)
  local at, is_lost = frame(co, level)
  if at and not is_lost then
    if co then
      return named(d.getlocal(co, at, i))
    end
    local name, value = d.getlocal(at, i)
    return named(name, value)
  elseif not at and (level ~= 0 or co) then
    check.fail(skipped + 1, "level out of range")
  end
  return nil
end

-- debug.setlocal([co,] level, i, value)
function debug.setlocal(...)
  local co, skipped, level, i, value = coroutine_of(...)
  local count = select("#", ...)
  level = check.integer(skipped + 1, level, count)
  i = check.integer(skipped + 2, i, count)
  local at, is_lost = frame(co, level)
  if not at and (level ~= 0 or co) then
    check.fail(skipped + 1, "level out of range")
  elseif count < skipped + 3 then
    check.fail(skipped + 3, "value expected")
  elseif at and not is_lost then
    if co then
      return is_named((d.getlocal(co, at, i))) and d.setlocal(co, at, i, value) or nil
    end
    local name = d.getlocal(at, i)
    if is_named(name) then
      d.setlocal(at, i, value)
      return name
    end
  end
  return nil
end

-- ---------------------------------------------------------------- upvalues, metatables

-- debug.getupvalue(f, i) → name, value
function debug.getupvalue(...)
  local f, i = ...
  local count = select("#", ...)
  i = check.integer(2, i, count)
  if type(f) ~= "function" then
    check.expected(1, "function", f, count)
  elseif not is_hidden(f) then
    return d.getupvalue(f, i)
  end
end

-- debug.setupvalue(f, i, value) → name
function debug.setupvalue(...)
  local f, i, value = ...
  local count = select("#", ...)
  if count < 3 then
    check.fail(3, "value expected")
  end
  i = check.integer(2, i, count)
  if type(f) ~= "function" then
    check.expected(1, "function", f, count)
  elseif not is_hidden(f) then
    return d.setupvalue(f, i, value)
  end
end

-- debug.upvalueid(f, i): what is the same for functions that share the variable
function debug.upvalueid(...)
  local f, i = ...
  local count = select("#", ...)
  i = check.integer(2, i, count)
  if type(f) ~= "function" then
    check.expected(1, "function", f, count)
  end
  return not is_hidden(f) and d.upvalueid(f, i) or nil
end

-- debug.upvaluejoin(f, i, g, j): f's upvalue i is g's upvalue j from now on
function debug.upvaluejoin(...)
  local f, i, g, j = ...
  local count = select("#", ...)
  i = check.integer(2, i, count)
  if type(f) ~= "function" then
    check.expected(1, "function", f, count)
  end
  j = check.integer(4, j, count)
  if type(g) ~= "function" then
    check.expected(3, "function", g, count)
  elseif is_hidden(f) or is_hidden(g) then
    error("the upvalues of the API's own functions cannot be joined", 2)
  elseif not d.upvalueid(f, i) then
    check.fail(2, "invalid upvalue index")
  elseif not d.upvalueid(g, j) then
    check.fail(4, "invalid upvalue index")
  end
  d.upvaluejoin(f, i, g, j)
end

-- Of a userdata the metatable that it shows; the one at work is ours, see userdata.lua.
function debug.getmetatable(value)
  if type(value) == "userdata" then
    return getmetatable(value) or nil
  elseif type(value) == "number" then
    return fractions.metatable()
  end
  return d.getmetatable(value)
end

function debug.setmetatable(value, meta)
  if type(value) == "userdata" then
    error("the metatable of a userdata cannot be changed", 2)
  elseif type(value) == "number" and (meta == nil or type(meta) == "table") then
    fractions.set_metatable(meta)
    return value
  end
  return d.setmetatable(value, meta)
end

-- ---------------------------------------------------------------- hooks

-- debug.sethook([co,] hook, mask [, count]): called in the program's functions only.
function debug.sethook(...)
  local co, skipped, hook, mask, count = coroutine_of(...)
  co = co or running()
  if hook == nil then
    return interrupt.set_user_hook(co)
  elseif type(hook) ~= "function" then
    check.expected(skipped + 1, "function", hook)
  end
  mask = check.string(skipped + 2, mask, select("#", ...))
  count = count == nil and 0 or check.integer(skipped + 3, count)
  local letters = (find(mask, "c", 1, true) and "c" or "") .. (find(mask, "r", 1, true) and "r" or "")
  interrupt.set_user_hook(co, hook, letters .. (find(mask, "l", 1, true) and "l" or ""), count > 0 and count or 0)
end

-- debug.gethook([co]) → hook, mask, count
function debug.gethook(...)
  return interrupt.user_hook(coroutine_of(...) or running())
end

return debug
