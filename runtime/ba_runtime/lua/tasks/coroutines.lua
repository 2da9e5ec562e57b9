-- The coroutine library that users see: Lua's own, through which a wait passes upwards.
--
-- When code inside a user's coroutine waits (`ba.sleep`, a blocking read), the coroutine yields WAIT. `resume`
-- and the functions that `wrap` makes do not hand that to the user: they wait themselves, one level further
-- out, and resume the coroutine with the answer. To the user the call has simply taken a while.

local import = ...
local sched = import "tasks/sched"
local interrupt = import "tasks/interrupt"
local check = import "check"

local native = coroutine
local c_create, c_resume, c_status, c_close, isyieldable, running =
  native.create, native.resume, native.status, native.close, native.isyieldable, native.running
local error, type, select, setmetatable = error, type, select, setmetatable
local WAIT, ABANDON, pause, watch = sched.WAIT, sched.ABANDON, sched.pause, interrupt.watch
local is_task = interrupt.is_task

-- A task's coroutine is the scheduler's to resume; others find it as one that has resumed somebody else.
local function is_scheduled(co)
  return is_task(co) and c_status(co) == "suspended"
end

local waiting = setmetatable({}, {__mode = "k"}) -- coroutines that are suspended only because they wait

-- Code inside a coroutine of the user's is not the cosocket, even if one made it: `sched.own` says so.
local go_on

local function relay(co, own, ok, first, ...)
  sched.own = own
  if ok and first == WAIT then
    waiting[co] = true
    return go_on(co, own, pause(sched.caller()))
  elseif ok and first == ABANDON then
    sched.abandon(sched.caller())
  end
  return ok, first, ...
end

function go_on(co, own, ...)
  waiting[co] = nil
  sched.own = nil
  return relay(co, own, c_resume(co, ...))
end

local coroutines = {
  isyieldable = isyieldable,
  running = running,
  yield = native.yield,
}

function coroutines.create(...)
  local f = ...
  if type(f) ~= "function" then
    check.expected(1, "function", f, select("#", ...))
  end
  local co = c_create(f)
  watch(co, f)
  return co
end

function coroutines.resume(co, ...)
  if type(co) ~= "thread" then
    check.expected(1, "coroutine", co, 1)
  elseif waiting[co] or is_scheduled(co) then
    return false, "cannot resume non-suspended coroutine"
  end
  local own = sched.own
  sched.own = nil
  return relay(co, own, c_resume(co, ...))
end

local function unwrap(co, ok, ...)
  if ok then
    return ...
  end
  local reason = ...
  if c_status(co) == "dead" then
    local closed, problem = coroutines.close(co)
    if not closed and problem ~= nil then
      reason = problem
    end
  end
  if type(reason) == "string" and reason ~= "not enough memory" then
    error(reason, 2) -- the wrapping function made a tail call, so this is its caller's position
  end
  error(reason, 0)
end

function coroutines.wrap(...)
  local f = ...
  if type(f) ~= "function" then
    check.expected(1, "function", f, select("#", ...))
  end
  local co = c_create(f)
  watch(co, f)
  return function(...)
    return unwrap(co, coroutines.resume(co, ...))
  end
end

function coroutines.status(co)
  if type(co) ~= "thread" then
    check.expected(1, "coroutine", co, 1)
  end
  return (waiting[co] or is_scheduled(co)) and "normal" or c_status(co)
end

function coroutines.close(co)
  if type(co) ~= "thread" then
    check.expected(1, "coroutine", co, 1)
  elseif waiting[co] or is_scheduled(co) then
    error("cannot close a normal coroutine", 2)
  elseif c_status(co) == "running" or c_status(co) == "normal" then
    return c_close(co) -- which raises
  end
  local own = sched.own
  sched.own = nil
  local closed, problem = c_close(co)
  sched.own = own
  if closed then
    return true
  end
  return false, problem
end

return coroutines
