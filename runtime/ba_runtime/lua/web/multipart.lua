-- Forms with files, multipart/form-data (RFC 7578): a body taken apart into its parts.
--
-- The body is here before its page begins, so a part is a piece of a string. A look-up goes forward only, so the time
-- is that of the body's length.

local find, sub, match, lower, gmatch = string.find, string.sub, string.match, string.lower, string.gmatch

local multipart = {}

local MOST_PARTS = 1000 -- as fields of other forms

-- Returns the boundary that a Content-Type names, nil for none.
function multipart.boundary(content_type)
  return match(content_type, '[Bb][Oo][Uu][Nn][Dd][Aa][Rr][Yy]="([^"]+)"')
    or match(content_type, "[Bb][Oo][Uu][Nn][Dd][Aa][Rr][Yy]=([^;%s]+)")
end

-- Returns a part's name, the name of its file (nil for a plain field) and the file's type.
local function description(head)
  local name, filename, kind
  for field, value in gmatch(head, "([^:\r\n]+):[ \t]*([^\r\n]*)") do
    field = lower(field)
    if field == "content-disposition" then
      name = match(value, '[; ]name="([^"]*)"') or match(value, "[; ]name=([^;%s]+)")
      filename = match(value, 'filename="([^"]*)"') or match(value, "filename=([^;%s]+)")
    elseif field == "content-type" then
      kind = value
    end
  end
  return name, filename, kind or "text/plain"
end

-- Calls f(content, name, filename, type) for every part; returns true, or nil and what is wrong.
function multipart.each(body, boundary, f)
  local delimiter = "\r\n--" .. boundary
  local text = "\r\n" .. body
  local at = find(text, delimiter, 1, true)
  for _ = 1, MOST_PARTS do
    if not at then
      return nil, "the form is not complete"
    end
    at = at + #delimiter
    if sub(text, at, at + 1) == "--" then
      return true
    end
    local first, last = find(text, "\r\n\r\n", at, true)
    local following = last and find(text, delimiter, last - 1, true)
    if not following then
      return nil, "the form is not complete"
    end
    local name, filename, kind = description(sub(text, at, first + 1))
    if not name then
      return nil, "a part of the form has no name"
    end
    f(sub(text, last + 1, following - 1), name, filename, kind)
    at = following
  end
  return nil, "the form has too many parts"
end

return multipart
