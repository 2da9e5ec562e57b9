-- Looking at the state from outside: names for completion, values for inspection.
--
-- None of it runs user code: tables are read raw, and only metatables that are tables are followed.

local G = _G
local type, next, rawget, getmetatable = type, next, rawget, debug.getmetatable
local sort, unpack = table.sort, table.unpack

local MOST_NAMES = 2000

local look = {}

local function index_of(value)
  local meta = getmetatable(value)
  local index = type(meta) == "table" and rawget(meta, "__index")
  return type(index) == "table" and index or nil
end

local function field(value, name)
  for _ = 1, 10 do -- a chain of __index tables, bounded in case it is a ring
    if type(value) == "table" then
      local found = rawget(value, name)
      if found ~= nil then
        return found
      end
    end
    value = index_of(value)
    if value == nil then
      return nil
    end
  end
end

local function at(path)
  local value = G
  for i = 1, #path do
    value = field(value, path[i])
  end
  return value
end

-- Returns the names that can follow this path of names.
function look.fields(...)
  local value = at({...})
  local names, seen = {}, {}
  for _ = 1, 10 do
    if type(value) == "table" then
      for name in next, value do
        if type(name) == "string" and not seen[name] and #names < MOST_NAMES then
          seen[name] = true
          names[#names + 1] = name
        end
      end
    end
    value = index_of(value)
    if value == nil then
      break
    end
  end
  sort(names)
  return unpack(names)
end

-- Returns the value at this path, nil when there is none.
function look.value(...)
  return at({...})
end

return look
