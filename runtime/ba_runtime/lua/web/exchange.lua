-- One HTTP request and the response to it: what the objects `request`, `response` and a deferred response share.
--
-- Output is collected. If the page ends before the buffer is full, head and body go out together. Else the head goes
-- out, then piece after piece, and the page waits whenever the client has not taken what was sent, so a page never
-- holds more than one buffer here and one in Python. The server's own buffer is smaller: when that would be full, the
-- response counts as committed. A page that runs as a cell has no connection; its whole output is collected, up to a
-- bound.
--
-- A page that flushes before it has written anything sends the head alone, which then says nothing of how the body
-- ends: it ends with the connection, and until then the page may take that for a protocol of its own (`is_bare`).
--
-- Fields of an exchange `X`:
--
--   number      the connection's number in Python, nil for a cell's page
--   method, path, query, version, body, websocket, headers   of the request; headers as one text
--   status, fields, length      of the response; fields is flat: name, value, name, value …
--   is_html     it is an LSP page's, and HTML unless the page says otherwise
--   out, pieces, bytes          what is collected, in how many pieces and bytes
--   sent        how many bytes of the body have left here
--   committed   the head can no longer change; on the server it has gone out by now
--   is_begun    it has gone out here too
--   is_bare     …alone, without a word on where the body ends
--   ended       the response is complete, or was given up: what is written now goes nowhere, silently
--   stopped     …by a method that ends the page: what is written now raises, as documented
--   env         the environment of the pages that answer: those that include each other share it
--   depth, how, base            how deep they are, by "include" or "forward", and where relative paths begin
--   deferred    a deferred response has it: what the page writes goes nowhere
--   taken       its connection became a socket
--   lost        the client is gone
--   task        the page's task, while it runs
--   writers     tasks that wait until the client has taken what was sent

local import = ...
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local reasons = import "sockets/reasons"

local concat, unpack, error, lower, remove = table.concat, table.unpack, error, string.lower, table.remove
local run, block, handlers = sched.run, waiting.block, sched.handlers
local DRAINED = reasons.DRAINED

local exchange = {}

local SERVER_BYTES = 8192 -- the size of the server's buffer
local BUFFER_BYTES = 64 << 10
-- A cell's output is bounded too, and a page of more is hardly a lesson.
local CELL_BYTES = 16 << 20

local UNTIL_CLOSED = -1 -- as a length, see `host.web_head`

local live = keepers.add({}) -- by connection: handlers are weak

-- ---------------------------------------------------------------- events

local function wake(X, ...)
  local writers = X.writers
  X.writers = nil
  for i = 1, writers and #writers or 0 do
    if writers[i].waits_for == X then
      run(writers[i], ...)
    end
  end
end

local function leave(X)
  local number = X.number
  if number then
    live[number], handlers[number] = nil, nil
  end
end

local function ready(X, signal)
  if signal == DRAINED then
    return wake(X, true)
  end
  X.lost = true
  leave(X)
  wake(X, false)
end

-- Returns an exchange for what `host.web_request` tells, nil when the client has gone already.
function exchange.new(number, method, path, query, version, has_body, websocket, headers)
  if not method then
    return nil
  end
  local X = {
    number = number,
    method = method,
    path = path,
    query = query,
    version = version,
    body = has_body and host.web_body(number) or "",
    websocket = websocket,
    headers = headers,
    status = 200,
    fields = {},
    out = {},
    pieces = 0,
    bytes = 0,
    sent = 0,
    ready = ready,
  }
  if number then
    live[number], handlers[number] = X, X
  end
  return X
end

-- ---------------------------------------------------------------- headers

-- Returns where in the flat list `name` is.
local function place(fields, name)
  name = lower(name)
  for i = 1, #fields, 2 do
    if lower(fields[i]) == name then
      return i
    end
  end
end

-- Returns a header of the response.
function exchange.field(X, name)
  local i = place(X.fields, name)
  return i and X.fields[i + 1]
end

-- Sets a header of the response, in place of an earlier one; nil takes it away. Cookies add up.
function exchange.set_field(X, name, value)
  local fields = X.fields
  local i = place(fields, name)
  if value == nil then
    if i then
      remove(fields, i)
      remove(fields, i)
    end
  elseif i and lower(name) ~= "set-cookie" then
    fields[i + 1] = value
  else
    local n = #fields
    fields[n + 1], fields[n + 2] = name, value
  end
end

-- Makes the response HTML unless it is something else already: LSP pages are, what other functions answer is not.
function exchange.be_html(X)
  X.is_html = true
  if not place(X.fields, "Content-Type") then
    exchange.set_field(X, "Content-Type", "text/html; charset=utf-8")
  end
