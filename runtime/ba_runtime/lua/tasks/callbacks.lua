-- table.sort and string.gsub for callbacks that wait.
--
-- Lua's own are C functions, across which nothing can yield. A callback that waits there would run the loop in
-- place (sched.lua), and waits in place end in the reverse order of their beginning: two tasks that wait for each
-- other so would wait forever. So wherever a callback of the program's is called, these are written in Lua; in
-- every other case Lua's own do the work. What remains for waiting in place is rare: the reader of `load`,
-- `__tostring` in string.format, finalizers, message handlers.
--
-- What C calls has no name in traces and tracebacks. Lua finds a name for whatever a plain variable holds, but not for
-- the value of an expression that branches, hence `(is_less or nil)(…)`.

local import = ...
local check = import "check"
local callable = import "ours".callable

local native_sort, native_gsub = table.sort, string.gsub
local type, pcall, select, getmetatable = type, pcall, select, debug.getmetatable
local find, sub, byte, concat = string.find, string.sub, string.byte, table.concat

local callbacks = {}

-- ---------------------------------------------------------------- table.sort

-- Brings the pivot, which is t[last - 1], to its place between what is less and what is not; returns that place.
local function partition(t, first, last, is_less)
  local pivot = t[last - 1]
  local i, j = first, last - 1
  while true do
    i = i + 1
    while (is_less or nil)(t[i], pivot) do
      if i == last - 1 then
        check.raise_outside("invalid order function for sorting")
      end
      i = i + 1
    end
    j = j - 1
    while (is_less or nil)(pivot, t[j]) do
      if j < i then
        check.raise_outside("invalid order function for sorting")
      end
      j = j - 1
    end
    if j < i then
      t[last - 1], t[i] = t[i], t[last - 1]
      return i
    end
    t[i], t[j] = t[j], t[i]
  end
end

-- Quicksort with the comparisons of Lua's own, so that equal elements end up where they do there. Where that
-- turns to random pivots, for long and unlucky input, this does not.
local function quicksort(t, first, last, is_less)
  while first < last do
    if (is_less or nil)(t[last], t[first]) then
      t[first], t[last] = t[last], t[first]
    end
    if last - first == 1 then
      return
    end
    local middle = (first + last) // 2
    if (is_less or nil)(t[middle], t[first]) then
      t[middle], t[first] = t[first], t[middle]
    elseif (is_less or nil)(t[last], t[middle]) then
      t[middle], t[last] = t[last], t[middle]
    end
    if last - first == 2 then
      return
    end
    t[middle], t[last - 1] = t[last - 1], t[middle]
    local place = partition(t, first, last, is_less)
    if place - first < last - place then -- the shorter part first, so that the depth stays small
      quicksort(t, first, place - 1, is_less)
      first = place + 1
    else
      quicksort(t, place + 1, last, is_less)
      last = place - 1
    end
  end
end

-- table.sort(list [, comp])
function callbacks.sort(...)
  local t, is_less = ...
  if type(t) ~= "table" then
    check.expected(1, "table", t, select("#", ...))
  elseif is_less == nil then
    return native_sort(t)
  elseif type(is_less) ~= "function" then
    check.expected(2, "function", is_less)
  end
  quicksort(t, 1, #t, callable(is_less))
end

-- ---------------------------------------------------------------- string.gsub

-- Looks at what `find` found: where, and what the function or the table puts in its place (nil: nothing else).
-- Returns nothing when there is none, and leaves out an empty match where the last one ended, as Lua does.
local function look_at(s, replace, after, ok, first, last, ...)
  if not ok then
    check.raise_outside(first)
  elseif not first or (last < first and first == after) then
    return first
  end
  local value
  if type(replace) == "function" then
    if select("#", ...) == 0 then
      value = (replace or nil)(sub(s, first, last))
    else
      value = (replace or nil)(...)
    end
  else
    value = replace[(...) or sub(s, first, last)]
  end
  if value and type(value) ~= "string" and type(value) ~= "number" then
    check.raise_outside("invalid replacement value (a " .. check.typename(value) .. ")")
  end
  return first, last, value
end

local function substitute(s, pattern, replace, most)
  local is_anchored = byte(pattern) == 94 -- `^`
  local count, from, length, after, pieces, copied = 0, 1, #s, nil, nil, 1
  while count < most and from <= length + 1 do
    local first, last, value = look_at(s, replace, after, pcall(find, s, pattern, from))
    if not first then
      break
    elseif not last then
      from = first + 1
    else
      count = count + 1
      from, after = last + 1, last + 1
      if value then
        pieces = pieces or {}
        local n = #pieces
        pieces[n + 1], pieces[n + 2] = sub(s, copied, first - 1), value
        copied = last + 1
      end
    end
    if is_anchored then
      break
    end
  end
  if not pieces then
    return s, count
  end
  pieces[#pieces + 1] = sub(s, copied)
  return concat(pieces), count
end

local function checked(ok, result, count)
  if not ok then
    check.raise_outside(result)
  end
  return result, count
end

-- string.gsub(s, pattern, repl [, n])
function callbacks.gsub(...)
  local s, pattern, replace, most = ...
  local n, kind = select("#", ...), type(replace)
  s = check.string(1, s, n)
  pattern = check.string(2, pattern, n)
  if kind ~= "string" and kind ~= "number" and kind ~= "table" and kind ~= "function" then
    check.expected(3, "string/function/table", replace, n)
  end
  most = most == nil and #s + 1 or check.integer(4, most, n)
  if kind == "function" then
    return substitute(s, pattern, callable(replace), most)
  elseif kind == "table" and getmetatable(replace) then
    return substitute(s, pattern, replace, most)
  end
  return checked(pcall(native_gsub, s, pattern, replace, most))
end

return callbacks
