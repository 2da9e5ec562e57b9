-- What has arrived and nobody has got yet: the events of polls, in order. All loops share them, also those in place.
--
-- They stand in batches, one for each poll. A batch is whole before it is linked to the last one, and nothing is
-- allocated while the links change: so a finalizer that runs the loop, wherever it does, finds the queue whole.

local import = ...
local host = import "host"

local select, concat = select, table.concat

local NOBODY <const> = math.maxinteger -- a number that no socket ever has

local arrivals = {}

-- A batch has numbers and values in turn, `n` of them, and the batch that came next.
local batch, at = {n = 0, next = false}, 1 -- the first, and the place of the next number in it
local last_batch = batch

local is_expected = false -- what a poll returns is not in the queue yet
local early = 0

local function append(arrived)
  last_batch.next = arrived
  last_batch = arrived
end

-- To be called before a poll, whose results go to `claim`.
function arrivals.expect()
  is_expected = true
end

-- Takes what a poll returns. While Python hands it over, and while the table is made, a finalizer may run; one that
-- waits has taken it by then, or it would wait for what only goes on after it.
local function claim(...)
  local arrived = {n = select("#", ...), next = false, ...}
  if is_expected then
    is_expected = false
    append(arrived)
  end
end
arrivals.claim = claim

-- The same for such a finalizer.
function arrivals.claim_again()
  if is_expected then
    claim(host.polled())
  end
end

-- Adds a signal as if it had just arrived.
function arrivals.add(number, signal)
  append {n = 2, next = false, -number, signal}
end

function arrivals.is_empty()
  return at > batch.n and not batch.next
end

-- Takes the next event: its number and its value, nil when there is none.
function arrivals.take()
  local list, i = batch, at
  if i <= list.n then
    at = i + 2
    return list[i], list[i + 1]
  end
  list = list.next
  if list then
    batch, at = list, 3
    return list[1], list[2]
  end
end

-- Takes the next event if it is data for this number: who would wait for nothing else has it without the way through
-- the loop. Nobody is overtaken, and what one poll brings is bounded.
function arrivals.take_next(number)
  if batch[at] == number then -- beyond the end of a batch there is no number
    local data = batch[at + 1]
    if data ~= "" then -- that is the end, and more follows from it
      at = at + 2
      early = early + 1
      return data
    end
  end
end

-- Returns how many events have been taken in that way.
function arrivals.taken_early()
  return early
end

-- Takes back the data that has arrived under a number.
function arrivals.recall(number)
  local data, n = {}, 0
  local list, from = batch, at
  while list do
    for i = from, list.n, 2 do
      if list[i] == number then
        n = n + 1
        data[n], list[i] = list[i + 1], NOBODY
      end
    end
    list, from = list.next, 1
  end
  return concat(data)
end

-- Drops all of them.
function arrivals.empty()
  batch, at = {n = 0, next = false}, 1
  last_batch = batch
end

return arrivals
