-- The connection of an HTTP client: to dial, to send, to receive, each in a given time.
--
-- It is a socket object that the program does not see until http2sock hands it out: so it is in the socket
-- table, is counted, and is closed when nobody holds it any more. What its events mean is decided here and not in
-- stream.lua, because an HTTP client waits in other ways: whoever called waits, a cosocket too, on a connection
-- that is not its own, and while something is sent what arrives is taken in, since a server may answer early.
--
-- A cosocket pauses here, so that whoever started it goes on; other tasks block. Only one task at a time waits
-- on a connection: `S.waiter`, for what `S.awaits` says.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local stream = import "sockets/stream"
local deadlines = import "tasks/deadlines"
local reasons = import "sockets/reasons"

local type = type
local clock, run, pause, block = host.monotonic, sched.run, waiting.pause, waiting.block
local arm, hold_back = sock.arm, sock.hold_back
local CONNECTED, DRAINED, SEND_FAILED, CANNOT_RESOLVE, TLS_FAILED, HANDSHAKING =
  reasons.CONNECTED, reasons.DRAINED, reasons.SEND_FAILED, reasons.CANNOT_RESOLVE, reasons.TLS_FAILED,
  reasons.HANDSHAKING

-- What is taken in at most while something is sent, before the server has to wait.
local EARLY_BYTES = 256 << 10

local wire = {}

-- ---------------------------------------------------------------- waiting

local function expired(task)
  run(task, nil, "timeout")
end

-- What these waits are called by whoever records.
local CALLS = {connection = "connect", data = "read", room = "write"}

-- The limit, and since when it counts, as `block` takes them.
local function wait(S, what, limit_s, since)
  local task = waiting.caller()
  S.waiter, S.awaits = task, what
  task.waits_for = S
  if task.kind.name ~= "cosocket" then
    return block(task, CALLS[what], limit_s, since)
  end
  task.expire = expired
  deadlines.set(task, (since or clock()) + limit_s)
  return pause(task, CALLS[what], limit_s)
end

-- Returns who waits, if it is for this, and takes it off. An interrupted task waits no more.
local function waiter(S, what)
  local task = S.waiter
  if task and S.awaits == what and task.waits_for == S then
    S.waiter = nil
    return task
  end
end

-- Tells whether a task is in the middle of something here.
function wire.is_busy(S)
  local task = S.waiter
  return task ~= nil and task.waits_for == S
end

-- ---------------------------------------------------------------- events

-- The connection is over, for this reason; "" is the orderly end.
local function ended(S, reason)
  S.eof = reason
  hold_back(S)
  local reader = waiter(S, "data")
  if reader then
    return run(reader, reason == "" and "" or nil, reason)
  end
  S.mute = true -- a server that has ended its side wants no more of the request: what it said counts now
  local writer = waiter(S, "room")
  if writer then
    run(writer, nil, "socketwritefailed")
  end
end

local function control(S, signal)
  if signal == DRAINED then
    if host.queued(S.number) > 0 then -- more has been sent since
      return
    end
    S.busy = nil
    local writer = waiter(S, "room")
    if writer then
      run(writer, true)
    end
  elseif signal == SEND_FAILED then -- what the server said before it hung up can still be read
    S.busy, S.mute = nil, true
    local writer = waiter(S, "room")
    if writer then
      run(writer, nil, "socketwritefailed")
    end
  elseif signal == TLS_FAILED then
    ended(S, host.tls_failure(S.number) or "socketreadfailed")
  end
end

local function ready(S, value)
  if type(value) ~= "string" then
    return control(S, value)
  elseif value == "" then
    return ended(S, "")
  end
  S.received = S.received + #value
  local reader = not S.inbox and waiter(S, "data")
  if reader then
    return run(reader, value)
  end
  sock.keep(S, value)
  if not S.busy or #S.inbox >= EARLY_BYTES then
    hold_back(S)
  end
end

local function dialled(S, signal)
  if signal == HANDSHAKING then
    return
  end
  local task = waiter(S, "connection")
  if not task then -- it was interrupted
    return sock.close(S, "interrupt")
  end
  run(task, signal)
