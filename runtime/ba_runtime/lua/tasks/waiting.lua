-- How a task waits, and what ends its wait.
--
-- Theory of operation. A task waits by yielding WAIT to whoever resumed it, the scheduler. There are two kinds of wait:
--
--   * `pause`: the task's own, documented suspension (a cosocket in read, accept, …).
--   * `block`: a call that on the server stops a whole thread (a cell in read, `ba.sleep` anywhere). It takes
--     a limit, is what an interrupt ends, and marks the task as stalled meanwhile: whoever started or
--     resumed a stalled task waits until it has settled, as on the server, where such a call blocks them both.
--     Everybody else goes on.
--
-- Where the running coroutine cannot yield (a finalizer, the reader of `load`, a message handler), both run the loop
-- in place until mail arrives: `run` on such a task leaves the values there. Such waits end in the reverse order of
-- their beginning, so they are kept rare: callbacks.lua has what callbacks are mostly used for, in Lua. A
-- blocking wait in place is one of a task of its own (`caller`), because the running task may be in the middle of
-- a wait already: a finalizer can run at any moment. A coroutine of the user's own passes WAIT upwards
-- (coroutines.lua), so waiting inside one is an ordinary wait.
--
-- An interrupt ends the wait of its target. Where another wait lies on top of that in place, so that the target could
-- not go on, it ends the one on top; it is repeated until the target is over, so it gets there (`interrupt`).

local import = ...
local host = import "host"
local deadlines = import "tasks/deadlines"
local interrupt = import "tasks/interrupt"
local recorded = import "recorded"
local sched = import "tasks/sched"

local yield, isyieldable, status = coroutine.yield, coroutine.isyieldable, coroutine.status
local error, pcall, select = error, pcall, select
local pack, unpack = table.pack, table.unpack
local clock = host.monotonic
local begins, ends = recorded.begins, recorded.ends
local run, WAIT, THROW, slot, closing = sched.run, sched.WAIT, sched.THROW, interrupt.slot, interrupt.closing

local waiting = {}

-- Tells whether the running coroutine can yield. While one is being closed Lua says it could, and is wrong.
local function may_yield()
  return isyieldable() and not closing[slot[1]]
end

-- Tells whether the running task can: also its own coroutine must, when another one runs inside it.
local function can_yield()
  local task = sched.current
  if not task or not may_yield() then
    return false
  end
  local co = task.co
  return co == slot[1] or isyieldable(co) and not closing[co]
end

waiting.can_yield = can_yield

local places, place = {}, 0 -- the tasks that wait in place, the innermost last

local ROOM <const> = 40 -- C calls that must be left for those who go on meanwhile

-- Calls itself until so many C calls are on the stack.
local function descend(levels)
  return levels == 0 or select(2, pcall(descend, levels - 1))
end

local function in_place(task)
  local before, outer = sched.current, slot[1]
  place = place + 1
  places[place] = task
  task.nested = true
  sched.current = nil
  sched.claim_again()
  if not task.mail and interrupt.is_above_target() then -- finalizers that wait come by the thousand
    task.mail = pack(THROW)
  end
  local ok, problem = task.mail ~= nil, "C stack overflow" -- what it waits for may have come already
  if not ok and descend(ROOM) == true then
    ok, problem = sched.loop_in_place(task)
  end
  places[place] = nil
  place = place - 1
  local mail = task.mail
  task.nested, task.mail, task.at, task.waits_for = nil, nil, nil, nil
  if not task.co then -- whoever still knows it gets nobody to go on
    task.nested = true
    deadlines.drop(task)
  end
  sched.current, slot[1] = before, outer
  if not ok then
    error(problem, 0)
  end
  mail = mail or error("the runtime is closing", 0)
  return unpack(mail, 1, mail.n)
end

-- ---------------------------------------------------------------- waiting

-- Yields to the scheduler until `run(task, …)`. What the task waits for may have come before it is here: asking for it
-- takes memory, so a finalizer may have run the loop meanwhile. Between the look and the yield nothing is allocated.
local function wait(task)
  local mail = task.mail
  if mail then
    task.mail, task.at, task.waits_for = nil, nil, nil
    return unpack(mail, 1, mail.n)
  end
  return yield(WAIT)
end

-- What every wait goes through; other functions while somebody records.
local yield_until, yield_own, loop_until = wait, wait, in_place

local function noted_wait(task, call, limit_s)
  return ends(begins(task, call, limit_s), task, call, wait(task))
