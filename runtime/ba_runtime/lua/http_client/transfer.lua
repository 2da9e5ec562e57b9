-- Bodies that go to a file or a function, or come from one, piece by piece: the uploads and downloads of `httpm`.
--
-- No body is in memory as a whole. What a program's function raises is a reason too, like everything else that can
-- happen on the way. A download is a file of its own until it is complete, so that a broken one neither leaves half
-- a file nor spoils the one that was there before.
--
-- A source has `get()` → piece | nil at the end | nil, reason. A sink has `put(piece)` → true | nil, reason and
-- `done()` → true | nil, reason; unless that was called, closing it drops what it got.

local pcall, setmetatable, tonumber, tostring, type = pcall, setmetatable, tonumber, tostring, type
local lower, min, huge = string.lower, math.min, math.huge

local PIECE_BYTES = 64 << 10
local PART = ".part"

local transfer = {}

-- Calls a program's function: what it returns, or nil and why it wants no more: what it raised, or said after nil or
-- false, as functions do that failed.
local function ask(f, ...)
  local ok, result, reason = pcall(f, ...)
  if not ok then
    return nil, tostring(result)
  elseif not result and type(reason) == "string" then
    return nil, reason
  elseif result == false then
    return nil, "aborted"
  end
  return result
end

-- ---------------------------------------------------------------- sources

-- A file of an io; also returns its size.
function transfer.from_file(io, name)
  local status, reason = io:stat(name)
  local file
  if status then
    file, reason = io:open(name)
  end
  if not file then
    return nil, reason
  end
  local left = status.size -- and no more, should the file grow meanwhile
  local function get()
    if left == 0 then
      return nil
    end
    local piece, problem = file:read(min(left, PIECE_BYTES))
    left = left - #(piece or "")
    return piece, problem
  end
  local function close()
    file:close()
  end
  return setmetatable({get = get}, {__close = close}), status.size
end

-- A function that returns one piece at a time, and nothing at the end.
function transfer.from_function(f)
  local function get()
    local piece, reason = ask(f)
    if reason or piece == nil or type(piece) == "string" then
      return piece, reason
    end
    return nil, "the function must return a string or nil, got " .. type(piece)
  end
  return {get = get}
end

-- ---------------------------------------------------------------- sinks

-- A file of an io.
function transfer.to_file(io, name)
  local part = name .. PART
  local file, reason = io:open(part, "w")
  if not file then
    return nil, reason
  end
  local sink, is_done = {}, false
  function sink.put(piece)
    return file:write(piece)
  end
  function sink.done()
    file:close()
    local ok, problem = io:rename(part, name)
    is_done = ok == true
    return ok, problem
  end
  local function drop()
    if not is_done then
      file:close()
      io:remove(part)
    end
  end
  return setmetatable(sink, {__close = drop})
end

-- A function that gets one piece at a time, and ends the transfer by false.
function transfer.to_function(f)
  local function put(piece)
    local _, reason = ask(f, piece)
    return reason == nil, reason
  end
  local function done()
    return true
  end
  return setmetatable({put = put, done = done}, {__close = done})
end

-- ---------------------------------------------------------------- the transfers

-- Closes the connection, since nobody knows what is still to come on it; passes the reason on.
local function give_up(http, reason)
  http:close()
  return nil, reason
end

-- Tells the program how far it is: true, or nil and the reason to stop.
local function tell(progress, bytes, total)
  if not progress then
    return true
  end
  local _, reason = ask(progress, bytes, total)
  return reason == nil, reason
end

-- Returns the first header field of that name, in whatever case it was sent; `wanted` in lower case.
function transfer.field(http, wanted)
  for name, value in http:headerpairs() do
    if lower(name) == wanted then
      return value
    end
  end
  return nil
end

-- Sends a request that succeeds: its status, or nil and the reason, which is the status where it was no success.
function transfer.begin(http, op)
  local ok, reason = http:request(op)
  if not ok then
    return nil, reason
  end
  local status
  status, reason = http:status()
  if not status then
    return nil, reason
  elseif status < 200 or status > 299 then
    return nil, tostring(status)
  end
  return status
end

-- Receives a body into the sink that `open()` makes once there is one: how many bytes, or nil and the reason.
function transfer.receive(http, op, open)
  local status, reason = transfer.begin(http, op)
  if not status then
    return nil, reason
  end
  local total = tonumber(transfer.field(http, "content-length"))
  local most = op.max or huge
  if total and total > most then
    return give_up(http, "toolarge")
  end
  local sink <close>, problem = open()
  if not sink then
    return give_up(http, problem)
  end
  local bytes = 0
  while true do
    local ok, piece
    piece, reason = http:read()
    if reason then
      return give_up(http, reason)
    elseif not piece then
      break
    end
    bytes = bytes + #piece
    if bytes > most then
      return give_up(http, "toolarge")
    end
    ok, reason = sink.put(piece)
    if ok then
      ok, reason = tell(op.progress, bytes, total)
    end
    if not ok then
      return give_up(http, reason)
    end
  end
  local ok
  ok, reason = sink.done()
  if not ok then
    return nil, reason
  end
  return bytes
end

-- Sends the body that `source` has: the response's status and body, or nil and the reason.
function transfer.send(http, op, source)
  local ok, reason = http:request(op)
  if not ok then
    return nil, reason
  end
  local bytes = 0
  while true do
    local piece
    piece, reason = source.get()
    if reason then
      return give_up(http, reason)
    elseif not piece then
      break
    end
    bytes = bytes + #piece
    ok, reason = http:write(piece)
    if not ok and reason == "socketwritefailed" then
      break -- why, the server may have said before it hung up
    elseif ok then
      ok, reason = tell(op.progress, bytes, op.size)
    end
    if not ok then
      return give_up(http, reason)
    end
  end
  local status
  status, reason = http:status()
  if not status then
    return give_up(http, reason)
  end
  local body
  body, reason = http:read "*a"
  if not body then
    return give_up(http, reason)
  end
  return status, body
end

return transfer
