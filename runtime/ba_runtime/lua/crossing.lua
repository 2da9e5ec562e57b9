-- Calls of Python that can fail, or that bring what takes memory: they are made only while there is room for that, and
-- what fails there is an error here.
--
-- `_guard.py` explains what would happen otherwise. In the loop itself nobody could be told that memory is short, so
-- there way is made.

local import = ...
local host = import "host"
local check = import "check"
local interrupt = import "tasks/interrupt"
local references = import "references"

local collectgarbage, error = collectgarbage, error
local has_room, make_way, failure = host.has_room, host.make_way, host.failure
local FAILED <const> = host.failed

local NO_MEMORY = "not enough memory" -- Lua's own words, by which the error is known
local LOOP_BYTES <const> = 1 << 20 -- what a call from the loop may bring

-- lupa keeps every object of Python's in a table, which grows to its double at once. A place in it takes 16 bytes, or
-- 24 where Lua has not moved it to the array yet.
local PLACE_BYTES <const> = 16 + 24

local function growth()
  return references.count() * PLACE_BYTES
end

local crossing = {
  tight_kb = 0, -- when Lua holds more than this, it is worth a look whether there is room
  is_tight = false, -- it did so at the last poll, or may have: enough to know for what only polls bring
}

-- Makes sure that there is room for so many bytes; a program that is short of memory gets an error.
function crossing.need(size)
  if interrupt.scheduler.current == nil then
    return make_way(LOOP_BYTES + size)
  elseif not has_room(size) then
    collectgarbage()
    if not has_room(size) then
      error(NO_MEMORY, 0)
    end
  end
end

local function checked(first, ...)
  if first == FAILED then
    local reason = failure()
    if reason == NO_MEMORY then
      error(reason, 0)
    end
    check.raise_outside(reason)
  end
  return first, ...
end

-- Puts the guard before the host's functions: `plain` bring nothing that takes memory, `modest` may, and `guarded` may
-- bring objects of Python's besides, which take memory and a place when they become userdata of Lua's.
function crossing.guard(plain, modest, guarded, tight_kb)
  local need, reserve, reserve_one = crossing.need, references.reserve, references.reserve_one
  crossing.tight_kb, interrupt.tight_kb = tight_kb, tight_kb

  local function see_to_memory()
    local size_kb = collectgarbage "count" -- nil inside a finalizer
    if not size_kb or size_kb > tight_kb then
      need(growth())
    end
  end

  local function prepare()
    see_to_memory()
    reserve()
  end

  local function put_before(names, before)
    for i = 1, #names do
      local call = host[names[i]]
      host[names[i]] = function(...)
        before()
        return checked(call(...))
      end
    end
  end

  local handle = import "handle"
  local new = handle.new
  function handle.new()
    see_to_memory()
    reserve_one()
    return new()
  end
  for i = 1, #plain do
    local call = host[plain[i]]
    host[plain[i]] = function(...)
      return checked(call(...))
    end
  end
  put_before(modest, see_to_memory)
  put_before(guarded, prepare)
end

return crossing
