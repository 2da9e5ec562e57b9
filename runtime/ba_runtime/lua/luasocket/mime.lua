-- `require "mime"`: encodings as filters for ltn12, and the functions beneath them.
--
-- A function beneath takes what it left over the last time, the next piece and an extra value; it returns what is done
-- and what is left over. Without a piece (nil) it finishes.

local import = ...
local host = import "host"
local check = import "check"
local ltn12 = import "luasocket/ltn12"

local byte, char, find, format, gsub, match, sub =
  string.byte, string.char, string.find, string.format, string.gsub, string.match, string.sub
local concat, error, tonumber, tostring, gmatch = table.concat, error, tonumber, tostring, string.gmatch
local cycle = ltn12.filter.cycle

local LINE_BYTES <const> = 76 -- RFC 2045, 6.7 and 6.8
local CRLF <const> = "\r\n"

local mime = {_VERSION = "MIME 1.0.3", encodet = {}, decodet = {}, wrapt = {}}

-- Returns a text that is not empty, else nil: what a filter gives at its end.
local function last_piece(text)
  return text ~= "" and text or nil
end

-- ---------------------------------------------------------------- base64

-- b64(left over [, piece]) → encoded, left over
function mime.b64(...)
  local kept, piece = ...
  if kept == nil then
    return nil, nil
  end
  kept = check.string(1, kept)
  if piece == nil then
    return last_piece(host.b64encode(kept)), nil
  end
  kept = kept .. check.string(2, piece)
  local whole = #kept - #kept % 3
  return host.b64encode(sub(kept, 1, whole)), sub(kept, whole + 1)
end

-- What was padded may be followed by more.
local function decoded(text)
  return (gsub(text, "[^=]+=*", host.b64decode))
end

-- unb64(left over [, piece]) → decoded, left over; what is not of the alphabet is skipped
function mime.unb64(...)
  local kept, piece = ...
  if kept == nil then
    return nil, nil
  end
  kept = check.string(1, kept)
  if piece == nil then
    return last_piece(decoded(kept)), nil
  end
  kept = gsub(kept .. check.string(2, piece), "[^%w+/=]", "")
  local whole = #kept - #kept % 4
  return decoded(sub(kept, 1, whole)), sub(kept, whole + 1)
end

-- ---------------------------------------------------------------- quoted-printable

local function quoted(c)
  return format("=%02X", byte(c))
end

-- A line without its end; a blank at the end of a line must not stay one.
local function quoted_line(line, is_end)
  line = gsub(line, "[^ \t!-<>-~]", quoted)
  return is_end and gsub(line, "[ \t]$", quoted) or line
end

