-- print, trace and tracep.
--
-- `print` belongs to a cell: the one whose code calls it, however late. While that cell runs, the text is its
-- response; after it has ended there is none, and the text goes to the trace, marked (the server drops it).

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local check = import "check"
local text = import "console/text"

local getinfo, type, select, gsub = debug.getinfo, type, select, string.gsub
local line = text.line
local whole = check.whole

-- The priority of `trace`, and of the lowest that is shown unless somebody asks for more, as on the server.
local NORMAL <const> = 5
local lowest_shown = NORMAL -- priorities above this one are not shown

local output = {}

-- The number of the socket whose cosocket runs.
local function socket_of(task)
  return task and task.number or 0
end

-- Returns what sends text to the running cell by `crossing`; of code whose cell is over, to the trace.
function output.responder(crossing)
  return function(data)
    local task = sched.current
    local cell = task and task.cell
    if cell and cell.running then
      crossing(cell.id, data)
    else
      host.late_print(cell_number(cell), data, socket_of(task))
    end
  end
end

local respond = output.responder(host.print)
output.respond = respond

-- Tasks that have no response on the server: there, another function is their `print`.
local AWAY = {job = true, timer = true}

-- print(...) → true, and nothing in jobs and timers
function output.print(...)
  respond(line(...) .. "\n")
  local task = sched.current
  if not task or not AWAY[task.kind.name] then
    return true
  end
end

-- Where the caller of trace stands: its chunk, line and name. Level 1 is this function, 2 trace, 3 its caller.
local function caller()
  local info = getinfo(3, "Sln")
  local source, at = info.source, info.currentline
  if info.what == "C" then -- through pcall: the server shows pcall itself; the chunk is the nearest Lua code's
    local level = 4
    repeat
      info = getinfo(level, "S")
      level = level + 1
    until not info or info.what ~= "C"
    source = info and info.source or ""
    return source, at, "pcall"
  end
  return source, at, info.name or ""
end

local function send(prefix, priority, source, at, name, words)
  if priority <= lowest_shown then
    local task = sched.current
    local cell, chunk = task and task.cell, gsub(source, "^[=@]", "")
    host.trace(cell_number(cell), chunk, at, name, words, whole(priority), prefix, socket_of(task))
  end
end

-- trace(...)
function output.trace(...)
  local source, at, name = caller()
  send(true, NORMAL, source, at, name, line(...))
end

-- tracep([prefix,] priority, ...)
function output.tracep(...)
  local first, second = ...
  local n = select("#", ...)
  local source, at, name = caller()
  if type(first) == "boolean" then
    send(first, check.number(2, second, n), source, at, name, line(select(3, ...)))
  else
    send(true, check.number(1, first, n), source, at, name, line(select(2, ...)))
  end
end

-- Shows priorities up to `n` from now on.
function output.set_level(n)
  lowest_shown = n
end

return output
