-- The scheduler: tasks, how they wait, and the loop that wakes them.
--
-- A task is a coroutine that the scheduler knows: a cell, a cosocket, a thread job, a timer callback. A task waits by
-- yielding WAIT (waiting.lua), and goes on when somebody calls `run(task, …)`; those values are what the wait returns.
-- Whoever started or resumed a stalled task, one that blocks as a whole thread does on the server, waits until it has
-- settled. Everybody else goes on.
--
-- Rules: `run` may be called from anywhere, also from inside another task; the callee then runs at once and
-- the caller goes on when it waits. Events live in one queue shared by all nested loops, so that order is kept
-- whichever loop takes them. The scheduler never touches a socket.

local import = ...
local host = import "host"
local arrivals = import "tasks/arrivals"
local collector = import "collector"
local deadlines = import "tasks/deadlines"
local interrupt = import "tasks/interrupt"
local hints = import "hints"
local keepers = import "tasks/keepers"
local ready = import "tasks/ready"
local position = import "stack".position

local create, resume, status, close = coroutine.create, coroutine.resume, coroutine.status, coroutine.close
local pcall, pack, unpack, setmetatable, traceback =
  pcall, table.pack, table.unpack, setmetatable, debug.traceback
local poll, clock, claim, take = host.poll, host.monotonic, arrivals.claim, arrivals.take
local probe = collector.probe
local bodies = import "check".task_bodies

local sched = {
  current = nil, -- the running task
  cell = nil, -- the running cell's task
}
interrupt.scheduler = sched
local closing = interrupt.closing
local slot = interrupt.slot -- what runs now is there, see interrupt.lua

local WAIT = {} -- what a task yields: never seen by user code
local THROW = {} -- what `run` passes to end a block with an error
sched.WAIT, sched.THROW = WAIT, THROW

-- Lua allows about 200 nested C calls, and every nested resume is one. Past this depth a task is queued.
local MAX_DEPTH <const> = 120
local IN_PLACE_DEPTH <const> = 10 -- what a wait in place adds, and the callback that it is in
local ROUND_S <const> = 0.01 -- for those who are ready; then it is looked at what has arrived
local NO_MEMORY <const> = "not enough memory" -- Lua's own words
local depth = 0
local ending = nil -- the task that has raised or returned, until its end is told
local turn = 0 -- counts what the loop has started

-- ---------------------------------------------------------------- tasks

-- Makes a task around `f`. `kind` says what it is and what follows from its end: a table with `name` (cell,
-- cosocket, job, timer), `ended(task, ok, …)`, called with what f returned or raised, `yielded(task, …)`, when
-- f yields by itself, and `abandoned(task)`. Tasks have few fields, because a program may have thousands.
function sched.task(kind, f)
  local co = create(f)
  interrupt.watch(co)
  bodies[co] = f
  local current = sched.current
  return {
    co = co,
    kind = kind,
    cell = current and current.cell, -- which cell's code this is; print and the socket table want to know
    waits = true, -- it can go on: it has yielded, or has not begun
    expire = nil, -- what its deadline does: set by whoever sets the deadline
    waits_for = nil, -- what a blocked task waits for: whoever wakes it checks that it still does
    stalled = nil, -- it is in a block
    onlookers = nil, -- tasks that wait until this one has settled
  }
end

local function settled(task)
  local onlookers = task.onlookers
  if onlookers then
    task.onlookers = nil
    for i = 1, #onlookers do
      if onlookers[i].waits_for == task then -- else its wait was ended
        sched.run(onlookers[i])
      end
    end
  end
end

-- Closes what a task has left on its stack: code of the user's, in variables with `__close`.
local function close_stack(task)
  local previous, outer, co = sched.current, slot[1], task.co
  sched.current, slot[1], closing[co] = task, co, true
  close(co)
  sched.current, slot[1], closing[co] = previous, outer, nil
end
sched.close_stack = close_stack

-- Keeps what a task that has raised looked like, and what there is to say about it, and closes its stack.
local function bury(task, problem)
  if not task.interrupted and not task.abandoning then
    task.hint = hints.of(task.co, problem)
  end
  task.trace = traceback(task.co)
  task.source, task.line = position(task.co)
  close_stack(task)
  if interrupt.under_way then
    interrupt.carry_on(slot[1])
  end
end

-- Tells the end of a task.
local function finish(task, ok, ...)
  task.over = true
  if not ok then
    bury(task, (...))
  end
  local outer = ending
  ending = task -- should telling fail, it is told again
  task.kind.ended(task, ok, ...)
  ending = outer
  settled(task)
end

local function after(task, previous, outer, ok, token, ...)
  sched.current, slot[1] = previous, outer
  depth = depth - 1
  if task.over then -- it was none that could go on: its end has been told already
    return
  elseif ok and token == WAIT and not task.abandoning then
    task.waits = true
    if task.onlookers and not task.stalled then
      settled(task)
    end
    return
  end
  if not ok then
    ending = task
    if token == NO_MEMORY or host.memory_is_short() then -- what follows takes some, were it a call within a call
      host.memory_failed()
    end
  end
  task.stalled, task.waits_for = nil, nil
  deadlines.drop(task)
  if ok and token == WAIT then
    task.kind.abandoned(task)
  elseif ok and status(task.co) == "suspended" then
    task.waits = true
    task.kind.yielded(task, token, ...)
  else
    return finish(task, ok, token, ...)
  end
  settled(task)
end

