-- Remarks in the trace about what surprises: where we do as the server does, or a device would do otherwise. Each is
-- made once in a runtime's life.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"

local find, type = string.find, type

local said = {}

local advice = {}

-- Says it in the trace, to the cell or else to the one whose code runs, unless it has been said. `name` is what it is
-- known by, where the words are not always the same.
function advice.once(words, cell, name)
  if said[name or words] then
    return
  end
  said[name or words] = true
  local task = import "tasks/sched".current
  host.note(cell_number(cell or task and task.cell), words)
end

-- Errors that a device would not raise, and what to write instead.
local ERRORS = {
  {
    "number has no integer representation",
    "a device rounds fractions down wherever an integer is wanted, but this function of Lua's raises an error here:"
      .. " write n // 1 instead of n",
  },
}

-- Says what there is to say about an error that has ended a program.
function advice.about(message, cell)
  for i = 1, type(message) == "string" and #ERRORS or 0 do
    if find(message, ERRORS[i][1], 1, true) then
      advice.once(ERRORS[i][2], cell)
    end
  end
end

return advice
