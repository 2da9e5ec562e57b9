-- `ba.bytearray`: fixed-size arrays of bytes with a window, for building and taking apart messages.
--
-- An array is a Lua table of numbers beside the userdata, with the window's text kept until the next change.
-- Programs index these arrays byte by byte: that takes 0.1 microseconds here, most of it the checks, where the
-- call to a bytearray in Python alone would cost 0.6 to 1; a string would be copied whole for every byte
-- written. The price is 16 bytes of memory for each byte, which messages of some kilobytes can afford.
--
-- Indices count from 1 at the window's start; only `setsize` and `size` speak of the whole allocation.
-- Returns `api` (what `ba.bytearray` shows), `window` and `is`, for functions that take byte arrays as data.

local import = ...
local bytes = import "data/bytes"
local check = import "check"
local userdata = import "userdata"

local collectgarbage = collectgarbage
local error, next, select, setmetatable, tonumber, type = error, next, select, setmetatable, tonumber, type
local byte, char, sub = string.byte, string.char, string.sub
local concat, move, sort, unpack = table.concat, table.move, table.sort, table.unpack
local min, mathtype = math.min, math.type
local rounded = check.rounded

-- What an array holds goes with its finalizer, which comes two collections after its last use. So the collector is told
-- of four times what it takes, or a program that makes large ones and drops them would run out of memory.
local LARGE <const> = 1024
local WEIGHT_BYTES <const> = 4 * 16

local NAME = "BTA"
local OUT_OF_SCOPE = "ByteArray range error: index scope"
local TOO_LONG = "ByteArray range error: size"
local EMPTY = "ByteArray range error: use > 0"

-- How many cells become text, or text cells, at once: every one takes a slot of Lua's stack.
local PIECE = 4096

-- By userdata: {cells = {number…}, size =, first =, last =, text = the window or nil}.
local arrays = setmetatable({}, {__mode = "k"})

local ByteArray = {__name = NAME}
userdata.on_collected(ByteArray, function(u)
  arrays[u] = nil
end)
local api = {}

local function is(value)
  return arrays[value] ~= nil
end

