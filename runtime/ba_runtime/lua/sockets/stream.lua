-- Reading and writing a TCP connection.
--
-- A read does not try the system first: it waits for the reactor, which has received a chunk by the time it
-- wakes Lua, so a request and its answer cost one receive and one send. Data that comes while nobody reads is
-- kept (what one poll brings: a chunk, with TLS a megabyte at most) and the interest switched off, so the peer is
-- slowed down by its own system's buffers.
--
-- A write calls the system at once. What is left over goes to Python's queue; a blocking write then waits for
-- it to drain, one in queued mode ("s", or connected inside a cosocket) returns how much waits.

local import = ...
local host = import "host"
local crossing = import "crossing"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local deadlines = import "tasks/deadlines"
local reasons = import "sockets/reasons"
local recorded = import "recorded"

local TIGHT_KB <const> = crossing.tight_kb
local collectgarbage, pcall, type, sub, remove = collectgarbage, pcall, type, string.sub, table.remove
local keep, hold_back, lose = sock.keep, sock.hold_back, sock.lose
local send, queued, arm = host.send, host.queued, host.arm
local run, wake, take_next = sched.run, sched.wake, sched.take_next
local pause, pause_own, block = waiting.pause, waiting.pause_own, waiting.block
local clock = host.monotonic
local CONNECTED, DRAINED, READABLE = reasons.CONNECTED, reasons.DRAINED, reasons.READABLE
local SEND_FAILED, TLS_FAILED = reasons.SEND_FAILED, reasons.TLS_FAILED

-- A writer in a cosocket waits once this much of a queue is left, as measured on the original.
local QUEUE_COMFORT = 1400

-- The documented limit of a write queue, see `s:queuelen`.
local QUEUE_LIMIT = 16384

-- What one read returns at most, as documented.
local CHUNK_BYTES = 8192

-- Returns what writes directly, nil with TLS; there, what encrypts and sends.
local function sender(number)
  local direct, secure = host.sender(number)
  return recorded.sending(number, direct), secure
end

local stream = {QUEUE_LIMIT = QUEUE_LIMIT, QUEUE_COMFORT = QUEUE_COMFORT}

-- Takes a chunk of what was kept; there is something. The rest stays where it is: it may be much.
local function take_inbox(S)
  local data, taken = S.inbox, S.taken or 0
  local upto = taken + CHUNK_BYTES
  if #data > upto then
    S.taken = upto
    return sub(data, taken + 1, upto)
  end
  S.inbox, S.taken = nil, nil
  return taken > 0 and sub(data, taken + 1) or data
end

-- Takes all that was kept, which may be nothing.
function stream.take_all(S)
  local data, taken = S.inbox or "", S.taken or 0
  S.inbox, S.taken = nil, nil
  return taken > 0 and sub(data, taken + 1) or data
end

local function control(S, signal)
  if signal == DRAINED then
    if queued(S.number) > 0 then -- somebody has written since: what comes next must not overtake that
      return
    end
    S.busy = nil
    S.send = sender(S.number)
    sock.wake_writers(S, true)
  elseif signal == READABLE then -- enabled again, with something kept
    if S.waiting == "read" and S.inbox then
      S.waiting = nil
      run(S.task, take_inbox(S))
    elseif S.waiting == "read" and S.eof then
      lose(S, S.eof)
    end
  elseif signal == SEND_FAILED then
    lose(S, "socketreadfailed")
  elseif signal == TLS_FAILED then
    local reason = host.tls_failure(S.number) or "socketreadfailed"
    if S.waiting == "read" or S.reader or S.writers then
      return lose(S, reason)
    end
    S.eof = reason
    hold_back(S)
  end
end

local function ready(S, value, is_signal)
  if is_signal then
    return control(S, value)
  end
  S.received = S.received + #value
  if S.waiting == "read" and S.armed then
    if value == "" then
      return lose(S, "socketreadfailed")
    end
    S.waiting = false -- and not nil: the field stays where it is
    return wake(S.task, value)
  end
  if value == "" then
    local reader = sock.first_reader(S)
    if reader and not S.half_closes then
      return lose(S, "socketreadfailed")
    end
    S.eof = "socketreadfailed"
    hold_back(S)
    if reader then
      return sock.wake_readers(S, nil, "socketreadfailed")
    end
    return
  end
  local reader = S.reader and sock.next_reader(S)
  if reader then
    return run(reader, value)
  end
  keep(S, value)
  return hold_back(S)
end

