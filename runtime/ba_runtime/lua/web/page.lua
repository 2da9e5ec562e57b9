-- Running pages: each request is a task of its own, so a page may block and nobody else waits.
--
-- A page's environment holds what belongs to this one request: `request`, `response`, `print` and `_emit`. Reads
-- of other names fall through to the globals. Pages that include each other share it, and what they put there.

local import = ...
local background = import "tasks/background"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local exchange = import "web/exchange"
local command = import "web/command"
local answers = import "web/answers"
import "web/ends" -- …with all methods, before the first one is made
local report = import "tasks/report"
local text = import "console/text"

local G = _G
local setmetatable, yield = setmetatable, coroutine.yield
local run, WAIT = sched.run, sched.WAIT
local line, tostring, write = text.line, text.tostring, exchange.write

local page = {}

local GLOBALS = {__index = G}

-- Returns the environment for an exchange, made on first use; `meta` is its metatable where it is not the plain one.
function page.environment(X, meta)
  local env = X.env
  if env then
    return meta and setmetatable(env, meta) or env
  end
  local function print(...)
    write(X, line(...) .. "\n")
    return true
  end
  local function emit(...)
    write(X, tostring((...)))
  end
  local object = command.new(X)
  env = setmetatable({request = object, response = object, print = print, _emit = emit}, meta or GLOBALS)
  X.env = env
  return env
end

-- ---------------------------------------------------------------- errors

local function block(words)
  return '<pre style="color:#b00020;border:1px solid;padding:.5em;white-space:pre-wrap">'
    .. answers.escape(words)
    .. "</pre>\n"
end

-- Shows the client what ended the page: as the response if nothing has gone out, else in the page.
local function show_error(X, problem)
  local words = "\n\n-------- Lua error:\n" .. problem .. "\n"
  if X.ended or X.deferred then
    return
  end
  if not exchange.replace(X, 500, "text/plain; charset=utf-8", words) then
    exchange.finish_with(X, block(words))
  end
end

-- ---------------------------------------------------------------- the task

-- Tasks that have answered wait here for the next request: making one takes as long as running a small page.
local idle, count = keepers.add({}), 0
local MOST_IDLE = 16

local function leave(task)
  task.X.task, task.X, task.cell = nil, nil, nil
  background.count(-1)
end

local function failed(task, X, cell, problem)
  task.cell = cell
  if not X.lost then -- else it ended because its client did
    report.fault(task, "in LSP", problem, page.environment(X))
  end
  show_error(X, report.stack(task, report.text(problem), 0))
end

-- Answers for a page that does not compile: there is no traceback of that.
function page.refuse(X, problem)
  report.line(X.task, "Lua error in LSP: " .. problem, problem)
  show_error(X, problem)
end

local function over(X)
  if not X.deferred then
    exchange.finish(X)
  end
end

local KIND = {
  name = "page",
  ended = function(task, ok, problem)
    local X, cell = task.X, task.cell
    if not X then -- it had answered, and was one too many
      return
    end
    leave(task)
    if not ok and not task.abandoning and not (problem == nil and X.stopped) then
      return failed(task, X, cell, problem)
    end
    over(X)
  end,
  yielded = function(task)
    local X, cell = task.X, task.cell
    leave(task)
    task.over = true
    failed(task, X, cell, "attempt to yield from outside a coroutine")
  end,
  abandoned = function(task)
    local X = task.X
    leave(task)
    task.over = true
    over(X)
    sched.close_stack(task)
  end,
}

local function work(task, X, f)
  repeat
    f(X)
    leave(task)
    over(X)
    if count >= MOST_IDLE then
      return
    end
    count = count + 1
    idle[count] = task
    X, f = yield(WAIT)
  until false
end

-- Answers an exchange by `f(X)`, in a task of its own.
function page.start(X, f)
  background.count(1)
  local task = idle[count]
  if task then
    idle[count] = nil
    count = count - 1
    task.X, X.task = X, task
    return run(task, X, f)
  end
  task = sched.task(KIND, work)
  task.X, X.task, task.cell = X, task, nil
  run(task, task, X, f)
end

return page
