-- Full userdata made in Lua: sockets, timers and the like must be `userdata` to `type`.
--
-- Lua itself cannot make one, but lupa wraps a Python object in one, whose metatable can be replaced for that
-- object alone. The metatable at work is hidden: `getmetatable` shows the documented one through `__metatable`,
-- to which methods can be added, and from which nothing can be taken that matters here. When Lua collects the
-- object, lupa's finalizer must let go of the Python object. It does so only under lupa's own metatable, so that
-- is put in place for that one call; what a finalizer of the user's may still find is dead.

local import = ...
local handle = import "handle".new

local setmetatable, getmetatable, rawget, next, type, find =
  debug.setmetatable, debug.getmetatable, rawget, next, type, string.find

local foreign = getmetatable(handle())
local release = foreign.__gc
foreign.__metatable = false -- exceptions of Python's have it too, and reach programs as error values

local DEAD = {__name = "collected object", __metatable = false}

local at_work = setmetatable({}, {__mode = "k"}) -- the shown metatable → the one at work

local on_collected = setmetatable({}, {__mode = "k"}) -- by the shown metatable, what is called before an object goes

local userdata = {}

local function prepare(shown)
  local working = {}
  for name, value in next, shown do
    if type(name) == "string" and find(name, "^__") then
      working[name] = value
    end
  end
  local cleanup = rawget(shown, "__gc") or on_collected[shown]
  working.__metatable = shown
  function working.__gc(u)
    if cleanup then
      cleanup(u, true)
    end
    setmetatable(u, foreign)
    release(u)
    setmetatable(u, DEAD)
  end
  at_work[shown] = working
  return working
end

-- 1 KB is too little for timers, 4 KB slows small pages by a tenth, 2 and 3 do not.
local weigh = import "burden"(3, 16)

-- Returns a new full userdata with this metatable, whose metamethods must be complete by now; a `__gc` in it is
-- called before the userdata goes, with true as its second argument.
function userdata.new(shown)
  weigh()
  return setmetatable(handle(), at_work[shown] or prepare(shown))
end

-- Has `cleanup` called with every object of this metatable before it goes, without a `__gc` that programs see.
function userdata.on_collected(shown, cleanup)
  on_collected[shown] = cleanup
end

-- Returns the metatable that a userdata was made with, nil for other values.
function userdata.metatable(value)
  local working = type(value) == "userdata" and getmetatable(value)
  return working and rawget(working, "__metatable") or nil
end

return userdata
