-- `ba.socket.h2n` and its family: numbers to and from network byte order (big-endian, RFC 1700).
--
-- Returns exactly the functions that `ba.socket` shows. They keep no state.

local import = ...
local check = import "check"

local error, select = error, select
local pack, unpack = string.pack, string.unpack

local bytes = {}

-- By size in bytes. `I8` wraps: Lua has no unsigned 64-bit integer.
local INTEGER = {">I1", ">I2", ">I3", ">I4", ">I5", ">I6", ">I7", ">I8"}
local FLOAT = {[4] = ">f", [8] = ">d"}

-- Returns what is wrong with reading `size` bytes at `offset`, nil when nothing is. The original looks at the
-- data first: a size that is no size at all gives "Invalid offset" where the data is too short for it, and a negative
-- one is a huge one to it.
local function fault(formats, size, data, offset)
  if offset < 1 or size < 0 or size > #data - offset + 1 then
    return "Invalid offset"
  elseif not formats[size] then
    return "Invalid size"
  end
end

-- h2n(size, integer): `size` bytes (1 to 8) with the integer's low bits, most significant byte first.
function bytes.h2n(...)
  local count, size, value = select("#", ...), ...
  size = check.integer(1, size, count)
  value = check.integer(2, value, count)
  local format = INTEGER[size]
  if not format then
    error("Invalid size", 2)
  end
  -- A shift by 64 gives 0, so the mask of size 8 is all ones.
  return pack(format, value & (1 << size * 8) - 1)
end

-- Reading takes the same arguments for both kinds of number.
local function reader(formats)
  return function(...)
    local count, size, data, offset = select("#", ...), ...
    size = check.integer(1, size, count)
    data = check.string(2, data, count)
    offset = offset == nil and 1 or check.integer(3, offset, count)
    local message = fault(formats, size, data, offset)
    if message then
      error(message, 2)
    end
    return (unpack(formats[size], data, offset))
  end
end

-- n2h(size, data [, offset = 1]): the unsigned integer in `size` bytes of `data`; size 8 wraps to negative.
bytes.n2h = reader(INTEGER)

-- fh2n(size, number): the IEEE 754 number in 4 or 8 bytes; what is too large for 4 becomes infinite.
function bytes.fh2n(...)
  local count, size, value = select("#", ...), ...
  size = check.integer(1, size, count)
  value = check.number(2, value, count)
  local format = FLOAT[size]
  if not format then
    error("Invalid size", 2)
  end
  return pack(format, value)
end

-- fn2h(size, data [, offset = 1]): the IEEE 754 number in 4 or 8 bytes of `data`, always a float.
bytes.fn2h = reader(FLOAT)

return bytes
