-- A socket object: its state, what it is called, how it is closed.
--
-- The object is a userdata; its state is a table in a weak-keyed table, so that one look-up both checks the
-- argument and finds the state. Fields of a state `S`:
--
--   u         the object itself (an ephemeron pair: this does not keep it alive)
--   number    the system socket's number in Python, nil when there is none
--   open      there is a system socket
--   ready     what an event of that number calls: ready(S, value, is_signal)
--   stream    it is an open TCP connection; listening, datagram: what else it is, or was when it was closed
--   websocket     …and it is an open WebSocket: what lua/sockets/websocket.lua keeps for it; `stream` is false then
--   used      connected or bound, or tried to, and not closed since: connect says "incorrectuse"
--   shut      closed, by whom ever: the next close answers false
--   task      the cosocket that owns it; over: that cosocket has ended
--   waiting   the call in which the owner waits: read, write, accept, connect, disabled
--   lost      the owner has been told that the connection is gone: it may not wait any more
--   owed      …and its own close has not been called yet: that one still answers true
--   send      the channel's own `send`, the system's where nobody listens, while it may be called: not when
--             Python holds unsent data, and not on TLS; there secure is what encrypts and sends
--   receive, send_known   a UDP socket's: what Python offers to call directly; in_a_row: datagrams that may still be
--             read without a turn of the loop
--   inbox     data that came while nobody read; taken: the bytes at its front that were read since, on a stream
--   eof       after the inbox came the end, for this reason
--   armed     Python reports what arrives; on a stream also: nothing is kept, and no end has come
--   upgrader  who waits for the handshake of an upgrade; dialler: the blocked task that connects
--   watchers  who wants to know when something comes and nobody reads it: `noticed(watcher, S, is_sent)`, once
--   reader, readers   blocked tasks that read; writers: tasks that wait for the queue to drain
--   half_closes   it stays open when the peer will send no more (luasocket/tcp.lua)
--   busy      Python holds unsent data
--   broadcasts    a UDP socket's: the option is set
--   nonblocking   queued mode, writes do not wait; limit: its bound, when set (queuelen)
--   misread   a read failed because it was closed: the next one raises
--   cell, received, sent   for the socket table
--   said, said_at_end      while somebody records: what there is to say of its owner's reads (recorded.lua)
--
-- Fields that most sockets do not need are nil then: with at most 16 a state is half the size, and a server has
-- thousands.
--
-- Never: a strong reference to a state from outside the socket objects and their waiting tasks, except
-- `cosocket.held`; a blocking socket that nobody refers to must be collected and so closed.

local import = ...
local host = import "host"
local background = import "tasks/background"
local sched = import "tasks/sched"
local userdata = import "userdata"
local check = import "check"
local hints = import "hints"
local cell_number = import "tasks/cell_number"

local setmetatable, pairs, select, format, gsub, remove =
  setmetatable, pairs, select, string.format, string.gsub, table.remove
local run, handlers = sched.run, sched.handlers

local state = setmetatable({}, {__mode = "k"})
local meta = {__name = "_BASOCK"}
meta.__index = meta

local sock = {state = state, meta = meta}

-- The fields that belong to the connection and not to the object.
local OF_CONNECTION = {
  "stream", "listening", "datagram", "connected", "websocket", "secure",
  "send", "busy", "inbox", "taken", "eof", "armed", "receive", "send_known",
}
local total, active = 0, 0

-- Returns a new socket object's state; it has no system socket yet.
function sock.new(cell)
  local S = {open = false, cell = cell, received = 0, sent = 0}
  local u = userdata.new(meta)
  S.u = u
  state[u] = S
  total, active = total + 1, active + 1
  return S
end

-- Gives the state a system socket. The number is kept first: whatever fails then, the collector will close it.
function sock.open(S, number, ready)
  S.number, S.ready, S.open, S.used = number, ready, true, true
  S.listening, S.datagram, S.connected = nil, nil, nil
  S.inbox, S.taken, S.eof, S.armed, S.busy, S.misread, S.secure, S.websocket = nil, nil, nil, nil, nil, nil, nil, nil
  S.said = nil
  if S.shut then
    S.shut = false
    active = active + 1
  end
  handlers[number] = S
  if S.task then
    S.task.number = number
  end
