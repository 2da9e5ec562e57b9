-- Lua's warnings: `warn`, and those that Lua itself would give, such as errors in finalizers.
--
-- Lua writes them to the C library's stderr, which for a kernel is the terminal of the server. Here they go to the
-- stderr of the cell whose code gives them; with no cell running, into the trace. As in Lua they are off until
-- `warn("@on")`.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local check = import "check"

local select, sub, concat, pcall = select, string.sub, table.concat, pcall

local warnings = {}
local is_on = false

local function tell(text)
  local task = sched.current
  local cell = task and task.cell
  if cell and cell.running then
    host.print_error(cell.id, "Lua warning: " .. text .. "\n")
  else
    host.note(cell_number(cell), "Lua warning: " .. text)
  end
end

-- Gives a warning of Lua's own. May be called at any time, from finalizers too: it never raises and never waits.
function warnings.emit(text)
  if is_on then
    pcall(tell, text)
  end
end

-- The global `warn(message, ...)`: "@on" and "@off" alone switch warnings; other words after an "@" mean nothing.
function warnings.warn(...)
  local n, words = select("#", ...), {...}
  for i = 1, n > 0 and n or 1 do
    words[i] = check.string(i, words[i], n)
  end
  if n > 1 or sub(words[1], 1, 1) ~= "@" then
    warnings.emit(concat(words))
  elseif words[1] == "@on" then
    is_on = true
  elseif words[1] == "@off" then
    is_on = false
  end
end

return warnings
