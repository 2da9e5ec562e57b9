-- A list of records as a table in HTML: one row for each, one column for each field, both within bounds.
--
-- A record is a table without a metatable whose keys are all names, and whose values are not tables. Reading is raw, so
-- no code of the user's runs but `__tostring` of what stands in a cell. Names and values are the program's, or a
-- peer's: all of them are escaped.

local import = ...
local escape = import "display/escape"
local keys = import "inspect/keys"
local quote = import "inspect/quote"
local render = import "inspect/render"

local type, next, rawget, gsub, format, concat, getmetatable, mathtype =
  type, next, rawget, string.gsub, string.format, table.concat, debug.getmetatable, math.type

local MOST_ROWS <const>, MOST_COLUMNS <const> = 200, 20
local MOST_NAMES <const> = 100 -- of one record; a table with more is not a row
local MOST_BYTES <const> = 200 -- in a cell

local CONTROL = "[\0-\31\127]"

local records = {}

local function visible(char)
  return format("\\x%02x", char:byte())
end

local function as_html(text)
  return escape((gsub(text, CONTROL, visible)))
end

local function is_record(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil or next(value) == nil then
    return false
  end
  for name, field in next, value do
    if type(name) ~= "string" or type(field) == "table" then
      return false
    end
  end
  return true
end

-- Returns the names of the columns: first the first record's, then what others have besides.
local function columns(list, count)
  local all, known = {}, {}
  for i = 1, count do
    local names, shown = keys.first(list[i], MOST_NAMES)
    for j = 1, shown do
      if not known[names[j]] then
        known[names[j]] = true
        all[#all + 1] = names[j]
      end
    end
  end
  return all
end

local function cell(value)
  if value == nil then
    return "<td></td>"
  elseif mathtype(value) then
    return '<td style="text-align:right">' .. as_html(render.value(value)) .. "</td>"
  end
  local text = type(value) == "string" and quote.cut(value, MOST_BYTES) or render.value(value)
  return '<td style="text-align:left">' .. as_html(text) .. "</td>"
end

local function head(names, count)
  local cells = {}
  for i = 1, count do
    cells[i] = '<th style="text-align:left">' .. as_html(quote.cut(names[i], MOST_BYTES)) .. "</th>"
  end
  return concat(cells)
end

local function add_rest(left_out, count, what)
  if count > 0 then
    left_out[#left_out + 1] = format("%d more %s", count, count == 1 and what or what .. "s")
  end
end

-- Returns how many of the list's records to show, and how many there are; nil where it is not a list of records.
local function size(list)
  local shown, total = 0, #list
  while shown < total and shown < MOST_ROWS do
    if not is_record(rawget(list, shown + 1)) then
      return nil
    end
    shown = shown + 1
  end
  for key in next, list do
    if mathtype(key) ~= "integer" or key < 1 or key > total then
      return nil
    end
  end
  return shown > 0 and shown or nil, total
end

-- Returns the table as HTML; nil where the value is not a list of records.
function records.html(list)
  local count, total = size(list)
  if not count then
    return nil
  end
  local names = columns(list, count)
  local width = #names < MOST_COLUMNS and #names or MOST_COLUMNS
  local rows = {}
  for i = 1, count do
    local cells = {}
    for j = 1, width do
      cells[j] = cell(rawget(list[i], names[j]))
    end
    rows[i] = "<tr>" .. concat(cells) .. "</tr>"
  end
  local left_out = {}
  add_rest(left_out, total - count, "row")
  add_rest(left_out, #names - width, "column")
  return '<div style="overflow:auto;max-height:420px"><table><thead><tr>'
    .. head(names, width)
    .. "</tr></thead><tbody>"
    .. concat(rows)
    .. "</tbody></table></div>"
    .. (next(left_out) and "<div>… " .. concat(left_out, ", ") .. "</div>" or "")
end

return records
