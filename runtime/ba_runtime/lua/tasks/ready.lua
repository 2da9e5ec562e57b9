-- Who goes on from the loop, soon: tasks in the order in which they were put here, with what their waits return.
--
-- A finalizer of the user's runs wherever Lua allocates, and where it waits, it runs the loop and takes from here. So
-- the queue is linked, and an entry is whole before it is in it: nothing is allocated while a link changes.

local pack = table.pack

local ready = {
  some = false, -- there is one: a field, because the loop asks at every turn
}

local taken = {next = false} -- the last entry that has been taken
local newest = taken

-- Puts a task at the end; the values are what its wait returns.
function ready.add(task, ...)
  local entry = {task = task, values = pack(...), next = false}
  newest.next = entry
  newest, ready.some = entry, true
end

-- Returns the entry that is the last now.
function ready.newest()
  return newest
end

-- Takes the first, of which there must be one; returns the task, its values as of `table.pack`, and the entry.
function ready.take()
  local entry = taken.next
  taken, ready.some = entry, entry.next ~= false
  local task, values = entry.task, entry.values
  entry.task, entry.values = nil, nil
  return task, values, entry
end

-- Gives a task that is in the queue other values. Tells whether it is.
function ready.replace(task, ...)
  local values = pack(...)
  local entry = taken.next
  while entry do
    if entry.task == task then
      entry.values = values
      return true
    end
    entry = entry.next
  end
  return false
end

-- Drops all of them.
function ready.empty()
  taken.next, newest, ready.some = false, taken, false
end

return ready
