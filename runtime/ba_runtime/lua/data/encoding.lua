-- `ba.b64encode`, `ba.urlencode` and their family: bytes as text that survives where it goes; and `ba.deflate`.
--
-- Base64 is Python's (`_base64.py`). What `urlencode` leaves alone is the original's choice, not RFC 3986's:
-- quotation marks, most control characters and bytes above 0x7F too.

local import = ...
local check = import "check"
local host = import "host"

local char, format, gsub, match, byte = string.char, string.format, string.gsub, string.match, string.byte
local select, tonumber, type, utf8char = select, tonumber, type, utf8.char

local encoding = {}

-- A NUL ends the text, as in the original, whose strings are C's.
local function up_to_nul(text)
  return match(text, "^[^\0]*")
end

-- b64encode(data): padded, on one line.
function encoding.b64encode(...)
  return host.b64encode(check.string(1, (...), select("#", ...)))
end

-- b64urlencode(data [, pad = false]): in the alphabet for URLs.
function encoding.b64urlencode(...)
  local data, pad = ...
  data = check.string(1, data, select("#", ...))
  if pad ~= nil and type(pad) ~= "boolean" then
    check.expected(2, "boolean", pad)
  end
  return host.b64urlencode(data, pad or false)
end

-- b64decode(text): either alphabet, up to a NUL; blanks, padding and other foreign characters are skipped.
function encoding.b64decode(...)
  return host.b64decode(check.string(1, (...), select("#", ...)))
end

-- deflate(data): compressed, in the zlib format, which HTTP calls "deflate".
function encoding.deflate(...)
  return host.deflate(check.string(1, (...), select("#", ...)))
end

local function hex(c)
  return format("%%%02x", byte(c))
end

-- urlencode(text): %xx in small letters.
function encoding.urlencode(...)
  local text = up_to_nul(check.string(1, (...), select("#", ...)))
  return (gsub(text, "[\t\n\r #$%%&'+,;<=>?@%[\\%]^`{|}~]", hex))
end

local function unhex(digits)
  return char(tonumber(digits, 16))
end

local function wide(digits)
  return utf8char(tonumber(digits, 16))
end

-- urldecode(text): %xx is a byte, %uxxxx a character in UTF-8; what is neither stays as it is.
function encoding.urldecode(...)
  local text = up_to_nul(check.string(1, (...), select("#", ...)))
  text = gsub(gsub(text, "+", " "), "%%u(%x%x%x%x)", wide)
  return up_to_nul((gsub(text, "%%(%x%x)", unhex)))
end

return encoding
