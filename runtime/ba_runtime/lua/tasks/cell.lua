-- Running a cell: compile, run as a task, report how it ended.

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local interrupt = import "tasks/interrupt"
local report = import "tasks/report"
local advice = import "console/advice"
local render = import "inspect/render"
local bundle = import "display/bundle"
local outputs = import "display/outputs".numbers
local recall = import "tasks/recall"
local check = import "check"
local hints = import "hints"
local ours = import "ours"

local G = _G
local load, pcall, type, select, rawset, gsub, match, native_tostring, getmetatable, unpack =
  load, pcall, type, select, rawset, string.gsub, string.match, tostring, debug.getmetatable, table.unpack

local cell = {}

-- What an error object that is not text says of itself: code of the user's.
local function own_words(problem)
  local meta = getmetatable(problem)
  if type(meta) == "table" and meta.__tostring then
    local ok, words = pcall(native_tostring, problem)
    if ok then
      return words
    end
  end
  return "(error object is a " .. check.typename(problem) .. " value) " .. render.value(problem)
end

local function over(task)
  if task.farewell then
    task.farewell(task)
  end
  task.cell.running = false
  recall.over(task.cell.id)
  sched.cell = nil
  interrupt.ended(task)
end

local function failed(task, kind, message)
  local source, line = report.position(task)
  local stack = report.stack(task, nil, 0)
  if kind == "interrupt" then -- it was our own hook that called error
    stack = gsub(stack, "^(stack traceback:)\n\t%[C%]: in %w+ 'error'", "%1")
  end
  advice.about(message, task.cell)
  over(task)
  host.cell_failed(task.cell.id, kind, message, source, line, stack, 0, kind == "runtime" and task.hint or "")
end

local function values(cell_id, n, ...)
  if not n or n == 0 then
    return host.cell_done(cell_id)
  end
  host.cell_done(cell_id, ...)
end

local function abandoned(task)
  over(task)
  host.cell_failed(task.cell.id, "exit", "os.exit", "", 0, "", task.exit_code, "")
end

local SPEAKER = {name = "speaker"}

function SPEAKER.ended(speaker, ok, words)
  local task = speaker.of
  interrupt.target = task
  if not ok or speaker.interrupted then
    words = "(error object is a " .. check.typename(task.problem) .. " value)"
  end
  failed(task, "runtime", words)
end

function SPEAKER.yielded(speaker)
  speaker.over = true
  SPEAKER.ended(speaker, false)
end
SPEAKER.abandoned = SPEAKER.yielded

-- Reports an error object in its own words, which may wait, fail or go on forever: the cell is not over before.
local function speak_for(task, problem)
  local speaker = sched.task(SPEAKER, own_words)
  speaker.of, speaker.cell, task.problem = task, task.cell, problem
  sched.cell, interrupt.target = speaker, speaker
  sched.run(speaker, problem)
end

local function ended(task, ok, ...)
  if task.abandoning then
    return abandoned(task)
  elseif ok and not task.interrupted then -- else user code caught the interrupt, as the last thing it did
    over(task)
    return values(task.cell.id, ...)
  end
  local problem = ...
  if task.interrupted then
    failed(task, "interrupt", "interrupted")
  elseif problem == nil and task.page and task.page.stopped then
    over(task)
    host.cell_done(task.cell.id)
  elseif problem == "not enough memory" then
    failed(task, "memory", problem)
  elseif type(problem) == "string" or type(problem) == "number" then
    failed(task, "runtime", report.words(problem .. ""))
  else
    speak_for(task, problem)
  end
end

local function yielded(task)
  local message = "attempt to yield from outside a coroutine"
  task.over, task.hint = true, hints.of(task.co, message)
  failed(task, "runtime", message)
end

local KIND = {name = "cell", ended = ended, yielded = yielded, abandoned = abandoned}

-- Keeps the first value, as an expression in brackets does, and returns the rest.
local function recalled(value, ...)
  recall.output(sched.current.cell.id, value)
  return ...
end

-- Values become text inside the cell's task: a `__tostring` or `__display` of the user's may wait, fail or be
-- interrupted. The first result is how many texts there are.
local function rendered(...)
  local n = select("#", ...)
  if n > 0 and outputs[...] then -- what `display` returns has been shown
    return 0
  end
  local forms = n == 1 and bundle.rich((...))
  if forms then
    host.cell_shows(unpack(forms))
  end
  return recalled((...), render.values(n, ...))
end

-- The chunk comes as `...` because a local's name would show up in tracebacks instead of "main chunk".
local function show(...)
  return rendered((...)(select(2, ...)))
end

-- Tells that the text of cell `id` does not compile.
function cell.refuse(id, name, problem)
  if problem == "not enough memory" then
    return host.cell_failed(id, "memory", problem, name, 0, "", 0, "")
  end
  local line = match(problem, ":(%d+):") or 0
  return host.cell_failed(id, "syntax", problem, name, line // 1 | 0, "", 0, "")
end

-- Runs `f(...)` as cell `id`. It returns how many texts it shows, and these, or nothing. `farewell(task)`, if there is
-- one, is called before its end is reported.
function cell.run(id, farewell, f, ...)
  local task = sched.task(KIND, f)
  task.cell = {id = id, running = true}
  task.farewell = farewell
  sched.cell, interrupt.target = task, task
  sched.run(task, ...)
end

-- Compiles what cell `id` is to run: the text `source`, known to messages as `name`. Returns nil when it has been told
-- that this fails.
function cell.compiled(id, source, name)
  -- Not in the reach of the loop's own message handler, which would add a traceback to what the parser says.
  local _, chunk, problem = pcall(load, source, ours.not_ours("=" .. name), "t", G)
  if chunk then
    return chunk
  end
  cell.refuse(id, name, problem)
end

-- Starts cell `id`, which gets the arguments as `...`.
function cell.start(id, source, name, ...)
  local chunk = cell.compiled(id, source, name)
  if chunk then
    cell.run(id, nil, show, chunk, ...)
  end
end

local function silently(...)
  (...)(select(2, ...))
end

-- Starts a program as cell `id`: `arg` and `...` have its name and its arguments, and what it returns is not shown.
--
-- The command `ba-lua` runs its program by `start`, and sets `arg` before anything else (command/arg.lua). It does as
-- `lua` does: `arg` is there for the texts of -e and -l as well, and has the words in front of the program's name too,
-- below 0. Here there are no such words; each program has an `arg` of its own, set when its turn has come.
function cell.start_program(id, source, name, ...)
  local chunk = cell.compiled(id, source, name)
  if chunk then
    rawset(G, "arg", {[0] = name, ...})
    cell.run(id, nil, silently, chunk, ...)
  end
end

return cell
