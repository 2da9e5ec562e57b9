-- Tables that keep tasks or objects alive while they wait for something; emptied when the runtime closes.

local next = next

local keepers = {}
local all = {}

-- Registers such a table, and returns it.
function keepers.add(keeper)
  all[#all + 1] = keeper
  return keeper
end

-- Empties them.
function keepers.empty()
  for i = 1, #all do
    local keeper = all[i]
    for key in next, keeper do
      keeper[key] = nil
    end
  end
end

return keepers
