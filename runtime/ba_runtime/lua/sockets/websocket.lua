-- WebSockets: a connected stream with a codec on it (sockets/websocket.py).
--
-- Theory of operation. The connection stays what it was, plain or TLS, and its chunks come to `ready` as on any
-- stream, or stay in Python for the codec and only their lengths come. The codec gives back what they mean one
-- thing at a time: a message, a piece of a frame, the end; it answers pings and closes by itself. What the codec
-- has not looked at yet stays in it (`more`), so a burst of small messages costs no memory but its own bytes.
-- Three places hold what came, and are read in this order:
--
--   W.data and its kin   one thing that was decoded when nobody read: S.inbox is not nil then
--   W.more               bytes in the codec
--   S.inbox              chunks that came after that; "" where there are none
--
-- Once something is held, the interest is switched off, as on a stream: the peer's system keeps the rest. Until
-- then the socket is read whether or not somebody waits, so that pings are answered by a socket that only
-- writes, or that a cell left alone.
--
-- The end is a close frame of the peer's, or a fault. After a fault the socket is closed as soon as the program hears
-- of it. A close is told once, and answered; the connection stays open until the program closes it, or its cosocket
-- ends: it can still write, what comes is dropped, and another read waits for the peer to hang up.
--
-- S.stream is false for a WebSocket, and S.websocket the table W, while it is open; S.secure stays.

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local check = import "check"
local stream = import "sockets/stream"
local reasons = import "sockets/reasons"

local type = type
local queued = host.queued
local listen, hold_back, lose = sock.arm, sock.hold_back, sock.lose
local run, block = sched.run, waiting.block
local DRAINED, READABLE = reasons.DRAINED, reasons.READABLE
local SEND_FAILED, TLS_FAILED = reasons.SEND_FAILED, reasons.TLS_FAILED

-- What a write takes at most, and a ping, as documented.
local FRAME_BYTES = 0xFFFF

-- The codec's flags: bytes are left to be decoded; something waits to be sent; the peer has closed, which leaves the
-- connection open.
local MORE, BUSY, OPEN = 1, 2, 4

-- What a write says after a fault of the peer's, though nobody has read of it yet: it still can be read.
local OVER = -2

local websocket = {}

-- Passes through what the codec has to say, and remembers its flags.
local function decoded(S, W, flags, ...)
  W.more = flags & MORE ~= 0
  W.stays = flags & OPEN ~= 0
  if flags & BUSY ~= 0 then
    S.busy = true
  end
  return ...
end

local function hand(task, data, kind, so_far, length)
  if so_far then
    return run(task, data, kind, so_far, length)
  end
  return run(task, data, kind)
end

-- Tells whoever waits that this was the end.
local function give_end(S, W, code)
  if not W.stays then
    return lose(S, "socketclosed", code)
  elseif S.waiting == "read" then
    S.waiting = false
    return run(S.task, nil, "socketclosed", code)
  end
  local reader = sock.next_reader(S)
  while reader do
    run(reader, nil, "socketclosed", code)
    reader = sock.next_reader(S)
  end
end

-- Gives what came to who waits for it, or keeps it. `data` is false for the end, `kind` its code then.
local function give(S, W, data, kind, so_far, length)
  if S.waiting == "read" then
    if not data then
      return give_end(S, W, kind)
    end
    S.waiting = false
    return hand(S.task, data, kind, so_far, length)
  end
  if not sock.first_reader(S) then
    W.data, W.kind, W.so_far, W.length = data, kind, so_far, length
    S.inbox = S.inbox or ""
    return hold_back(S)
  elseif not data then
    return give_end(S, W, kind)
  end
  return hand(sock.next_reader(S), data, kind, so_far, length)
end

local function deliver(S, W, data, ...)
  if data ~= nil then
    give(S, W, data, ...)
  end
end

-- Decodes until something is kept, so that a ping or a close behind a message that was taken is answered.
local function go_on(S, W)
  while W.more and not S.inbox and S.websocket == W do
    deliver(S, W, decoded(S, W, W.receive("")))
  end
end

-- Feeds a chunk (nil: the one in Python), and serves everybody who waits.
local function feed(S, W, value)
  deliver(S, W, decoded(S, W, W.receive(value)))
  if W.more then
    go_on(S, W)
  end
end

-- The end of the connection: told at once to who waits, else after what is kept.
local function finish(S, reason)
  if sock.first_reader(S) or S.waiting == "read" then
    return lose(S, reason)
  end
  S.eof = reason
  return hold_back(S)
end

-- ---------------------------------------------------------------- reading

-- Takes what is kept, in its order; nothing when there is none.
local function take(S, W)
  local data = W.data
  if data ~= nil then
    W.data = nil
    if S.inbox == "" then
      S.inbox = nil
    end
    return data, W.kind, W.so_far, W.length
  end
  local raw = S.inbox or ""
  S.inbox = nil
  return decoded(S, W, W.receive(raw))
end