end

-- Closes the system socket and forgets what was buffered; wakes nobody. `by` tells whoever records whose doing it is
-- (a Closer of observe/events.py, by default "us"), and `reason` what the program gets to know.
function sock.close(S, by, reason)
  local number = S.number
  if number then
    handlers[number] = nil
    S.number = nil
    host.close(number, by, reason)
  end
  S.open, S.stream, S.websocket, S.inbox, S.taken, S.eof, S.busy, S.send = false, nil, nil, nil, nil, nil, nil, nil
  S.receive, S.send_known, S.said = nil, nil, nil
  if not S.shut then
    S.shut = true
    active = active - 1
  end
end

-- Returns the state of a new object that is closed as yet. It is made before its system socket is, which nothing can
-- lose then: for want of memory an error may come up wherever an object is made.
function sock.reserve(cell)
  local S = sock.new(cell)
  sock.close(S)
  return S
end

-- Notes that the owner has been told that its connection is gone. Whoever calls this resumes it with the reason.
function sock.mark_lost(S)
  S.waiting, S.lost, S.owed = nil, true, true
end

-- Moves the system socket, and all that belongs to the connection, to a new object, whose state it returns. What
-- remains is a closed socket.
function sock.move(old)
  local S = sock.new(old.cell)
  local number, ready, kept = old.number, old.ready, {}
  for i = 1, #OF_CONNECTION do
    kept[i] = old[OF_CONNECTION[i]]
  end
  old.number = nil -- so that closing the object leaves the system socket alone
  sock.close(old)
  sock.wake_writers(old, nil, "socketclosed")
  sock.open(S, number, ready)
  for i = 1, #OF_CONNECTION do
    S[OF_CONNECTION[i]] = kept[i]
  end
  return S
end

-- Asks for what arrives.
function sock.arm(S)
  if not S.armed then
    S.armed = true
    host.arm(S.number)
  end
end

-- Tells whoever watches the socket (luasocket/select.lua) that something has come or it has been closed, or that all
-- that was written has gone.
function sock.tell_watchers(S, is_sent)
  local watchers = S.watchers
  S.watchers = nil
  for i = 1, #watchers do
    watchers[i]:noticed(S, is_sent)
  end
end

-- Leaves what arrives with the system: something has come, and nobody reads.
function sock.hold_back(S)
  if S.armed then
    S.armed = nil
    host.disarm(S.number)
  end
  if S.watchers then -- who may read at once, and asks for more
    sock.tell_watchers(S)
  end
end

-- Keeps data that nobody reads now. What came with it in the same poll (only TLS hands out several chunks) is put to it
-- at once, and not chunk by chunk.
function sock.keep(S, value)
  if S.secure then
    local rest = sched.recall(S.number)
    S.received = S.received + #rest
    value = value .. rest
  end
  S.inbox = S.inbox and S.inbox .. value or value
end

-- ---------------------------------------------------------------- who waits

