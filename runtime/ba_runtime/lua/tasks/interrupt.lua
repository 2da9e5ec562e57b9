-- The Lua half of interrupts: which coroutines there are, and what the planted hook does in them.
--
-- `_interrupt.py` explains how the hook gets in. Lua's C hook looks the running coroutine up in a weak table
-- of the registry and calls what it finds; so registering a coroutine is one store there, and its address
-- told to Python. The address must be forgotten before the memory goes: `anchors` is an ephemeron table whose
-- value refers to the coroutine and has a finalizer, so Lua runs that finalizer while the coroutine is kept
-- alive for it, and frees both a cycle later.
--
-- The hook raises in user code only. Our own code (chunks named `=ba:…`) would lose its invariants; it always
-- comes back to user code or to a wait, and waits are interrupted by the scheduler.

local import = ...
local host = import "host"

local getinfo, sethook, registry = debug.getinfo, debug.sethook, debug.getregistry()
local type, pairs, setmetatable, error, tonumber, sub, format =
  type, pairs, setmetatable, error, tonumber, string.sub, string.format
local running = coroutine.running
local clock = host.monotonic

local interrupt = {
  target = nil, -- the task that an interrupt stops: the running cell
  scheduler = nil, -- set by sched.lua; `current` and `turns` are read here
}

-- A background task that has run for so long without waiting, while the user asks for a stop, is a runaway.
local RUNAWAY_S = 0.03

local turn, since

local function is_runaway()
  local now = clock()
  if turn ~= interrupt.scheduler.turns() then
    turn, since = interrupt.scheduler.turns(), now
  end
  return now - since > RUNAWAY_S
end

local function hook()
  if not host.is_interrupting() then
    return interrupt.lift()
  end
  interrupt.plant()
  if sub(getinfo(2, "S").source, 1, 4) == "=ba:" then
    return
  end
  local task = interrupt.scheduler.current
  if task and (task == interrupt.target or is_runaway()) then
    task.interrupted = true
    error("interrupted", 2)
  end
end

local function address(co)
  return tonumber(format("%p", co))
end

-- Where Python cannot plant, a permanent count hook stands in: slower programs, but they can be stopped. It counts
-- to this while all is well, and to 1 during an interrupt, as the planted one does.
local FALLBACK_COUNT = 10000
local counts_to = FALLBACK_COUNT

local main = running()
sethook(main, hook, "", FALLBACK_COUNT)
local instant = host.interrupt_is_instant
if instant then
  host.hook_learn(address(main))
end
local hooks = registry._HOOKKEY
local track, untrack = host.hook_track, host.hook_untrack
local departing = {
  __gc = function(anchor)
    untrack(anchor[3])
  end,
}
local anchors = setmetatable({}, {__mode = "k"})

-- With this a million coroutines made and dropped take a third of the time and 2 MB, without it 65 MB.
local weigh = import "burden"(2, 32)

-- Makes a coroutine stoppable; called for every one that is made. `f` is its function; the scheduler says that
-- it is a task's, which nobody else may resume.
function interrupt.watch(co, f, is_task)
  weigh()
  if instant then
    local where = address(co)
    hooks[co] = hook
    track(where)
    anchors[co] = setmetatable({co, f, where, is_task}, departing)
  else
    sethook(co, hook, "", counts_to)
    anchors[co] = {co, f, nil, is_task}
  end
end

local function count_to(count)
  counts_to = count
  for co, anchor in pairs(anchors) do
    if not anchor.hooked then
      sethook(co, hook, "", count)
    end
  end
end

-- What `plant` and `lift` of _interrupt.py do, where these cannot: called when an interrupt is seen, and its end.
function interrupt.plant()
  if not instant and counts_to ~= 1 then
    count_to(1)
  end
end

function interrupt.lift()
  if counts_to ~= FALLBACK_COUNT then
    count_to(FALLBACK_COUNT)
  end
end

-- Tells whether a coroutine is a task's.
function interrupt.is_task(co)
  local anchor = anchors[co]
  return anchor ~= nil and anchor[4] == true
end

-- Returns the function that a coroutine was made with.
function interrupt.body(co)
  local anchor = anchors[co]
  return anchor and anchor[2]
end

-- Tells that a task has ended: when an interrupt was for it, that is over too.
function interrupt.ended(task)
  if interrupt.target == task then
    interrupt.target = nil
    host.interrupt_over()
  end
end

-- `debug.sethook` for users: their hook, and ours before it.
local function user_sethook(...)
  local co, f, mask, count = ...
  if type(co) ~= "thread" then
    co, f, mask, count = running(), ...
  end
  if co == main then -- only a finalizer can know it: the scheduler runs there
    error("the main coroutine takes no hook", 2)
  end
  local is_hook = type(f) == "function"
  if anchors[co] then
    anchors[co].hooked = is_hook or nil
  end
  if not is_hook then
    sethook(co)
    if instant then
      hooks[co] = hook
    else
      sethook(co, hook, "", counts_to)
    end
    return
  end
  sethook(co, function(...)
    if host.is_interrupting() then
      local task = interrupt.scheduler.current
      if task == interrupt.target or is_runaway() then
        task.interrupted = true
        error("interrupted", 3)
      end
    end
    return f(...)
  end, mask, count)
end
interrupt.sethook = user_sethook

interrupt.watch(main)

return interrupt
