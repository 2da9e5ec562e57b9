-- Deadlines: a binary heap of the moments at which something waits no longer.
--
-- An owner is a table with an `expire(owner)` function; it has at most one deadline, `owner.at` (seconds of
-- the monotonic clock). Clearing one, or moving it later, only writes that field: the entry in the heap stays
-- and is looked at when its old moment comes. So a program that reads with a timeout a thousand times a
-- second keeps one entry, not a thousand.

local deadlines = {}

local heap, size = {}, 0 -- entries {at, owner}; heap[1] is the earliest

local function push(entry)
  size = size + 1
  local i = size
  local at = entry.at
  while i > 1 do
    local parent = i // 2
    if heap[parent].at <= at then
      break
    end
    heap[i] = heap[parent]
    i = parent
  end
  heap[i] = entry
end

local function pop()
  local top, last = heap[1], heap[size]
  heap[size] = nil
  size = size - 1
  if size > 0 then
    local i, at = 1, last.at
    while true do
      local child = 2 * i
      if child > size then
        break
      end
      if child < size and heap[child + 1].at < heap[child].at then
        child = child + 1
      end
      if heap[child].at >= at then
        break
      end
      heap[i] = heap[child]
      i = child
    end
    heap[i] = last
  end
  return top
end

-- Sets the owner's one deadline, in place of any earlier one.
function deadlines.set(owner, at)
  owner.at = at
  local queued = owner.queued
  if not queued or at < queued.at then
    queued = {at = at, owner = owner}
    owner.queued = queued
    push(queued)
  end
end

function deadlines.clear(owner)
  owner.at = nil
end

-- Returns when to look again, nil for never. It may be early (see above), never late.
function deadlines.next()
  local top = heap[1]
  return top and top.at
end

-- Expires all that is due.
function deadlines.expire(now)
  while size > 0 and heap[1].at <= now do
    local entry = pop()
    local owner = entry.owner
    if owner.queued == entry then
      owner.queued = nil
      local at = owner.at
      if at and at > now then
        deadlines.set(owner, at)
      elseif at then
        owner.at = nil
        owner:expire()
      end
    end
  end
end

-- Drops all of them.
function deadlines.forget()
  heap, size = {}, 0
end

return deadlines
