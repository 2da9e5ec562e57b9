-- Header fields as text: a line `name:value` for each, which is how they cross to Python and back.

local import = ...
local check = import "check"

local type, next, tostring, sort, concat = type, next, tostring, table.sort, table.concat
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

-- Adds the fields of a program's table to a list of lines, except those that are `seen`, values by lower-case
-- names. Returns what is wrong with one.
function fields.add_all(lines, seen, table)
  if type(table) ~= "table" then
    return table ~= nil and "header must be a table, got " .. check.typename(table) or nil
  end
  local names = fields.names(table)
  for i = 1, #names do
    local name, value = names[i], tostring(table[names[i]])
    if find(name, "[:\r\n%z]") or find(value, "[\r\n%z]") then
      return format("header field %q contains a forbidden character", name)
    elseif not seen[lower(name)] then
      seen[lower(name)] = value
      lines[#lines + 1] = name .. ":" .. value .. "\n"
    end
  end
end

-- Adds a field unless the program gave one of that name.
function fields.add(lines, seen, name, value)
  if not seen[lower(name)] then
    lines[#lines + 1] = name .. ":" .. value .. "\n"
  end
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

-- Returns all fields as a table. Values of the same name are joined, as RFC 9110 has it (5.3): once, at the end,
-- since a head has room for ten thousand of them.
function fields.table(lines)
  local all, several = {}, {}
  for name, value in fields.pairs(lines) do
    local values = several[name]
    if values then
      values[#values + 1] = value
    elseif all[name] then
      several[name] = {all[name], value}
    else
      all[name] = value
    end
  end
  for name, values in next, several do
    all[name] = concat(values, ", ")
  end
  return all
end

-- Returns the cookies that a response sets, values by names. The blanks behind a value are taken off on their own: in
-- `(.-)%s*$` each blank within the value would be tried as the first of those.
function fields.cookies(lines)
  local cookies = {}
  for name, value in fields.pairs(lines) do
    if lower(name) == "set-cookie" then
      local cookie, content = match(match(value, "^[^;]*"), "^%s*([^=%s]+)%s*=%s*(.*)$")
      if cookie then
        cookies[cookie] = match(content, "^.*%S") or ""
      end
    end
  end
  return cookies
end

return fields
