-- Reads JSON (RFC 8259) that may come in pieces. Owns the grammar; the functions of the API are in json.lua.
--
-- The original reads more than JSON, and so does this: comments in C's forms, a comma behind an object's last member,
-- strings in apostrophes; scalars.lua has the rest. A member with an empty name becomes a list item.
--
-- Theory of operation. The reader is a coroutine of our own that descends through the text. Where the text ends
-- too early it yields, and the next piece resumes it there (json/text.lua); so a whole document and one that comes
-- byte by byte take the same way. It never returns: what it can make no sense of ends it with an error. The depth
-- is bounded, and with it Lua's stack.
--
-- Written for speed where it counts: a call in Lua costs about as much as one of string.byte, and a string that
-- did not exist before three times that. So bytes are asked for in groups, the way of most texts comes first, and
-- small numbers make no string.

local import = ...
local text = import "json/text"
local scalars = import "json/scalars"

local byte, match, sub = string.byte, string.match, string.sub
local max, min = math.max, math.min
local create, resume = coroutine.create, coroutine.resume
local collectgarbage, error, type = collectgarbage, error, type
local next_byte, separator, look_up = text.next_byte, text.separator, text.look_up
local PARSE, TOO_DEEP, BAD_KEY = text.PARSE, text.TOO_DEEP, text.BAD_KEY

-- The original gives up at the sixteenth level, where nobody has set another limit, which counts as 8 at least. Where
-- it would crash for a large one, nothing comes near a thousand; json/encoder.lua has the same bound.
local DEFAULT_LIMIT <const> = 16
local LEAST_LIMIT <const> = 8
local MAX_LIMIT <const> = 1001
-- From this size on it is worth stopping the collector, whose next cycle then begins at once.
local LARGE_BYTES <const> = 1 << 16

-- For so many keys the text up to the value of the key behind them is remembered: most objects are alike, and to
-- compare takes a third of the time of `match`.
local MAX_LIKELY <const> = 100
-- Longer ones are not remembered: to compare is to copy so much, and a peer may put a megabyte of blanks there.
local LIKELY_BYTES <const> = 200

-- Each on its own, for only then the compiler puts the number where the name is.
local SPACE <const> = 0x20
local QUOTE <const> = 0x22
local APOSTROPHE <const> = 0x27
local COMMA <const> = 0x2C
local MINUS <const> = 0x2D
local SLASH <const> = 0x2F
local ZERO <const> = 0x30
local NINE <const> = 0x39
local COLON <const> = 0x3A
local BRACKET_END <const> = 0x5D
local BRACE_END <const> = 0x7D

-- What reads a value, by its first byte; a full list, in which Lua finds its way fastest.
local READ = {}

local function unexpected()
  error(PARSE)
end

for c = 1, 255 do
  READ[c] = unexpected
end
for c = byte "0", byte "9" do
  READ[c] = scalars.number
end
READ[MINUS], READ[QUOTE], READ[APOSTROPHE] = scalars.number, scalars.string, scalars.string_in_apostrophes
READ[byte "t"], READ[byte "f"] = scalars.word("true", true), scalars.word("false", false)

-- A comment before a value.
READ[SLASH] = function(R, pos, depth)
  local c
  c, pos = next_byte(R, pos)
  return READ[c](R, pos, depth)
end

READ[byte "["] = function(R, pos, depth)
  local first, second, c
  depth = depth + 1
  if depth >= R.limit then
    error(TOO_DEEP)
  end
  first, pos = next_byte(R, pos + 1)
  if first == BRACKET_END then
    return {}, pos + 1
  end
  local list, count = {nil, nil, nil, nil}, 0 -- with room for four, or the first four would each make it grow
  while true do
    count = count + 1
    list[count], pos = READ[first](R, pos, depth)
    c, first, second = byte(R.text, pos, pos + 2)
    if c == COMMA and first == SPACE and second and second > SPACE and pos < R.check then
      first, pos = second, pos + 2
    else
      c, first, pos = separator(R, pos)
      if c == BRACKET_END then
        return list, pos + 1
      elseif c ~= COMMA then
        error(PARSE)
      elseif pos > R.check then
        look_up(R, pos)
      end
    end
  end
end

