-- Files that are open: what `io:open` returns. The ios are in files.lua.
--
-- Failures are nil and one of the strings in `_files.py`; reading gives nil alone. What the caller did wrong (a closed
-- file, a bad format) raises. All work happens in `_files.py`; a file here is the number that stands for it there.

local import = ...
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local collectgarbage, error, select, setmetatable, type = collectgarbage, error, select, setmetatable, type
local format, gsub = string.format, string.gsub
local concat, pack, unpack = table.concat, table.pack, table.unpack
local min, maxinteger = math.min, math.maxinteger

local NAME <const> = "FILE*"
local CLOSED <const> = "attempt to use a closed file"

-- One crossing reads at most so much, so that what does not fit into Lua's memory fails in Lua, early.
local PIECE_BYTES = 1 << 20
-- What `read` takes without an argument: as much as one read of a socket.
local DEFAULT_BYTES = 8192

local numbers = setmetatable({}, {__mode = "k"}) -- by file: its number, false once closed
local owners = setmetatable({}, {__mode = "k"}) -- by file: its io

-- The methods, and the metatable, which programs have no business with.
local File = {}
local Meta = {__name = NAME, __index = File}

local function address(value)
  return (gsub(format("%p", value), "^0x", ""))
end

-- Opens a file. Files that nobody refers to any more still count until they are collected, so when there are
-- too many the garbage goes first. The userdata is made before: nothing can then lose an open file.
local function open(io, root, name, mode)
  local file = userdata.new(Meta)
  local number, reason, text, path = host.io_open(root, name, mode)
  if reason == "malloc" then
    collectgarbage()
    number, reason, text, path = host.io_open(root, name, mode)
  end
  if not number then
    return nil, reason, text, path
  end
  numbers[file], owners[file] = number, io
  return file
end

-- Returns at most `wanted` bytes, "" at the end of the file; or nil and the reason. It takes the file and not
-- its number, for nobody else may hold it (`io:open "x":read "*a"`): collected meanwhile, it would be closed.
local function read(file, wanted)
  local pieces = {}
  while wanted > 0 do
    local piece, reason = host.file_read(numbers[file], min(wanted, PIECE_BYTES))
    if not piece then
      return nil, reason
    elseif piece == "" then
      break
    end
    pieces[#pieces + 1] = piece
    wanted = wanted - #piece
  end
  return concat(pieces)
end

local function close(file)
  local number = numbers[file]
  if not number then
    return false
  end
  numbers[file] = false
  host.file_close(number)
  return true
end

-- Returns how many bytes a format asks for, nil for what is no format.
local function wanted_bytes(value)
  if type(value) == "number" then
    local size = check.integer(2, value)
    return size < 0 and maxinteger or size
  elseif value == "*a" or value == "a" then
    return maxinteger
  end
end

-- read([format…]): "*a" and a negative number are all that is left, "" at the end; a number is at most so many bytes,
-- nil at the end. Also nil for what cannot be read. After a nil the formats behind it are not looked at.
function File:read(...)
  local count, number, formats = select("#", ...), numbers[self], {...}
  if number == nil then
    check.expected(1, NAME, self)
  elseif not number then
    error(CLOSED, 2)
  elseif count == 0 then
    local data = read(self, DEFAULT_BYTES)
    return data ~= "" and data or nil
  end
  local results = {}
  for i = 1, count do
    local value = formats[i]
    local wanted = wanted_bytes(value)
    if not wanted then
      check.fail(i + 1, type(check.string(i + 1, value, count + 1)) == "string" and "invalid format")
    end
    local data = read(self, wanted)
    results[i] = (data ~= "" or value == 0 or wanted == maxinteger) and data or nil
    if not results[i] then
      return unpack(results, 1, i)
    end
  end
  return unpack(results, 1, count)
end

-- write(data…): true once everything is with the operating system. Of an empty text the original says that it exists.
function File:write(...)
  local count, number = select("#", ...), numbers[self]
  if number == nil then
    check.expected(1, NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  local pieces, is_empty = pack(...), false
  for i = 1, count do
    pieces[i] = check.string(i + 1, pieces[i])
  end
  for i = 1, count do
    if pieces[i] == "" then
      is_empty, count = true, i - 1
      break
    end
  end
  local ok, reason = host.file_write(number, concat(pieces, "", 1, count))
  if not ok or is_empty then
    return nil, reason or "exist", nil -- three, as recorded
  end
  return true
end

-- seek([position = 0]): the next read or write is there, counted in bytes from 0 at the start.
function File:seek(...)
  local number = numbers[self]
  if number == nil then
    check.expected(1, NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  local count = select("#", ...)
  local ok, reason = host.file_seek(number, count > 0 and check.integer(2, (...)) or 0)
  if not ok then
    return nil, reason, nil
  end
  return true
end

-- flush(): true, for what is written is with the operating system already.
function File:flush()
  local number = numbers[self]
  if number == nil then
    check.expected(1, NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  return true
end

-- getio(): the io that the file was opened by.
function File:getio()
  return owners[self] or check.expected(1, NAME, self)
end

-- close(): true.
function File:close()
  local number = numbers[self]
  if number == nil then
    check.expected(1, NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  return close(self)
end

function Meta.__tostring(file)
  return numbers[file] and "file (" .. address(file) .. ")" or "file (closed)"
end

Meta.__gc = close
Meta.__close = close

return {
  open = open,
  close = close,
  address = address,
  -- Returns at most `wanted` bytes, all without that; "" at the end, nil and the reason where it cannot be read.
  read = function(file, wanted)
    return read(file, wanted or maxinteger)
  end,
}
