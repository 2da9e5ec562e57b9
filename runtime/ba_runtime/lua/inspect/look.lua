-- Looking at the state from outside: names for completion, values for inspection, the socket table.
--
-- None of it runs user code: tables are read raw, and only metatables that are tables are followed.

local import = ...
local cell_number = import "tasks/cell_number"
local sock = import "sockets/sock"

local G = _G
local type, next, rawget, getmetatable = type, next, rawget, debug.getmetatable
local sort, unpack, concat, format = table.sort, table.unpack, table.concat, string.format

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

-- A closed socket can be nothing again, except for the cosocket that still runs with it.
local function is_gone(S)
  return S.over or S.shut and not S.task
end

local function kind_of(S)
  if S.websocket then
    return S.secure and "wss" or "ws"
  end
  return S.listening and "listen" or S.datagram and "udp" or S.number and "tcp" or "none"
end

-- Returns a row for every socket object that is of use, all in one text with a NUL behind each field: number (0: it
-- has no system socket), kind, state, bytes in and out, cell.
function look.sockets()
  local rows = {}
  sock.each(function(S)
    if not is_gone(S) then
      rows[#rows + 1] = format(
        "%d\0%s\0%s\0%d\0%d\0%d\0",
        S.number or 0, kind_of(S), sock.state_name(S), S.received, S.sent, cell_number(S.cell)
      )
    end
  end)
  return concat(rows)
end

return look
