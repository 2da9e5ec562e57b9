-- What JSON's strings, numbers and words mean. Each reader here gets the position of the value's first byte and
-- returns the value and the position behind it; json/text.lua explains `R`.
--
-- The original takes more for a number than JSON has, and gives it a meaning: `01`, `1.`, `-.5`, `1e`, `-`, `--1`,
-- `1.2.3`; and an integer of more than 64 bits is what is left of it in 64. Only a sign in the middle (`1-1`), of which
-- it makes another number altogether, is refused here.
--
-- A string that comes in many pieces is put together once, at its end, so that no input costs more than its length.
-- Control characters in strings stand for themselves.

local import = ...
local source = import "json/text"

local byte, char, find, gsub, match, sub =
  string.byte, string.char, string.find, string.gsub, string.match, string.sub
local codepoint, concat, utf8char = utf8.codepoint, table.concat, utf8.char
local error, mathtype, rawget, setmetatable, tonumber = error, math.type, rawget, setmetatable, tonumber
local more, PARSE = source.more, source.PARSE

-- A double has at most 767 significant digits; nobody has written a number that is much longer.
local MAX_NUMBER_BYTES <const> = 1024
-- A position that no text has.
local NEVER <const> = 1 << 62

-- Each on its own, for only then the compiler puts the number where the name is.
local POINT <const> = 0x2E
local BACKSLASH <const> = 0x5C
local ZERO <const> = 0x30
local NINE <const> = 0x39

local scalars = {}

-- ---------------------------------------------------------------- strings

