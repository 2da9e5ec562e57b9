-- The Lua half of interrupts: which coroutine runs, and what the planted hook does in it.
--
-- `_interrupt.py` explains how the hook gets in, and reads `slot` from outside: whoever resumes a coroutine puts it
-- there, and puts back what was there when it is over. The slot is never empty and never holds anything but a
-- coroutine. The C function that serves as the hook asks for a global named by the event; so what Lua's registry has
-- as the globals is a table of ours, which knows that name. Nothing else asks it for anything: chunks are loaded with
-- the globals named.
--
-- The hook raises in user code only. Our own code would lose its invariants; it always comes back to user code
-- or to a wait, and waits are interrupted by the scheduler. The same holds for hooks of the user's, which are called
-- from here: an instruction limit that raises does so in the program, never in the middle of the API.

local import = ...
local host = import "host"
local ours = import "ours"

local getinfo, sethook, gethook, registry = debug.getinfo, debug.sethook, debug.gethook, debug.getregistry()
local collectgarbage, setmetatable, error, pcall, type, tonumber, format, find =
  collectgarbage, setmetatable, error, pcall, type, tonumber, string.format, string.find
local create, running, status = coroutine.create, coroutine.running, coroutine.status
local processor_time = host.thread_time -- of this thread: the machine may have other things to do
local may_be_cut, is_ours = ours.may_be_cut, ours.source

local main = running()

local interrupt = {
  target = nil, -- the task that an interrupt stops: the running cell
  scheduler = nil, -- set by sched.lua; `current` and `turns` are read here
  slot = {main}, -- the running coroutine
  under_way = false, -- an interrupt has raised an error, and was not over when last looked at
  tight_kb = 0, -- see crossing.lua
  counts_instructions = host.counts_instructions, -- Python cannot plant a hook
  closing = setmetatable({}, {__mode = "k"}), -- coroutines whose `__close` variables are being closed
}

-- Notes whether an interrupt is under way. `told` is coroutines.lua's, for which a look at this table costs too much.
local function note(is_under_way)
  if interrupt.under_way ~= is_under_way then
    interrupt.under_way = is_under_way
    interrupt.told(is_under_way)
  end
end

-- A background task that has computed for so long without waiting, while the user asks for a stop, is a runaway.
local RUNAWAY_S = 0.2

local turn, since

local function is_runaway()
  local now = processor_time()
  if turn ~= interrupt.scheduler.turns() then
    turn, since = interrupt.scheduler.turns(), now
  end
  return now - since > RUNAWAY_S
end

-- Where Python cannot plant, a permanent count hook stands in: slower programs, but they can be stopped. It counts
-- to this while all is well, and to 1 during an interrupt, as the planted one does.
local FALLBACK_COUNT = 10000
local counts_instructions = interrupt.counts_instructions

local user_hooks = setmetatable({}, {__mode = "k"}) -- coroutine → the user's hook, its events and its count

local hook, user_hook

-- Gives a coroutine back the hook that it should have when it is not to be stopped.
local function restore(co)
  local user = user_hooks[co]
  if user then
    local is, mask, count = gethook(co)
    if is ~= user_hook or mask ~= user.mask or count ~= user.count then
      sethook(co, user_hook, user.mask, user.count)
    end
  elseif counts_instructions then
    sethook(co, hook, "", FALLBACK_COUNT)
  else
    sethook(co)
  end
end

-- Plants the hook in a coroutine that is about to go on, during an interrupt: one that catches the error, or one whose
-- coroutine has just ended by it, might be somewhere else whenever the hook is planted from outside.
local function plant(co)
  sethook(co, hook, "", 1)
end

-- Tells whether the running task is to be stopped: when the runtime closes all are. Code in no task is a finalizer that
-- runs between two of them.
local function must_stop()
  local scheduler = interrupt.scheduler
  local task = scheduler.current
  if task and task ~= interrupt.target and not scheduler.closing and not is_runaway() then
    return false
  elseif task then
    task.interrupted = true
  end
  return true
end

