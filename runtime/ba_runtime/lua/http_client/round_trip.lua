-- One request and its response.
--
-- A round trip `X` takes over the connection of the one before it, where HTTP and the place allow, or dials. A
-- connection that has been kept may be gone without our having noticed. It is looked at before it is used again;
-- and should it end without a word all the same, the request is sent once more, on a new one, unless a part of
-- its body has gone already.
--
-- The fields of a round trip:
--
--   request       what was asked for, see http_client/options.lua; settings: how long a wait may last, `patience_s`
--   S, parser     the connection and its conversation (`http_client/`); nil when there is none (any more)
--   is_reused     the connection was the one before's
--   phase         connecting; held: nothing is sent before it is known whether there is a body; body: it is being
--                 written; sent; head: the response has begun; over
--   left          bytes of the body that are still to be written, nil for any number
--   status, fields    of the response; fields as `name:value` lines
--   body          what was received of its body and not read, see http_client/received.lua; empty: nothing was read
--   reusable      the connection can have another round trip
--   failure, detail   what ended it
--
-- A timeout ends nothing: the same call can be made again. Everything else that fails closes the connection.

local import = ...
local host = import "host"
local received = import "http_client/received"
local wire = import "http_client/wire"

local min, maxinteger = math.min, math.maxinteger
local clock = host.monotonic

-- What one read returns at most: a server must not be able to fill Lua's memory, which holds eight times that.
local MOST_BYTES = 128 << 20

local round_trip = {}

-- ---------------------------------------------------------------- the connection

local function let_go(X)
  local S, parser = X.S, X.parser
  X.S, X.parser = nil, nil
  if parser then
    host.http_forget(parser)
  end
  return S
end

local function fail(X, reason, detail)
  X.failure, X.detail = reason, detail
  local S = let_go(X)
  if S then
    wire.close(S)
  end
  return nil, reason, detail
end

-- Closes the connection, if there is one; tells whether there was.
function round_trip.close(X)
  local S = let_go(X)
  local was_open = S ~= nil and S.open
  X.failure = X.failure or "socketclosed"
  if S then
    wire.close(S)
  end
  return was_open
end

local function dial(X)
  local R = X.request
  local S = wire.dial(R.host, R.port, R.shark, R.interface, R.ipv6)
  X.S, X.is_reused = S, false
  local ok, reason = wire.await_connection(S, clock() + X.settings.patience_s)
  if not ok then
    return fail(X, reason)
  end
  -- Else a small piece of a body waits until the server has acknowledged the one before, which takes it 40 ms.
  host.setoption(S.number, "tcp-nodelay", true)
  X.parser = host.http_open()
  return true
end

-- What is known of the response by now, without waiting: is it over?
local function is_over(X)
  while X.phase == "head" and X.S and X.S.open do
    local data = X.S.inbox
    X.S.inbox = nil
    local kind, value = host.http_next(X.parser, data)
    if kind == "end" then
      X.phase, X.reusable = "over", value == 1
    elseif kind ~= "body" then
      return false
    end
  end
  return X.phase == "over"
end

local function inherit(X, before)
  local is_same = before and before.S and before.request.place == X.request.place
  if is_same and is_over(before) and before.reusable then
    X.S, X.parser, X.is_reused = before.S, before.parser, true
    before.S, before.parser = nil, nil
  elseif before then
    round_trip.close(before)
  end
end

local function trust(X)
  local doubt = "sslnotenabled"
  if X.request.shark ~= 0 then
    doubt = host.tls_doubt(X.S.number, nil)
  end
  if doubt then
    return fail(X, doubt)
  end
  return true
end

-- A connection to send the request on: true, or nil and the reason.
local function connect(X)
  if X.is_reused and not wire.is_alive(X.S) then
    local S = let_go(X)
    if S then
      wire.close(S)
    elseif X.failure then
      return nil, X.failure
    end
  end
  if not X.S then
    local ok, reason = dial(X)
    if not ok then
      return nil, reason
    end
  end
  if X.request.trusted then
    return trust(X)
  end
  return true
end

-- ---------------------------------------------------------------- sending

local function send(X, data)
  if not X.S then
    return nil, X.failure
  elseif data == "" then
    return true
  end
  return wire.send(X.S, data, X.settings.patience_s)
end

-- Sends the head, with a field that says how long the body is, and what `more` returns.
local function begin(X, length, more)
  local R = X.request
  local text, problem = host.http_begin(X.parser, R.method, R.target, R.fields .. length)
  if not text then
    return fail(X, "incorrectuse", problem)
  end
  return send(X, text .. (more and more() or ""))
end

local function finish(X)
  X.phase = "sent"
  return host.http_finish(X.parser)
end

local function begin_all(X)
  local R = X.request
  if R.is_held then
    X.phase = "held"
    return true
  elseif R.size == 0 or not R.has_body then
    return begin(X, R.length, function()
      return finish(X)
    end)
  end
  X.phase, X.left = "body", R.size
  return begin(X, R.length)
end

-- Makes a round trip, which takes over from the one before.
function round_trip.new(request, settings, before)
  local X = {request = request, settings = settings, phase = "connecting", body = received.new(), empty = true}
  inherit(X, before)
  return X
end

-- Connects and sends as much as can be sent: true, or nil and the reason.
function round_trip.start(X)
  local ok, reason = connect(X)
  if not ok then
    return nil, reason
  end
  ok, reason = begin_all(X)
  if not ok and X.phase == "sent" and X.S and reason == "socketwritefailed" then
    return true -- what the server said before it hung up, or that it must be sent again, is found by reading
  end
  return ok, reason
