-- `ba.json`: tables to JSON and back.
--
-- Documented facts: tables only; several at a time; null is `ba.json.null`, a userdata; integers stay integers and
-- other numbers have 14 digits; "parse" and "needmoredata". Our reading, where the documentation says nothing: more
-- than 1,000 levels, and more than 100,000 tables in one piece, are nil, "malloc"; infinities and NaN are null.

local import = ...
local check = import "check"
local decoder = import "json/decoder"
local encoder = import "json/encoder"
local userdata = import "userdata"

local select, setmetatable, type, unpack = select, setmetatable, type, table.unpack

local NAME = "BAJSONPARSER"
-- How many results a call may have: Lua's stack holds ten times as many.
local MAX_RESULTS = 100000

local json = {}

json.null = userdata.new({
  __name = "null",
  __tostring = function()
    return "null"
  end,
})
decoder.set_null(json.null)

-- encode(table … [, size]): one text for all tables; how much room they need is for the original to know.
function json.encode(...)
  local count = select("#", ...)
  local tables = {...}
  if count > 1 and type(tables[count]) == "number" then
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

-- decode(text): every table in it, one result each.
function json.decode(...)
  local text = check.string(1, (...), select("#", ...))
  local R = decoder.new()
  local found, count = decoder.feed(R, text)
  if not found then
    return nil, count
  elseif count == 0 or not R.is_between then
    return nil, "needmoredata"
  elseif count > MAX_RESULTS then
    return nil, "malloc"
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

-- parser(): an object for JSON that comes in pieces.
function json.parser()
  weigh()
  local parser = userdata.new(ParserMeta)
  readers[parser] = decoder.new()
  return parser
end

-- parse(piece [, aslist]): true, and the tables that are complete now, in one list if that is wanted.
function Parser:parse(...)
  local R = readers[self] or check.expected(1, NAME, self)
  local piece, as_list = ...
  piece = check.string(2, piece, select("#", ...) + 1)
  local found, count = decoder.feed(R, piece)
  if not found then
    return nil, count
  elseif count > MAX_RESULTS and not as_list then
    return nil, "malloc"
  elseif as_list and count > 0 then
    return true, found
  end
  return true, unpack(found, 1, count)
end

return json
