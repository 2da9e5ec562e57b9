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
local error, select, setmetatable, type = error, select, setmetatable, type
local byte, char, sub = string.byte, string.char, string.sub
local concat, move, unpack = table.concat, table.move, table.unpack
local min, mathtype = math.min, math.type

-- What an array holds goes with its finalizer, which comes two collections after its last use. So the collector is told
-- of four times what it takes, or a program that makes large ones and drops them would run out of memory.
local LARGE <const> = 1024
local WEIGHT_BYTES <const> = 4 * 16

local NAME = "BYTEARRAY"
local OUT_OF_SCOPE = "ByteArray range error: index scope"
local TOO_LONG = "ByteArray range error: size"

-- How many cells become text, or text cells, at once: every one takes a slot of Lua's stack.
local PIECE = 4096

-- By userdata: {cells = {number…}, size =, first =, last =, text = the window or nil}.
local arrays = setmetatable({}, {__mode = "k"})

local ByteArray = {
  __name = NAME,
  __gc = function(u, is_collected)
    if is_collected then
      arrays[u] = nil
    end
  end,
}
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

-- Returns how many bytes the window has from index `i` on, nil when `i` is outside.
local function room(array, i)
  local length = array.last - array.first + 1
  return i >= 1 and i <= length and length - i + 1 or nil
end

ByteArray.__tostring = window

function ByteArray.__len(u)
  local array = arrays[u]
  return array.last - array.first + 1
end

function ByteArray.__index(u, i)
  local array = arrays[u]
  i = check.integer(2, i)
  if not room(array, i) then
    error(OUT_OF_SCOPE, 2)
  end
  return array.cells[array.first + i - 1]
end

-- Returns the text that a value stands for in an assignment, nil for what cannot be assigned.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "boolean" then
    return value and "\1" or "\0"
  elseif kind == "table" then
    local pieces = {}
    for k = 1, #value do
      local number = mathtype(value[k]) and check.rounded(value[k])
      if not number then
        return nil
      end
      pieces[k] = char(number & 0xFF)
    end
    return concat(pieces)
  end
  return is(value) and window(value) or nil
end

function ByteArray.__newindex(u, i, value)
  local array = arrays[u]
  i = check.integer(2, i)
  local free = room(array, i)
  if not free then
    error(OUT_OF_SCOPE, 2)
  end
  if type(value) == "number" then
    array.cells[array.first + i - 1] = check.integer(3, value) & 0xFF
    array.text = nil
    return
  end
  local text = text_of(value)
  if not text then
    check.expected(3, type(value) == "table" and "table of numbers" or "number", value)
  elseif #text > free then
    error(TOO_LONG, 2)
  end
  put(array, i, text)
end

-- create(size | string): an array of zeros, or with the string's bytes; the window is all of it.
function api.create(...)
  local value = ...
  local content = type(value) == "string" and value
  local size = content and #content or check.integer(1, value, select("#", ...))
  if size < 1 then
    check.fail(1, "size out of range")
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

-- setsize(a [, i [, j]]): the window becomes the bytes i to j of the allocation, negative from its end.
function api.setsize(...)
  local u, i, j = ...
  local array = arrays[u] or check.expected(1, NAME, u, select("#", ...))
  local size = array.size
  local first = i == nil and 1 or check.integer(2, i)
  local last = j == nil and size or check.integer(3, j)
  first = first < 0 and size + first + 1 or first
  last = last < 0 and size + last + 1 or last
  if first < 1 or last > size or first > last then
    error(OUT_OF_SCOPE, 2)
  end
  array.first, array.last, array.text = first, last, nil
end

-- tostring(a [, i [, j]]): the bytes i to j of the window, counted as in string.sub.
function api.tostring(...)
  local u, i, j = ...
  if not is(u) then
    check.expected(1, NAME, u, select("#", ...))
  end
  i = i == nil and 1 or check.integer(2, i)
  j = j == nil and -1 or check.integer(3, j)
  return sub(window(u), i, j)
end

-- copy(a, position, string [, i [, j]]): puts the bytes i to j of the string at the position, as many as fit;
-- returns how many did not. (The original may read past the string's end for i > 1; here it ends there.)
function api.copy(...)
  local count, u, position, text, i, j = select("#", ...), ...
  local array = arrays[u] or check.expected(1, NAME, u, count)
  position = check.integer(2, position, count)
  text = check.string(3, text, count)
  i = i == nil and 1 or check.integer(4, i)
  j = j == nil and -1 or check.integer(5, j)
  local free = room(array, position)
  if not free then
    error(OUT_OF_SCOPE, 2)
  end
  text = sub(text, i, j)
  put(array, position, sub(text, 1, free))
  return #text > free and #text - free or 0
end

-- Returns what is wrong with a number of `size` bytes at `position`, nil when nothing is.
local function fault(array, position, size)
  local free = room(array, position)
  if not free or size > free then
    return "Invalid range"
  elseif size < 1 or size > 8 then
    return "Invalid size"
  end
end

-- h2n(a, position, size, integer): writes the integer, most significant byte first.
function api.h2n(...)
  local count, u, position, size, value = select("#", ...), ...
  local array = arrays[u] or check.expected(1, NAME, u, count)
  position = check.integer(2, position, count)
  size = check.integer(3, size, count)
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
  position = check.integer(2, position, count)
  size = check.integer(3, size, count)
  local message = fault(array, position, size)
  if message then
    error(message, 2)
  end
  return bytes.n2h(size, window(u), position)
end

return {api = api, is = is, window = window}
