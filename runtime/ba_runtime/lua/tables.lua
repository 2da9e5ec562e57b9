-- table.move for ranges that take long: Lua's own cannot be stopped while it runs, and a range may be any.

local import = ...
local check = import "check"

local native_move = table.move
local type, pcall, getmetatable, mathtype, maxinteger, select =
  type, pcall, debug.getmetatable, math.type, math.maxinteger, select

local SLICE <const> = 1 << 20 -- elements, some milliseconds' worth

local tables = {}

local function checked(ok, ...)
  if not ok then
    check.raise_outside((...))
  end
  return ...
end

local function check_table(n, value, count)
  if type(value) ~= "table" and not getmetatable(value) then
    check.expected(n, "table", value, count)
  end
end

local function move_in_slices(from, first, last, to, into)
  if to > last or to <= first or from ~= into then
    for at = first, last, SLICE do
      local upto = last - at < SLICE and last or at + SLICE - 1
      checked(pcall(native_move, from, at, upto, to + (at - first), into))
    end
  else -- it overlaps what is still to be moved
    for at = last, first, -SLICE do
      local down = at - first < SLICE and first or at - SLICE + 1
      checked(pcall(native_move, from, down, at, to + (down - first), into))
    end
  end
  return into
end

-- table.move(a1, f, e, t [, a2]) → a2
function tables.move(...)
  local from, first, last, to, into = ...
  local count = select("#", ...)
  if mathtype(first) ~= "integer" or mathtype(last) ~= "integer" or mathtype(to) ~= "integer" then
    first, last, to = check.integer(2, first, count), check.integer(3, last, count), check.integer(4, to, count)
  end
  check_table(1, from, count)
  if into == nil then
    into = from
  else
    check_table(5, into, count)
  end
  if last < first then
    return into
  elseif first <= 0 and last >= maxinteger + first then
    check.fail(3, "too many elements to move")
  elseif to > maxinteger - (last - first) then
    check.fail(4, "destination wrap around")
  elseif last - first < SLICE then
    return checked(pcall(native_move, from, first, last, to, into))
  end
  return move_in_slices(from, first, last, to, into)
end

return tables
