-- The stack as programs know it: frames of our own do not count, as if our functions took none.
--
-- Of a tail call, `return debug.traceback()`, Lua keeps the caller's frame where the function called is in C, and gives
-- the frame up where it is in Lua, as ours are. So the caller counts as a level, or all others would be one off: a
-- message handler's `return debug.traceback(message, 2)` would leave out where the error was.

local import = ...
local is_ours = import "ours".source

local getinfo, gsub, pcall = debug.getinfo, string.gsub, pcall

local stack = {}

-- Ours are looked for among so many frames: each look costs as many steps as it is deep. Further down they are rare,
-- and not shown all the same.
local MOST_FRAMES = 200

-- Another coroutine's stack may have no room for what Lua puts there to look: it has overflowed, or memory is short.
local function look(co, level, options)
  if co then
    local ok, info = pcall(getinfo, co, level, options)
    return ok and info or nil
  end
  return (getinfo(level + 1, options)) -- no tail call: this function is one of the levels
end

-- Returns the level at which the documented function that calls this finds the frame that programs call `level`, nil
-- where there is none. Level 0 of the running coroutine is that function, 1 its caller. Where a tail call has lost the
-- caller, returns the frame below that, and true.
function stack.frame(co, level)
  local at, left, is_lost = co and 0 or 3, co and level or level - 1, false
  if left < 0 then
    return nil
  elseif not co and getinfo(2, "t").istailcall then
    is_lost, left = left == 0, left > 0 and left - 1 or 0
  end
  for _ = 1, MOST_FRAMES do
    local info = look(co, at, "S")
    if not info then
      return nil
    elseif not is_ours(info.source) then
      if left == 0 then
        return co and at or at - 1, is_lost
      end
      left = left - 1
    end
    at = at + 1
  end
  local info = left < 1 << 30 and look(co, at + left, "S")
  if info and not is_ours(info.source) then
    return co and at + left or at + left - 1, is_lost
  end
end

-- So many frames of our own are looked through for one of the user's: each costs as many steps as it is deep, and
-- a `__tostring` that prints itself is 100,000 deep when it overflows.
local MOST_OF_OURS = 100

-- Returns where the user's code is in a coroutine, which may have failed: chunk, line and level of the innermost frame
-- that is neither C nor ours, "" and 0 where there is none.
function stack.position(co)
  for level = 0, MOST_OF_OURS do
    local info = look(co, level, "Sl")
    if not info then
      break
    elseif info.what ~= "C" and not is_ours(info.source) then
      return (gsub(info.source, "^[=@]", "")), info.currentline, level
    end
  end
  return "", 0
end

return stack
