-- Which code is the runtime's own: its chunks are named `=ba:…` (`_lua.py`), and no program can name one so.
--
-- To programs our functions are what they are on the server, functions in C: stacks do not show them, hooks are not
-- called in them, an interrupt does not cut them short. The exception is code that only computes: it keeps nothing that
-- an error in the middle could spoil, and it may take long.

local getinfo, getlocal, sub, gsub, match, find =
  debug.getinfo, debug.getlocal, string.sub, string.gsub, string.match, string.find
local type, pcall, error, setmetatable = type, pcall, error, setmetatable

local MARK = "=ba:"

local ERROR = "[C]: in function 'error'" -- which only we call by a local of that name: programs have one in Lua

local ours = {}

-- Chunks that only compute.
local COMPUTES = {
  [MARK .. "data/bytearray"] = true,
  [MARK .. "inspect/keys"] = true,
  [MARK .. "inspect/quote"] = true,
  [MARK .. "inspect/render"] = true,
  [MARK .. "json/decoder"] = true,
  [MARK .. "json/encoder"] = true,
  [MARK .. "json/scalars"] = true,
  [MARK .. "json/text"] = true,
  [MARK .. "luasocket/http"] = true,
  [MARK .. "luasocket/ltn12"] = true,
  [MARK .. "luasocket/mime"] = true,
  [MARK .. "luasocket/protect"] = true,
  [MARK .. "luasocket/url"] = true,
  [MARK .. "tasks/callbacks"] = true,
  [MARK .. "tables"] = true,
}

-- Tells whether a chunk of this source is ours.
function ours.source(source)
  return sub(source, 1, #MARK) == MARK
end

-- Tells whether an error may be raised in the middle of a chunk of this source.
function ours.may_be_cut(source)
  return sub(source, 1, #MARK) ~= MARK or COMPUTES[source] == true
end

-- Tells whether a function is ours, or one in C: what programs may not look into.
function ours.is_hidden(f)
  if type(f) ~= "function" then
    return false
  end
  local info = getinfo(f, "S")
  return info.what == "C" or ours.source(info.source)
end

-- Returns the name for a program's chunk; one that looks like ours gets another mark and reads the same.
function ours.not_ours(name)
  return ours.source(name) and "@" .. sub(name, 2) or name
end

-- Functions of Lua's that are called through one of ours are seen as what they are without it: while they run, and when
-- an error of theirs is raised in their name. Operators are not functions at all.
local function of_rounding(frames)
  frames = gsub(gsub(frames, "\n\tba:fractions:%d+: in upvalue 'again'", ""), "\n\tba:check:[^\n]*", "")
  frames = gsub(frames, "\n\t%[C%]: in %?\n\t%[C%]: in function 'pcall'\n\tba:fractions:%d+: in ", "\n\t[C]: in ")
  frames = gsub(frames, "\n\t%[C%]: in %w+ 'error'\n\tba:fractions:%d+: in function ", "\n\t[C]: in function ")
  return (gsub(frames, "\n\t%[C%]: in %w+ 'error'\n\tba:fractions:%d+: in metamethod[^\n]*", ""))
end

local RAISED = "^stack traceback:\n\t%[C%]: in %w+ 'error'()"

-- Of what one of our functions has raised, names that function in place of `error`: on the server it is in C, and
-- raises by itself. It is the last of our frames before the first of the program's.
local function name_raiser(frames)
  local at, what = match(frames, RAISED)
  while at do
    local name, following = match(frames, "^\n\tba:[^\n]-: in ([^\n]*)()", at)
    if not following then
      break
    end
    what, at = name, match(frames, "^\n\t%(%.%.%.tail calls%.%.%.%)()", following) or following
  end
  if not what then
    return frames
  end
  return "stack traceback:\n\t[C]: in " .. (find(what, "^function <") and "?" or what) .. sub(frames, at)
end

-- Returns Lua's traceback without our frames: they neither show up nor leave the mark of a tail call. What they call
-- Lua's own functions by, `native_` and the name, is not shown either. The library's functions that call a function of
-- the program's are seen as what they are on the server, in C.
function ours.hide(frames)
  if find(frames, "\n\tba:fractions:", 1, true) then
    frames = of_rounding(frames)
  end
  frames = name_raiser(frames)
  frames = gsub(frames, "\n\tba:tasks/callbacks:%d+: in function '(%w+%.%w+)'", "\n\t[C]: in function '%1'")
  frames = gsub(frames, "\n\tba:[^\n]*\n\t%(%.%.%.tail calls%.%.%.%)", "")
  frames = gsub(frames, "\n\tba:[^\n]*", "")
  return (gsub(gsub(frames, "in upvalue 'native_(%w+)'", "in function '%1'"), "%[C%]: in upvalue 'error'", ERROR))
end

local function passed_on(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

-- Returns a function of the program's as our code may call it. One in C blames its caller for its errors: where Lua's
-- own function in C has called it that is nobody, and must not be a line of ours.
local latest = setmetatable({}, {__mode = "v"}) -- the last that was one in Lua: programs call with the same often

function ours.callable(f)
  if f == latest[1] then
    return f
  elseif getlocal(f, 1) or getinfo(f, "S").what ~= "C" then -- what has a parameter with a name is written in Lua
    latest[1] = f
    return f
  end
  return function(...)
    return passed_on(pcall(f, ...))
  end
end

-- Returns a message without a position in our own code: Lua adds one to what goes wrong there, such as an overflow of
-- the stack.
function ours.clean(message)
  return (gsub(message, "^ba:[^:\n]*:%d+: ", ""))
end

return ours
