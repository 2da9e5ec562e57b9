-- Which code is the runtime's own: its chunks are named `=ba:…` (`_lua.py`), and no program can name one so.
--
-- To programs our functions are what they are on the server, functions in C: stacks do not show them, hooks are not
-- called in them, an interrupt does not cut them short. The exception is code that only computes: it keeps nothing that
-- an error in the middle could spoil, and it may take long.

local getinfo, find, sub, gsub, type = debug.getinfo, string.find, string.sub, string.gsub, type

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

-- Returns Lua's traceback without our frames: neither do they show up nor leave the mark of a tail call. What they call
-- Lua's own functions by, `native_` and the name, is not shown either. The library's functions that call a function of
-- the program's are seen as what they are on the server, in C.
function ours.hide(frames)
  frames = gsub(frames, "\n\tba:tasks/callbacks:%d+: in function '(%w+%.%w+)'", "\n\t[C]: in function '%1'")
  if find(frames, "\n\tba:fractions:", 1, true) then
    frames = of_rounding(frames)
  end
  frames = gsub(frames, "\n\tba:[^\n]*\n\t%(%.%.%.tail calls%.%.%.%)", "")
  frames = gsub(frames, "\n\tba:[^\n]*", "")
  return (gsub(gsub(frames, "in upvalue 'native_(%w+)'", "in function '%1'"), "%[C%]: in upvalue 'error'", ERROR))
end

-- Returns a message without a position in our own code: Lua adds one to what goes wrong there, such as an overflow of
-- the stack.
function ours.clean(message)
  return (gsub(message, "^ba:[^:\n]*:%d+: ", ""))
end

return ours
