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
local collector = import "collector"
local deadlines = import "tasks/deadlines"
local interrupt = import "tasks/interrupt"
local keepers = import "tasks/keepers"

local create, resume, status, close = coroutine.create, coroutine.resume, coroutine.status, coroutine.close
local select, pcall, pack, unpack, concat, setmetatable, traceback =
  select, pcall, table.pack, table.unpack, table.concat, setmetatable, debug.traceback
local poll, clock = host.poll, host.monotonic
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
local IN_PLACE_ROOM <const> = 40 -- C calls that must be left for those who go on meanwhile
local NO_MEMORY <const> = "not enough memory" -- Lua's own words
local depth = 0
local ending = nil -- the task that has raised, until its end is told
local turn = 0 -- counts what the loop has started
local ready, ready_first, ready_last = {}, 1, 0

-- ---------------------------------------------------------------- tasks

-- Makes a task around `f`. `kind` says what it is and what follows from its end: a table with `name` (cell,
-- cosocket, job, timer), `ended(task, ok, …)`, called with what f returned or raised, `yielded(task, …)`, when
-- f yields by itself, and `abandoned(task)`; `failing(task)`, if there is one, is called while the stack of an f that
-- has raised can still be looked at. Tasks have few fields, because a program may have thousands.
function sched.task(kind, f)
  local co = create(f)
  interrupt.watch(co)
  bodies[co] = f
  local current = sched.current
  return {
    co = co,
    kind = kind,
    cell = current and current.cell, -- which cell's code this is; print and the socket table want to know
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

-- Keeps what a task that has raised looked like, and closes its stack.
local function bury(task)
  task.trace = traceback(task.co)
  if task.kind.failing then
    task.kind.failing(task)
  end
  close_stack(task)
  if interrupt.under_way then
    interrupt.carry_on(slot[1])
  end
end

local function after(task, previous, outer, ok, token, ...)
  sched.current, slot[1] = previous, outer
  depth = depth - 1
  if task.over then -- it was none that could go on: its end has been told already
    return
  elseif ok and token == WAIT and not task.abandoning then
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
    task.kind.yielded(task, token, ...)
  else
    task.over = true
    if not ok then
      bury(task)
      ending = nil
    end
    task.kind.ended(task, ok, token, ...)
  end
  settled(task)
end

-- Queues a task. A finalizer that runs while the entry is made may wait, and its loop must find none that is missing.
local function put_off(task, values)
  local entry = {task, values}
  ready_last = ready_last + 1
  ready[ready_last] = entry
end

-- Lets a waiting task go on with these values, at once.
local function run(task, ...)
  if task.waits_for then -- looking is cheaper than writing nil where nothing is
    task.waits_for = nil
  end
  if task.at then -- also when it is only queued below: what it waited for has come
    task.at = nil
  end
  if task.nested then
    task.mail = pack(...)
    return
  elseif depth >= MAX_DEPTH then
    return put_off(task, pack(...))
  end
  local previous, outer, co = sched.current, slot[1], task.co
  sched.current, slot[1] = task, co
  depth = depth + 1
  after(task, previous, outer, resume(co, ...))
end
sched.run = run

-- The same for what happens most: a cosocket's own wait ends, with one value. So there are no onlookers (nobody
-- looks on while it waits on its own account), and nobody else could have woken it.
function sched.wake(task, value)
  if task.at or task.nested or depth >= MAX_DEPTH then
    return run(task, value)
  end
  local running = sched
  local previous, outer, level, co = running.current, slot[1], depth, task.co
  running.current, slot[1], depth = task, co, level + 1
  local ok, token = resume(co, value)
  if token == WAIT and ok and not task.abandoning then
    running.current, slot[1], depth = previous, outer, level
    return
  end
  return after(task, previous, outer, ok, token)
end

-- Ends a task's block with an error, also when what it waited for has come and it is only queued.
function sched.throw(task)
  for i = ready_first, ready_last do
    if ready[i][1] == task then
      ready[i][2] = pack(THROW)
      return
    end
  end
  run(task, THROW)
end

-- Returns a number that changes whenever the loop starts something; it tells a runaway from a busy loop.
function sched.turns()
  return turn
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
function sched.later(task, ...)
  return put_off(task, pack(...))
end

-- ---------------------------------------------------------------- the loop

-- Who gets an event, by the number that Python reports it under. Weak: what nobody else holds is garbage.
local handlers = setmetatable({}, {__mode = "v"})
sched.handlers = handlers

