-- The text that a JSON reader reads, which may come in pieces, and the ways to give up.
--
-- A reader `R` is a coroutine; where its text ends too early it yields, and is resumed with the next piece. Every
-- function here and in the other two modules takes and returns the position of the next byte in `R.text`, which
-- changes when more text comes: what has been read is dropped then.

local import = ...
local host = import "host"

local byte, find, sub, yield, error = string.byte, string.find, string.sub, coroutine.yield, error

-- How much is read between two looks at whether the user wants to stop: some hundredths of a second.
local CHECK_BYTES <const> = 1 << 20

-- Each on its own, for only then the compiler puts the number where the name is.
local SPACE <const> = 0x20
local COMMA <const> = 0x2C
local COLON <const> = 0x3A

local text = {
  -- Why a reader gave up, as errors: tables, because Lua adds nothing to them.
  PARSE = {reason = "parse"},
  TOO_DEEP = {reason = "malloc"},
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

-- Returns the next byte that is not blank, and its position.
local function next_byte(R, pos)
  local c = byte(R.text, pos)
  while not c or c <= SPACE do
    pos = find(R.text, "%S", pos) or more(R, #R.text + 1)
    c = byte(R.text, pos)
    if c and c <= SPACE and not find(R.text, "^%s", pos) then
      error(text.PARSE)
    end
  end
  return c, pos
end

-- Returns the next byte that is not blank and, if that is a comma or a colon, the first byte of what it separates,
-- with its position; behind anything else there may be nothing more to come.
local function separator(R, pos)
  local c, first, second = byte(R.text, pos, pos + 2)
  if c == COMMA or c == COLON then
    if first and first > SPACE then
      return c, first, pos + 1
    elseif first == SPACE and second and second > SPACE then
      return c, second, pos + 2
    end
  elseif c and c > SPACE then
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