-- Adds the calling task to those that wait to read, in the order of their calls.
function sock.add_reader(S, task)
  task.waits_for = S
  local reader = S.reader
  if reader and reader ~= task and reader.waits_for == S then
    local readers = S.readers or {}
    S.readers = readers
    for i = #readers, 1, -1 do
      if readers[i] == task then -- from an earlier read, whose time was up
        remove(readers, i)
      end
    end
    readers[#readers + 1] = task
  else
    S.reader = task
  end
end

-- Takes a task off the list, whose read is over: it may wait for the same socket in another call.
function sock.remove_reader(S, task)
  if S.reader == task then
    S.reader = S.readers and remove(S.readers, 1)
  end
  local readers = S.readers or {}
  for i = #readers, 1, -1 do
    if readers[i] == task then
      remove(readers, i)
    end
  end
end

-- Returns the first task that still waits to read; it stays on the list.
function sock.first_reader(S)
  while S.reader do
    local reader, readers = S.reader, S.readers
    if reader.waits_for == S then
      return reader
    end
    S.reader = readers and remove(readers, 1)
  end
end

-- Returns the first task that still waits to read, and takes it off the list.
function sock.next_reader(S)
  while S.reader do
    local reader, readers = S.reader, S.readers
    S.reader = readers and remove(readers, 1)
    if reader.waits_for == S then
      return reader
    end
  end
end

-- Wakes all that wait for the write queue with these values.
function sock.wake_writers(S, ...)
  local writers = S.writers
  S.writers = nil
  for i = 1, writers and #writers or 0 do
    local task = writers[i]
    if task.waits_for == S then
      local own = task.sock
      if own and own.waiting == "write" then
        own.waiting = nil
        if own == S and not S.open then
          sock.mark_lost(S)
        end
      end
      run(task, ...)
    end
  end
  if S.watchers then
    sock.tell_watchers(S, true)
  end
end

-- Wakes all that wait to read with these values.
function sock.wake_readers(S, ...)
  local reader = sock.next_reader(S)
  while reader do
    run(reader, ...)
    reader = sock.next_reader(S)
  end
end

-- Closes a socket whose connection is gone, and tells the reason, with a code for some, to whoever waits for data:
-- its owner, or else blocked readers.
function sock.lose(S, ...)
  sock.close(S, "peer", (...))
  sock.wake_writers(S, nil, "socketwritefailed")
  if S.task and S.waiting == "read" then
    sock.mark_lost(S)
    return run(S.task, nil, ...)
  end
  return sock.wake_readers(S, nil, ...)
end

-- Wakes everybody who waits on a socket that has just been closed: its owner, readers, writers, and who connects.
function sock.wake_all(S, reason)
  local task = S.task
  if task and S.waiting then
    sock.mark_lost(S)
    run(task, nil, reason)
  end
  sock.wake_writers(S, nil, reason)
  sock.wake_readers(S, nil, reason)
  local dialler = S.dialler
  if dialler and dialler.waits_for == S then
    S.dialler = nil
    run(dialler, reason)
  end
  local upgrader = S.upgrader
  if upgrader and upgrader.waits_for == S then
    S.upgrader = nil
    run(upgrader, nil, reason)
  end
  if S.watchers then
    sock.tell_watchers(S)
  end
end

-- ---------------------------------------------------------------- words about it

function sock.state_name(S)
  if S.over then
    return "terminated"
  end
  return S.task and (S.waiting or "exec") or "notcon"
end

local function endpoint(which, S)
  local address, port, v6
  if S.number then
    address, port, v6 = which(S.number)
  end
  return address, port, v6
end

function meta.state(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  return sock.state_name(S), S.open
end

function meta.peername(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  local address, port, v6 = endpoint(host.peername, S)
  if not address then
    return nil, "failed"
  end
  return address, port, v6
end

function meta.sockname(...)
  local S = state[...] or check.expected(1, "_BASOCK", (...), select("#", ...))
  local address, port, v6 = endpoint(host.sockname, S)
  if not address then
    return nil, "failed"
  end
  return address, port, v6
end

function meta.__tostring(self)
  local S = state[self] or check.expected(1, "_BASOCK", self)
  local name, port = endpoint(host.sockname, S)
  local pointer = gsub(format("%p", self), "^0x", "")
  if not name then
    return format("[Sock %s S:%s]", pointer, sock.state_name(S))
  end
  local peer, peer_port = endpoint(host.peername, S)
  return format(
    "[Sock %s S:%s {%s:%d -> %s:%d}]",
    pointer, sock.state_name(S), name, port, peer or "(null)", peer_port or 0
  )
end

-- Called by the collector, with true; programs can call it too, and close the socket by it.
function meta.__gc(self, is_collected)
  local S = state[self]
  if S then
    sock.close(S, is_collected and (sched.closing and "end" or "collector") or nil)
    if is_collected then
      if S.task then -- it was disabled, and nobody can enable it any more
        background.count(-1)
      end
      state[self] = nil
      total = total - 1
    end
  end
end

-- Returns how many socket objects there are, and how many of them are not closed.
function sock.stat()
  return total, active
end

function hints.owner_of(value)
  local S = value ~= nil and state[value]
  return S and S.task and cell_number(S.task.cell)
end

-- Calls f(S) for every socket object.
function sock.each(f)
  for _, S in pairs(state) do
    f(S)
  end
end

return sock
