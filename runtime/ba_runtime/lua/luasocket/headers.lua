-- `require "socket.headers"`: how header names are written on the wire.

local gsub, lower, upper, setmetatable = string.gsub, string.lower, string.upper, setmetatable

-- Names that are not just capitals at the beginning of each word.
local canonic = {
  dnt = "DNT", te = "TE", etag = "ETag", ["content-md5"] = "Content-MD5", ["www-authenticate"] = "WWW-Authenticate",
  ["content-id"] = "Content-ID", ["message-id"] = "Message-ID", ["mime-version"] = "MIME-Version",
}

return {
  canonic = setmetatable(canonic, {
    __index = function(_, name)
      return (gsub(lower(name), "%f[%w]%l", upper))
    end,
  }),
}
