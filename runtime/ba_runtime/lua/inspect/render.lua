-- Values made readable: what a cell shows of its results, in the manner of Lua's own constructors.
--
-- Rendering never raises, and what it costs is bounded whatever the value: at most so many entries, so much
-- text, so many levels. It reads tables raw; the only metamethod that runs is `__tostring`, because that is a
-- value's own word on how it reads, and it runs under pcall. A bare rendering, for somebody who only looks, does
-- without the `__tostring` of programs. Numbers read as the server prints them.

local import = ...
local ours = import "ours"
local keys = import "inspect/keys"
local quote = import "inspect/quote"
local text_of = import "console/text"
local words, bare_words = text_of.tostring, text_of.bare

local next, pcall, rawget, type, max, mathtype = next, pcall, rawget, type, math.max, math.type
local find, format, gmatch, gsub, rep = string.find, string.format, string.gmatch, string.gsub, string.rep
local getinfo, getmetatable = debug.getinfo, debug.getmetatable
local concat, unpack, status, utf8len = table.concat, table.unpack, coroutine.status, utf8.len
local loaded = package.loaded

local render = {}

local MAX_ENTRIES, MAX_BYTES, MAX_DEPTH = 200, 64 * 1024, 4
local WIDTH, INDENT = 80, "  "
-- A string alone may be as long as a screen or two, within a table it is one of many.
local STRING_BYTES, INNER_STRING_BYTES, KEY_BYTES = 4096, 200, 80
local ERROR_BYTES = 200
local SHORT_ENTRIES, SHORT_BYTES = 10, 60

local KEYWORDS = {}
for word in gmatch([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]], "%a+") do
  KEYWORDS[word] = true
end

local function width(text)
  return utf8len(text) or #text
end

local function is_shorter(name, known)
  return #name < #known or (#name == #known and name < known)
end

local function name_members(names, prefix, content, levels)
  for key, value in next, content do
    if type(key) == "string" then
      local name, known = prefix .. key, names[value]
      if type(value) == "table" and levels > 1 then
        name_members(names, name .. ".", value, levels - 1)
      elseif type(value) == "function" and (not known or is_shorter(name, known)) then
        names[value] = name
      end
    end
  end
end

-- Names of functions: globals by their own name, others by that of a loaded module (`ba.socket.connect`).
-- Where there are several, the shortest, so that the result does not hang on the order in a table.
local function function_names()
  local names = {}
  for module, content in next, loaded do
    if type(module) == "string" and type(content) == "table" then
      local is_global = module == "_G"
      name_members(names, is_global and "" or module .. ".", content, is_global and 1 or 2)
    end
  end
  return names
end

-- `function: builtin print`, `function: greet defined at cell[3]:12`.
local function func(value, state)
  state.names = state.names or function_names()
  local name, info = state.names[value], getinfo(value, "S")
  name = name and " " .. quote.cut(name, KEY_BYTES) or ""
  if info.what == "C" or ours.source(info.source) then
    return "function: builtin" .. name
  end
  local line = info.linedefined > 0 and ":" .. info.linedefined or ""
  return "function:" .. name .. " defined at " .. info.short_src .. line
end

-- What a value says of itself.
local function own_words(value, method, limit)
  local ok, text = pcall(method, value)
  if ok and type(text) == "string" then
    return quote.cut(text, limit)
  elseif ok and type(text) == "number" then
    return words(text)
  elseif ok then
    text = "returned a " .. type(text) .. " instead of a string"
  elseif type(text) ~= "string" then
    text = "the error is a " .. type(text) .. " value"
  end
  return "<error in __tostring: " .. quote.cut(text, ERROR_BYTES) .. ">"
end

local show -- tables and what is in them need each other

local function key_text(key, state)
  if type(key) ~= "string" then
    return "[" .. show(key, state, MAX_DEPTH, 0) .. "]"
  elseif find(key, "^[%a_][%w_]*$") and not KEYWORDS[key] and #key <= KEY_BYTES then
    return key
  end
  return "[" .. quote.literal(key, KEY_BYTES) .. "]"
end

