-- Says once in the trace what surprises a program here as it does on a device, and what to write instead.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"

local said = {}

-- hint(name, text): `name` is what the hint is known by; the second one of that name is not said.
return function(name, text)
  if not said[name] then
    said[name] = true
    local task = sched.current
    host.note(cell_number(task and task.cell), text)
  end
end