end

local noted_own = recorded.own_read(wait)

local function noted_in_place(task, call, limit_s)
  return ends(begins(task, call, limit_s), task, call, in_place(task))
end

-- Tells of every wait that begins from now on, or of none.
function waiting.record(is_on)
  yield_until, yield_own = is_on and noted_wait or wait, is_on and noted_own or wait
  loop_until = is_on and noted_in_place or in_place
end

local function checked(first, ...)
  if first == THROW then
    interrupt.raise()
  end
  return first, ...
end

-- Waits for `run(task, …)` and returns its values. `call` names what waits, to whoever records, and `limit_s` says for
-- how long at most. It only says it: whoever asks for a limit here sets the deadline.
local function pause(task, call, limit_s)
  if can_yield() then
    return yield_until(task, call, limit_s)
  end
  return checked(loop_until(task, call, limit_s))
end
waiting.pause = pause

-- The same in a cosocket's own read on S, which knows that the running coroutine is the task's.
function waiting.pause_own(task, S, limit_s)
  if isyieldable() and not closing[task.co] then
    return yield_own(task, S, limit_s)
  end
  return checked(loop_until(task, nil, limit_s))
end

local IN_PLACE = {name = "in place"}

-- The task that a blocking call stops: the running one, or where it cannot yield one that waits in its place.
function waiting.caller()
  local task = sched.current
  if task and can_yield() then
    return task
  end
  return {kind = IN_PLACE, cell = task and task.cell}
end

-- Waits on behalf of a coroutine inside this one that has yielded WAIT; returns what that is to be resumed with. It is
-- the running task that waits, wherever one of its coroutines can go no further.
function waiting.pass_on()
  local task = sched.current
  if not may_yield() then
    return in_place(task)
  elseif task then
    return wait(task)
  end
  return yield(WAIT)
end

-- Ends the running task for good, without an error: it is never resumed. Where it cannot yield, an error must do.
function waiting.abandon(task)
  task.abandoning = true
  if can_yield() then
    yield(WAIT)
  end
  error("abandoned", 0)
end

local function unblock(task, ...)
  task.stalled = nil
  return checked(...)
end

local function expired(task)
  run(task, nil, "timeout")
end

-- Blocks the running task until `run(task, …)`, or until `limit_s` seconds have passed since `since`, nil for now: then
-- it returns nil, "timeout". `call` as above.
function waiting.block(task, call, limit_s, since)
  task.stalled = true
  if limit_s then
    task.expire = expired
    deadlines.set(task, (since or clock()) + limit_s)
  end
  if can_yield() then
    return unblock(task, yield_until(task, call, limit_s))
  end
  return unblock(task, loop_until(task, call, limit_s))
end

local SOON_S <const> = 1e-6 -- after the moment for which deadlines are looked at now

-- Looks once more at what has arrived before the time is up: the loop may have been in the middle of what a poll had
-- brought, and a wait of no time at all would never see what is there.
local function looks_again(task)
  task.expire = expired
  deadlines.set(task, clock() + SOON_S)
end

-- Waits as `block` does, for code that other code need not wait for: where it is a cosocket's, nobody waits until it
-- settles. Before the deadline ends the wait, the system has been asked what there is.
function waiting.rest(task, call, limit_s, since)
  if limit_s then
    task.expire = looks_again
    deadlines.set(task, (since or clock()) + limit_s)
  end
  if task.kind.name == "cosocket" then
    return pause(task, call, limit_s)
  end
  task.stalled = true
  if can_yield() then
    return unblock(task, yield_until(task, call, limit_s))
  end
  return unblock(task, loop_until(task, call, limit_s))
end

-- Waits while `task`, which the running one has just started or resumed, is stalled.
function waiting.settle(task)
  while task.stalled and not task.over and task ~= sched.current do
    local caller = waiting.caller()
    local onlookers = task.onlookers or {}
    task.onlookers = onlookers
    onlookers[#onlookers + 1] = caller
    caller.waits_for = task
    waiting.block(caller)
  end
end

-- Ends the wait of a task that an interrupt is for, or the wait that lies on top of it. Without one, the planted hook
-- gets it when it goes on.
function waiting.interrupt(target)
  if status(target.co) ~= "suspended" then
    local top = places[place]
    if top then
      run(top, THROW)
    end
  elseif target.stalled then
    target.interrupted = true
    sched.throw(target)
  end
end

return waiting