-- qp(left over [, piece [, marker]]) → encoded, left over; CRLF becomes the marker
function mime.qp(...)
  local kept, piece, marker = ...
  if kept == nil then
    return nil, nil
  end
  kept, marker = check.string(1, kept), marker == nil and CRLF or check.string(3, marker)
  local is_last = piece == nil
  kept = is_last and kept or kept .. check.string(2, piece)
  local upto = is_last and #kept or find(kept, "[ \t]?\r?$") - 1
  local out, at = {}, 1
  while true do
    local cr = find(kept, CRLF, at, true)
    if not cr or cr > upto then
      break
    end
    out[#out + 1] = quoted_line(sub(kept, at, cr - 1), true) .. marker
    at = cr + 2
  end
  out[#out + 1] = quoted_line(sub(kept, at, upto), is_last)
  if is_last and find(kept, "[ \t\r]$") then -- the text ends in what must not be the end of a line
    out[#out + 1] = "=" .. CRLF
  end
  local done = concat(out)
  if is_last then
    return last_piece(done), nil
  end
  return done, sub(kept, upto + 1)
end

local function unquoted(digits)
  local code = tonumber(digits, 16)
  return code and char(code) or "=" .. digits
end

-- unqp(left over [, piece]) → decoded, left over
function mime.unqp(...)
  local kept, piece = ...
  if kept == nil then
    return nil, nil
  end
  kept = check.string(1, kept)
  local is_last = piece == nil
  kept = is_last and kept or kept .. check.string(2, piece)
  local left = match(kept, "=[%x\r]?$") or "" -- at the very end half an escape is dropped
  local done = gsub(sub(kept, 1, #kept - #left), "=\r\n", "")
  done = gsub(done, "=(%x%x)", unquoted)
  if is_last then
    return last_piece(done), nil
  end
  return done, left
end

-- ---------------------------------------------------------------- lines

-- wrp(bytes left in this line [, piece [, length]]) → lines, bytes left
function mime.wrp(...)
  local left, piece, length = ...
  left = check.integer(1, left)
  length = length == nil and LINE_BYTES or check.integer(3, length)
  if piece == nil then
    return left < length and CRLF or nil, length
  end
  local out = {}
  for line, lf in gmatch(gsub(check.string(2, piece), "\r", ""), "([^\n]*)(\n?)") do
    local at = 1
    while #line - at + 1 > left do
      out[#out + 1] = sub(line, at, at + left - 1) .. CRLF
      at, left = at + left, length
    end
    out[#out + 1] = sub(line, at)
    left = left - (#line - at + 1)
    if lf ~= "" then
      out[#out + 1], left = CRLF, length
    end
  end
  return concat(out), left
end

-- qpwrp(bytes left in this line [, piece [, length]]) → lines with soft breaks, bytes left
function mime.qpwrp(...)
  local left, piece, length = ...
  left = check.integer(1, left)
  length = length == nil and LINE_BYTES or check.integer(3, length)
  if piece == nil then
    return left < length and "=" .. CRLF or nil, length
  end
  local done = gsub(check.string(2, piece), ".", function(c)
    if c == "\r" then
      return ""
    elseif c == "\n" then
      left = length
      return CRLF
    end
    local needed = c == "=" and 3 or 1 -- an escape stays in one line, and a soft break needs a place too
    if left <= needed then
      left = length - 1
      return "=" .. CRLF .. c
    end
    left = left - 1
  end)
  return done, left
end

-- eol(last character [, piece [, marker]]) → with every end of a line as the marker, last character
function mime.eol(...)
  local last, piece, marker = ...
  last = check.integer(1, last)
  marker = marker == nil and CRLF or check.string(3, marker)
  if piece == nil then
    return nil, 0
  end
  local done = gsub(check.string(2, piece), "([^\r\n]*)([\r\n]?)", function(text, ending)
    if text ~= "" then
      last = 0
    end
    if ending == "" then
      return text
    end
    local code = byte(ending)
    if last ~= 0 and last ~= code then -- the second half of CRLF, or of LFCR
      last = 0
      return text
    end
    last = code
    return text .. marker
  end)
  return done, last
end

-- dot(matched of CRLF [, piece]) → with a second dot where a line begins with one, matched
function mime.dot(...)
  local matched, piece = ...
  matched = check.integer(1, matched)
  if piece == nil then
    return nil, 2
  end
  local text = check.string(2, piece)
  local before = matched == 2 and CRLF or matched == 1 and "\r" or ""
  local done = gsub(before .. text, "\r\n%.", "\r\n..")
  local ending = sub(before .. text, -2)
  return sub(done, #before + 1), ending == CRLF and 2 or sub(ending, -1) == "\r" and 1 or 0
end

-- ---------------------------------------------------------------- filters

function mime.encodet.base64()
  return cycle(mime.b64, "")
end

mime.encodet["quoted-printable"] = function(mode)
  return cycle(mime.qp, "", mode == "binary" and "=0D=0A" or CRLF)
end

function mime.decodet.base64()
  return cycle(mime.unb64, "")
end

mime.decodet["quoted-printable"] = function()
  return cycle(mime.unqp, "")
end

function mime.wrapt.text(length)
  return cycle(mime.wrp, length or LINE_BYTES, length or LINE_BYTES)
end

mime.wrapt.base64, mime.wrapt.default = mime.wrapt.text, mime.wrapt.text

mime.wrapt["quoted-printable"] = function(length)
  return cycle(mime.qpwrp, length or LINE_BYTES, length or LINE_BYTES)
end

local function chosen(modes, what, name, ...)
  local make = modes[name or "default"]
  if not make then
    error("unknown " .. what .. " '" .. tostring(name) .. "'", 3)
  end
  return make(...)
end

-- encode(name [, mode]) → a filter; "base64" or "quoted-printable", there "text" or "binary"
function mime.encode(name, ...)
  local made = chosen(mime.encodet, "encoding", name, ...)
  return made
end

-- decode(name) → a filter
function mime.decode(name, ...)
  local made = chosen(mime.decodet, "encoding", name, ...)
  return made
end

-- wrap([name] [, length]) → a filter that breaks lines
function mime.wrap(name, ...)
  if tonumber(name) then
    return mime.wrapt.text(tonumber(name))
  end
  local made = chosen(mime.wrapt, "way to wrap", name, ...)
  return made
end

-- normalize([marker]) → a filter that makes every end of a line the marker
function mime.normalize(marker)
  return cycle(mime.eol, 0, marker)
end

-- stuff() → a filter that doubles a dot at the beginning of a line, for SMTP
function mime.stuff()
  return cycle(mime.dot, 2)
end

return mime
