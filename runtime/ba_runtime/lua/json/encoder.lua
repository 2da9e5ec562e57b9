-- Writes JSON (RFC 8259). Owns what values become; the functions of the API are in json.lua.
--
-- Only ASCII is written: what is UTF-8 becomes `\uXXXX`, and bytes that are not count as the characters of the
-- same number. Tables are read raw. A table with a length is an array, any other an object; its keys come in the
-- order of their bytes, so that a program's output is the same every time. The original has no order.

local import = ...
local host = import "host"
local check = import "check"

local byte, find, format, gsub, sub = string.byte, string.find, string.format, string.gsub, string.sub
local concat, move, sort = table.concat, table.move, table.sort
local codepoint, utf8len = utf8.codepoint, utf8.len
local error, mathtype, next, pcall, rawlen, setmetatable, type =
  error, math.type, next, pcall, rawlen, setmetatable, type
local getmetatable, whole = debug.getmetatable, check.whole

-- As in json/decoder.lua: what can be written can be read, by whoever sets the limit there.
local MAX_DEPTH = 1000
-- Pieces are put together when there are so many, and then we see whether the user wants to stop.
local MAX_PIECES = 1 << 16

-- Why there is no text, as errors: tables, because Lua adds nothing to them. The words of the first are the
-- original's.
local BAD_KEY, TOO_DEEP, INTERRUPTED =
  {reason = "Invalid key type: number"}, {reason = "malloc"}, {reason = "interrupted"}

-- ---------------------------------------------------------------- strings

local function escaped(code)
  if code < 0x10000 then
    return format("\\u%04x", code)
  end
  code = code - 0x10000
  return format("\\u%04x\\u%04x", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/",
  ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}
setmetatable(ESCAPES, {__index = function(_, c) return escaped(byte(c)) end})

-- By a byte above 0x7F and the continuation bytes behind it. Texts have few different characters.
local MAX_KNOWN = 4096
local wide, known = {}, 0
setmetatable(wide, {__index = function(_, sequence)
  if known == MAX_KNOWN then
    for key in next, wide do
      wide[key] = nil
    end
    known = 0
  end
  local text = utf8len(sequence) == 1 and escaped(codepoint(sequence)) or gsub(sequence, ".", ESCAPES)
  wide[sequence], known = text, known + 1
  return text
end})

-- The pattern is what needs no escape, the most frequent first: from `]` to `~`, where the small letters are.
local function quoted(text)
  if not find(text, "^[]-~ 0-[#-.!]*$") then
    text = gsub(text, '[\0-\31"/\\\127]', ESCAPES)
    if utf8len(text) ~= #text then
      text = gsub(text, "[\x80-\xFF][\x80-\xBF]*", wide)
    end
  end
  return '"' .. text .. '"'
end

-- ---------------------------------------------------------------- values

local WRITE = {}