end

-- ---------------------------------------------------------------- what a round trip calls

-- Starts to connect; `shark` is a client context's number, 0 for no TLS.
function wire.dial(address, port, shark, interface, ipv6)
  local current = sched.current
  local cell = current and current.cell
  local S = sock.new(cell)
  sock.open(S, host.tcp_connect(cell_number(cell), address, port, interface, ipv6, shark, nil), dialled)
  return S
end

-- Waits until it stands, handshake included, and `patience_s` since `since` at most: true, or nil and the reason.
function wire.await_connection(S, patience_s, since)
  local signal, reason = wait(S, "connection", patience_s, since)
  if signal == CONNECTED then
    stream.open(S, S.number)
    S.ready = ready
    return true
  elseif signal == TLS_FAILED then
    reason = host.tls_failure(S.number) or "socketreadfailed"
  elseif signal == CANNOT_RESOLVE then
    reason = "cannotresolve"
  elseif signal then
    reason = reasons.text[signal]
  end
  sock.close(S, "error", reason)
  return nil, reason
end

-- What came before TLS was put on the connection belongs to its handshake.
local function shaking(S, value)
  if type(value) == "string" then
    return host.tls_feed(S.number, value)
  end
  return dialled(S, value)
end

-- Puts TLS on a connection that leads to this host through a proxy: true, or nil and the reason.
function wire.secure(S, shark, address, port, patience_s, since)
  local early = S.inbox or ""
  S.inbox = nil
  host.tls_name(S.number, address, port)
  host.upgrade(S.number, shark, nil, early)
  S.armed, S.ready = nil, shaking
  return wire.await_connection(S, patience_s, since)
end

-- Sends all of `data`: true, or nil and the reason. `patience_s` is for each time in which nothing moves.
function wire.send(S, data, patience_s)
  if S.mute or not S.open or S.eof then
    return nil, "socketwritefailed"
  end
  S.sent = S.sent + #data
  local left = host.send(S.number, data)
  if left < 0 then
    S.mute = true
    return nil, "socketwritefailed"
  end
  S.busy = left > 0 or nil
  if S.busy and not S.inbox then
    arm(S)
  end
  while S.busy do
    local ok, reason = wait(S, "room", patience_s)
    if not ok and reason == "timeout" then
      local still = host.queued(S.number)
      if still >= left then
        return nil, "timeout"
      end
      left = still
    elseif not ok then
      return nil, reason
    end
  end
  return true
end

-- Returns what has arrived, "" at the end of the connection, or nil and the reason: nothing may have come when
-- `patience_s` have passed since `since`.
function wire.receive(S, patience_s, since)
  local data, eof = S.inbox, S.eof
  if data then
    S.inbox = nil
    return data
  elseif eof then
    return eof == "" and "" or nil, eof
  elseif not S.open then
    return nil, "socketreadfailed"
  elseif clock() > since + patience_s then
    return nil, "timeout"
  end
  arm(S)
  return wait(S, "data", patience_s, since)
end

-- Tells whether an idle connection still stands: nothing came, not even its end.
function wire.is_alive(S)
  if not S.open or S.mute or S.eof or S.inbox then
    return false
  end
  arm(S)
  local data, reason = wait(S, "data", 0)
  return not data and reason == "timeout" and S.open
end

-- Closes; a task that waits here gets nil, "socketclosed".
function wire.close(S)
  sock.close(S)
  local task = S.waiter
  S.waiter = nil
  if task and task.waits_for == S then
    run(task, nil, "socketclosed")
  end
end

-- Makes an open connection an ordinary socket.
function wire.release(S)
  local eof = S.eof
  hold_back(S)
  S.waiter, S.awaits, S.mute = nil, nil, nil
  stream.open(S, S.number)
  S.eof = eof == "" and "socketreadfailed" or eof
  if host.queued(S.number) > 0 then -- what was written next would overtake that
    S.busy, S.send = true, nil
  end
  return S
end

return wire
