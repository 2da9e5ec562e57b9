-- Full userdata made in Lua: sockets, timers and the like must be `userdata` to `type`.
--
-- Lua itself cannot make one, but lupa wraps a Python object in one, whose metatable can be replaced for that
-- object alone. lupa's finalizer, which lets go of the Python object, checks the metatable; so when ours has
-- run, it puts lupa's back, and Lua calls that in its next cycle.

local import = ...
local handle = import "handle".new

local setmetatable, getmetatable, rawget = debug.setmetatable, debug.getmetatable, rawget

local foreign = getmetatable(handle())
local prepared = setmetatable({}, {__mode = "k"})

local userdata = {foreign = foreign}

local function prepare(meta)
  local cleanup = rawget(meta, "__gc")
  meta.__gc = function(u)
    if cleanup then
      cleanup(u)
    end
    setmetatable(u, foreign)
  end
  prepared[meta] = true
end

-- Returns a new full userdata with this metatable; a `__gc` in it is called before the userdata goes.
function userdata.new(meta)
  if not prepared[meta] then
    prepare(meta)
  end
  return setmetatable(handle(), meta)
end

return userdata