-- Puts as many numbers into a line as fit, one below the other.
local function in_columns(items, room)
  local widest = 0
  for i = 1, #items do
    widest = max(widest, #items[i])
  end
  local row, lines, form = {}, {}, "%" .. widest .. "s"
  local across = max(1, (room + 1) // (widest + 2))
  for i = 1, #items do
    row[#row + 1] = format(form, items[i])
    if #row == across or i == #items then
      lines[#lines + 1] = concat(row, ", ")
      row = {}
    end
  end
  return lines
end

-- One line if it fits behind `column`; else one entry a line, and of a list of numbers as many as fit.
local function lay_out(items, more, depth, column, are_numbers)
  local line = concat(items, ", ")
  if more then
    line = line .. (#items > 0 and ", " or "") .. more
  end
  if not find(line, "\n", 1, true) and column + width(line) + 2 <= WIDTH then
    return "{" .. line .. "}"
  end
  local indent = rep(INDENT, depth)
  if are_numbers then
    items = in_columns(items, WIDTH - #indent - #INDENT)
  end
  local separator = ",\n" .. indent .. INDENT
  local body = concat(items, separator) .. (#items > 0 and "," or "")
  if more then
    body = body .. (#items > 0 and "\n" .. indent .. INDENT or "") .. more
  end
  return "{\n" .. indent .. INDENT .. body .. "\n" .. indent .. "}"
end

-- Returns the entries as text, a remark on those that are left out, and whether all are the numbers of a list.
local function entries(t, state, depth)
  local items, list, count, length, total = {}, keys.first(t, state.entries)
  local are_numbers = count == length
  for i = 1, count do
    if state.entries <= 0 or state.bytes <= 0 then
      break
    end
    state.entries = state.entries - 1
    local key = list[i]
    are_numbers = are_numbers and mathtype(rawget(t, key)) ~= nil
    local label = i > length and key_text(key, state) .. " = " or ""
    state.bytes = state.bytes - #label
    items[i] = label .. show(rawget(t, key), state, depth + 1, #INDENT * (depth + 1) + width(label))
  end
  return items, #items < total and format("… %d more", total - #items) or nil, are_numbers
end

local function constructor(t, state, depth, column)
  if next(t) == nil then
    return "{}"
  elseif state.parents[t] then
    return "<cycle>"
  elseif depth >= MAX_DEPTH then
    return "{…}"
  end
  state.parents[t] = true
  local items, more, are_numbers = entries(t, state, depth)
  state.parents[t] = nil
  return lay_out(items, more, depth, column, are_numbers)
end

-- Whether rendering runs this `__tostring`: in a bare one only ours, of our own userdata.
local function may_speak(method, kind, state)
  return not state.is_bare
    or kind == "userdata" and type(method) == "function" and ours.source(getinfo(method, "S").source)
end

local function plain(value, state, limit)
  local kind = type(value)
  if kind == "string" then
    return quote.literal(value, limit)
  elseif kind == "function" then
    return func(value, state)
  elseif kind == "thread" then
    return "thread: " .. status(value)
  end
  local text = (state.is_bare and bare_words or words)(value)
  return quote.cut(text, limit) -- userdata, too, whose `__name` may have any length
end

function show(value, state, depth, column)
  local kind, meta = type(value), getmetatable(value)
  local method = kind ~= "string" and meta and rawget(meta, "__tostring")
  local limit = depth == 0 and STRING_BYTES or INNER_STRING_BYTES
  local text
  if method and may_speak(method, kind, state) then
    text = own_words(value, method, limit)
  elseif kind == "table" then
    return constructor(value, state, depth, column) -- its entries were counted one by one
  elseif kind == "string" and depth == 0 and quote.is_binary(value) then
    text = quote.dump(value)
  else
    text = plain(value, state, limit)
  end
  state.bytes = state.bytes - #text
  return text
end

local function rendered(value, is_bare)
  local state = { entries = MAX_ENTRIES, bytes = MAX_BYTES, parents = {}, names = nil, is_bare = is_bare }
  local ok, text = pcall(show, value, state, 0, 0)
  if ok then
    return text
  end
  return format("<%s that cannot be shown: %s>", type(value), type(text) == "string" and text or type(text))
end

-- Returns a readable text for any value: one line where it fits into 80 columns, else several.
function render.value(value)
  return rendered(value, false)
end

-- Returns the same without running anything of a program's.
function render.bare(value)
  return rendered(value, true)
end

-- Returns a text of one line and about SHORT_BYTES for any value, and runs no code of the user's.
function render.short(value)
  local state = { entries = SHORT_ENTRIES, bytes = SHORT_BYTES, parents = {}, names = nil, is_bare = true }
  local ok, text = pcall(show, value, state, 0, 0)
  return ok and quote.cut(gsub(text, "\n *", " "), SHORT_BYTES) or format("<%s that cannot be shown>", type(value))
end

-- Returns how many texts follow, and a text for each value; of many values, for the first, and a remark.
function render.values(n, ...)
  local values, texts, bytes = {...}, {}, MAX_BYTES
  for i = 1, n do
    if i > MAX_ENTRIES or bytes <= 0 then
      texts[i] = format("… %d more values", n - i + 1)
      break
    end
    texts[i] = render.value(values[i])
    bytes = bytes - #texts[i]
  end
  return #texts, unpack(texts)
end

return render