-- Reads a key and its colon; returns the key, the first byte of the value, and its position.
local function read_key(R, pos, first)
  local key, c
  if first == QUOTE then
    key, pos = scalars.string(R, pos)
  elseif first == APOSTROPHE then
    key, pos = scalars.string_in_apostrophes(R, pos)
  else
    error((first == MINUS or first >= ZERO and first <= NINE) and BAD_KEY or PARSE)
  end
  c, first, pos = separator(R, pos)
  if c ~= COLON then
    error(PARSE)
  end
  return key, first, pos
end

-- Makes the member with an empty name a list item.
local function with_item(object)
  object[#object + 1], object[""] = object[""], nil
  return object
end

READ[byte "{"] = function(R, pos, depth)
  local first, key, after, c
  depth = depth + 1
  if depth >= R.limit then
    error(TOO_DEEP)
  end
  key, after = match(R.text, '^{%s*"([^"]*)"%s*:%s*()', pos)
  first = key and after < R.escape and after < R.check and byte(R.text, after)
  if first then
    pos = after
  else
    first, pos = next_byte(R, pos + 1)
    if first == BRACE_END then
      return {}, pos + 1
    end
    key, first, pos = read_key(R, pos, first)
  end
  local object, likely_text, likely_key = {a = nil, b = nil, c = nil, d = nil}, R.likely_text, R.likely_key -- for four
  while true do
    object[key], pos = READ[first](R, pos, depth)
    local expected = likely_text[key]
    after = expected and pos + #expected
    if expected and sub(R.text, pos, after - 1) == expected then
      key = likely_key[key]
      first = after < R.check and byte(R.text, after)
    else
      local before = key
      key, after = match(R.text, '^,%s*"([^"]*)"%s*:%s*()', pos)
      first = key and after < R.escape and after < R.check and byte(R.text, after)
      if first and not expected and R.likely < MAX_LIKELY and after - pos <= LIKELY_BYTES then
        R.likely = R.likely + 1
        likely_text[before], likely_key[before] = sub(R.text, pos, after - 1), key
      end
    end
    if first then
      pos = after
    else
      c, first, pos = separator(R, pos)
      if c == BRACE_END then
        return object[""] == nil and object or with_item(object), pos + 1
      elseif c ~= COMMA then
        error(PARSE)
      elseif pos > R.check then
        look_up(R, pos)
      end
      if first == SLASH then
        first, pos = next_byte(R, pos)
      end
      if first == BRACE_END then
        return object[""] == nil and object or with_item(object), pos + 1
      end
      key, first, pos = read_key(R, pos, first)
    end
  end
end

-- At the top level only arrays and objects count; a scalar there is a fault, once it is complete.
local function read_documents(R)
  local pos = 1
  while true do
    local c, value
    R.is_between = true
    c, pos = next_byte(R, pos)
    R.is_between = false
    value, pos = READ[c](R, pos, 0)
    if type(value) ~= "table" then
      error(PARSE)
    end
    R.count = R.count + 1
    R.found[R.count] = value
  end
end

local decoder = {}

-- Says what JSON's null becomes.
function decoder.set_null(null)
  READ[byte "n"] = scalars.word("null", null)
end

-- Returns a reader, which gives up at the level `limit`.
function decoder.new(limit)
  local R = text.new()
  R.limit = limit and min(max(limit, LEAST_LIMIT), MAX_LIMIT) or DEFAULT_LIMIT
  R.co, R.started = create(read_documents), false
  R.found, R.count = {}, 0 -- the tables that are complete
  R.is_between = true -- nothing is begun that is not complete
  R.likely_text, R.likely_key, R.likely = {}, {}, 0 -- by key: what follows its value, the next key; how many
  R.failure = nil -- why it gave up
  return R
end

local function go_on(R, piece)
  if R.started then
    return resume(R.co, piece)
  end
  R.started, R.text = true, piece
  return resume(R.co, R)
end

-- Reads a piece; returns the tables that are complete now and how many, or nil and why there will never be one.
-- All that is made is kept, so meanwhile the collector rests; when memory runs out Lua calls it nevertheless.
function decoder.feed(R, piece)
  if R.failure then
    return nil, R.failure
  end
  R.found, R.count = {}, 0
  local rests = #piece >= LARGE_BYTES and collectgarbage "isrunning"
  if rests then
    collectgarbage "stop"
  end
  local ok, problem = go_on(R, piece)
  if rests then
    collectgarbage "restart"
  end
  local found = R.found
  R.found = nil
  if ok then
    return found, R.count
  end
  R.failure = type(problem) == "table" and problem.reason or "malloc"
  if type(problem) ~= "table" then
    error(problem, 0)
  end
  return nil, R.failure
end

return decoder
