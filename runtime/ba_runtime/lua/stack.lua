-- The stack as programs know it: frames of our own do not count, as if our functions took none.

local import = ...
local is_ours = import "ours".source

local getinfo = debug.getinfo

local stack = {}

-- Ours are looked for among so many frames: each look costs as many steps as it is deep. Further down they are rare,
-- and not shown all the same.
local MOST_FRAMES = 200

local function look(co, level, options)
  if co then
    return getinfo(co, level, options)
  end
  return (getinfo(level + 1, options)) -- no tail call: this function is one of the levels
end

-- Returns the level at which the documented function that calls this finds the frame that programs call `level`, nil
-- where there is none. Level 0 of the running coroutine is that function, 1 its caller.
function stack.frame(co, level)
  local at, left = co and 0 or 3, co and level or level - 1
  if left < 0 then
    return nil
  end
  for _ = 1, MOST_FRAMES do
    local info = look(co, at, "S")
    if not info then
      return nil
    elseif not is_ours(info.source) then
      if left == 0 then
        return co and at or at - 1
      end
      left = left - 1
    end
    at = at + 1
  end
  local info = left < 1 << 30 and look(co, at + left, "S")
  if info and not is_ours(info.source) then
    return co and at + left or at + left - 1
  end
end

return stack
