-- Looking at the state from outside: names for completion, values for inspection.
--
-- None of it runs user code: tables are read raw, and only metatables that are tables are followed. What it costs is
-- bounded, however large a table is and however long a chain of tables.

local import = ...
local ours = import "ours"

local G = _G
local type, next, rawget, getmetatable = type, next, rawget, debug.getmetatable
local getinfo, getlocal = debug.getinfo, debug.getlocal
local sub, unpack = string.sub, table.unpack

-- A person reads a few names; a table of a million keys must not hold up the program that it belongs to.
local MOST_KEYS, LONGEST_NAME = 100000, 200
local MOST_TABLES = 10 -- in a chain of __index, which may be a ring

local look = {}

-- Returns the table in which what a value lacks is looked up, nil where there is none.
function look.index_of(value)
  local meta = getmetatable(value)
  local index = type(meta) == "table" and rawget(meta, "__index")
  return type(index) == "table" and index or nil
end

local function field(value, name)
  for _ = 1, MOST_TABLES do
    if type(value) == "table" then
      local found = rawget(value, name)
      if found ~= nil then
        return found
      end
    end
    value = look.index_of(value)
    if value == nil then
      return nil
    end
  end
end

-- Returns what a path of keys leads to from a value, nil when there is nothing.
function look.follow(value, ...)
  local path = {...}
  for i = 1, #path do
    value = field(value, path[i])
  end
  return value
end

-- Returns the value at this path of keys, nil when there is none.
function look.value(...)
  return look.follow(G, ...)
end

-- Returns the type of the value at a path, and then `most` names below it that begin with `prefix`, each with the type
-- of what is there.
function look.members(prefix, most, ...)
  local value = look.value(...)
  local found, count, visited, seen, length = {type(value)}, 0, 0, {}, #prefix
  for _ = 1, MOST_TABLES do
    if type(value) == "table" then
      for name, member in next, value do
        visited = visited + 1
        if count >= most or visited > MOST_KEYS then
          break
        elseif
          type(name) == "string" and #name <= LONGEST_NAME and sub(name, 1, length) == prefix and not seen[name]
        then
          count = count + 1
          seen[name], found[2 * count], found[2 * count + 1] = true, name, type(member)
        end
      end
    end
    value = look.index_of(value)
    if value == nil then
      break
    end
  end
  return unpack(found)
end

-- Returns what a program's function is: the name of its chunk, its first and last line, whether it takes any number of
-- arguments, and the names of its parameters; nothing for a function of ours or in C.
function look.defined(value)
  if type(value) ~= "function" or ours.is_hidden(value) then
    return
  end
  local info, names = getinfo(value, "Su"), {}
  for i = 1, info.nparams do
    names[i] = getlocal(value, i)
  end
  return info.source, info.linedefined, info.lastlinedefined, info.isvararg, unpack(names)
end

return look
