-- Errors that nobody is there to catch: what the server writes to its console, and `ba.seterrh`.

local import = ...
local host = import "host"
local sched = import "sched"

local traceback, type, gsub = debug.traceback, type, string.gsub

local report = {}
local handler

-- Returns Lua's traceback of a coroutine without the frames of our own code.
function report.stack(co, message, level)
  local text = traceback(co, message, level)
  return (gsub(text, "\n\tba:[^\n]*", ""))
end

local HANDLER = {
  name = "handler",
  ended = function(task, ok, problem)
    if not ok then
      local message = type(problem) == "string" and problem or ""
      host.fault(task.cell and task.cell.id or 0, report.stack(task.co, "Lua error in error handler: " .. message, 1))
    end
  end,
  yielded = function() end,
}

local function tell_handler(text)
  if handler then
    sched.run(sched.task(HANDLER, handler), text)
  end
end

-- Reports what ended `task`, in the server's words: `where` is "in Cosocket", "in socket", or "" for threads.
function report.fault(task, where, problem)
  local head = where == "" and "Lua error: " or "Lua error " .. where .. ": "
  local text = report.stack(task.co, type(problem) == "string" and problem or nil, 1)
  if type(problem) ~= "string" then
    text = gsub(text, "^\n", "")
  end
  text = head .. text
  host.fault(task.cell and task.cell.id or 0, text)
  tell_handler(text)
end

-- Reports a line without a traceback and without the handler, as the server does for timers.
function report.line(cell, text)
  host.fault(cell and cell.id or 0, text)
end

-- `ba.seterrh`: sets, or with nil takes away, the function that hears of errors too.
function report.set_handler(f)
  handler = f
end

return report
