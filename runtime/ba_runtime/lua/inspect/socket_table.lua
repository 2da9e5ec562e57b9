-- The socket table: a row for every socket object that is of use, and the closing of some from outside.
--
-- A program may have lost every reference to a socket that still works, so this goes by what the runtime knows. The
-- globals are looked through when the table is made: raw, so that no code of the user's runs, and no further than to
-- the fields of a table that a global holds.

local import = ...
local cell_number = import "tasks/cell_number"
local cosocket = import "sockets/cosocket"
local quote = import "inspect/quote"
local sock = import "sockets/sock"

local G = _G
local type, next, rawequal, mathtype = type, next, rawequal, math.type
local concat, find, format, sort = table.concat, string.find, string.format, table.sort
local state = sock.state

-- A walk over so many values takes about two milliseconds; what lies beyond is not found.
local MOST_VALUES <const> = 20000
local MOST_NAME_BYTES <const> = 40

local socket_table = {}

-- ---------------------------------------------------------------- what holds it

local function is_name(key)
  return type(key) == "string" and #key <= MOST_NAME_BYTES and find(key, "^[%a_][%w_]*$") ~= nil
end

-- How a program would write the global, and a field of what it holds; nil for keys that are no text and no number.
local function global(key)
  if is_name(key) then
    return key
  end
  return type(key) == "string" and format("_G[%s]", quote.literal(key, MOST_NAME_BYTES)) or nil
end

local function field(name, key)
  if is_name(key) then
    return format("%s.%s", name, key)
  elseif mathtype(key) == "integer" then
    return format("%s[%d]", name, key)
  end
  return type(key) == "string" and format("%s[%s]", name, quote.literal(key, MOST_NAME_BYTES)) or nil
end

-- Of several names the first in the alphabet counts, since the order of `next` differs from run to run.
local function note(holders, S, name)
  if name and (not holders[S] or name < holders[S]) then
    holders[S] = name
  end
end

-- Returns, by state, the global that holds a socket object, else the field of a global table.
local function holders()
  local left, found, below, tables = MOST_VALUES, {}, {}, {}
  for key, value in next, G do
    left = left - 1
    if left < 0 then
      break
    elseif type(value) == "table" and not rawequal(value, G) then
      tables[key] = value
    elseif type(value) == "userdata" and state[value] then
      note(found, state[value], global(key))
    end
  end
  for key, value in next, tables do
    local name = global(key)
    for inner, held in next, value do
      left = left - 1
      if left < 0 or not name then
        break
      elseif type(held) == "userdata" and state[held] then
        note(below, state[held], field(name, inner))
      end
    end
  end
  return found, below
end

-- ---------------------------------------------------------------- what it is and does

local function kind_of(S)
  if S.websocket then
    return "websocket"
  elseif S.listening then
    return "listener"
  elseif S.datagram then
    return "udp"
  end
  return S.task and "cosocket" or "client"
end

local WAITING = {
  accept = "waiting for a client",
  connect = "connecting",
  disabled = "disabled",
  read = "reading",
  upgrade = "in the TLS handshake",
  write = "writing",
}

local function words_of(S)
  local waiting = S.task and S.waiting
  if waiting then
    return waiting == "read" and not S.number and "waiting" or WAITING[waiting]
  elseif S.shut then
    return "closed"
  elseif S.dialler then
    return WAITING.connect
  elseif S.upgrader and S.upgrader.waits_for == S then
    return WAITING.upgrade
  elseif sock.first_reader(S) then
    return WAITING.read
  elseif S.busy then
    return WAITING.write
  elseif not S.number then
    return "running"
  elseif S.eof then
    return "closed by the peer"
  elseif S.listening then
    return "listening"
  end
  return S.datagram and not S.connected and "open" or "connected"
end

-- ---------------------------------------------------------------- which ones

-- A closed socket can be nothing again, except for the cosocket that still runs with it.
local function is_gone(S)
  return S.over or S.shut and not S.task
end

-- A close does something: it is open, or its cosocket waits.
local function can_close(S)
  return not is_gone(S) and (not S.shut or S.task and S.waiting)
end

local function before(A, B)
  return (A.number or 0) < (B.number or 0)
end

-- Returns the states for which `is_right` is true and that are meant: `all`, those of the `cell` with this number,
-- or the `socket` with it.
local function chosen(is_right, which, number)
  local list = {}
  sock.each(function(S)
    if is_right(S) and (which == "all" or (which == "cell" and cell_number(S.cell) or S.number) == number) then
      list[#list + 1] = S
    end
  end)
  sort(list, before)
  return list
end

local function rows_of(list)
  local rows, found, below = {}, holders()
  for i = 1, #list do
    local S = list[i]
    rows[i] = format(
      "%d\0%s\0%s\0%s\0%d\0%d\0%d\0%s\0",
      S.number or 0, kind_of(S), sock.state_name(S), words_of(S), S.received, S.sent, cell_number(S.cell),
      found[S] or below[S] or ""
    )
  end
  return concat(rows)
end

-- Returns the rows in one text with a NUL behind each field: number (0: it has no system socket), kind, state in
-- documented words and in plain ones, bytes in and out, cell, and the global that holds it.
function socket_table.rows()
  return rows_of(chosen(function(S)
    return not is_gone(S)
  end, "all"))
end

-- Returns the rows of those that `close` would close.
function socket_table.closable(which, number)
  return rows_of(chosen(can_close, which, number))
end

-- Closes as `s:close()` from any other code does. What waits for them is told; nobody waits for what that does then.
function socket_table.close(which, number)
  local list = chosen(can_close, which, number)
  for i = 1, #list do
    if can_close(list[i]) then -- the end of one may have closed others
      cosocket.shut(list[i])
    end
  end
end

return socket_table
