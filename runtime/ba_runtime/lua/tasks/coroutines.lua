-- The coroutine library that users see: Lua's own, through which a wait passes upwards.
--
-- When code inside a user's coroutine waits (`ba.sleep`, a blocking read), the coroutine yields WAIT. `resume`
-- and the functions that `wrap` makes do not hand that to the user: they wait themselves, one level further
-- out, and resume the coroutine with the answer. To the user the call has simply taken a while.
--
-- Programs make and resume coroutines by the million, so this is written for speed: one look at the table of
-- bodies tells that the value is a coroutine and that it may be resumed, and nothing crosses to Python.

local import = ...
local collector = import "collector"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local interrupt = import "tasks/interrupt"
local check = import "check"

local native = coroutine
local c_create, c_resume, c_status, c_close =
  native.create, native.resume, native.status, native.close
local error, setmetatable, type = error, setmetatable, type
local WAIT, pass_on = sched.WAIT, waiting.pass_on
local slot, closing = interrupt.slot, interrupt.closing

local under_way = false -- an interrupt, as `interrupt.under_way` says
function interrupt.told(is_under_way)
  under_way = is_under_way
end

-- Of the coroutines that a program has made and may resume, the functions. A task's is not among them, nor one that
-- waits.
local bodies = check.bodies

-- Another's to resume: it is as one that has resumed somebody else.
local function is_normal(co)
  return not bodies[co] and c_status(co) == "suspended"
end

-- Waits in place of a coroutine that has yielded WAIT, and resumes it with what came; `done` as below.
local function wait_for(done, co)
  local task = sched.current
  if task and task.abandoning then
    waiting.abandon(task)
  end
  local body = bodies[co]
  bodies[co] = nil
  local function go_on(...)
    bodies[co] = body
    local before = slot[1]
    slot[1] = co
    return done(before, co, c_resume(co, ...))
  end
  return go_on(pass_on())
end

-- Closes a coroutine: its variables with `__close` are code of the user's, and run in it.
local function close(co)
  local before = slot[1]
  slot[1], closing[co] = co, true
  local closed, problem = c_close(co)
  slot[1], closing[co] = before, nil
  if under_way then
    interrupt.carry_on(before)
  end
  return closed, problem
end

local function resumed(before, co, ok, ...)
  slot[1] = before
  if (...) == WAIT then
    return wait_for(resumed, co)
  elseif under_way then
    interrupt.carry_on(before)
  end
  return ok, ...
end

local coroutines = {isyieldable = native.isyieldable, running = native.running, yield = native.yield}

function coroutines.resume(co, ...)
  if not bodies[co] then
    if type(co) ~= "thread" then
      check.expected(1, "coroutine", co, 1)
    end
    return false, "cannot resume non-suspended coroutine"
  end
  local before = slot[1]
  slot[1] = co
  return resumed(before, co, c_resume(co, ...))
end

-- What wrap's functions return or raise. The error of a coroutine that has failed is the one that its `__close`
-- variables leave.
local function unwrap(before, co, ok, ...)
  slot[1] = before
  if (...) == WAIT then
    return wait_for(unwrap, co)
  elseif under_way then
    interrupt.carry_on(before)
  end
  if ok then
    return ...
  end
  local reason = ...
  if c_status(co) == "dead" then
    local closed, problem = close(co)
    if not closed and problem ~= nil then
      reason = problem
    end
  end
  local _ <close> = under_way and interrupt.again
  if type(reason) == "string" and reason ~= "not enough memory" then
    error(reason, 2) -- the wrapping function made a tail call, so this is its caller's position
  end
  error(reason, 0)
end

-- The function that the last coroutine was made of: to ask for its type again would take a tenth of the whole.
local latest = setmetatable({}, {__mode = "v"})

-- A loop that makes coroutines may go on for long without a poll, so the collector is put off here too.
local probe, put_off = collector.probe, collector.put_off

local function check_function(f)
  if type(f) ~= "function" then
    return check.expected(1, "function", f, 1)
  end
  latest[1] = f
end

function coroutines.create(f)
  if f ~= latest[1] or f == nil then
    check_function(f)
  end
  if not probe[1] then
    put_off()
  end
  local co = c_create(f)
  bodies[co] = f
  return co
end

function coroutines.wrap(f)
  if f ~= latest[1] or f == nil then
    check_function(f)
  end
  if not probe[1] then
    put_off()
  end
  local co = c_create(f)
  bodies[co] = f
  return function(...)
    if not bodies[co] then
      error("cannot resume non-suspended coroutine", 2)
    end
    local before = slot[1]
    slot[1] = co
    return unwrap(before, co, c_resume(co, ...))
  end
end

function coroutines.status(co)
  if type(co) ~= "thread" then
    check.expected(1, "coroutine", co)
  end
  return is_normal(co) and "normal" or c_status(co)
end

function coroutines.close(co)
  if type(co) ~= "thread" then
    check.expected(1, "coroutine", co)
  end
  local status = is_normal(co) and "normal" or c_status(co)
  if status ~= "suspended" and status ~= "dead" then
    check.raise("cannot close a " .. status .. " coroutine")
  end
  local closed, problem = close(co)
  if closed then
    return true
  end
  return false, problem
end

if interrupt.counts_instructions then
  function c_create(f)
    local co = native.create(f)
    interrupt.watch(co)
    return co
  end
end

return coroutines
