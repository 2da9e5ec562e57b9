-- What `display.plot` takes, made into what Python draws (`plot/`).
--
--   display.plot{3, 1, 4, 1, 5}                                  one series; x counts from 1
--   display.plot{ours = {…}, asyncio = {…}, title = "Echo"}      several, by name
--   display.plot{kind = "bars", labels = {"lua", "c"}, {3, 5}}   bars with a name below each
--   display.plot{x = times, y = delays, xlabel = "s"}            x and y

local import = ...
local host = import "host"
local check = import "check"
local image = import "display/image"
local text = import "console/text"

local type, rawget, format, gsub, pack, concat, sort, next, unpack =
  type, rawget, string.format, string.gsub, string.pack, table.concat, table.sort, next, table.unpack

local MOST_SERIES <const>, MOST_POINTS <const>, MOST_LABELS <const> = 20, 100000, 200
local MOST_BYTES <const> = 200 -- of a title, of which less is drawn
local KINDS = {lines = true, points = true, bars = true}
local WORDS = {"title", "xlabel", "ylabel"}
local OPTIONS = {title = true, xlabel = true, ylabel = true, kind = true, labels = true, x = true, y = true}
local GAP <const> = 0 / 0

-- Returns a list of numbers as the bytes of doubles, and how many there are; nil and what is wrong.
local function packed(list, what)
  if type(list) ~= "table" then
    return nil, format("%s must be a list of numbers, got %s", what, check.typename(list))
  end
  local count, bytes = #list, {}
  if count > MOST_POINTS then
    return nil, format("%s has %d values, the limit is %d", what, count, MOST_POINTS)
  end
  for i = 1, count do
    local value = rawget(list, i)
    if value ~= nil and type(value) ~= "number" then
      return nil, format("%s must be a list of numbers, but value %d is a %s", what, i, check.typename(value))
    end
    bytes[i] = pack("d", value or GAP)
  end
  return concat(bytes), count
end

local function count_up(count)
  local bytes = {}
  for i = 1, count do
    bytes[i] = pack("d", i)
  end
  return concat(bytes)
end

local function series(all, name, list, xs)
  local ys, count = packed(list, name == "" and "the series" or "series '" .. name .. "'")
  if not ys then
    return nil, count
  end
  local places, number
  if xs ~= nil then
    places, number = packed(xs, "x")
    if not places then
      return nil, number
    elseif number ~= count then
      return nil, format("there are %d values for x and %d for y", number, count)
    end
  end
  local n = #all
  all[n + 1], all[n + 2], all[n + 3] = name, places or count_up(count), ys
  return true
end

local function names_of(t)
  local names = {}
  for name in next, t do
    if type(name) == "string" and not OPTIONS[name] then
      names[#names + 1] = name
    end
  end
  sort(names)
  return names
end

-- Returns all series, three values for each; nil and what is wrong.
local function all_series(t)
  local all = {}
  local xs = rawget(t, "x")
  local function add(name, list)
    if #all >= 3 * MOST_SERIES then
      return nil, format("there are too many series, the limit is %d", MOST_SERIES)
    end
    return series(all, name, list, xs)
  end
  local ok, problem = true, nil
  if rawget(t, "y") ~= nil then
    ok, problem = add("", rawget(t, "y"))
  elseif type(rawget(t, 1)) == "number" then
    ok, problem = add("", t)
  else
    local i = 1
    while ok and rawget(t, i) ~= nil do
      ok, problem = add(rawget(t, 2) ~= nil and format("%d", i) or "", rawget(t, i))
      i = i + 1
    end
  end
  local names = names_of(t)
  for i = 1, ok and #names or 0 do
    ok, problem = add(gsub(names[i], "%c", " "), rawget(t, names[i]))
    if not ok then
      break
    end
  end
  if not ok then
    return nil, problem
  elseif #all == 0 then
    return nil, "there is no series of numbers to plot"
  end
  local points = 0
  for i = 3, #all, 3 do
    points = points + #all[i] // 8
  end
  if points > MOST_POINTS then
    return nil, format("there are %d values, the limit is %d", points, MOST_POINTS)
  end
  return all
end

local function joined(labels)
  if labels == nil then
    return ""
  elseif type(labels) ~= "table" then
    return nil, "labels must be a list, got " .. check.typename(labels)
  elseif #labels > MOST_LABELS then
    return nil, format("there are %d labels, the limit is %d", #labels, MOST_LABELS)
  end
  local words = {}
  for i = 1, #labels do
    local label = rawget(labels, i)
    if type(label) ~= "string" and type(label) ~= "number" then
      return nil, format("label %d is a %s", i, check.typename(label))
    end
    words[i] = gsub(text.tostring(label):sub(1, MOST_BYTES), "%c", " ")
  end
  return concat(words, "\n")
end

local function words(t)
  local found = {}
  for i = 1, #WORDS do
    local word = rawget(t, WORDS[i])
    if word ~= nil and type(word) ~= "string" and type(word) ~= "number" then
      return nil, format("%s must be a string, got %s", WORDS[i], check.typename(word))
    end
    found[i] = word and text.tostring(word):sub(1, MOST_BYTES) or ""
  end
  return found
end

-- Returns a chart as a table of MIME types; nil and what is wrong with what it was to show.
return function(t)
  local kind = rawget(t, "kind") or "lines"
  if not KINDS[kind] then
    return nil, "kind must be 'lines', 'points' or 'bars'"
  end
  local captions, problem = words(t)
  if not captions then
    return nil, problem
  end
  local labels, trouble = joined(rawget(t, "labels"))
  if not labels then
    return nil, trouble
  end
  local all, fault = all_series(t)
  if not all then
    return nil, fault
  end
  local svg, plain = host.plot(kind, captions[1], captions[2], captions[3], labels, unpack(all))
  return image(svg, plain)
end
