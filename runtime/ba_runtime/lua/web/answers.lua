-- What the server itself answers: errors and redirects, in its words.

local import = ...
local host = import "host"
local exchange = import "web/exchange"
local request = import "web/request"

local find, gsub, match, sub = string.find, string.gsub, string.match, string.sub

local answers = {}

local ESCAPES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;"}

-- Returns plain text as HTML.
function answers.escape(text)
  return (gsub(text, "[&<>]", ESCAPES))
end

-- The fields that say of a response that it is made for this one request.
function answers.set_default_fields(X, content_type)
  exchange.set_field(X, "Cache-Control", "no-store, no-cache, must-revalidate, max-age=0")
  exchange.set_field(X, "Content-Type", content_type)
end

-- Ends the response with the server's page for an error, instead of what was written; `html` says more. The page's own
-- fields stay: a 401 is nothing without its WWW-Authenticate.
function answers.error(X, status, html)
  if exchange.reset(X, true) then
    answers.set_default_fields(X, "text/html")
    exchange.replace(X, status, "text/html", host.web_error_page(status, html or ""))
  end
end

-- What is answered where nothing is.
function answers.not_found(X)
  answers.error(X, 404, answers.escape("There is nothing at " .. X.path))
end

-- Returns the complete address for one that is relative to what was asked for, as the server does.
local function absolute(X, url)
  local base = request.server_address(X)
  if not base or find(url, "^%a[%w+.-]*:") then
    return url
  elseif sub(url, 1, 2) == "//" then
    return "http:" .. url
  elseif sub(url, 1, 1) == "/" then
    return base .. url
  end
  return base .. match(request.escaped_path(X), "^.*/") .. url
end

-- Ends the response with a redirect; nothing once the head has gone out.
function answers.redirect(X, url, status)
  if exchange.reset(X, true) then
    X.status = status
    exchange.set_field(X, "Location", absolute(X, url))
    exchange.finish(X)
  end
end

-- Sends the client to the same path with a slash behind it, so that relative links work; a query goes with it.
function answers.add_slash(X)
  local query = X.query ~= "" and "?" .. X.query or ""
  answers.redirect(X, request.escaped_path(X) .. "/" .. query, 302)
end

return answers
