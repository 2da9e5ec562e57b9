-- Returns a text as HTML that shows it, also within quotes.

local gsub = string.gsub

local ESCAPES = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;"}

return function(text)
  return (gsub(text, "[&<>\"']", ESCAPES))
end
