-- ba.timer: callbacks after a time.
--
-- The callback runs as a task, so it may wait without stopping anything else. A running timer is found by the
-- deadline heap through a slot that refers to the timer object weakly: a timer that nobody refers to is
-- collected and does not fire, unless it was set with `keepref`.

local import = ...
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local deadlines = import "tasks/deadlines"
local userdata = import "userdata"
local check = import "check"
local report = import "tasks/report"

local type, select, error, setmetatable = type, select, error, setmetatable
local clock, run = host.monotonic, sched.run

local timer = {}

local state = setmetatable({}, {__mode = "k"})
-- It has no name: the server's timers are "userdata" to `tostring` and in messages about a value.
local NAME <const> = "TIMER"
local meta = {}
meta.__index = meta

local kept = keepers.add({})
local WEAK = {__mode = "v"}

-- A timer that was set again by, or during, its own callback may be due before that is over; it then follows.
local function fire(slot)
  local u = slot.timer[1]
  local T = u and state[u]
  if T and T.busy then
    T.overdue = true
  elseif T then
    timer.tick(T)
  end
end

local function stop(T)
  deadlines.clear(T.slot)
  T.active = false
  kept[T] = nil
end

local function start(T)
  T.active, T.overdue = true, nil
  deadlines.set(T.slot, clock() + T.interval_s)
end

-- What follows from a callback's value: true means again.
local function decide(T, again)
  T.busy = false
  if again == true and T.again ~= "cancelled" then
    start(T)
  elseif T.again ~= "set" then
    stop(T)
  elseif T.overdue then
    deadlines.set(T.slot, clock())
  end
  T.again, T.overdue = nil, nil
end

local function ended(task, ok, value)
  local T = task.timer
  T.task = nil
  if ok then
    return decide(T, value)
  end
  T.busy = false
  local is_text = type(value) == "string" or type(value) == "number"
  local words = is_text and report.words(value .. "") or "(error object is a " .. type(value) .. " value)"
  T.failed = "Timer callback failed: " .. words
  stop(T)
  report.line(task, T.failed, value)
end

local function yielded(task, value)
  decide(task.timer, value)
end

local KIND = {name = "timer", ended = ended, yielded = yielded}

-- Runs the callback: from its last yield, or afresh.
function timer.tick(T)
  T.busy = true
  local task = T.task
  if task then
    return run(task)
  end
  task = sched.task(KIND, T.f)
  task.timer, task.cell = T, T.cell
  T.task = task
  run(task)
  return task
end

-- t:set(ms [, keepref [, now]]) → boolean
function meta.set(...)
  local self, ms, keep, now = ...
  local T = state[self] or check.expected(1, NAME, self, select("#", ...))
  if T.failed then
    error(T.failed, 2)
  end
  ms = check.number(2, ms, select("#", ...))
  stop(T)
  T.interval_s = ms > 0 and ms / 1000 or 0
  if keep == true then
    kept[T] = self
  end
  if now == true and not T.busy then
    local task = T.task or sched.task(KIND, T.f)
    task.timer, task.cell = T, T.cell
    T.task, T.busy = task, true
    run(task)
    waiting.settle(task)
    return T.active
  end
  if T.busy then
    T.again = "set"
  end
  start(T)
  return true
end

-- t:reset(ms) → true if it was running. In the callback it keeps the timer running, whatever that returns.
function meta.reset(...)
  local self, ms = ...
  local T = state[self] or check.expected(1, NAME, self, select("#", ...))
  if T.failed then
    error(T.failed, 2)
  end
  if not T.active then
    return nil
  end
  ms = check.number(2, ms, select("#", ...))
  T.interval_s = ms > 0 and ms / 1000 or 0
  if T.busy then
    T.again = "set"
  end
  start(T)
  return true
end

-- t:cancel() → true if it was running
function meta.cancel(...)
  local T = state[...] or check.expected(1, NAME, (...), select("#", ...))
  if T.failed then
    error(T.failed, 2)
  end
  if T.busy then
    T.again = "cancelled"
  end
  local was = T.active
  stop(T)
  return was or nil
end

-- A variable that is closed cancels its timer, also one that has failed.
function meta.__close(self)
  local T = state[self]
  if T.busy then
    T.again = "cancelled"
  end
  stop(T)
end

function meta.__gc(self)
  local T = state[self]
  if T then
    stop(T)
    deadlines.drop(T.slot)
  end
end

-- ba.timer(f) → timer
function timer.new(...)
  local f = ...
  if type(f) ~= "function" then
    check.expected(1, "function", f, select("#", ...))
  end
  local u = userdata.new(meta)
  local current = sched.current
  state[u] = {
    f = f,
    cell = current and current.cell,
    active = false,
    slot = {timer = setmetatable({u}, WEAK), expire = fire},
  }
  return u
end

return timer
