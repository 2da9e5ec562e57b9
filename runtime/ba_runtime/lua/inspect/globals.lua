-- The globals that a program has made, for `%who` and `%whos`: looked at raw, so that no code of the user's runs.

local import = ...
local quote = import "inspect/quote"
local recall = import "tasks/recall"
local render = import "inspect/render"
local typename = import "check".typename

local G = _G
local type, next, rawequal = type, next, rawequal
local find, sort, unpack = string.find, table.sort, table.unpack

local MOST <const> = 500
local MOST_NAME_BYTES <const>, MOST_TYPE_BYTES <const> = 60, 20

local globals = {}

local function name_of(key)
  return #key <= MOST_NAME_BYTES and find(key, "^[%a_][%w_]*$") and key or quote.literal(key, MOST_NAME_BYTES)
end

-- Returns how many there are, and for the first of them in the order of the alphabet name, type and value, flat. Those
-- that were there before the program (`standard`) are left out, unless it has changed them.
function globals.rows(standard)
  local names, flat = {}, {}
  for key, value in next, G do
    if type(key) == "string" and not rawequal(standard[key], value) and not recall.is_ours(key, value) then
      names[#names + 1] = key
    end
  end
  sort(names)
  for i = 1, #names <= MOST and #names or MOST do
    local value = G[names[i]]
    flat[#flat + 1] = name_of(names[i])
    flat[#flat + 1] = quote.cut(typename(value), MOST_TYPE_BYTES)
    flat[#flat + 1] = render.short(value)
  end
  return #names, unpack(flat)
end

return globals
