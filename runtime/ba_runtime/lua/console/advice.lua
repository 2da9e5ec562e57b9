-- Remarks in the trace about what surprises: where we do as the server does, or a device would do otherwise. Each is
-- made once in a runtime's life.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"

local said = {}

local advice = {}

-- Says it in the trace, to the cell whose code runs, unless it has been said.
function advice.once(words)
  if said[words] then
    return
  end
  said[words] = true
  local task = import "tasks/sched".current
  host.note(cell_number(task and task.cell), words)
end

return advice
