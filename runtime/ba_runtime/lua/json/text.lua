-- The text that a JSON reader reads, which may come in pieces, and the ways to give up.
--
-- A reader `R` is a coroutine; where its text ends too early it yields, and is resumed with the next piece. Every
-- function here and in the other two modules takes and returns the position of the next byte in `R.text`, which
-- changes when more text comes: what has been read is dropped then.

local import = ...
local host = import "host"

local byte, find, max, sub = string.byte, string.find, math.max, string.sub
local yield, error = coroutine.yield, error

-- How much is read between two looks at whether the user wants to stop: some hundredths of a second.
local CHECK_BYTES <const> = 1 << 20

-- Each on its own, for only then the compiler puts the number where the name is.
local SPACE <const> = 0x20
local STAR <const> = 0x2A
local COMMA <const> = 0x2C
local SLASH <const> = 0x2F
local COLON <const> = 0x3A

local text = {
  -- Why a reader gave up, as errors: tables, because Lua adds nothing to them.
  PARSE = {reason = "parse"},
  TOO_DEEP = {reason = "stack"},
  BAD_KEY = {reason = "mem"}, -- for numbers as keys, in the original's words
  INTERRUPTED = {reason = "interrupted"},
}

-- Returns the fields of a reader that belong here.
function text.new()
  return {
    text = "",
    escape = 0, -- the position of a backslash: there is none between the last string and there
    check = CHECK_BYTES, -- the position at which to see whether the user wants to stop
  }
end

-- Waits for more text behind what there is from `pos` on; returns the new position of the same byte.
local function more(R, pos)
  R.text = sub(R.text, pos) .. yield()
  R.check, R.escape = CHECK_BYTES, 0
  return 1
end
text.more = more

-- Returns the position behind the comment at `pos`, whether it ends with its line or with `*/`. What has been looked at
-- is dropped while it goes on. Only one that ends with its line may be the last of a text.
local function behind_comment(R, pos)
  local is_between = R.is_between
  R.is_between = false
  local second = byte(R.text, pos + 1)
  if not second then
    pos = more(R, pos)
    second = byte(R.text, pos + 1)
  end
  local stop = second == STAR and "*/" or second == SLASH and "\n" or error(text.PARSE)
  R.is_between = is_between and second == SLASH
  local from = pos + 2
  local first, last = find(R.text, stop, from, true)
  while not first do
    from = more(R, max(from, #R.text - #stop + 2)) -- the last byte may begin its end
    first, last = find(R.text, stop, from, true)
  end
  R.is_between = is_between
  return last + 1
end

-- Returns the next byte that is neither blank nor part of a comment, and its position.
local function next_byte(R, pos)
  local c = byte(R.text, pos)
  while not c or c <= SPACE or c == SLASH do
    if c == SLASH then
      pos = behind_comment(R, pos)
    else
      pos = find(R.text, "[^ \t\r\n]", pos) or more(R, #R.text + 1)
    end
    c = byte(R.text, pos)
    if c and c <= SPACE and not find(R.text, "^[ \t\r\n]", pos) then
      error(text.PARSE)
    end
  end
  return c, pos
end

-- Returns the next byte that is not blank and, if that is a comma or a colon, the first byte of what it separates,
-- with its position, where a comment may begin; behind anything else there may be nothing more to come.
local function separator(R, pos)
  local c, first, second = byte(R.text, pos, pos + 2)
  if c == COMMA or c == COLON then
    if first and first > SPACE then
      return c, first, pos + 1
    elseif first == SPACE and second and second > SPACE then
      return c, second, pos + 2
    end
  elseif c and c > SPACE and c ~= SLASH then
    return c, nil, pos
  end
  c, pos = next_byte(R, pos)
  if c == COMMA or c == COLON then
    first, pos = next_byte(R, pos + 1)
    return c, first, pos
  end
  return c, nil, pos
end

text.next_byte, text.separator = next_byte, separator

-- A long text does not keep the user from stopping the program: the planted hook raises once we are out of here.
function text.look_up(R, pos)
  R.check = pos + CHECK_BYTES
  if host.is_interrupting() then
    error(text.INTERRUPTED)
  end
end

return text
