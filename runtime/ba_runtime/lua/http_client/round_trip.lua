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
--   phase         connecting; body: it is being written; sent; head: the response has begun; over
--   left          bytes of the body that are still to be written, nil for any number
--   status, fields    of the response; fields as `name:value` lines
--   body          what was received of its body and not read, see http_client/received.lua
--   reusable      the connection can have another round trip
--   failure       what ended it
--
-- A timeout ends nothing: the same call can be made again. Everything else that fails closes the connection.

local import = ...
local connection = import "http_client/connection"
local advice = import "console/advice"
local host = import "host"
local received = import "http_client/received"
local wire = import "http_client/wire"

local min, maxinteger = math.min, math.maxinteger
local clock = host.monotonic
local connect, fail, let_go = connection.connect, connection.fail, connection.let_go

-- What one read returns at most: a server must not be able to fill Lua's memory, which holds eight times that.
local MOST_BYTES = 128 << 20

local round_trip = {close = connection.close}

-- ---------------------------------------------------------------- the connection

-- What is known of the response by now, without waiting: was it read to its end?
local function is_over(X)
  while X.phase == "head" and X.S and X.S.open and X.body.bytes == 0 do
    local data = X.S.inbox
    X.S.inbox = nil
    local kind, value = host.http_next(X.parser, data)
    if kind == "body" then
      received.add(X.body, value)
    elseif kind == "end" then
      X.phase, X.reusable = "over", value == 1
    else
      break
    end
  end
  return X.phase == "over" and X.body.bytes == 0
end

-- Tells whether another request must wait until the program has read the response; nobody has if connecting was
-- interrupted.
function round_trip.is_unread(X)
  return not X.failure and X.S ~= nil and X.phase ~= "connecting" and not is_over(X)
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

-- ---------------------------------------------------------------- sending

local function send(X, data)
  if not X.S then
    return nil, X.failure
  elseif data == "" then
    return true
  end
  return wire.send(X.S, data, X.settings.patience_s)
end

local function finish(X)
  X.phase = "sent"
  return host.http_finish(X.parser)
end

-- Sends the head, and ends the request if there is no body.
local function begin(X)
  local R = X.request
  local text = host.http_begin(X.parser, R.method, R.target, R.fields)
  if not text then
    return fail(X, "incorrectuse")
  elseif R.has_body then
    X.phase, X.left = "body", R.size
  else
    text = text .. finish(X)
  end
  return send(X, text)
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
  ok, reason = begin(X)
  if not ok and X.phase == "sent" and X.S and reason == "socketwritefailed" then
    return true -- what the server said before it hung up, or that it must be sent again, is found by reading
  end
  return ok, reason
end

-- Sends a piece of the body: true, or nil and the reason.
function round_trip.write(X, data)
  if X.failure then
    return nil, X.failure
  elseif X.phase ~= "body" then
    return nil, "incorrectuse"
  elseif data == "" then
    return true
  elseif X.left and #data > X.left then
    advice.once("httpc: more was written than the request's size says")
    return nil, "incorrectuse"
  end
  local ok, reason = send(X, host.http_body(X.parser, data))
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
  if X.phase ~= "body" then
    return true
  elseif X.left and X.left > 0 and not X.S.mute then
    advice.once("httpc: less was written than the request's size says; write the rest before asking on")
    return nil, "incorrectuse"
  elseif X.left then
    X.phase = "sent"
  else
    send(X, finish(X))
  end
  return true
end

-- ---------------------------------------------------------------- receiving

local function receive(X, since)
  if not X.S then
    return nil, X.failure
  end
  return wire.receive(X.S, X.settings.patience_s, since)
end

-- What follows from a wait that brought nothing.
local function broken(X, reason)
  if reason == "timeout" then
    return nil, reason
  elseif X.failure then
    return nil, X.failure
  end
  return fail(X, reason)
end

-- What follows from a response that is not valid.
local function invalid(X, words)
  advice.once("httpc: the response is not valid HTTP: " .. words, nil, "invalid response")
  return broken(X, "invalidresponse")
end

local function again(X)
  wire.close(let_go(X))
  X.is_reused = false
  local ok, reason = connect(X)
  if not ok then
    return nil, reason
  end
  return begin(X)
end

-- Waits for the response's status and header fields: true, or nil and the reason.
function round_trip.await_head(X)
  if X.status then
    return true
  elseif X.failure then
    return nil, X.failure
  end
  local ok, problem = send_rest(X)
  if not ok then
    return nil, problem
  end
  local since = clock()
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
      return invalid(X, text)
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
    data, reason = receive(X, since)
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
      return nil, X.failure or "socketclosed"
    end
    local kind, value, text = host.http_next(X.parser, data)
    if kind == "body" then
      return value
    elseif kind == "end" then
      X.phase, X.reusable = "over", value == 1
      if value == 2 then
        advice.once(
          "httpc does not read this response's body, as the server does not: it has neither Content-Length nor chunks "
            .. "nor 'Connection: close'; ba.socket.http2sock(http) gives the connection with all that comes"
        )
      end
    elseif kind == "switched" then
      X.phase = "over"
    elseif kind == "fault" then
      return invalid(X, text)
    else
      local reason
      data, reason = receive(X, clock())
      if not data then
        return broken(X, reason)
      end
    end
  end
end

-- Returns at most `wanted` bytes of the body, and less only at its end. nil at the end, or nil and the reason; what
-- had come before that is kept.
function round_trip.read(X, wanted)
  local ok, problem = round_trip.await_head(X)
  if not ok then
    return nil, problem
  end
  local body = X.body
  while body.bytes < wanted do
    local piece, reason = next_piece(X)
    if reason then
      return nil, reason
    elseif not piece then
      break
    end
    received.add(body, piece)
    if body.bytes > MOST_BYTES then
      advice.once("httpc: a body is too long for one string; read it in pieces, by http:read(n)")
      return nil, "malloc"
    end
  end
  if body.bytes == 0 then
    return nil
  end
  return received.take(body, min(wanted, body.bytes))
end

-- Returns all that is left of the body, nil when all was taken; or nil and the reason.
function round_trip.read_all(X)
  return round_trip.read(X, maxinteger)
end

-- Passes over what is left of the body: true, or nil and the reason.
function round_trip.skip(X)
  local ok, reason = round_trip.await_head(X)
  if not ok then
    return nil, reason
  end
  X.body = received.new()
  repeat
    ok, reason = next_piece(X)
  until not ok
  if reason then
    return nil, reason
  end
  return true
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