local events, first, last = {}, 1, 0 -- numbers and values in turn
local NOBODY <const> = math.maxinteger -- a number that no socket ever has

local unclaimed = false -- what a poll has returned is not in the queue yet

local function append(arrived, n)
  if first > last then
    events, first, last = arrived, 1, n
    return
  end
  for i = 1, n do
    events[last + i] = arrived[i]
  end
  last = last + n
end

-- Takes what a poll returns. While Python hands it over, and while the table is made, a finalizer may run; one that
-- waits has taken it by then, or it would wait for what only goes on after it.
local function claim(...)
  local arrived = {...}
  if unclaimed then
    unclaimed = false
    append(arrived, select("#", ...))
  end
end

-- The same for such a finalizer.
function sched.claim_again()
  if unclaimed then
    claim(host.polled())
  end
end

-- Adds a signal as if it had just arrived.
function sched.post(number, signal)
  append({-number, signal}, 2)
end

-- Takes the next event if it is data for this number: who would wait for nothing else has it without the way through
-- the loop. Nobody is overtaken, and what one poll brings is bounded.
function sched.take_next(number)
  if events[first] == number then
    local data = events[first + 1]
    if data ~= "" then -- that is the end, and more follows from it
      first = first + 2
      turn = turn + 1
      return data
    end
  end
end

-- Takes back the data that has arrived under a number and that nobody has got yet.
function sched.recall(number)
  local data, n = {}, 0
  for i = first, last, 2 do
    if events[i] == number then
      n = n + 1
      data[n], events[i] = events[i + 1], NOBODY
    end
  end
  return concat(data)
end

local function take_ready()
  local entry = ready[ready_first]
  ready[ready_first] = nil
  ready_first = ready_first + 1
  if ready_first > ready_last then
    ready_first, ready_last = 1, 0
  end
  local task, values = entry[1], entry[2]
  if not task.over and not sched.closing then
    run(task, unpack(values, 1, values.n))
  end
end

-- Handles events until there are none or the waiter's mail has come.
local function handle_events(waiter, saved)
  while first <= last do
    local list, i = events, first
    local number, value = list[i], list[i + 1]
    local handler, is_signal = handlers[number], false
    if not handler then -- a signal comes under the number's negative
      handler, is_signal = handlers[-number], true
    end
    first = i + 2
    if handler then
      turn = turn + 1
      handler:ready(value, is_signal)
      depth = saved
      if waiter and waiter.mail then
        return
      end
    end
  end
end

-- Runs tasks until the mail of `waiter` has come; without a waiter, until the runtime closes.
local function loop(waiter, saved)
  depth = saved
  repeat
    local until_s = ready_first <= ready_last and clock() + ROUND_S or 0 -- one may come yet, by a finalizer
    for _ = ready_first, ready_last do -- those who wait now; what they add waits for the next round
      if ready_first > ready_last then -- a nested loop has taken them
        break
      end
      turn = turn + 1
      take_ready()
      depth = saved
      if waiter and waiter.mail then
        return
      elseif interrupt.under_way and interrupt.is_pressing() or clock() > until_s then
        break
      end
    end
    if not probe[1] then
      collector.put_off()
    end
    if first > last then
      unclaimed = true
      claim(poll(ready_first <= ready_last and 0 or deadlines.next()))
    end
    handle_events(waiter, saved)
    if first > last and deadlines.next() then
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
  if not task or status(task.co) ~= "dead" then
    return false
  end
  task.over, task.stalled, task.waits_for = true, nil, nil
  deadlines.drop(task)
  bury(task)
  task.kind.ended(task, false, NO_MEMORY)
  settled(task)
  return true
end

-- Calls itself until so many C calls are on the stack.
local function descend(levels)
  return levels == 0 or select(2, pcall(descend, levels - 1))
end

-- Runs tasks until the mail of `waiter` has come. Returns false and why where that cannot be: memory has run out, or
-- so many C calls are under way that the tasks could not do their work.
function sched.loop_in_place(waiter)
  local before = depth
  if before + IN_PLACE_DEPTH >= MAX_DEPTH or descend(IN_PLACE_ROOM) ~= true then
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
  ready, ready_first, ready_last = {}, 1, 0
  events, first, last = {}, 1, 0
  sched.cell, interrupt.target = nil, nil
  deadlines.forget()
end

return sched