-- Adds a task to those that wait for the queue to drain. The list takes memory, and wherever that is taken a finalizer
-- may run the loop: returns nil, and what to tell the task, if the queue has drained or is lost by then.
local function add_writer(S, task)
  if S.reader then -- from a read whose time was up: it would take data for the end of this wait
    sock.remove_reader(S, task)
  end
  local writers = S.writers or {}
  writers[#writers + 1] = task
  if not S.busy then
    remove(writers)
    return nil, S.open
  end
  S.writers = writers
  task.waits_for = S
  return true
end

local function await_drain(S)
  local own = sched.owner()
  local task = own and sched.current or waiting.caller()
  local is_added, is_open = add_writer(S, task)
  if not is_added then
    return is_open or nil, not is_open and "socketwritefailed" or nil
  elseif own then
    own.waiting = "write"
    return pause(task)
  end
  return block(task, "write")
end

stream.await_drain = await_drain

-- What follows from the end of an upgrade's handshake.
local function upgraded(S, signal)
  if type(signal) == "string" then -- it had arrived, and been received, before the upgrade
    return host.tls_feed(S.number, signal)
  end
  local task, own = S.upgrader, S.waiting == "upgrade"
  local waits = task and (own or task.waits_for == S) -- else it was interrupted
  S.upgrader, S.ready = nil, ready
  if signal == CONNECTED then
    if S.reader then -- somebody else has been waiting for data
      sock.arm(S)
    end
    if waits then
      S.waiting = nil
      run(task, true)
    end
    return
  end
  local reason = signal == TLS_FAILED and host.tls_failure(S.number) or "socketreadfailed"
  lose(S, reason)
  if own then
    sock.mark_lost(S)
  end
  if waits then
    run(task, nil, reason)
  end
end

-- Waits by `wait`, with the limit that it takes, until all that was written has gone: true, or nil and the reason.
function stream.await_sent(S, wait, limit_s, since)
  local task = waiting.caller()
  local is_added, is_open = add_writer(S, task)
  if not is_added then
    return is_open or nil, "socketwritefailed"
  end
  local ok, reason = wait(task, "write", limit_s, since)
  local writers = S.writers
  if not ok and writers then -- it must not be woken by them in another call
    for i = #writers, 1, -1 do
      if writers[i] == task then
        remove(writers, i)
      end
    end
  end
  return ok, reason
end

-- Waits until all that was written has gone: true, or nil and the reason.
function stream.drain(S)
  while S.busy do
    local ok, reason = await_drain(S)
    if not ok then
      return nil, reason
    end
  end
  return true
end

-- Puts TLS on the stream and waits for the handshake; false when there is none to put it on.
function stream.upgrade(S, context, alpn, own)
  local early = stream.take_all(S)
  if not host.upgrade(S.number, context, alpn, early) then
    S.inbox = early ~= "" and early or nil
    return false
  end
  local task = waiting.caller()
  S.armed, S.ready, S.upgrader = nil, upgraded, task
  S.send, S.secure = sender(S.number)
  if own then
    S.waiting = "upgrade"
    return pause(task)
  end
  task.waits_for = S
  return block(task, "upgrade")
end

-- Makes the state a connected stream.
function stream.open(S, number)
  sock.open(S, number, ready)
  S.stream = true
  S.send, S.secure = sender(number)
end

-- Fetches anew what writes directly: what was kept goes past whoever listens since.
function stream.renew(S)
  if S.send then
    S.send = sender(S.number)
  end
end

local function read_expired(task)
  task.sock.waiting = nil
  run(task, nil, "timeout")
end

-- Waits in the socket's own cosocket for what a read gets. `wait_s` is the timeout, nil for none.
local function wait_own(S, wait_s)
  local task = S.task
  if wait_s then
    task.expire = read_expired
    deadlines.set(task, clock() + wait_s)
  end
  S.waiting = "read"
  return pause_own(task, S, wait_s)
end
stream.wait_own = wait_own

-- Reads in the socket's own cosocket.
function stream.read_own(S, wait_s)
  if not S.armed then
    if S.inbox then
      return take_inbox(S)
    elseif S.eof then
      local reason = S.eof
      sock.close(S, "peer", reason)
      sock.mark_lost(S)
      return nil, reason
    end
    S.armed = true
    arm(S.number)
  elseif S.secure then -- which gets several chunks in one poll
    local data = take_next(S.number)
    if data then
      S.received = S.received + #data
      return data
    end
  end
  return wait_own(S, wait_s)
end

-- Reads in any other code: the calling task waits by `wait` (`block` or `rest`) with the limit that it takes.
function stream.read_blocking(S, wait, limit_s, since)
  if S.inbox then
    return take_inbox(S)
  elseif S.eof then
    local reason = S.eof
    if not S.half_closes then
      sock.close(S, "peer", reason)
    end
    return nil, reason
  end
  sock.arm(S)
  local task = waiting.caller()
  sock.add_reader(S, task)
  return wait(task, "read", limit_s, since)
end

local function write_failed(S)
  lose(S, "socketreadfailed")
  return nil, "socketwritefailed"
end

local function write_rest(S, data)
  local secure = S.secure
  local left = secure and secure(data) or send(S.number, data)
  if left < 0 then
    return write_failed(S)
  elseif left == 0 then
    return true
  end
  S.busy, S.send = true, nil
  return await_drain(S)
end

-- Writes all of `data` (not empty) and returns true, or nil and the reason.
function stream.write_blocking(S, data)
  local length = #data
  S.sent = S.sent + length
  local direct = S.send
  if direct and (collectgarbage "count" or TIGHT_KB) < TIGHT_KB then -- an error of its takes memory
    local ok, n = pcall(direct, data)
    if ok then
      if n == length then
        return true
      end
      data = sub(data, n + 1)
    end
  end
  return write_rest(S, data)
end

-- Writes or queues; returns true and what waits, or nil and what waits when the queue is full.
function stream.write_queued(S, data)
  local length = #data
  local before = 0
  if S.busy then
    before = queued(S.number)
    if before >= (S.limit or QUEUE_LIMIT) and before > 0 and not sched.owner() then
      return nil, before
    end
  elseif S.send and (collectgarbage "count" or TIGHT_KB) < TIGHT_KB then
    local ok, n = pcall(S.send, data)
    if ok then
      S.sent = S.sent + n
      if n == length then
        return true, 0
      end
      data = sub(data, n + 1)
    end
  end
  local secure = S.secure
  local left = secure and secure(data) or send(S.number, data)
  if left < 0 then
    return write_failed(S)
  end
  S.sent = S.sent + #data
  if left == 0 then
    return true, 0
  end
  S.busy, S.send = true, nil
  if before > 0 and left > QUEUE_COMFORT and sched.owner() then
    return await_drain(S)
  end
  return true, left
end

return stream
