-- `In`, `Out` and `_`: what cells were, and what they gave.
--
-- They are ordinary globals, which appear when somebody tells the text of a cell: a notebook does, the command line
-- does not. Values are put where they belong raw, so that a program may be strict about its globals. `_` is Lua's usual
-- name for what nobody wants, so a program that has set it keeps it; once it is nil, it is ours again.
--
-- Theory of operation: who keeps what alive. A value is kept because somebody may want it, and an object that the
-- documentation says is collected (a socket, a timer) must not live for that reason alone: a listener that was the
-- last value of a cell would hold its port for good. So `_` holds the last value whatever it is, since the next
-- line is often about it; `Out` holds plain data, and objects only for as long as something else does. A table that
-- contains an object keeps it; `%sockets` shows which (`Out[3].server`), and `Out[3] = nil` drops it. When memory runs
-- short, `Out` and `In` are emptied first.

local import = ...
local advice = import "console/advice"
local keepers = import "tasks/keepers"

local G = _G
local type, rawget, rawset, rawequal, setmetatable, next =
  type, rawget, rawset, rawequal, setmetatable, next
local format, mathtype = string.format, math.type

local MOST <const> = 1000 -- cells back, as in IPython

local recall = {}

local objects = setmetatable({}, {__mode = "v"}) -- the values of cells that `Out` must not keep alive
local mine = setmetatable({}, {__mode = "v"}) -- what we have put into `_`, at index 1
local awaited = {} -- cells whose text has been told and that are not over: others run under the same number
local dropped = 0 -- the last cell that is no longer remembered

local function missing(name, key)
  if mathtype(key) == "integer" and key > 0 and key <= dropped then
    advice.once(
      format(
        "%s[%d] is no longer remembered: In and Out have the last 1,000 cells, and fewer when memory runs short",
        name, key
      ),
      nil, name
    )
  end
end

local In = setmetatable({}, {
  __index = function(_, key)
    return missing("In", key)
  end,
})
local Out = setmetatable({}, {
  __index = function(_, key)
    local object = objects[key]
    if object == nil then
      return missing("Out", key)
    end
    return object
  end,
})
keepers.add(Out)

local is_there = false

-- Tells the text of a cell that is about to run.
function recall.input(id, text)
  if not is_there then
    is_there = true
    for name, list in next, {In = In, Out = Out} do
      if rawget(G, name) == nil then
        rawset(G, name, list)
      end
    end
  end
  In[id], awaited[id] = text, true
  local old = id - MOST
  if old > dropped then
    dropped = old
  end
  In[old], awaited[old], Out[old], objects[old] = nil, nil, nil, nil
end

-- Tells that a cell is over: what front ends evaluate then is not the cell's.
function recall.over(id)
  awaited[id] = nil
end

-- Keeps what a cell shows, unless it is nil or a cell whose text nobody has told.
function recall.output(id, value)
  if value == nil or not awaited[id] then
    return
  end
  local kind = type(value)
  local is_object = kind == "userdata" or kind == "thread"
  rawset(is_object and objects or Out, id, value)
  local now = rawget(G, "_")
  if now == nil or rawequal(now, mine[1]) or now ~= now then -- the latter is NaN, which equals nothing
    rawset(G, "_", value)
    mine[1] = value
  end
end

-- Tells whether a global is one of these, and not a program's own.
function recall.is_ours(name, value)
  return name == "_" and rawequal(value, mine[1]) or name == "In" and value == In or name == "Out" and value == Out
end

-- Drops all that is remembered, except `_`; tells whether there was anything.
function recall.forget()
  if next(In) == nil and next(Out) == nil then
    return false
  end
  for _, list in next, {In, Out, objects} do
    for id in next, list do
      list[id] = nil
      if mathtype(id) == "integer" and id > dropped then
        dropped = id
      end
    end
  end
  return true
end

return recall
