-- Reading and writing UDP sockets.

local import = ...
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local stream = import "sockets/stream"
local reasons = import "sockets/reasons"

local clock, run, block = host.monotonic, sched.run, waiting.block
local receive, hold_back, lose = host.udp_receive, sock.hold_back, sock.lose
local READABLE, RESOLVED, CANNOT_RESOLVE = reasons.READABLE, reasons.RESOLVED, reasons.CANNOT_RESOLVE

local datagram = {}

local awaited = keepers.add({}) -- handlers are weak, and an answer is wanted even if nobody waits any more

local function deliver(S, task, full, data, ...)
  S.received = S.received + #data
  if full then
    return run(task, data, ...)
  end
  return run(task, data)
end

local function take(S, task, full, data, ...)
  if data == false then -- the connected peer's port is closed
    return lose(S, "socketreadfailed")
  elseif data then
    if full ~= nil then
      S.waiting = nil
    else
      sock.next_reader(S)
    end
    return deliver(S, task, full, data, ...)
  end
end

local function ready(S, signal)
  if signal ~= READABLE then
    return
  elseif S.waiting == "read" then
    return take(S, S.task, S.with_sender, receive(S.number))
  end
  local reader = S.reader and sock.next_reader(S)
  if reader then
    sock.add_reader(S, reader)
    return take(S, reader, nil, receive(S.number))
  end
  hold_back(S)
end

-- Makes the state a UDP socket.
function datagram.open(S, number, connected)
  sock.open(S, number, ready)
  S.datagram, S.connected = true, connected
end

-- Reads in the socket's own cosocket; with `full` also the sender's address, port and whether it is IPv6.
function datagram.read_own(S, wait_s, full)
  sock.arm(S)
  S.with_sender = full or false
  return stream.wait_own(S, wait_s)
end

-- Reads in any other code: data only.
function datagram.read_blocking(S, wait_s)
  sock.arm(S)
  local task = waiting.caller()
  sock.add_reader(S, task)
  return block(task, wait_s and clock() + wait_s)
end

-- Writes to the connected peer; true, or nil and the reason. An unconnected socket stays open: the original
-- closes it, which helps nobody.
function datagram.write(S, data)
  if S.connected and host.udp_send(S.number, data) then
    S.sent = S.sent + #data
    return true
  end
  return nil, "socketwritefailed"
end

-- Waits for the resolver's answer, which comes as a signal under this number.
function datagram.await_answer(number)
  local task = waiting.caller()
  local answer = {
    ready = function(self, signal)
      awaited[self] = nil
      if task.waits_for == self then
        return run(task, signal)
      end
      host.close(number) -- it was interrupted, and whatever has this number is nobody's
    end,
  }
  awaited[answer], sched.handlers[number] = true, answer
  task.waits_for = answer
  return (block(task))
end

-- Sends to a name or address; true, or nil, the reason and the resolver's text.
function datagram.send_to(S, data, address, port)
  local ticket, signal = host.udp_send_to(S.number, data, address, port)
  signal = signal or datagram.await_answer(ticket)
  if signal == RESOLVED then
    S.sent = S.sent + #data
    return true
  elseif signal == CANNOT_RESOLVE then
    return nil, "gethostbyname", host.resolver_words(ticket)
  end
  return nil, "socketwritefailed"
end

return datagram