-- What a read returns that need not wait. Once nothing is kept, the next pings are answered again.
local function result(S, W, own, data, kind, so_far, length)
  if not data and W.stays then
    if not S.eof then
      listen(S)
    end
    return nil, "socketclosed", kind
  elseif not data then
    lose(S, "socketclosed", kind)
    if own then
      sock.mark_lost(S)
    end
    return nil, "socketclosed", kind
  elseif W.more then
    go_on(S, W)
  end
  if S.open and not (S.inbox or S.eof) then
    listen(S)
  end
  if so_far then
    return data, kind, so_far, length
  end
  return data, kind
end

local function wait(S, wait_s, own)
  if S.eof then
    local reason = S.eof
    lose(S, reason)
    if own then
      sock.mark_lost(S)
    end
    return nil, reason
  end
  listen(S)
  if not own then
    local task = waiting.caller()
    sock.add_reader(S, task)
    return block(task, "read", wait_s)
  end
  return stream.wait_own(S, wait_s)
end

local function take_or_wait(S, W, wait_s, own, data, ...)
  if data ~= nil then
    return result(S, W, own, data, ...)
  end
  return wait(S, wait_s, own)
end

-- Reads: data, is-text; for a piece of a frame also the bytes so far and the frame's length; or nil, the reason
-- and, after a close, its code. `wait_s` is the timeout, nil for none; `own`: the cosocket itself reads.
function websocket.read(S, wait_s, own)
  local W = S.websocket
  if S.inbox or W.more then
    return take_or_wait(S, W, wait_s, own, take(S, W))
  end
  return wait(S, wait_s, own)
end

-- ---------------------------------------------------------------- writing

-- What follows from a write: the documented results of a stream's.
local function sent(S, left, before)
  if left < 0 then
    if left ~= OVER then
      lose(S, "socketreadfailed")
    end
    return nil, "socketwritefailed"
  elseif left > 0 then
    S.busy = true
    if not S.nonblocking or before > 0 and left > stream.QUEUE_COMFORT and sched.owner() then
      return stream.await_drain(S)
    end
  end
  if S.nonblocking then
    return true, left
  end
  return true
end

-- Sends by `send(data, …)`, one of the codec's, unless the queue is full and nobody may wait for it.
local function write(S, send, data, ...)
  local before = S.busy and queued(S.number) or 0
  if before > 0 and S.nonblocking and before >= (S.limit or stream.QUEUE_LIMIT) and not sched.owner() then
    return nil, before
  end
  S.sent = S.sent + #data
  return sent(S, send(data, ...), before)
end

-- Writes a message (not empty); returns as a stream's writes do.
function websocket.write(S, data, is_text)
  if #data > FRAME_BYTES then
    check.raise("Max len 0xFFFF")
  end
  return write(S, S.websocket.write, data, is_text)
end

-- Sends a ping; returns as a write does.
function websocket.ping(S, data)
  if #data > FRAME_BYTES then
    check.raise("Max len 0xFFFF")
  end
  return write(S, S.websocket.ping, data)
end

-- ---------------------------------------------------------------- what happens

local function control(S, W, signal)
  if signal == DRAINED then
    local left = W.drained()
    if left == 0 then
      S.busy = nil
      sock.wake_writers(S, true)
    elseif left < 0 then
      lose(S, "socketreadfailed")
    end
  elseif signal == READABLE then -- enabled again, with something kept
    if S.waiting == "read" then
      deliver(S, W, take(S, W))
    end
    if S.waiting == "read" and S.eof then
      lose(S, S.eof)
    elseif S.waiting == "read" then
      listen(S)
    end
  elseif signal == SEND_FAILED then
    lose(S, "socketreadfailed")
  elseif signal == TLS_FAILED then
    finish(S, host.tls_failure(S.number) or "socketreadfailed")
  end
end

local function ready(S, value, is_signal)
  local W = S.websocket
  if is_signal then
    return control(S, W, value)
  elseif type(value) ~= "string" then
    S.received = S.received + value
    if not S.inbox then
      return feed(S, W)
    end
    value = W.arrived()
  else
    S.received = S.received + #value
  end
  if S.inbox then
    if value == "" then
      S.eof = "socketreadfailed"
    else
      sock.keep(S, value)
    end
    return hold_back(S)
  elseif value == "" then
    return finish(S, "socketreadfailed")
  end
  return feed(S, W, value)
end

-- Makes an open stream a WebSocket. `early` is what came with the handshake, and is read first.
function websocket.adopt(S, is_client, early)
  local W = {more = false}
  W.receive, W.arrived, W.write, W.ping, W.drained, W.goodbye = host.ws_open(S.number, is_client)
  local kept = (early or "") .. stream.take_all(S)
  S.websocket, S.ready = W, ready
  S.stream, S.send = false, nil
  if kept ~= "" then
    feed(S, W, kept)
  end
  if not S.inbox and not S.eof then
    listen(S)
  end
end

return websocket
