-- Strings made readable: quoted as Lua source where they are text, as a hex dump where they are not.
--
-- Works on the first bytes only, however long the string is, and says what it left out.

local byte, find, format, gsub, rep, sub =
  string.byte, string.find, string.format, string.gsub, string.rep, string.sub
local utf8len = utf8.len
local concat, min = table.concat, math.min

local quote = {}

-- As many bytes as a decision on text or binary looks at.
local SAMPLE = 4096
-- More than three bytes in ten that are no text: pictures, keys, packed numbers. Random bytes have six.
local BINARY_SHARE = 0.3
local DUMP_ROW, DUMP_MAX = 16, 512

local ESCAPES = {
  ["\a"] = "\\a", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
  ["\v"] = "\\v", ['"'] = '\\"', ["\\"] = "\\\\",
}

local function escape(char)
  return ESCAPES[char] or format("\\x%02x", byte(char))
end

-- U+0080 to U+009F, control characters too: terminals obey some of them.
local function escape_c1(pair)
  return format("\\u{%x}", byte(pair, 2))
end

-- Calls `valid(first, last)` for every stretch of UTF-8 and `invalid(position)` for every byte between.
local function split_utf8(s, valid, invalid)
  local position, length = 1, #s
  while position <= length do
    local count, bad = utf8len(s, position)
    if count then
      valid(position, length)
      return
    end
    if bad > position then
      valid(position, bad - 1)
    end
    invalid(bad)
    position = bad + 1
  end
end

-- Returns at most the first `limit` bytes of `s`, and no half character at the end.
local function head(s, limit)
  if #s <= limit then
    return s
  end
  local last = limit
  while last > limit - 3 and find(s, "^[\x80-\xbf]", last + 1) do
    last = last - 1
  end
  return sub(s, 1, last)
end

-- Returns `s` cut to about `limit` bytes, with a remark where something is missing.
function quote.cut(s, limit)
  local kept = head(s, limit)
  return #kept == #s and s or format("%s… %d more bytes", kept, #s - #kept)
end

-- Returns `s` as a Lua string literal of its first `limit` bytes, followed by its length if that is not all.
function quote.literal(s, limit)
  local kept, pieces = head(s, limit), {}
  split_utf8(kept, function(first, last)
    local text = gsub(sub(kept, first, last), '[\0-\31\127"\\]', escape)
    pieces[#pieces + 1] = gsub(text, "\xc2[\x80-\x9f]", escape_c1)
  end, function(position)
    pieces[#pieces + 1] = format("\\x%02x", byte(kept, position))
  end)
  local literal = '"' .. concat(pieces) .. '"'
  return #kept == #s and literal or format("%s… (%d bytes)", literal, #s)
end

-- Tells whether `s` is mostly something else than text.
function quote.is_binary(s)
  local sample, count = head(s, SAMPLE), 0
  split_utf8(sample, function(first, last)
    local _, controls = gsub(sub(sample, first, last), "[\0-\8\14-\31\127]", "")
    count = count + controls
  end, function()
    count = count + 1
  end)
  return count > #sample * BINARY_SHARE
end

-- Returns `s` as rows of offset, bytes in hex, and ASCII.
function quote.dump(s)
  local rows = { format(#s == 1 and "%d byte" or "%d bytes", #s) }
  for offset = 0, min(#s, DUMP_MAX) - 1, DUMP_ROW do
    local row = sub(s, offset + 1, offset + DUMP_ROW)
    local hex = gsub(row, ".", function(char)
      return format("%02x ", byte(char))
    end)
    hex = sub(hex, 1, 24) .. " " .. sub(hex, 25)
    local ascii = gsub(row, "[^\32-\126]", ".")
    rows[#rows + 1] = format("%08x  %s%s |%s|", offset, hex, rep(" ", 3 * DUMP_ROW + 1 - #hex), ascii)
  end
  if #s > DUMP_MAX then
    rows[#rows + 1] = format("… %d more bytes", #s - DUMP_MAX)
  end
  return concat(rows, "\n")
end

return quote
