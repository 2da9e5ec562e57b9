-- `ba.mime` and `ba.parselsp`: what serves pages, for programs that serve them on their own.

local import = ...
local advice = import "console/advice"
local check = import "check"
local host = import "host"
local lsp = import "web/lsp"

local format, gsub, match = string.format, string.gsub, string.match
local load, select = load, select

local parts = {}

-- mime(extension | name) → the MIME type, "application/octet-stream" for what is not known
function parts.mime(...)
  local name = check.string(1, (...), select("#", ...))
  return match(host.web_content_type("x." .. gsub(name, "^.*%.", "")), "^[^;]+")
end

-- parselsp(page) → Lua, whose chunk takes an environment, pathname, io, page, app, dir and relpath; nil and a message
function parts.parselsp(...)
  local text = check.string(1, (...), select("#", ...))
  local source, problem, more = lsp.translate((gsub(text, "^\xEF\xBB\xBF", "")))
  if not source then
    return nil, format("%d: %s", more, problem)
  elseif more and not load(source) then
    advice.once(lsp.COMMENT)
  end
  return source
end

return parts
