-- Lua's warnings: the global `warn`, and the errors in finalizers, which Lua reports as warnings.
--
-- Lua writes them to the C library's stderr, which for a kernel is the terminal of the server. Here `warn` writes to
-- the stderr of the cell whose code calls it; with no cell running, into the trace. As in Lua, it writes nothing until
-- `warn("@on")`.
--
-- An error in a finalizer is a fault, and faults are never silent: it is shown in the trace unless the program has said
-- `warn("@off")`. Lua collects garbage in the middle of anything, so Python takes these reports (`_finalizers.py`).

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local interrupt = import "tasks/interrupt"
local sched = import "tasks/sched"
local check = import "check"

local select, sub, concat = select, string.sub, table.concat

local warnings = {}
local is_on = false

host.finalizers_learn(interrupt.address(coroutine.running()))

local function tell(text)
  local task = sched.current
  local cell = task and task.cell
  if cell and cell.running then
    host.print_error(cell.id, "Lua warning: " .. text .. "\n")
  else
    host.note(cell_number(cell), "Lua warning: " .. text)
  end
end

local function switch(on)
  is_on = on
  host.finalizers_switch(on)
end

-- The global `warn(message, ...)`: "@on" and "@off" alone switch warnings; other words after an "@" mean nothing.
function warnings.warn(...)
  local n, words = select("#", ...), {...}
  for i = 1, n > 0 and n or 1 do
    words[i] = check.string(i, words[i], n)
  end
  if n > 1 or sub(words[1], 1, 1) ~= "@" then
    if is_on then
      tell(concat(words))
    end
  elseif words[1] == "@on" then
    switch(true)
  elseif words[1] == "@off" then
    switch(false)
  end
end

return warnings
