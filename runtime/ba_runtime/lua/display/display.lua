-- `display`: what a cell shows beside its text. It is the notebook's own; a device has none.

local import = ...
local check = import "check"
local bundle = import "display/bundle"
local outputs = import "display/outputs"
local plot = import "display/plot"
local progress = import "display/progress"
local svg_image = import "display/image"
local json = import "json/json"
local render = import "inspect/render"
local userdata = import "userdata"

local select, setmetatable, type, unpack, error, format, find, unpack_bytes =
  select, setmetatable, type, table.unpack, error, string.format, string.find, string.unpack

-- As deep as a text may be that is written (json/encoder.lua).
local MAX_DEPTH <const> = 1001

local display = {progress = progress.new}

-- ---------------------------------------------------------------- what display returns

local meta = {__name = "output"}
meta.__index = meta
local numbers = outputs.numbers

function meta.__tostring(self)
  return format("output %d", numbers[self] or 0)
end

-- output:update(value): shows another value in its place
function meta.update(...)
  local self, value = ...
  local number = numbers[self] or check.expected(1, "output", self, select("#", ...))
  outputs.update(number, bundle.must(value))
end

-- output:clear(): shows nothing in its place
function meta.clear(...)
  outputs.update(numbers[...] or check.expected(1, "output", (...), select("#", ...)), {"text/plain", ""})
end

local function shown(flat)
  local u = userdata.new(meta)
  numbers[u] = outputs.new(flat)
  return u
end

setmetatable(display, {
  -- display(value, …) → an output for each
  __call = function(_, ...)
    local values, n = {...}, select("#", ...)
    for i = 1, n do
      values[i] = shown(bundle.must(values[i]))
    end
    return unpack(values, 1, n)
  end,
})

-- ---------------------------------------------------------------- one type each

-- display.html(source [, text]), and others of this kind: `text` is for where only text is shown
local function of_type(name)
  return function(...)
    local source, text = ...
    local n = select("#", ...)
    source = check.string(1, source, n)
    local t = {[name] = source}
    if text ~= nil then
      t["text/plain"] = check.string(2, text, n)
    end
    return shown(bundle.must(t))
  end
end

display.html = of_type("text/html")
display.markdown = of_type("text/markdown")
display.latex = of_type("text/latex")

-- display.svg(source [, text]): as an image, which every front end shows, also in a notebook that is not trusted
function display.svg(...)
  local source, text = ...
  local n = select("#", ...)
  source = check.string(1, source, n)
  text = text ~= nil and check.string(2, text, n) or "[SVG image]"
  if not find(source, "<svg", 1, true) then
    check.fail(1, "not an SVG image")
  end
  return shown(bundle.must(svg_image(source, text)))
end

local PNG <const> = "\x89PNG\r\n\x1a\n"

-- display.png(bytes [, text])
function display.png(...)
  local data, text = ...
  local n = select("#", ...)
  data = check.string(1, data, n)
  if find(data, PNG .. "....IHDR", 1) ~= 1 or #data < 24 then
    check.fail(1, "not a PNG image")
  end
  local width, height = unpack_bytes(">I4I4", data, 17)
  text = text ~= nil and check.string(2, text, n) or format("[PNG image, %d x %d]", width, height)
  return shown(bundle.must({["image/png"] = data, ["text/plain"] = text}))
end

-- display.json(value): a table, or JSON as a string, that can be unfolded
function display.json(...)
  local value = ...
  local n = select("#", ...)
  if type(value) ~= "table" then
    value = check.string(1, value, n)
    if not json.decode(value, MAX_DEPTH) then
      check.fail(1, "not JSON")
    end
  end
  local text = type(value) == "table" and render.value(value) or value
  return shown(bundle.must({["application/json"] = value, ["text/plain"] = text}))
end

-- display.plot{…}: lines, points or bars as an image
function display.plot(...)
  local t = ...
  if type(t) ~= "table" then
    check.expected(1, "table", t, select("#", ...))
  end
  local value, problem = plot(t)
  if not value then
    error(problem, 2)
  end
  return shown(bundle.must(value))
end

return display
