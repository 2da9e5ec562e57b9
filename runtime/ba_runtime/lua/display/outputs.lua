-- Outputs of cells that are more than text, known by numbers, so that they can be shown anew where they stand.
--
-- An output belongs to the cell whose code makes it, however late, and stays there whoever updates it.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"

local setmetatable, unpack = setmetatable, table.unpack

-- `numbers`: of the objects by which programs know outputs.
local outputs = {numbers = setmetatable({}, {__mode = "k"})}
local count = 0

local function cell()
  local task = sched.current
  return cell_number(task and task.cell)
end

-- Shows a flat list of MIME types and data (bundle.lua); returns the output's number.
function outputs.new(flat)
  count = count + 1
  host.display(cell(), count, false, unpack(flat))
  return count
end

-- Shows something else in place of an output.
function outputs.update(number, flat)
  host.display(cell(), number, true, unpack(flat))
end

-- Removes what the running code's cell has shown so far; with `wait`, only when something else comes.
function outputs.clear(wait)
  host.clear_output(cell(), wait)
end

return outputs
