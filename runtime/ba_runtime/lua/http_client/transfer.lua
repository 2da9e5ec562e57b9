-- Bodies that go to a file or a function, or come from one, piece by piece: the uploads and downloads of `httpm`.
--
-- No body is in memory as a whole. What a program's function or file object raises is a reason too, like everything
-- else that can happen on the way. A download is a file of its own until it is complete, so that a broken one neither
-- leaves half a file nor spoils the one that was there before.
--
-- A source has `get()` → piece | nil at the end | nil, reason. A sink has `put(piece)` → true | nil, reason and
-- `done()` → true | nil, reason; unless that was called, closing it drops what it got.

local import = ...
local open_file = import "open_file"

local pcall, setmetatable, tonumber, tostring, type = pcall, setmetatable, tonumber, tostring, type
local min, huge = math.min, math.huge

-- Who watches, or has a file object, gets pieces as small as the server's…
local TOLD_BYTES = 1024
-- …and nobody notices how large those of a file are.
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

-- How large the pieces are: `conf` is what the program asked for.
local function piece_bytes(conf)
  return (conf.func or conf.fp) and TOLD_BYTES or PIECE_BYTES
end

-- Calls a method of a program's file object, which may be a table or a userdata.
local function call(fp, name, ...)
  local argument = ...
  return ask(function()
    return fp[name](fp, argument)
  end)
end

-- ---------------------------------------------------------------- sources

-- A file of an io; also returns its size.
local function from_file(conf)
  local io, name = conf.io, conf.name
  local status, reason = io:stat(name)
  local file
  if status then
    file, reason = io:open(name)
  end
  if not file then
    return nil, reason
  end
  local left, most = status.size, piece_bytes(conf) -- and no more, should the file grow meanwhile
  local function get()
    if left == 0 then
      return nil
    end
    local piece, problem = open_file.read(file, min(left, most))
    left = left - #(piece or "")
    return piece, problem
  end
  local function close()
    file:close()
  end
  return setmetatable({get = get}, {__close = close}), status.size
end

-- A file object of the program's.
local function from_object(conf)
  local function get()
    local piece, reason = call(conf.fp, "read", TOLD_BYTES)
    if reason or piece == nil or type(piece) == "string" then
      return piece, reason
    end
    return nil, "fp:read must return a string or nil, got " .. type(piece)
  end
  local function close()
    call(conf.fp, "close")
  end
  return setmetatable({get = get}, {__close = close}), tonumber(conf.size)
end

-- Returns the source that an upload names and its size, or nil and the reason.
function transfer.source(conf)
  if conf.fp then
    return from_object(conf)
  end
  return from_file(conf)
end

-- ---------------------------------------------------------------- sinks

local function to_file(conf)
  local io, name = conf.io, conf.name
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

local function to_object(conf)
  local function put(piece)
    local _, reason = call(conf.fp, "write", piece)
    return reason == nil, reason
  end
  local function done()
    return true
  end
  local function close()
    call(conf.fp, "close")
  end
  return setmetatable({put = put, done = done}, {__close = close})
end

-- ---------------------------------------------------------------- the transfers

-- Closes the connection, since nobody knows what is still to come on it; passes the reason on.
local function give_up(http, reason)
  http:close()
  return nil, reason
end

-- Tells the program how far it is: true, or nil and the reason to stop.
local function tell(f, size, so_far)
  if not f then
    return true
  end
  local _, reason = ask(f, size, so_far)
  return reason == nil, reason
end

-- Passes the response's body, which is `size` long if that is known, to the sink.
local function pour(http, conf, sink, size, most)
  local bytes, wanted = 0, piece_bytes(conf)
  while true do
    local piece, reason = http:read(wanted)
    if reason then
      return nil, reason
    elseif not piece then
      return sink.done()
    end
    bytes = bytes + #piece
    if bytes > most then
      return nil, "toolarge"
    end
    local ok
    ok, reason = sink.put(piece)
    if ok then
      ok, reason = tell(conf.func, size, bytes)
    end
    if not ok then
      return nil, reason
    end
  end
end

-- Receives the body of a response that has begun into what a download names: true, or nil and the reason.
function transfer.receive(http, conf, most)
  local size = tonumber((http:header "content-length"))
  most = most or huge
  if size and size > most then
    return give_up(http, "toolarge")
  end
  local sink <close>, problem = (conf.fp and to_object or to_file)(conf)
  if not sink then
    return give_up(http, problem)
  end
  local ok, reason = pour(http, conf, sink, size, most)
  if not ok then
    return give_up(http, reason)
  end
  return true
end

-- Sends the body of a request that has begun: true, or nil and the reason. A server that wants no more of it may have
-- said why before it hung up, so that is not a failure here.
function transfer.send(http, conf, source, size)
  local bytes = 0
  while true do
    local piece, reason = source.get()
    if reason then
      return give_up(http, reason)
    elseif not piece or piece == "" then -- a file's end, and that of a file object which says so in this way
      return true
    end
    bytes = bytes + #piece
    local ok
    ok, reason = http:write(piece)
    if not ok and reason == "socketwritefailed" then
      return true
    elseif ok then
      ok, reason = tell(conf.func, size, bytes)
    end
    if not ok then
      return give_up(http, reason)
    end
  end
end

return transfer
