-- `require "socket.url"`: URLs to parts and back (RFC 3986; parameters of a path as in RFC 2396).

local byte, char, find, format, gmatch, gsub, match, sub =
  string.byte, string.char, string.find, string.format, string.gmatch, string.gsub, string.match, string.sub
local concat, error, pairs, tonumber, type = table.concat, error, pairs, tonumber, type

local url = {_VERSION = "URL 1.0.3"}

local function escaped(c)
  return format("%%%02x", byte(c))
end

-- escape(s) → with everything escaped but letters, digits and "_"
function url.escape(text)
  return (gsub(text, "[^%w_]", escaped))
end

-- unescape(s)
function url.unescape(text)
  return (gsub(text, "%%(%x%x)", function(digits)
    return char(tonumber(digits, 16))
  end))
end

-- What may stand in a segment of a path as it is.
local function protected(segment)
  return (gsub(segment, "[^%w%-_.~!*'():@&=+$,]", function(c)
    return format("%%%02X", byte(c))
  end))
end

local function split_authority(parsed, authority)
  parsed.authority = authority
  local userinfo, rest = match(authority, "^(.*)@(.*)$")
  local address = rest or authority
  local before, port = match(address, "^(.*):([^:%]]*)$")
  address = before or address
  parsed.port = port and port ~= "" and port or parsed.port
  if address ~= "" then
    parsed.host = match(address, "^%[(.+)%]$") or address
  end
  if userinfo then
    parsed.userinfo = userinfo
    parsed.user, parsed.password = match(userinfo, "^([^:]*):(.*)$")
    parsed.user = parsed.user or userinfo
  end
end

-- parse(url [, default]) → its parts: scheme, authority, userinfo, user, password, host, port, path, params, query,
-- fragment; nil and a reason for ""
function url.parse(text, default)
  local parsed = {}
  for key, value in pairs(default or parsed) do
    parsed[key] = value
  end
  if not text or text == "" then
    return nil, "invalid url"
  end
  local rest, part = match(text, "^(.-)#(.*)$")
  text, parsed.fragment = rest or text, part or parsed.fragment
  part, rest = match(text, "^(%a[%w+.-]*):(.*)$")
  parsed.scheme, text = part or parsed.scheme, rest or text
  part, rest = match(text, "^//([^/?]*)(.*)$")
  text = rest or text
  if part then
    split_authority(parsed, part)
  end
  rest, part = match(text, "^(.-)%?(.*)$")
  text, parsed.query = rest or text, part or parsed.query
  rest, part = match(text, "^(.-);(.*)$")
  text, parsed.params = rest or text, part or parsed.params
  if text ~= "" then
    parsed.path = text
  end
  return parsed
end

local function authority_of(parsed)
  local address = parsed.host
  if not address then
    return parsed.authority
  elseif find(address, ":", 1, true) then
    address = "[" .. address .. "]"
  end
  address = parsed.port and address .. ":" .. parsed.port or address
  local userinfo = parsed.userinfo
  if parsed.user then
    userinfo = parsed.password and parsed.user .. ":" .. parsed.password or parsed.user
  end
  return userinfo and userinfo .. "@" .. address or address
end

-- build(parts) → url
function url.build(parsed)
  if type(parsed) ~= "table" then
    error("bad argument #1 to 'build' (table expected, got " .. type(parsed) .. ")", 2)
  end
  local text = parsed.path or ""
  text = parsed.params and text .. ";" .. parsed.params or text
  text = parsed.query and text .. "?" .. parsed.query or text
  local authority = authority_of(parsed)
  if authority then
    if text ~= "" and not find(text, "^[/?;]") then
      text = "/" .. text
    end
    text = "//" .. authority .. text
  end
  text = parsed.scheme and parsed.scheme .. ":" .. text or text
  return parsed.fragment and text .. "#" .. parsed.fragment or text
end

-- Takes "." and ".." out of a path (RFC 3986, 5.2.4).
local function without_dots(path)
  local out, is_folder = {}, false
  for segment in gmatch(path, "[^/]*") do
    is_folder = segment == "." or segment == ".."
    if segment == ".." then
      if #out > 0 and not (#out == 1 and out[1] == "") then
        out[#out] = nil
      end
    elseif segment ~= "." then
      out[#out + 1] = segment
    end
  end
  local result = concat(out, "/")
  return is_folder and sub(result, -1) ~= "/" and result .. "/" or result
end

-- absolute(base, relative) → what the relative URL means at the base, which is a URL or its parts
function url.absolute(base, relative)
  local base_parts = type(base) == "table" and base or url.parse(base)
  local parts = url.parse(relative)
  if not parts then
    return type(base) == "table" and url.build(base) or base
  elseif not base_parts or parts.scheme then
    return relative
  end
  parts.scheme = base_parts.scheme
  if not parts.authority then
    for _, key in pairs {"authority", "userinfo", "user", "password", "host", "port"} do
      parts[key] = base_parts[key]
    end
    if not parts.path then
      parts.path = base_parts.path
      if not parts.params then
        parts.params = base_parts.params
        parts.query = parts.query or base_parts.query
      end
    elseif sub(parts.path, 1, 1) ~= "/" then
      local folder = match(base_parts.path or "", "^(.*/)") or (parts.authority and "/" or "")
      parts.path = folder .. parts.path
    end
  end
  if parts.path then -- the parameters belong to it
    parts.path = without_dots(parts.params and parts.path .. ";" .. parts.params or parts.path)
    parts.params = nil
  end
  return url.build(parts)
end

-- parse_path(path) → its segments, unescaped; is_absolute and is_directory are set where it begins and ends with "/"
function url.parse_path(path)
  path = path or ""
  local segments = {}
  for segment in gmatch(path, "[^/]+") do
    segments[#segments + 1] = url.unescape(segment)
  end
  segments.is_absolute = sub(path, 1, 1) == "/" and 1 or nil
  segments.is_directory = sub(path, -1) == "/" and 1 or nil
  return segments
end

-- build_path(segments [, unsafe]) → path; unsafe leaves segments as they are
function url.build_path(segments, is_unsafe)
  local out = {}
  for i = 1, #segments do
    out[i] = is_unsafe and segments[i] or protected(segments[i])
  end
  local path = concat(out, "/")
  path = segments.is_absolute and "/" .. path or path
  return segments.is_directory and #segments > 0 and path .. "/" or path
end

return url