end

-- Drops what was collected; the headers too unless only the body is meant. False once the head has gone out.
function exchange.reset(X, body_only)
  if X.committed or X.ended then
    return false
  end
  X.out, X.pieces, X.bytes, X.length = {}, 0, 0, nil
  if not body_only then
    X.status, X.fields = 200, {}
    if X.is_html then
      exchange.be_html(X)
    end
  end
  return true
end

-- ---------------------------------------------------------------- output

local function collected(X)
  local data = X.pieces == 1 and X.out[1] or concat(X.out, "", 1, X.pieces)
  X.out, X.pieces, X.bytes, X.sent = {}, 0, 0, X.sent + X.bytes
  return data
end

local function expire(X)
  if X.task and X.task == sched.current then -- its page goes on for nobody: it ends here
    error("request/response expired", 0)
  end
end

-- Hands what is collected to the client, and waits until the client has taken most of it.
function exchange.flush(X)
  local number = X.number
  if X.lost then
    return expire(X)
  elseif not number then
    X.committed = true
    if X.bytes > CELL_BYTES then
      error("the page's output exceeds " .. CELL_BYTES .. " bytes, the most that a cell can show", 0)
    end
    return
  end
  local left = 0
  if not X.is_begun then
    X.committed, X.is_begun = true, true
    X.is_bare = X.bytes == 0 and not X.length
    left = host.web_head(number, X.status, X.is_bare and UNTIL_CLOSED or X.length, unpack(X.fields))
  end
  if X.bytes > 0 then
    left = host.web_data(number, collected(X))
  end
  local task = waiting.caller()
  if left > 0 then
    local writers = X.writers or {}
    X.writers = writers
    writers[#writers + 1] = task
    task.waits_for = X
    block(task)
    if X.lost then
      expire(X)
    end
  else
    block(task, nil, 0) -- a page that writes without end, to a client that keeps up, lets others have their turn
  end
end

-- Adds to the body.
local function put(X, data)
  local n, bytes = X.pieces + 1, X.bytes + #data
  X.out[n], X.pieces, X.bytes = data, n, bytes
  if bytes > SERVER_BYTES then
    X.committed = true
    if bytes >= BUFFER_BYTES then
      exchange.flush(X)
    end
  end
end
exchange.put = put

-- What a page's `print`, `_emit` and `response:write` do: documented to succeed silently when there is no response
-- any more, and to raise when it was stopped.
function exchange.write(X, data)
  if X.stopped then
    error("request/response expired", 0)
  elseif X.ended or X.deferred then
    return
  end
  return put(X, data)
end

-- Ends the response: what is collected goes out.
function exchange.finish(X)
  if X.ended then
    return
  end
  X.ended = true
  X.committed = true
  local number = X.number
  if not number or X.lost then
    return
  end
  leave(X)
  if not X.is_begun then
    host.web_respond(number, X.status, collected(X), X.length ~= nil, unpack(X.fields))
    return
  end
  if X.bytes > 0 then
    host.web_data(number, collected(X))
  end
  host.web_end(number)
end

-- Ends the response with this text instead of what was collected; false once the head has gone out.
function exchange.replace(X, status, content_type, body)
  if not exchange.reset(X, true) then
    return false
  end
  X.status = status
  exchange.set_field(X, "Content-Type", content_type)
  X.out[1], X.pieces, X.bytes = body, 1, #body
  if X.number then
    exchange.finish(X)
  else
    X.committed, X.ended = true, true
  end
  return true
end

-- Ends the response with this text behind what was written, without waiting for the client.
function exchange.finish_with(X, text)
  local n = X.pieces + 1
  X.out[n], X.pieces, X.bytes = text, n, X.bytes + #text
  exchange.finish(X)
end

-- Returns how many bytes of the body the page has written.
function exchange.written(X)
  return X.sent + X.bytes
end

-- Sends what was written behind a bare head: the client has it before the connection is somebody else's.
function exchange.send_bare(X)
  if X.bytes > 0 then
    host.web_data(X.number, collected(X))
  end
end

-- Gives the response up: the client has what has gone out, and its connection ends.
function exchange.give_up(X)
  if not X.is_begun then
    exchange.set_field(X, "Connection", "close")
  elseif X.number and not X.lost then
    host.web_abort(X.number)
  end
end

-- The connection is somebody else's now.
function exchange.give_away(X)
  X.ended, X.taken = true, true
  leave(X)
end

-- Returns the whole body that a cell's page has written.
function exchange.body(X)
  return concat(X.out, "", 1, X.pieces)
end

return exchange
