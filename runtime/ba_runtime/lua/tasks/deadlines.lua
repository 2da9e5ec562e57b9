-- Deadlines: a binary heap of the moments at which something waits no longer.
--
-- An owner is a table with an `expire(owner)` function; it has at most one deadline, `owner.at` (seconds of
-- the monotonic clock). Clearing one, or moving it later, only writes that field: the entry in the heap stays
-- and is looked at when its old moment comes. So a program that reads with a timeout a thousand times a
-- second keeps one entry, not a thousand. An entry whose owner is over, or has an earlier one, loses its owner,
-- which would be kept alive by it; when half of the heap is such entries they are thrown out.
--
-- A finalizer may run at any instruction of this file: where Lua allocates, where a call makes the stack grow, and
-- wherever a hook is called, whose record takes memory too. It may set and drop deadlines, and wait, in a loop of
-- its own. So the heap is changed by one at a time, who says so (`busy`), and in steps that neither allocate nor call
-- anything and so cannot fail. What is set meanwhile goes to a list, `late`, which joins the heap right afterwards. A
-- finalizer that waits in the middle of a change sees that list only. No finalizer runs within another one, so nothing
-- comes between the steps of whoever writes to the list.

local deadlines = {}

-- Entries {at, owner, filed, next}; heap[1] is the earliest. `filed` are those that are in the heap or in the list.
local heap, size = {}, 0
local orphans = 0 -- entries without an owner, more or less: it only tells when to throw them out
local busy = false
local late, first_late, last_late = {}, 1, 0

local MANY_ORPHANS = 64 -- fewer are not worth the walk

-- Puts an entry into the heap. It moves up without a function for that, since calls can run finalizers.
local function push(entry)
  local place
  repeat -- the only step that can fail, before anything has changed; if others have used the place, once more
    busy = false
    place = size + 1
    heap[place] = entry
    busy = true
  until place == size + 1 and heap[place] == entry
  entry.filed = true
  size = place
  local at = entry.at
  while place > 1 do
    local parent = place // 2
    if heap[parent].at <= at then
      break
    end
    heap[place] = heap[parent]
    place = parent
  end
  heap[place] = entry
  busy = false
end

-- Lets the entries of the list into the heap, once that may be changed. Whoever comes between may do the same: then an
-- entry is there twice, and counts once.
local function admit()
  while first_late <= last_late do
    local entry = late[first_late]
    push(entry)
    if late[first_late] == entry then
      late[first_late] = nil
      first_late = first_late + 1
    end
  end
end

local function add(entry)
  if busy then
    late[last_late + 1] = entry
    last_late = last_late + 1
    entry.filed = true
    return
  end
  push(entry)
  admit()
end

-- Takes the earliest entry out, if it is due.
local function take_due(now)
  busy = true
  local top, last = heap[1], heap[size]
  if size == 0 or top.at > now then
    busy = false
    admit()
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
  busy = false
  admit()
  return top
end

local function throw_out_orphans()
  busy = true
  local count = 0
  for i = 1, size do
    local entry = heap[i]
    heap[i] = nil
    if entry.owner then
      count = count + 1
      local place, at = count, entry.at
      while place > 1 do
        local parent = place // 2
        if heap[parent].at <= at then
          break
        end
        heap[place] = heap[parent]
        place = parent
      end
      heap[place] = entry
    end
  end
  size, orphans = count, 0
  busy = false
  admit()
end

local function orphan(entry)
  entry.owner = nil
  orphans = orphans + 1
  if orphans > MANY_ORPHANS and orphans > size // 2 and not busy then
    throw_out_orphans()
  end
end

-- Sets the owner's one deadline, in place of any earlier one.
function deadlines.set(owner, at)
  local queued = owner.queued
  owner.at = at
  if not queued or at < queued.at or not queued.filed then
    local entry = {at = at, owner = owner, filed = false}
    queued = owner.queued -- a finalizer may have set one too
    owner.at, owner.queued = at, entry
    add(entry)
    if queued then
      orphan(queued)
    end
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

-- Tells whether an entry's time still means something to its owner.
local function is_current(entry)
  local owner = entry.owner
  return owner and owner.queued == entry
end

-- Returns when to look again, nil for never. It may be early (see above), never late.
function deadlines.next()
  if not busy then
    local top = heap[1]
    return size > 0 and top and top.at or nil
  end
  local earliest
  for i = first_late, last_late do
    local entry = late[i]
    if is_current(entry) and not (earliest and earliest <= entry.at) then
      earliest = entry.at
    end
  end
  return earliest
end

-- Does what follows from the end of an entry's time.
local function look_at(entry, now)
  local owner = entry.owner
  if not owner then
    orphans = orphans - 1
  elseif is_current(entry) then
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

-- Expires what is due of the list, which keeps what is in it.
local function expire_late(now)
  for i = first_late, last_late do
    local entry = late[i]
    if is_current(entry) and entry.at <= now then
      look_at(entry, now)
    end
  end
end

-- Expires all that is due.
function deadlines.expire(now)
  if busy then
    return expire_late(now)
  end
  for entry in take_due, now do
    look_at(entry, now)
  end
end

-- Drops all of them.
function deadlines.forget()
  heap, size, orphans = {}, 0, 0
  late, first_late, last_late, busy = {}, 1, 0, false
end

return deadlines