-- What an escape stands for, by what follows its backslash: a letter, perhaps with digits that have nothing to do with
-- it, or `u` and its digits. Few texts have more than a hundred different ones; the first so many are remembered.
local ESCAPED = {['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v"}
local MAX_KNOWN <const> = 4096
local known_count = 0
local has_halves = false

local function remember(word, meaning)
  if known_count < MAX_KNOWN then
    known_count = known_count + 1
    ESCAPED[word] = meaning
  end
  return meaning
end

setmetatable(ESCAPED, {
  __index = function(known, word)
    local letter, digits = sub(word, 1, 1), sub(word, 2)
    if letter ~= "u" then
      return remember(word, (rawget(known, letter) or error(PARSE)) .. digits)
    elseif #digits < 4 then
      error(PARSE)
    end
    local code = tonumber(digits, 16)
    if code >= 0xD800 and code < 0xE000 then
      has_halves = true
      return utf8char(code)
    end
    return remember(word, utf8char(code))
  end,
})

-- Joins two halves of a character beyond U+FFFF. A half that stands alone is kept as it is.
local function join(high, low)
  return utf8char(0x10000 + (codepoint(high, 1, 1, true) - 0xD800 << 10) + codepoint(low, 1, 1, true) - 0xDC00)
end

local function unescape(raw)
  has_halves = false
  local plain = gsub(raw, "\\(.%x?%x?%x?%x?)", ESCAPED)
  if has_halves then
    plain = gsub(plain, "(\xED[\xA0-\xAF][\x80-\xBF])(\xED[\xB0-\xBF][\x80-\xBF])", join)
  end
  return plain
end

-- Reads any string from behind its first quote: also one whose end has not come yet, or has backslashes before quotes.
local function long_string(R, pos, quote)
  local parts, count, start = nil, 0, pos
  local stop, escape = 0, 0
  while true do
    stop = stop < pos and find(R.text, quote, pos, true) or stop < pos and NEVER or stop
    escape = escape < pos and find(R.text, "\\", pos, true) or escape < pos and NEVER or escape
    if stop < escape then
      local raw = sub(R.text, start, stop - 1)
      if parts then
        parts[count + 1] = raw
        raw = concat(parts)
      end
      R.escape = escape
      return unescape(raw), stop + 1
    elseif escape < #R.text then
      pos = escape + 2
    else -- the rest of the text belongs to it, but for a backslash at its end
      local rest = escape == NEVER and #R.text + 1 or escape
      parts, count = parts or {}, count + 1
      parts[count] = sub(R.text, start, rest - 1)
      start = more(R, rest)
      pos, stop, escape = start, 0, 0
    end
  end
end

-- A string. Where the next backslash is, is looked up once for many strings.
function scalars.string(R, pos)
  if R.escape < pos then
    R.escape = find(R.text, "\\", pos, true) or NEVER
  end
  local text = R.text
  local stop = find(text, '"', pos + 1, true)
  if stop and stop < R.escape then
    return sub(text, pos + 1, stop - 1), stop + 1
  end
  -- It has escapes; a quote without a backslash before it is its end.
  while stop and byte(text, stop - 1) == BACKSLASH do
    stop = byte(text, stop - 2) ~= BACKSLASH and find(text, '"', stop + 1, true)
  end
  if not stop then
    return long_string(R, pos + 1, '"')
  end
  R.escape = find(text, "\\", stop + 1, true) or NEVER
  return unescape(sub(text, pos + 1, stop - 1)), stop + 1
end

function scalars.string_in_apostrophes(R, pos)
  return long_string(R, pos + 1, "'")
end

-- ---------------------------------------------------------------- numbers

-- Returns the low 64 bits of an integer of any length.
local function integer(digits)
  local value = 0
  for i = 1, #digits do
    value = value * 10 + byte(digits, i) - ZERO
  end
  return value
end

-- Returns what a word of digits, signs, points and exponents means; of a float, what stands before its first fault.
local function meaning(word)
  local signs, digits, rest = match(word, "^(%-*)(%d*)(.*)$")
  local value
  if rest == "" then
    value = integer(digits)
  elseif find(rest, "^[.eE]") and not find(word, "[%d.][-+]") then
    local number = digits .. match(rest, "^%.?%d*")
    value = (tonumber(number) or 0) + 0.0
    local exponent = match(rest, "^%.?%d*([eE][-+]?%d+)")
    value = exponent and tonumber((number == "." and "0" or number) .. exponent) or value
  else
    error(PARSE)
  end
  return #signs % 2 == 1 and -value or value
end

-- By byte: the value of a digit; and what cannot follow a number that is complete.
local DIGIT, NUMERIC = {}, {}
for c = 1, 255 do
  DIGIT[c] = c >= ZERO and c <= NINE and c - ZERO
  NUMERIC[c] = find("0123456789.eE+-", char(c), 1, true) ~= nil
end

-- Reads what `scalars.number` leaves; `is_sound` tells that it begins as JSON has it. Most of that is floats of many
-- digits.
local function read_any_number(R, pos, is_sound)
  if is_sound then
    local word = match(R.text, "^-?%d*%.?%d*[eE]?[-+]?%d*", pos)
    local value, c = tonumber(word), byte(R.text, pos + #word)
    if value and c and not NUMERIC[c] and (mathtype(value) == "integer" or find(word, ".", 1, true)) then
      return value, pos + #word
    end
  end
  local word = match(R.text, "^[-+.eE%d]*", pos)
  while pos + #word > #R.text do
    if #word > MAX_NUMBER_BYTES then
      error(PARSE)
    end
    pos = more(R, pos)
    word = match(R.text, "^[-+.eE%d]*", pos)
  end
  local value = tonumber(word)
  if not value or mathtype(value) == "float" and not find(word, "[.eE]") then
    value = meaning(word)
  end
  return value, pos + #word
end

-- Continues a number by the digits at `pos`; returns its value, how many digits these were, at most seven, and
-- the byte behind them. A loop would call string.byte for each.
local function digits(text, pos, value)
  local a, b, c, d, e, f, g, h = byte(text, pos, pos + 7)
  local digit = DIGIT[a]
  if not digit then
    return value, 0, a
  end
  value, digit = value * 10 + digit, DIGIT[b]
  if not digit then
    return value, 1, b
  end
  value, digit = value * 10 + digit, DIGIT[c]
  if not digit then
    return value, 2, c
  end
  value, digit = value * 10 + digit, DIGIT[d]
  if not digit then
    return value, 3, d
  end
  value, digit = value * 10 + digit, DIGIT[e]
  if not digit then
    return value, 4, e
  end
  value, digit = value * 10 + digit, DIGIT[f]
  if not digit then
    return value, 5, f
  end
  value, digit = value * 10 + digit, DIGIT[g]
  if not digit then
    return value, 6, g
  end
  return value * 10 + digit, 7, h
end

-- A double holds every integer of so many digits, so that dividing two such gives the number that is nearest.
local EXACT_DIGITS <const> = 15
local POWER = {1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}
-- By how many digits there are, the least number that has them and no zero in front.
local LEAST = {[0] = 1, 0}
for count = 2, 14 do
  LEAST[count] = 10 ^ (count - 1) // 1 | 0
end

-- Nearly all numbers have few digits and no exponent.
function scalars.number(R, pos)
  local text, after, is_negative = R.text, pos, false
  local value, count, c = digits(text, pos, 0)
  if count == 0 then -- a minus, or we would not be here
    is_negative, after = true, pos + 1
    value, count, c = digits(text, after, 0)
  end
  local whole = count
  if count == 7 then
    value, count, c = digits(text, after + 7, value)
    whole = 7 + count
  end
  after = after + whole
  local is_sound = value >= LEAST[whole]
  if c == POINT and is_sound then
    value, count, c = digits(text, after + 1, value)
    is_sound, whole = count > 0, whole + count
    value, after = value / (POWER[count] or 1), after + 1 + count
  end
  if is_sound and whole <= EXACT_DIGITS and c and not NUMERIC[c] then
    return is_negative and -value or value, after
  end
  return read_any_number(R, pos, is_sound)
end

-- ---------------------------------------------------------------- words

-- Returns a reader of the word, which stands for the value.
function scalars.word(word, value)
  local length = #word
  return function(R, pos)
    while sub(R.text, pos, pos + length - 1) ~= word do
      local rest = sub(R.text, pos, pos + length - 1)
      if #rest == length or rest ~= sub(word, 1, #rest) then
        error(PARSE)
      end
      pos = more(R, pos)
    end
    return value, pos + length
  end
end

return scalars