-- Makes room in the list of pieces; returns its new length.
local function flush(W, n)
  W.done[#W.done + 1] = concat(W, "", 1, n)
  if host.is_interrupting() then
    error(INTERRUPTED)
  end
  return 0
end

function WRITE.string(W, n, value)
  W[n + 1] = quoted(value)
  return n + 1
end

function WRITE.number(W, n, value)
  if mathtype(value) == "float" then
    -- There are no words for infinities and NaN, the only numbers whose difference to themselves is not 0.
    -- And only one sign of zero.
    value = value == 0 and "0" or value - value == 0 and format("%.14g", value) or "null"
  end
  W[n + 1] = value
  return n + 1
end

function WRITE.boolean(W, n, value)
  W[n + 1] = value and "true" or "false"
  return n + 1
end

local function write_null(W, n)
  W[n + 1] = "null"
  return n + 1
end

local function write_value(W, n, value, depth)
  n = (WRITE[type(value)] or write_null)(W, n, value, depth)
  return n > MAX_PIECES and flush(W, n) or n
end

local function write_list(W, n, list, depth, length)
  W[n + 1] = "["
  n = write_value(W, n + 1, list[1], depth)
  for i = 2, length do
    W[n + 1] = ","
    n = write_value(W, n + 1, list[i], depth)
  end
  W[n + 1] = "]"
  return n + 1
end

-- Returns the keys in order of a table whose keys `next` gives as it gave those of the last one that began with the
-- same. Records of one kind have them all in one order, and sorting takes as long as writing a record.
local function known_keys(W, object)
  local shape = W.shapes[next(object)]
  if not shape then
    return nil
  end
  local count = 0
  for key in next, object do
    count = count + 1
    if shape[count] ~= key then
      return nil
    end
  end
  return count == #shape and shape.sorted or nil
end

-- Returns the keys of a table in order: numbers, then strings.
local function sorted_keys(W, object)
  local before = known_keys(W, object)
  if before then
    return before
  end
  local names, shape, count, numbers = {}, {}, 0, nil
  for key in next, object do
    local kind = type(key)
    if kind == "string" then
      count = count + 1
      names[count], shape[count] = key, key
    elseif kind == "number" then
      numbers = numbers or {}
      numbers[#numbers + 1] = key
    else
      error(BAD_KEY)
    end
  end
  sort(names)
  if not numbers then
    shape.sorted = names
    W.shapes[shape[1]] = shape
  else
    sort(numbers)
    move(names, 1, count, #numbers + 1, numbers)
  end
  return numbers or names
end

-- What stands before the value of a key that is not the first. Most keys come many times.
local function prefix_of(W, key)
  local prefix = W.prefixes[key]
  if not prefix then
    local name = type(key) == "string" and key or whole(key) .. "" -- as everywhere, rounded down
    prefix = "," .. quoted(name) .. ":"
    W.prefixes[key] = prefix
  end
  return prefix
end

local function write_object(W, n, object, depth)
  local keys = sorted_keys(W, object)
  W[n + 1] = "{" .. sub(prefix_of(W, keys[1]), 2)
  n = write_value(W, n + 1, object[keys[1]], depth)
  for i = 2, #keys do
    local key = keys[i]
    W[n + 1] = prefix_of(W, key)
    n = write_value(W, n + 1, object[key], depth)
  end
  W[n + 1] = "}"
  return n + 1
end

-- A table, or a copy of it, that can be read without a metamethod.
local function without_meta(value)
  if getmetatable(value) == nil then
    return value
  end
  local copy = {}
  for key, field in next, value do
    copy[key] = field
  end
  return copy
end

function WRITE.table(W, n, value, depth)
  -- A list, though it has to be searched: a set that entries leave again is rearranged every few entries.
  local path = W.path
  for i = 1, depth do
    if path[i] == value then
      return write_null(W, n)
    end
  end
  if depth == MAX_DEPTH then
    error(TOO_DEEP)
  end
  local length = rawlen(value)
  if length == 0 and next(value) == nil then
    W[n + 1] = "{}"
    return n + 1
  end
  path[depth + 1] = value
  return (length > 0 and write_list or write_object)(W, n, without_meta(value), depth + 1, length)
end

local encoder = {quoted = quoted}

-- Returns the text of the first `count` tables of a list, one behind the other, or nil and why there is none.
function encoder.encode(tables, count)
  local W = {
    -- [1], [2] ... the pieces since the last flush
    done = {},
    path = {}, -- by depth, the tables that we are in: a table within itself is null
    prefixes = {}, -- by key, what stands before a value
    shapes = {}, -- by the first key that `next` gives, all of them, and `sorted`
  }
  local ok, problem = pcall(function()
    local n = 0
    for i = 1, count do
      n = WRITE.table(W, n, tables[i], 0)
    end
    W.done[#W.done + 1] = concat(W, "", 1, n)
    return concat(W.done)
  end)
  if ok then
    return problem
  elseif type(problem) ~= "table" then
    error(problem, 0)
  end
  return nil, problem.reason
end

return encoder
