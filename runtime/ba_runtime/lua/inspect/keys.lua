-- The keys of a table in an order fit for reading: the list from 1 up, then numbers, strings, and the rest.
--
-- Only as many as asked for are sorted and kept, so that a table of a million keys costs one walk over it. Raw
-- access throughout: no metamethod runs.

local format = string.format
local next, rawget, type = next, rawget, type
local sort = table.sort

local keys = {}

-- Keeps the `limit` smallest of what is added to it. What is larger than the worst one kept is turned away at
-- once; the others collect until there are four times too many, which makes sorting rare.
local function new_smallest(limit)
  return { limit = limit, count = 0, worst = nil }
end

local function settle(smallest)
  sort(smallest)
  for i = smallest.limit + 1, smallest.count do
    smallest[i] = nil
  end
  if smallest.count >= smallest.limit then
    smallest.count, smallest.worst = smallest.limit, smallest[smallest.limit]
  end
end

local function add(smallest, value)
  if smallest.worst == nil or value < smallest.worst then
    smallest.count = smallest.count + 1
    smallest[smallest.count] = value
    if smallest.count >= 4 * smallest.limit then
      settle(smallest)
    end
    return true
  end
end

-- A text that puts booleans before objects, and objects in an order that holds while the state lives.
local function rank(key)
  if type(key) == "boolean" then
    return key and " true" or " false"
  end
  return format("%s %p", type(key), key)
end

-- Puts what was kept behind the first `count` of `list`, up to `limit`; returns how many are there then.
local function append(list, count, limit, smallest)
  settle(smallest)
  for i = 1, smallest.count do
    if count >= limit then
      break
    end
    count = count + 1
    list[count] = smallest[i]
  end
  return count
end

-- Returns the first `limit` keys of `t` in reading order, how many these are, how many of them are the list's
-- (1, 2, …), and how many keys `t` has altogether.
function keys.first(t, limit)
  local list, length = {}, 0
  while length < limit and rawget(t, length + 1) ~= nil do
    length = length + 1
    list[length] = length
  end
  local rest, total = limit - length, 0
  local numbers, strings, others, key_of = new_smallest(rest), new_smallest(rest), new_smallest(rest), {}
  for key in next, t do
    total = total + 1
    if rest > 0 then
      local kind = type(key)
      if kind == "string" then
        add(strings, key)
      elseif kind == "number" then
        if key < 1 or key > length or key % 1 ~= 0 then
          add(numbers, key)
        end
      else
        local text = rank(key)
        if add(others, text) then
          key_of[text] = key
        end
      end
    end
  end
  local count = length
  if rest > 0 then
    count = append(list, count, limit, numbers)
    count = append(list, count, limit, strings)
    local first_other = count + 1
    count = append(list, count, limit, others)
    for i = first_other, count do
      list[i] = key_of[list[i]]
    end
  end
  return list, count, length, total
end

return keys
