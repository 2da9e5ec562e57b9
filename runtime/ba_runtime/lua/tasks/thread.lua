-- ba.thread: jobs that may block.
--
-- There are no system threads: a job is a task, so its blocking calls let everything else go on. What is kept
-- is the order: a pool runs at most so many jobs at once, a queue of its own (`create`) one after the other.

local import = ...
local background = import "tasks/background"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local userdata = import "userdata"
local check = import "check"
local hints = import "hints"
local report = import "tasks/report"

local type, select, setmetatable, pairs = type, select, setmetatable, pairs

local thread = {}

local POOL_SIZE, POOL_LIMIT = 3, 20
local running = keepers.add({}) -- task → true: keeps what runs alive

local function next_job(queue)
  while queue.active < queue.size and queue.first <= queue.last do
    local task = queue[queue.first]
    queue[queue.first] = nil
    queue.first = queue.first + 1
    queue.active = queue.active + 1
    running[task] = true
    sched.later(task)
  end
end

local function over(task)
  local queue = task.queue
  running[task] = nil
  queue.active = queue.active - 1
  next_job(queue)
  background.count(-1)
end

local KIND = {
  name = "job",
  ended = function(task, ok, problem)
    if not ok then
      report.fault(task, "", problem)
    end
    over(task)
  end,
  yielded = function(task)
    local message = "attempt to yield from outside a coroutine"
    task.hint = hints.of(task.co, message)
    report.fault(task, "", message)
    task.over = true
    over(task)
  end,
}

local function new_queue(size)
  return {size = size, active = 0, first = 1, last = 0}
end

local function add(queue, f)
  local task = sched.task(KIND, f)
  task.queue = queue
  background.count(1)
  queue.last = queue.last + 1
  queue[queue.last] = task
  next_job(queue)
  return queue.last - queue.first + 1
end

local pool = new_queue(POOL_SIZE)

-- ba.thread.run(…, f) → number of jobs that wait; the server takes the last argument for the function
function thread.run(...)
  local count = select("#", ...)
  local f = count > 0 and select(count, ...) or nil
  if type(f) ~= "function" then
    check.expected(count > 0 and count or 1, "function", f, count)
  end
  return add(pool, f)
end

-- ba.thread.configure([n]) → number of threads; it can only grow
function thread.configure(n)
  n = n ~= nil and check.integer(1, n)
  if n and n > pool.size and n < POOL_LIMIT then
    pool.size = n
    next_job(pool)
  end
  return pool.size
end

-- ba.thread.dbg() → the jobs that run now
function thread.dbg()
  local list = {}
  for task in pairs(running) do
    list[#list + 1] = task.co
  end
  return list
end

local queues = setmetatable({}, {__mode = "k"})
local meta = {__name = "LTHREADMGR"}
meta.__index = meta

-- th:run(…, f) → number of jobs that wait
function meta.run(...)
  local count = select("#", ...)
  local queue = queues[...] or check.expected(1, "LTHREADMGR", (...), count)
  local f = select(count, ...)
  if type(f) ~= "function" then
    check.expected(count, "function", f, count)
  end
  return add(queue, f)
end

-- ba.thread.create() → a thread of its own
function thread.create()
  local u = userdata.new(meta)
  queues[u] = new_queue(1)
  return u
end

return thread
