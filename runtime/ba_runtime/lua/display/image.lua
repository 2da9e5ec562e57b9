-- An SVG image as a table of MIME types.
--
-- It stands in an `<img>`: front ends show `image/svg+xml` only in notebooks that they trust, and there its scripts
-- would run.

local import = ...
local host = import "host"

local escape = import "display/escape"

local format = string.format

return function(source, text)
  return {
    ["text/html"] = format(
      '<img alt="%s" style="max-width:100%%" src="data:image/svg+xml;base64,%s">',
      escape(text),
      host.b64encode(source)
    ),
    ["text/plain"] = text,
  }
end
