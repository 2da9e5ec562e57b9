-- `ba.cmpaddr`: whether two texts are the same IP address, as far as texts tell.
--
-- The original compares letters, not addresses: only an IPv4 address counts as its IPv6 form (`::ffff:`, RFC 4291
-- section 2.5.5.2) too.

local gsub, lower, type = string.gsub, string.lower, type

local address = {}

local function plain(text)
  return (gsub(lower(text), "^::ffff:(%d+%.%d+%.%d+%.%d+)$", "%1"))
end

-- cmpaddr(a, b): false also for what is no text.
function address.cmpaddr(a, b)
  return type(a) == "string" and type(b) == "string" and plain(a) == plain(b)
end

return address
