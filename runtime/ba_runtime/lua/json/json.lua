-- `ba.json`: tables to JSON and back.
--
-- Documented facts: tables only; several at a time; null is `ba.json.null`, a userdata; integers stay integers and
-- other numbers have 14 digits; "parse" and "needmoredata"; the sixteenth level is too deep, unless a number says
-- otherwise.
-- Different on purpose: what the original writes as no JSON (infinities, NaN) is null, and characters that it loses
-- (NUL, those beyond U+FFFF) survive both ways. Our bounds: to write more than 1,000 levels, and to read more than
-- 100,000 tables in one piece, is nil, "malloc".

local import = ...
local advice = import "console/advice"
local check = import "check"
local decoder = import "json/decoder"
local encoder = import "json/encoder"
local userdata = import "userdata"

local mathtype, next, select, setmetatable, tonumber, type, unpack =
  math.type, next, select, setmetatable, tonumber, type, table.unpack

local NAME = "BAJSONPARSER"
-- How many results a call may have: Lua's stack holds ten times as many.
local MAX_RESULTS = 100000

local json = {}

-- A light userdata on the server, and called so in messages.
json.null = userdata.new({
  __name = "light userdata",
  __tostring = function()
    return "userdata: null"
  end,
})
decoder.set_null(json.null)

-- encode(table … [, size]): one text for all tables; how much room they need is for the original to know.
function json.encode(...)
  local count = select("#", ...)
  local tables = {...}
  if count > 1 and type(tables[count]) ~= "table" and tonumber(tables[count]) then
    count = count - 1
  end
  for i = 1, count > 0 and count or 1 do
    if type(tables[i]) ~= "table" then
      check.expected(i, "table", tables[i], count)
    end
  end
  return encoder.encode(tables, count)
end

-- encodestr(string): the string in quotes, with its escapes.
function json.encodestr(...)
  return encoder.quoted(check.string(1, (...), select("#", ...)))
end

-- Takes the nulls out of a table and what is in it: members go, and list items move up.
local function without_nulls(t)
  local null, length = json.null, #t
  for key, value in next, t do
    if value == null then
      t[key] = nil
    elseif type(value) == "table" then
      without_nulls(value)
    end
  end
  local kept = 0
  for i = 1, length do
    local value = t[i]
    if value ~= nil then
      kept = kept + 1
      if kept < i then
        t[kept], t[i] = value, nil
      end
    end
  end
end

-- Returns nil and why a text could not be read; why it was too deep surprises everybody.
local function failed(reason)
  if reason == "stack" then
    advice.once(
      "JSON is read to the 15th level only, as on the server: a larger limit goes behind the text in ba.json.decode,"
        .. " and into ba.json.parser()"
    )
  end
  return nil, reason
end

-- decode(text [, limit | nulls]): every table in it, one result each. The limit is the level that is too deep; false
-- leaves out what is null.
function json.decode(...)
  local text, option = ...
  text = check.string(1, text, select("#", ...))
  local R = decoder.new(mathtype(option) and check.whole(option))
  local found, count = decoder.feed(R, text)
  if not found then
    return failed(count)
  elseif count == 0 or not R.is_between then
    return nil, "needmoredata"
  elseif count > MAX_RESULTS then
    return nil, "malloc"
  end
  if option == false then
    without_nulls(found)
  end
  return unpack(found, 1, count)
end

-- ---------------------------------------------------------------- the parser

local readers = setmetatable({}, {__mode = "k"}) -- by parser
local Parser = {}
local ParserMeta = {
  __name = NAME,
  __index = Parser,
  __gc = function(parser, is_collected) -- what has come so far goes a collection sooner
    if is_collected then
      readers[parser] = nil
    end
  end,
}

-- The closures of a reader are many small objects, and go with the parser's finalizer.
local weigh = import "burden"(12, 16)

-- parser([limit]): an object for JSON that comes in pieces.
function json.parser(limit)
  weigh()
  local parser = userdata.new(ParserMeta)
  readers[parser] = decoder.new(mathtype(limit) and check.whole(limit))
  return parser
end

-- parse(piece [, aslist]): true, and the tables that are complete now, in one list if that is wanted.
function Parser:parse(...)
  local R = readers[self] or check.expected(1, NAME, self)
  local piece, as_list = ...
  piece = check.string(2, piece, select("#", ...) + 1)
  local found, count = decoder.feed(R, piece)
  if not found then
    return failed(count)
  elseif count > MAX_RESULTS and as_list ~= true then
    return nil, "malloc"
  elseif as_list == true and count > 0 then
    return true, found
  end
  return true, unpack(found, 1, count)
end

return json