-- The events of a hook's mask, as Lua names them to the hook.
local MASK_OF = {call = "c", ["tail call"] = "c", ["return"] = "r", line = "l"}

local function wants(user, event)
  local letter = MASK_OF[event]
  if letter then
    return find(user.mask, letter, 1, true)
  end
  return user.count > 0
end

-- Planted from outside, the hook is called in the innermost function and in those that this one calls. So where a loop
-- of the program's does nothing but call functions of ours by `pcall`, it is never called in the loop itself. Planted
-- from here it is called in all of them; but that is a walk through the calls, of which there may be 200,000.
local EVERY <const> = 8
local ours_seen = 0

-- What the planted hook does in a function of this source. Tells whether to raise. `is_on` has been asked before the
-- source was: while an interrupt is under way Python makes way then, or the record of a function could find no memory,
-- and the hook would raise wherever it is.
local function attend(source, is_on)
  if not is_on then
    note(false)
    restore(running())
  elseif not may_be_cut(source) then
    ours_seen = ours_seen + 1
    if counts_instructions or ours_seen % EVERY == 0 then
      plant(running())
    end
  elseif must_stop() then
    note(true)
    plant(running()) -- what catches the error has called the function in which the hook is, and does not know of it
    return true
  else -- another task's work goes on at full speed, until the hook is planted again
    restore(running())
  end
end

-- Hooks are called between any two instructions of ours too. To look around takes memory, and where memory is taken the
-- collector may come and run finalizers of the user's, which would find something of ours half done. So the collector
-- is put off beforehand, by more than that takes; what it is owed it gets in the next function that may be cut. To stop
-- and start it would not do: it would have to begin at once, at every event.
local LOOK_KB <const> = 1
local MOST_KB <const> = 16384
local owed_kb = 0

local function put_off_collector()
  if collectgarbage "isrunning" then
    owed_kb = owed_kb + LOOK_KB
    collectgarbage("step", -LOOK_KB)
  end
end

local function pay_collector(source)
  if owed_kb > 0 and (may_be_cut(source) or owed_kb > MOST_KB) and collectgarbage "isrunning" then
    local kb = owed_kb
    owed_kb = 0
    collectgarbage("step", kb)
  end
end

-- Tells whether this is within a finalizer, where the collector takes no orders.
local function is_in_finalizer()
  return not collectgarbage "count"
end

-- Lua calls no hooks in a finalizer, nor does it where a `pcall` in one has caught an error. But what an error leaves
-- behind is closed after that, so this is: whatever raises for an interrupt, or raises its error again, has it in a
-- variable.
local again <const> = setmetatable({}, {
  __close = function()
    if is_in_finalizer() then -- elsewhere they are allowed, and what closes next is the program's and may go on
      host.allow_hooks()
    end
  end,
})

interrupt.again = again

-- The planted hook, by whichever way it got in; the function in which it is called is at this level for its caller.
local function planted(level)
  put_off_collector()
  local is_on = host.is_interrupting()
  local source = getinfo(level + 1, "S").source
  local is_cut = attend(source, is_on)
  pay_collector(source)
  if is_cut then
    if is_in_finalizer() then -- the next ones would come before the program gets to its next instruction
      host.put_off_finalizers(false)
    end
    local _ <close> = again
    error("interrupted", is_ours(source) and 0 or level + 1) -- only the program's functions have a place worth naming
  end
end

function hook()
  planted(2)
end

-- Tells whether the hooked function, of this source, is ours, or one in C that works for ours. Called by `user_hook`.
local function is_within_ours(source)
  local level = 4 -- the function below the hooked one
  while source == "=[C]" do
    local info = getinfo(level, "S")
    if not info then
      return false
    end
    source, level = info.source, level + 1
  end
  return is_ours(source)
end

