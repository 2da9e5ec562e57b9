-- Running pages: each request is a task of its own, so a page may block and nobody else waits.
--
-- A page's environment holds what belongs to this one request: `request`, `response`, `print` and `_emit`. Reads
-- of other names fall through to the globals.

local import = ...
local background = import "tasks/background"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local exchange = import "web/exchange"
local request = import "web/request"
local response = import "web/response"
local report = import "tasks/report"
local text = import "console/text"
local host = import "host"

local G = _G
local type, setmetatable, gsub, yield = type, setmetatable, string.gsub, coroutine.yield
local run, WAIT = sched.run, sched.WAIT
local line, tostring, write = text.line, text.tostring, exchange.write

local page = {}

local GLOBALS = {__index = G}

-- Returns the environment for an exchange, made on first use; `meta` is its metatable where it is not the plain one.
function page.environment(X, meta)
  local function print(...)
    write(X, line(...) .. "\n")
    return true
  end
  local function emit(...)
    write(X, tostring((...)))
  end
  local objects = X.objects
  if not objects then
    objects = {request.new(X), response.new(X)}
    X.objects = objects
  end
  return setmetatable({request = objects[1], response = objects[2], print = print, _emit = emit}, meta or GLOBALS)
end

-- ---------------------------------------------------------------- errors

local ESCAPES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;"}

local function block(words)
  return '<pre style="color:#b00020;border:1px solid;padding:.5em;white-space:pre-wrap">'
    .. gsub(words, "[&<>]", ESCAPES)
    .. "</pre>\n"
end

-- Shows the client what ended the page: as the response if nothing has gone out, else in the page.
local function show_error(X, words)
  if X.ended or X.deferred then
    return
  end
  if not exchange.replace(X, 500, "text/plain; charset=utf-8", words) then
    X.task = nil -- whatever happens now happens outside the page
    if not X.lost then
      host.web_data(X.number, block(words))
    end
    exchange.finish(X)
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
  show_error(X, "Lua error in LSP: " .. report.stack(task, type(problem) == "string" and problem or nil, 1) .. "\n")
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
    if not ok and not task.abandoning then
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
