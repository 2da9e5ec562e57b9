-- `ba.b64encode`, `ba.urlencode` and their family: bytes as text that survives where it goes.
--
-- Base64 is Python's (`_base64.py`). What `urlencode` leaves alone is the original's choice, not RFC 3986's:
-- control characters and bytes above 0x7F too.

local import = ...
local check = import "check"
local host = import "host"

local char, format, gsub, match, byte = string.char, string.format, string.gsub, string.match, string.byte
local select, tonumber = select, tonumber

local encoding = {}

-- b64encode(data): padded, on one line.
function encoding.b64encode(...)
  return host.b64encode(check.string(1, (...), select("#", ...)))
end

-- b64urlencode(data [, pad = false]): in the alphabet for URLs.
function encoding.b64urlencode(...)
  local data, pad = ...
  data = check.string(1, data, select("#", ...))
  return host.b64urlencode(data, pad and true or false)
end

-- b64decode(text): either alphabet; blanks and other foreign characters are skipped.
function encoding.b64decode(...)
  return host.b64decode(check.string(1, (...), select("#", ...)))
end

-- A NUL ends the text, as in the original, whose strings are C's.
local function up_to_nul(text)
  return match(text, "^[^\0]*")
end

local function hex(c)
  return format("%%%02x", byte(c))
end

-- urlencode(text): %xx in small letters.
function encoding.urlencode(...)
  local text = up_to_nul(check.string(1, (...), select("#", ...)))
  return (gsub(text, "[ \"#$%%&'+,;<=>?@%[\\%]^`{|}~]", hex))
end

local function unhex(digits)
  return char(tonumber(digits, 16))
end

-- urldecode(text): what is no %xx stays as it is.
function encoding.urldecode(...)
  local text = up_to_nul(check.string(1, (...), select("#", ...)))
  return (gsub(gsub(text, "+", " "), "%%(%x%x)", unhex))
end

return encoding