end

-- Sends a piece of the body: true, or nil and the reason.
function round_trip.write(X, data)
  if X.failure then
    return nil, X.failure, X.detail
  elseif X.phase ~= "held" and X.phase ~= "body" then
    return nil, "incorrectuse"
  elseif data == "" then
    return true
  elseif X.left and #data > X.left then
    return nil, "incorrectuse", "the body is longer than its announced size"
  end
  local function body()
    return host.http_body(X.parser, data)
  end
  local ok, reason
  if X.phase == "held" then
    X.phase = "body"
    ok, reason = begin(X, "Transfer-Encoding:chunked\n", body)
  else
    ok, reason = send(X, body())
  end
  X.is_written = true
  if X.left then
    X.left = X.left - #data
  end
  if ok and X.left == 0 then
    finish(X)
  end
  return ok, reason
end

local function send_rest(X)
  if X.phase == "held" then
    begin(X, "Content-Length:0\n", function()
      return finish(X)
    end)
  elseif X.phase == "body" then
    if X.left and X.left > 0 and not X.S.mute then
      return nil, "incorrectuse", "the body is shorter than its announced size"
    elseif X.left then
      X.phase = "sent"
    else
      send(X, finish(X))
    end
  end
  return true
end

-- ---------------------------------------------------------------- receiving

local function receive(X, deadline)
  if not X.S then
    return nil, X.failure
  end
  return wire.receive(X.S, deadline)
end

-- What follows from a wait that brought nothing, or a response that is none.
local function broken(X, reason, detail)
  if reason == "timeout" then
    return nil, reason
  elseif X.failure then
    return nil, X.failure, X.detail
  end
  return fail(X, reason, detail)
end

local function again(X)
  wire.close(let_go(X))
  X.is_reused = false
  local ok, reason = connect(X)
  if not ok then
    return nil, reason
  end
  return begin_all(X)
end

-- Waits for the response's status and header fields: true, or nil and the reason.
function round_trip.await_head(X)
  if X.status then
    return true
  elseif X.failure then
    return nil, X.failure, X.detail
  end
  local ok, problem, detail = send_rest(X)
  if not ok then
    return nil, problem, detail
  end
  local deadline = clock() + X.settings.patience_s
  local data
  while true do
    if not X.parser then
      return nil, X.failure or "socketclosed"
    end
    local kind, value, text = host.http_next(X.parser, data)
    if kind == "head" then
      X.status, X.fields, X.phase = value, text, "head"
      return true
    elseif kind ~= "more" and data ~= "" then
      return broken(X, "invalidresponse", text)
    elseif kind ~= "more" and (not X.is_reused or X.is_written or X.has_data) then
      return broken(X, "socketreadfailed")
    elseif kind ~= "more" then
      ok, problem = again(X)
      if not ok then
        return broken(X, problem)
      end
      send_rest(X)
    end
    X.has_data = X.has_data or data ~= nil
    local reason
    data, reason = receive(X, deadline)
    if not data then
      return broken(X, reason)
    end
  end
end

-- Returns the next piece of the body, nil at its end, or nil and the reason.
local function next_piece(X)
  local data
  while X.phase ~= "over" do
    if not X.parser then
      return nil, X.failure or "socketclosed", X.detail
    end
    local kind, value, text = host.http_next(X.parser, data)
    if kind == "body" then
      return value
    elseif kind == "end" then
      X.phase, X.reusable = "over", value == 1
    elseif kind == "switched" then
      X.phase = "over"
    elseif kind == "fault" then
      return broken(X, data == "" and "socketreadfailed" or "invalidresponse", data ~= "" and text or nil)
    else
      local reason
      data, reason = receive(X, clock() + X.settings.patience_s)
      if not data then
        return broken(X, reason)
      end
    end
  end
end

-- Returns at most `wanted` bytes of the body, and less only at its end; with nil, what comes next. nil at the end,
-- or nil and the reason; what had come before that is kept.
function round_trip.read(X, wanted)
  local ok, problem, text = round_trip.await_head(X)
  if not ok then
    return nil, problem, text
  end
  local body = X.body
  while body.bytes < (wanted or 1) do
    local piece, reason, detail = next_piece(X)
    if reason then
      return nil, reason, detail
    elseif not piece then
      break
    end
    received.add(body, piece)
    if body.bytes > MOST_BYTES then
      return nil, "malloc", "the body is too long for one string; read it in pieces"
    end
  end
  if body.bytes == 0 then
    return nil
  end
  X.empty = nil
  return received.take(body, wanted and min(wanted, body.bytes) or body.bytes)
end

-- Returns all that is left of the body, nil when all was taken; or nil and the reason.
function round_trip.read_all(X)
  local data, reason, detail = round_trip.read(X, maxinteger)
  if not data and not reason and X.empty then
    X.empty = nil
    return ""
  end
  return data, reason, detail
end

-- Takes the connection out of the round trip: it is an ordinary socket then. Returns its state and what has arrived
-- beyond the response's head, "" for nothing; nil when there is no connection.
function round_trip.release(X)
  local S, parser = X.S, X.parser
  if not S or not parser or not S.open then
    return nil
  end
  local early = received.rest(X.body) .. host.http_left_over(parser) .. (S.inbox or "")
  let_go(X)
  X.phase, X.body, S.inbox = "over", received.new(), nil
  return wire.release(S), early
end

return round_trip