function user_hook(event, line)
  if counts_instructions then
    planted(2)
  end
  local user = user_hooks[running()]
  if not user or not wants(user, event) then
    return
  end
  put_off_collector()
  if (collectgarbage "count" or interrupt.tight_kb) >= interrupt.tight_kb then -- a failure would be raised in ours
    host.make_way()
  end
  local source = getinfo(2, "S").source
  local is_for_us = is_within_ours(source)
  pay_collector(source)
  if is_for_us then
    return
  elseif user.is_native then -- Lua's own `error`, say: it would blame this function
    local ok, problem = pcall(user.call, event, line)
    return ok or error(type(problem) == "string" and ours.clean(problem) or problem, 0)
  end
  return user.call(event, line) -- so the level above the hook's is the hooked function, which it may blame
end

-- Returns where a coroutine is in memory, for Python, which calls Lua's C functions on it.
local function address(co)
  return tonumber(format("%p", co))
end
interrupt.address = address

if counts_instructions then
  sethook(main, hook, "", FALLBACK_COUNT)
else
  -- The number 3 in memory, read as a name: its lowest byte comes first or last.
  local COUNT_EVENT = {["\3"] = true, [""] = true}
  local LUA_RIDX_GLOBALS <const> = 2
  local globals = _G
  registry[LUA_RIDX_GLOBALS] = setmetatable({}, {
    __index = function(_, name)
      if not COUNT_EVENT[name] then
        return globals[name]
      end
      planted(2)
    end,
    __newindex = globals,
  })
  local slot = interrupt.slot
  interrupt.scout = create(function() -- kept for as long as there is a runtime
    return slot
  end)
  local newest = setmetatable({}, {__gc = function() end})
  host.hook_learn(address(interrupt.scout), address(main), address(newest))
  sethook(main, function()
    sethook(main)
    host.hook_note_state(address(main), true)
  end, "", 1)
  host.hook_note_state(address(main), false)
end

-- Makes a new coroutine stoppable, where it is not anyway.
function interrupt.watch(co)
  if counts_instructions then
    sethook(co, hook, "", FALLBACK_COUNT)
  end
end

-- Ends a wait: raises in the program's code that has called us. Wherever that goes then is hooked.
function interrupt.raise()
  note(true)
  plant(interrupt.slot[1])
  if is_in_finalizer() then
    host.put_off_finalizers(true)
  end
  local _ <close> = again
  error("interrupted", 0)
end

-- Tells whether an interrupt has got no further than to what lies on top of its target.
function interrupt.is_above_target()
  local target = interrupt.target
  return interrupt.is_pressing() and target and status(target.co) ~= "suspended"
end

-- To be called with a coroutine that goes on because the one above it has failed, ended or yielded, while an interrupt
-- is under way: the error may have been caught up there, by a `pcall` behind which nothing came.
function interrupt.carry_on(co)
  if host.is_interrupting() then
    plant(co)
    if is_in_finalizer() then -- the error has left the coroutine in which hooks were allowed
      host.allow_hooks()
    end
  else
    note(false)
  end
end

-- Tells whether an interrupt has raised errors and is not over yet. Then the loop hears of what arrives between any two
-- tasks: each of them may be one more that has to be stopped, and the cell that is to end it all may be waiting behind.
function interrupt.is_pressing()
  if interrupt.under_way and not host.is_interrupting() then
    note(false)
  end
  return interrupt.under_way
end

-- Tells that a task has ended: when an interrupt was for it, that is over too.
function interrupt.ended(task)
  if interrupt.target == task then
    interrupt.target = nil
    host.interrupt_over()
  end
end

-- Sets or takes away the user's hook of a coroutine, for `debug.sethook`.
function interrupt.set_user_hook(co, call, mask, count)
  if co == main then -- only a finalizer can know it: the scheduler runs there
    error("a hook cannot be set in the main coroutine", 3)
  end
  user_hooks[co] = call and {call = call, mask = mask, count = count, is_native = getinfo(call, "S").what == "C"} or nil
  restore(co)
end

-- Returns the user's hook of a coroutine, its mask and its count, as `debug.gethook` does.
function interrupt.user_hook(co)
  local user = user_hooks[co]
  if user then
    return user.call, user.mask, user.count
  end
  return nil
end

return interrupt