-- Returns the bytes in the window as a string.
local function window(u)
  local array = arrays[u]
  if array.text then
    return array.text
  end
  local cells, last = array.cells, array.last
  local pieces = {}
  for from = array.first, last, PIECE do
    pieces[#pieces + 1] = char(unpack(cells, from, min(from + PIECE - 1, last)))
  end
  array.text = concat(pieces)
  return array.text
end

-- Puts `text` at index `i` of the window, where it is known to fit.
local function put(array, i, text)
  for from = 1, #text, PIECE do
    local piece = {byte(text, from, from + PIECE - 1)}
    move(piece, 1, #piece, array.first + i + from - 2, array.cells)
  end
  array.text = nil
end

local function length_of(array)
  return array.last - array.first + 1
end

ByteArray.__tostring = window

function ByteArray.__len(u)
  return length_of(arrays[u])
end

-- Returns the integer that a value counts as, 0 for what is no number: no index and no byte is raised for its type.
local function number_of(value)
  if mathtype(value) == "integer" then
    return value
  end
  local number = (type(value) == "number" or type(value) == "string") and tonumber(value)
  return number and rounded(number) or 0
end

function ByteArray.__index(u, i)
  local array = arrays[u]
  i = mathtype(i) == "integer" and i or number_of(i)
  if i < 1 or i > array.last - array.first + 1 then
    error(OUT_OF_SCOPE, 2)
  end
  return array.cells[array.first + i - 1]
end

-- Returns the bytes of a table's values, in the order of their keys; holes take no place.
local function table_text(values)
  local keys, count = {}, 0
  for key in next, values do
    if mathtype(key) == "integer" then
      count = count + 1
      keys[count] = key
    end
  end
  sort(keys)
  local pieces = {}
  for k = 1, count do
    pieces[k] = char(number_of(values[keys[k]]) & 0xFF)
  end
  return concat(pieces)
end

-- Returns the text that a value stands for in an assignment, nil for what cannot be assigned.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "table" then
    return table_text(value)
  end
  return is(value) and window(value) or nil
end

function ByteArray.__newindex(u, i, value)
  local array = arrays[u]
  i = mathtype(i) == "integer" and i or number_of(i)
  local length = array.last - array.first + 1
  if type(value) == "number" or type(value) == "boolean" then
    if i < 1 or i > length then
      error(OUT_OF_SCOPE, 2)
    end
    local number = type(value) == "number" and check.integer(3, value) or value and 1 or 0
    array.cells[array.first + i - 1] = number & 0xFF
    array.text = nil
    return
  end
  local text = text_of(value)
  if not text then
    error("Cannot convert " .. type(value) .. " to ByteArray", 2)
  elseif i < 1 then
    error(OUT_OF_SCOPE, 2)
  elseif #text > length - i + 1 then -- nothing fits behind the last byte
    error(TOO_LONG, 2)
  end
  put(array, i, text)
end

-- create(size | string): an array of zeros, or with the string's bytes; the window is all of it.
function api.create(...)
  local value = ...
  local content = type(value) == "string" and value
  if not content and type(value) ~= "number" then
    error("Cannot create ByteArray from " .. (select("#", ...) == 0 and "no value" or type(value)), 2)
  end
  local size = content and #content or check.integer(1, value)
  if size < 1 then
    error(EMPTY, 2)
  end
  if size >= LARGE and collectgarbage "isrunning" then
    collectgarbage("step", size * WEIGHT_BYTES >> 10)
  end
  local cells = {}
  local array = {cells = cells, size = size, first = 1, last = size}
  if content then
    put(array, 1, content)
  else
    for i = 1, size do
      cells[i] = 0
    end
  end
  local u = userdata.new(ByteArray)
  arrays[u] = array
  return u
end

-- size(a): bytes allocated, first and last byte of the window.
function api.size(...)
  local array = arrays[...] or check.expected(1, NAME, ..., select("#", ...))
  return array.size, array.first, array.last
end

-- Returns the limits of a range of `size` bytes, the negative ones counted from its end; nil for what is none. A range
-- may be empty: its first byte then comes behind its last, and may be the one behind the end.
local function limits(size, i, j)
  i = i < 0 and size + i + 1 or i
  j = j < 0 and size + j + 1 or j
  if i >= 1 and i <= size + 1 and j >= 0 and j <= size then
    return i, j
  end
end

-- setsize(a [, i [, j]]): the window becomes the bytes i to j of the allocation, negative from its end. With j = i - 1
-- it is empty.
function api.setsize(...)
  local u, i, j = ...
  local array = arrays[u] or check.expected(1, NAME, u, select("#", ...))
  i = i == nil and 1 or check.integer(2, i)
  j = j == nil and -1 or check.integer(3, j)
  local first, last = limits(array.size, i, j)
  if not first or first > last + 1 then
    error(OUT_OF_SCOPE, 2)
  end
  array.first, array.last, array.text = first, last, nil
end

-- tostring(a [, i [, j]]): the bytes i to j of the window, negative from its end; none when j comes before i.
function api.tostring(...)
  local u, i, j = ...
  local array = arrays[u] or check.expected(1, NAME, u, select("#", ...))
  i = i == nil and 1 or check.integer(2, i)
  j = j == nil and -1 or check.integer(3, j)
  local first, last = limits(length_of(array), i, j)
  if not first then
    error(OUT_OF_SCOPE, 2)
  end
  return sub(window(u), first, last)
end

-- Returns the bytes of a source that `copy` is to take. A negative j says how many of them there are, counted from the
-- whole source and not from i: the server's MQTT client takes packets apart by that.
local function section(source, i, j)
  i = i == nil and 1 or i
  if j ~= nil and j < 0 then
    i = i < 0 and #source + i + 1 or i
    j = i + #source + j
  end
  return sub(source, i, j or -1)
end

-- copy(a, position, source [, i [, j]]): puts the bytes i to j of a string or of another array's window at the
-- position, negative from the end, as many as fit; returns how many did not. Of any other source there are none. (The
-- server may read past the source's end for i > 1, copies other bytes of an array, and none into a window's last byte;
-- here the range ends with the source, and the window is whole.)
function api.copy(...)
  local count, u, position, source, i, j = select("#", ...), ...
  local array = arrays[u] or check.expected(1, NAME, u, count)
  i = i ~= nil and check.integer(4, i) or nil
  j = j ~= nil and check.integer(5, j) or nil
  local length = length_of(array)
  position = number_of(position)
  position = position < 0 and length + position + 1 or position
  if position < 1 or position > length + 1 then
    error(OUT_OF_SCOPE, 2)
  end
  source = is(source) and window(source) or type(source) == "number" and check.string(3, source) or source
  if type(source) ~= "string" then
    return 0
  end
  local text, free = section(source, i, j), length - position + 1
  put(array, position, sub(text, 1, free))
  return #text > free and #text - free or 0
end

-- Returns what is wrong with a number of `size` bytes at `position`, nil when nothing is.
local function fault(array, position, size)
  local length = length_of(array)
  if position < 1 or position > length or size > length - position + 1 then
    return "Invalid range"
  elseif size < 1 or size > 8 then
    return "Invalid size"
  end
end

-- h2n(a, position, size, integer): writes the integer, most significant byte first.
function api.h2n(...)
  local count, u, position, size, value = select("#", ...), ...
  local array = arrays[u] or check.expected(1, NAME, u, count)
  size = check.integer(3, size, count)
  position = check.integer(2, position, count)
  value = check.integer(4, value, count)
  local message = fault(array, position, size)
  if message then
    error(message, 2)
  end
  put(array, position, bytes.h2n(size, value))
end

-- n2h(a, position, size): reads an integer, most significant byte first.
function api.n2h(...)
  local count, u, position, size = select("#", ...), ...
  local array = arrays[u] or check.expected(1, NAME, u, count)
  size = check.integer(3, size, count)
  position = check.integer(2, position, count)
  local message = fault(array, position, size)
  if message then
    error(message, 2)
  end
  return bytes.n2h(size, window(u), position)
end

return {api = api, is = is, window = window}
