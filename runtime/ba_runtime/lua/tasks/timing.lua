-- How long a statement takes, for `%timeit`: a cell that runs it again and again.
--
-- The chunk runs what comes before the statement, and returns a function that runs it as often as it is told
-- (syntax/_timed.py): a loop without a call in it, of which the statement is the body. So what is measured is the
-- statement and 5 ns of the loop's. It may wait, fail and be interrupted like the code of any cell.

local import = ...
local host = import "host"
local cell = import "tasks/cell"

local error, format, unpack = error, string.format, table.unpack
local clock = host.monotonic

-- A run that takes this long is long enough that the clock and the scheduler do not matter, as in Python's timeit.
local ENOUGH_S <const> = 0.2
local STEPS = {1, 2, 5}

local timing = {}

local TOKEN = {} -- what the loop returns last, unless the statement has left it

-- Returns how long `loops` runs take, in seconds. The function comes as `...`, so that tracebacks do not name it.
local function timed(loops, ...)
  local start = clock()
  local _, token = (...)(loops, TOKEN)
  local seconds = clock() - start
  if token ~= TOKEN then
    error("the statement returns, so the loop that measures it has ended early; leave out its return", 0)
  end
  return seconds
end

local function enough_loops(...)
  local factor = 1
  while true do
    for i = 1, #STEPS do
      local loops = factor * STEPS[i]
      if timed(loops, ...) >= ENOUGH_S then
        return loops
      end
    end
    factor = factor * 10
  end
end

-- Returns how many texts follow: the number of loops, and the seconds of each run.
local function measured(loops, repeats, ...)
  local statement = (...)()
  loops = loops > 0 and loops or enough_loops(statement)
  local texts = {format("%d", loops)}
  for i = 1, repeats do
    texts[i + 1] = format("%.9g", timed(loops, statement))
  end
  return #texts, unpack(texts)
end

-- Starts cell `id`: measures the chunk `source`, known to messages as `name`, in `repeats` runs of `loops` loops each;
-- 0 for as many as take long enough.
function timing.start(id, source, name, loops, repeats)
  local chunk = cell.compiled(id, source, name)
  if chunk then
    cell.run(id, nil, measured, loops, repeats, chunk)
  end
end

return timing
