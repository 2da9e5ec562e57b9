-- What a value looks like: flat lists of MIME types and data, of which a front end shows the richest that it knows.
--
-- There is always `text/plain` among them, for consoles and for those who read a notebook as text. A value has its
-- say by `__display` in its metatable, a function that returns such a table of types or a text; a list of records
-- is a table in HTML; all else is text, as a cell shows its results.

local import = ...
local check = import "check"
local json = import "json/json"
local records = import "display/records"
local render = import "inspect/render"
local quote = import "inspect/quote"

local type, next, pcall, rawget, error, format = type, next, pcall, rawget, error, string.format
local find, gsub, reverse, sort, tostring = string.find, string.gsub, string.reverse, table.sort, tostring
local getmetatable = debug.getmetatable

local PLAIN <const> = "text/plain"
-- Of everything that is shown at once. Notebooks of more are slow to open, and a front end would drop it.
local MAX_BYTES <const> = 10000000
local MOST_TYPES <const> = 16
local ERROR_BYTES <const> = 200

local bundle = {}

local function is_type(key)
  return type(key) == "string" and #key <= 100 and find(key, "^%w[%w.+-]*/%w[%w.+-]*$") ~= nil
end

local function is_json(name)
  return name == "application/json" or find(name, "+json", -5, true) ~= nil
end

local function with_commas(number)
  return (gsub(reverse(gsub(reverse(tostring(number)), "%d%d%d", "%0,")), "^,", ""))
end

-- Tells whether a table consists of MIME types only.
local function is_bundle(t)
  local count = 0
  for key in next, t do
    count = count + 1
    if count > MOST_TYPES or not is_type(key) then
      return false
    end
  end
  return count > 0
end

-- Adds a type and what it shows; returns the number of bytes, or nil and why it cannot be shown.
local function add(flat, name, data)
  if is_json(name) and type(data) == "table" then
    local text, problem = json.encode(data)
    if not text then
      return nil, format("%s cannot be encoded: %s", name, problem)
    end
    data = text
  elseif type(data) == "number" then
    data = render.value(data)
  elseif type(data) ~= "string" then
    return nil, format("%s must be a string, got %s", name, check.typename(data))
  end
  flat[#flat + 1], flat[#flat + 2] = name, data
  return #data
end

-- What a picture and the like is called where it cannot be shown.
local function summary(name, size)
  return format("[%s, %s bytes]", name, with_commas(size))
end

-- Returns a table of MIME types as a flat list, in the order of their names; nil and why where it cannot be shown.
function bundle.flat(t)
  local names, flat, total = {}, {}, 0
  for name in next, t do
    names[#names + 1] = name
  end
  sort(names)
  for i = 1, #names do
    local size, problem = add(flat, names[i], rawget(t, names[i]))
    if not size then
      return nil, problem
    end
    total = total + size
  end
  if total > MAX_BYTES then
    return nil, format("%s bytes are too many, the limit is %s", with_commas(total), with_commas(MAX_BYTES))
  elseif rawget(t, PLAIN) == nil then
    add(flat, PLAIN, rawget(t, "text/markdown") or rawget(t, "text/latex") or summary(names[1], #flat[2]))
  end
  return flat
end

-- Returns what `__display` says, or a remark on why it says nothing.
local function own_words(value, method)
  local ok, said = pcall(method, value)
  local problem
  if not ok then
    problem = type(said) == "string" and said or "the error is a " .. type(said) .. " value"
  elseif type(said) == "string" then
    return {PLAIN, quote.cut(said, MAX_BYTES)}
  elseif type(said) ~= "table" or not is_bundle(said) then
    local what = type(said) == "table" and "a table whose keys are not all MIME types" or check.typename(said)
    problem = "returned " .. what
  else
    local flat, trouble = bundle.flat(said)
    if flat then
      return flat
    end
    problem = trouble
  end
  return nil, format("<error in __display: %s>", quote.cut(problem, ERROR_BYTES))
end

-- Returns the flat list for a value where it is more than its text, nil where it is not. Runs its `__display`, code of
-- the user's, which may wait.
function bundle.rich(value)
  local meta = getmetatable(value)
  local method = type(meta) == "table" and type(value) ~= "string" and rawget(meta, "__display")
  if method then
    local flat, problem = own_words(value, method)
    return flat or {PLAIN, render.value(value) .. "\n" .. problem}
  end
  local html = type(value) == "table" and meta == nil and records.html(value)
  return html and {PLAIN, render.value(value), "text/html", html} or nil
end

-- Returns the flat list for whatever is displayed; nil and why it cannot be shown.
function bundle.of(value)
  if type(value) == "table" and getmetatable(value) == nil and is_bundle(value) then
    return bundle.flat(value)
  end
  return bundle.rich(value) or {PLAIN, type(value) == "string" and quote.cut(value, MAX_BYTES) or render.value(value)}
end

-- The same, of which an error is blamed on the caller of a documented function of ours.
function bundle.must(value)
  local flat, problem = bundle.of(value)
  if not flat then
    error(problem, 3)
  end
  return flat
end

return bundle
