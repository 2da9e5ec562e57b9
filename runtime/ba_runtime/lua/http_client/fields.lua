-- Header fields as text: a line `name:value` for each, which is how they cross to Python and back.

local import = ...
local text = import "console/text"
local check = import "check"

local type, next, sort = type, next, table.sort
local find, format, gmatch, lower, match = string.find, string.format, string.gmatch, string.lower, string.match

local fields = {}

-- Returns the names in a table, sorted, so that the same request reads the same every time.
function fields.names(table)
  local names = {}
  for name in next, table do
    if type(name) == "string" then
      names[#names + 1] = name
    end
  end
  sort(names)
  return names
end

-- Calls f(name, value) for the names of a program's table: a list is its values one after the other. Returns what is
-- wrong with one; `what` is what the table is called in that.
function fields.each(table, what, f)
  local names = fields.names(table)
  for i = 1, #names do
    local name = names[i]
    local values = type(table[name]) == "table" and table[name] or {table[name]}
    for j = 1, #values do
      local value = values[j]
      if type(value) ~= "string" and type(value) ~= "number" then
        return format(
          "Table %s: Invalid value for key %s, (string expected, got %s)", what, name, check.typename(value)
        )
      end
      f(name, text.tostring(value))
    end
  end
end

-- Adds a line, and the value to those that are `seen`, by lower-case names.
function fields.add(lines, seen, name, value)
  lines[#lines + 1] = name .. ":" .. value .. "\n"
  seen[lower(name)] = value
end

-- Adds the fields of a program's table to a list of lines, except those that are `seen` before. Returns what is wrong
-- with one. The original would send a line feed within a value, and what follows it as another field.
function fields.add_all(lines, seen, table)
  if type(table) ~= "table" then
    return nil
  end
  local before, forbidden = {}, nil
  for name in next, seen do
    before[name] = true
  end
  local problem = fields.each(table, "header", function(name, value)
    if find(name, "[:\r\n%z]") or find(value, "[\r\n%z]") then
      forbidden = forbidden or format("header field %q contains a forbidden character", name)
    elseif not before[lower(name)] then
      fields.add(lines, seen, name, value)
    end
  end)
  return problem or forbidden
end

-- Iterates over names and values.
function fields.pairs(lines)
  return gmatch(lines, "([^:\n]*):([^\n]*)\n")
end

-- Returns the value of the first field of that name, in whatever case it was sent; `wanted` in lower case.
function fields.find(lines, wanted)
  for name, value in fields.pairs(lines) do
    if lower(name) == wanted then
      return value
    end
  end
end

-- Returns all fields as a table; of those of the same name the last one.
function fields.table(lines)
  local all = {}
  for name, value in fields.pairs(lines) do
    all[name] = value
  end
  return all
end

-- Iterates over names and values of the cookies that a response sets. The blanks behind a value are taken off on their
-- own: in `(.-)%s*$` each blank within the value would be tried as the first of those.
function fields.cookies(lines)
  local pairs_of, state, at = fields.pairs(lines)
  return function()
    while true do
      local name, value = pairs_of(state, at)
      if not name then
        return nil
      elseif lower(name) == "set-cookie" then
        local cookie, content = match(match(value, "^[^;]*"), "^%s*([^=%s]+)%s*=%s*(.*)$")
        if cookie then
          return cookie, match(content, "^.*%S") or ""
        end
      end
    end
  end
end

return fields
