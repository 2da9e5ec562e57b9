-- `ba.cmpaddr`: whether two texts are the same IP address, as far as texts tell.
--
-- The original compares letters, not addresses, and takes capitals for others: only an IPv4 address counts as its IPv6
-- form (`::ffff:`, RFC 4291 section 2.5.5.2) too.

local import = ...
local check = import "check"

local gsub = string.gsub

local address = {}

local function plain(text)
  return (gsub(text, "^::ffff:(%d+%.%d+%.%d+%.%d+)$", "%1"))
end

-- cmpaddr(a, b): false also where one is missing.
function address.cmpaddr(a, b)
  if a == nil or b == nil then
    return false
  end
  a, b = check.string(1, a), check.string(2, b)
  return plain(a) == plain(b)
end

return address
