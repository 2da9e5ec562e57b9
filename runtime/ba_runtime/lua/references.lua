-- The places of Python's objects in lupa's table of them, of which there are enough before one comes.
--
-- lupa has Lua's `luaL_ref` number the objects in a table with weak values. That links the places that have become
-- free, and where there are none, takes the one behind the table's end. But Lua finds the end by looking for a nil, and
-- where an object has been collected there is one, until the object's finalizer has given its place back. Two objects
-- get the same place then, the links break, and whatever hung on them is never used again: the table grows for as long
-- as objects are made (measured: 16 bytes for each of a million). So the links never run out here.

local import = ...
local handle = import "handle"

local next, mathtype = next, math.type

local MOST_AT_ONCE <const> = 8 -- objects that one call brings
local MORE <const> = 64

local references = {}

local places = debug.getregistry().LUPA_PYTHON_REFERENCES_TABLE or {}
local FREE -- where in the table the first free place stands, and 0 if there is none; it differs between versions of Lua
local last = 0 -- place that there is

local function learn()
  handle.new()
  for place, value in next, places do
    if mathtype(value) == "integer" then
      FREE = place
    elseif mathtype(place) == "integer" and place > last then
      last = place
    end
  end
end
learn()

-- Returns how many places there are.
function references.count()
  return last
end

local function add()
  local first = last + 1
  for place = first, last + MORE - 1 do
    places[place] = place + 1
  end
  places[last + MORE] = places[FREE]
  last = last + MORE
  places[FREE] = first
end

-- Sees to it that there is a place for one object: the free ones hang on the first.
function references.reserve_one()
  if places[FREE] == 0 then
    add()
  end
end

-- Sees to it that there are places for what the next call brings.
function references.reserve()
  local place = places[FREE]
  for _ = 1, MOST_AT_ONCE do
    if place == 0 then
      return add()
    end
    place = places[place]
  end
end

if not FREE then -- a version of lupa's that keeps them in another way
  function references.reserve() end
  references.reserve_one = references.reserve
end

return references
