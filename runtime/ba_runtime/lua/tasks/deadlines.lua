-- Deadlines: a binary heap of the moments at which something waits no longer.
--
-- An owner is a table with an `expire(owner)` function; it has at most one deadline, `owner.at` (seconds of
-- the monotonic clock). Clearing one, or moving it later, only writes that field: the entry in the heap stays
-- and is looked at when its old moment comes. So a program that reads with a timeout a thousand times a
-- second keeps one entry, not a thousand. An entry whose owner is over, or has an earlier one, loses its owner,
-- which would be kept alive by it; when half of the heap is such entries they are thrown out.
--
-- A finalizer runs where Lua makes a table, and where a call makes the stack grow, and may set deadlines itself. So an
-- entry is made, and its place in the heap taken, before anything is changed; what changes the heap then makes nothing,
-- and calls nothing.

local import = ...
local interrupt = import "tasks/interrupt"

local clock = import "host".monotonic

local deadlines = {}

local heap, size = {}, 0 -- entries {at, owner}; heap[1] is the earliest
local orphans = 0 -- entries without an owner

local MANY_ORPHANS = 64 -- fewer are not worth the walk

local function push(entry)
  heap[size + 1] = entry -- if there is no memory for it, nothing has changed
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

-- Takes out the earliest entry that is due; nil where there is none.
local function pop_due(now)
  local top, last = heap[1], heap[size]
  if not top or top.at > now then
    return nil
  end
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

-- In place: a heap of those that stay grows at the beginning, over what has been looked at. As `push`, which is not
-- called (see above).
local function throw_out_orphans()
  local kept = 0
  for i = 1, size do
    local entry = heap[i]
    heap[i] = nil
    if entry.owner then
      kept = kept + 1
      local place, at = kept, entry.at
      while place > 1 and heap[place // 2].at > at do
        heap[place] = heap[place // 2]
        place = place // 2
      end
      heap[place] = entry
    end
  end
  size, orphans = kept, 0
end

local function orphan(entry)
  entry.owner = nil
  orphans = orphans + 1
  if orphans > MANY_ORPHANS and orphans > size // 2 then
    throw_out_orphans()
  end
end

-- Sets the owner's one deadline, in place of any earlier one.
function deadlines.set(owner, at)
  local queued = owner.queued
  if queued and at >= queued.at then
    owner.at = at
    return
  elseif queued == nil then
    owner.at, owner.queued = nil, false -- the fields take memory
  end
  local entry = {at = at, owner = owner}
  queued = owner.queued -- a finalizer may have set one
  push(entry)
  owner.at, owner.queued = at, entry
  if queued then
    orphan(queued)
  end
end

function deadlines.clear(owner)
  owner.at = nil
end

-- Lets go of an owner that will set no deadline any more.
function deadlines.drop(owner)
  local queued = owner.queued
  if queued then
    owner.at, owner.queued = nil, nil
    orphan(queued)
  end
end

-- Returns when to look again, nil for never. It may be early (see above), never late.
function deadlines.next()
  local top = heap[1]
  return top and top.at
end

-- Thousands of timers may be due at once, and each may take its milliseconds. So after ROUND_S it is looked at what has
-- arrived: an interrupt, say. To ask for the time at each of them would cost every short one a tenth.
local ROUND_S <const>, LOOK_AT <const> = 0.01, 8

-- Expires what is due, for some time; what is left is due still.
function deadlines.expire(now)
  local entry, count = pop_due(now), 0
  while entry do
    local owner = entry.owner
    if not owner then
      orphans = orphans - 1
    else
      owner.queued = nil
      local at = owner.at
      if at and at > now then
        deadlines.set(owner, at)
      elseif at then
        owner.at = nil
        owner:expire()
      end
    end
    if interrupt.under_way and interrupt.is_pressing() then -- the rest is looked at once what has arrived has been
      break
    end
    count = count + 1
    if count % LOOK_AT == 0 and clock() > now + ROUND_S then
      break
    end
    entry = pop_due(now)
  end
end

-- Drops all of them.
function deadlines.forget()
  heap, size, orphans = {}, 0, 0
end

return deadlines
