-- Errors that nobody is there to catch: what the server writes to its console, and `ba.seterrh`.

local import = ...
local host = import "host"
local advice = import "console/advice"
local sched = import "tasks/sched"
local cell_number = import "tasks/cell_number"

local ours = import "ours"
local stack = import "stack"
local check = import "check"

local traceback, type, gsub = debug.traceback, type, string.gsub

local report = {}
local handler

-- Returns an error's message as programs get to see it.
report.words = ours.clean

-- Returns a message, if any, and the traceback of the task that has failed, as it was then, from a level on (0 or 1).
-- Our own code is C on the server, and is left out.
function report.stack(task, message, level)
  local frames = task.trace or traceback(task.co)
  if level == 1 then
    frames = gsub(frames, "^(stack traceback:)\n[^\n]*", "%1")
  end
  frames = ours.hide(frames)
  return message and report.words(message) .. "\n" .. frames or frames
end

-- Returns chunk and line of the user's code that has failed, "" and 0 where it is not known.
function report.position(task)
  if task.source then
    return task.source, task.line
  end
  return stack.position(task.co)
end

-- Returns an error as the server writes it: numbers too, and of other values nothing.
function report.text(problem)
  local kind = type(problem)
  return kind == "string" and problem or kind == "number" and problem .. "" or nil
end

-- Tells whether a task has failed because the runtime closes, which cuts off whatever runs: that needs no report.
local function is_cut_off(task)
  return task.interrupted and sched.closing
end

-- Sends what the server would write, and beside it what it leaves out: the message of an error that is not text, and
-- the whole stack.
local function send(task, text, problem)
  local words = report.text(problem)
  local message = words and report.words(words) or "(error object is a " .. check.typename(problem) .. " value)"
  local source, line = report.position(task)
  local cell, frames, hint = cell_number(task.cell), report.stack(task, nil, 0), task.hint or ""
  host.fault(cell, text, message, source, line, frames, hint, task.number or 0)
  advice.about(problem, task.cell)
end

local HANDLER = {
  name = "handler",
  ended = function(task, ok, problem)
    if not ok then
      local message = type(problem) == "string" and problem or ""
      send(task, report.stack(task, "Lua error in error handler: " .. message, 1), problem)
    end
  end,
  yielded = function() end,
}

local function tell_handler(cell, text, env)
  if handler then
    local task = sched.task(HANDLER, handler)
    task.cell = cell
    if env then
      return sched.run(task, text, env)
    end
    sched.run(task, text)
  end
end

-- What the server's tracebacks begin at: of jobs and pages with what raised the error, of others with what called that.
local LEVELS = {[""] = 0, ["in LSP"] = 0}

-- Reports what ended `task`, in the server's words: `where` is "in Cosocket", "in socket", "in LSP", or "" for threads;
-- a page's environment goes to the handler too.
function report.fault(task, where, problem, env)
  if is_cut_off(task) then
    return
  end
  local head = where == "" and "Lua error: " or "Lua error " .. where .. ": "
  local text = head .. report.stack(task, report.text(problem), LEVELS[where] or 1)
  send(task, text, problem)
  tell_handler(task.cell, text, env)
end

-- Reports a line without a traceback and without the handler, as the server does for timers.
function report.line(task, text, problem)
  if not is_cut_off(task) then
    send(task, text, problem)
  end
end

-- `ba.seterrh`: sets, or with nil takes away, the function that hears of errors too. Returns the one before.
function report.set_handler(f)
  local before = handler
  handler = f
  return before
end

return report