-- Lets a waiting task go on with these values, at once. A task that has not begun to wait (a finalizer waits on top of
-- it, between its asking for something and its wait) finds them as mail when it does.
local function run(task, ...)
  if task.waits_for then -- looking is cheaper than writing nil where nothing is
    task.waits_for = nil
  end
  if task.at then -- also when it is only queued below: what it waited for has come
    task.at = nil
  end
  if task.nested or not task.waits and not task.over then
    task.mail = pack(...)
    return
  elseif depth >= MAX_DEPTH then
    return ready.add(task, ...)
  end
  task.waits = false
  local previous, outer, co = sched.current, slot[1], task.co
  sched.current, slot[1] = task, co
  depth = depth + 1
  after(task, previous, outer, resume(co, ...))
end
sched.run = run

-- The same for what happens most: a cosocket's own wait ends, with one value. So there are no onlookers (nobody
-- looks on while it waits on its own account), and nobody else could have woken it.
function sched.wake(task, value)
  if task.at or task.nested or not task.waits or depth >= MAX_DEPTH then
    return run(task, value)
  end
  task.waits = false
  local running = sched
  local previous, outer, level, co = running.current, slot[1], depth, task.co
  running.current, slot[1], depth = task, co, level + 1
  local ok, token = resume(co, value)
  if token == WAIT and ok and not task.abandoning then
    running.current, slot[1], depth, task.waits = previous, outer, level, true
    return
  end
  return after(task, previous, outer, ok, token)
end

-- Ends a task's block with an error, also when what it waited for has come and it is only queued.
function sched.throw(task)
  if not ready.replace(task, THROW) then
    run(task, THROW)
  end
end

-- Returns a number that changes whenever the loop starts something; it tells a runaway from a busy loop.
function sched.turns()
  return turn + arrivals.taken_early()
end

-- Returns the state of the socket whose cosocket is running, nil in other code: a coroutine made inside it is other
-- code.
function sched.owner()
  local task = sched.current
  return task and slot[1] == task.co and task.sock or nil
end

-- Tells whether the running code is the cosocket of S.
function sched.owns(S)
  local task = S.task
  return task ~= nil and slot[1] == task.co
end

-- Lets a task go on from the loop, soon, instead of at once.
sched.later = ready.add

-- ---------------------------------------------------------------- the loop

-- Who gets an event, by the number that Python reports it under. Weak: what nobody else holds is garbage.
local handlers = setmetatable({}, {__mode = "v"})
sched.handlers = handlers

sched.post, sched.recall, sched.take_next, sched.claim_again =
  arrivals.add, arrivals.recall, arrivals.take_next, arrivals.claim_again

local function go_on(task, values)
  if not task.over and not sched.closing then
    run(task, unpack(values, 1, values.n))
  end
end

-- Hears of an interrupt's requests, and of cells, ahead of the events that wait: each of these may be one more runaway.
local function hear()
  arrivals.expect()
  claim(poll(0))
  handlers[0]:ready()
end

-- Handles events until there are none, or the waiter's mail has come: then it returns true.
local function handle_events(waiter, saved)
  local number, value = take()
  while number do
    local handler, is_signal = handlers[number], false
    if not handler then -- a signal comes under the number's negative
      handler, is_signal = handlers[-number], true
    end
    if handler then
      turn = turn + 1
      handler:ready(value, is_signal)
      depth = saved
      if interrupt.under_way and interrupt.is_pressing() and not sched.closing then
        hear()
        depth = saved
      end
      if waiter and waiter.mail then
        return true
      end
    end
    number, value = take()
  end
end

-- Runs tasks until the mail of `waiter` has come; without a waiter, until the runtime closes.
local function loop(waiter, saved)
  depth = saved
  repeat
    if ready.some then
      local until_s, newest = clock() + ROUND_S, ready.newest()
      repeat -- those who wait now; what they add waits for the next round
        turn = turn + 1
        local task, values, entry = ready.take()
        go_on(task, values)
        depth = saved
        if waiter and waiter.mail then
          return
        elseif interrupt.under_way and interrupt.is_pressing() or clock() > until_s then
          break
        end
      until entry == newest or not ready.some -- a nested loop may have taken them
    end
    if not probe[1] then
      collector.put_off()
    end
    if waiter and waiter.mail then -- a finalizer has run the loop just above
      return
    elseif arrivals.is_empty() then
      arrivals.expect()
      claim(poll(ready.some and 0 or deadlines.next()))
    end
    if handle_events(waiter, saved) then
      return
    elseif deadlines.next() then
      turn = turn + 1
      deadlines.expire(clock())
      depth = saved
    end
  until waiter and waiter.mail or sched.closing
end

function sched.loop()
  loop(nil, 0)
end

-- Ends the task that was running when the loop itself found no memory. Returns false where there was none.
function sched.recover()
  local task = ending or sched.current
  sched.current, ending, depth = nil, nil, 0
  if not task or status(task.co) ~= "dead" or task.recovered then
    return false
  end
  task.recovered = true -- if that fails too, it is not for want of memory
  task.stalled, task.waits_for = nil, nil
  deadlines.drop(task)
  finish(task, false, NO_MEMORY)
  return true
end

-- Runs tasks until the mail of `waiter` has come. Returns false and why where that cannot be: memory has run out, or
-- too many tasks lie on top of each other.
function sched.loop_in_place(waiter)
  local before = depth
  if before + IN_PLACE_DEPTH >= MAX_DEPTH then
    return false, "C stack overflow"
  end
  local ok, problem = pcall(loop, waiter, before + IN_PLACE_DEPTH)
  depth = before
  return ok, problem
end

-- ---------------------------------------------------------------- the end

-- Drops everything that waits.
function sched.forget()
  keepers.empty()
  ready.empty()
  arrivals.empty()
  sched.cell, interrupt.target = nil, nil
  deadlines.forget()
end

return sched
