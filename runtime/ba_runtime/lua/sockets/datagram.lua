-- Reading and writing UDP sockets.
--
-- A read waits for the reactor, which tells that a datagram has come, and not which: it stays with the system until it
-- is read. Where one has come there are often more, so the reads that follow try at once, up to a bound, and nobody
-- is kept waiting for longer than that; the first one that finds nothing waits again.

local import = ...
local advice = import "console/advice"
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local stream = import "sockets/stream"
local reasons = import "sockets/reasons"

local run, block, match = sched.run, waiting.block, string.match
local hold_back, lose = sock.hold_back, sock.lose
local READABLE, RESOLVED, CANNOT_RESOLVE = reasons.READABLE, reasons.RESOLVED, reasons.CANNOT_RESOLVE

-- What a datagram over IPv4 may have (RFC 768 and 791): 65,535 bytes less the two headers.
local MOST_BYTES <const> = 65507

-- What one socket may read in a row while others wait for their turn.
local IN_A_ROW <const> = 16

local datagram = {}

local awaited = keepers.add({}) -- handlers are weak, and an answer is wanted even if nobody waits any more

local function deliver(S, task, full, data, ...)
  S.received = S.received + #data
  if full or full == nil and task.with_sender then
    return run(task, data, ...)
  end
  return run(task, data)
end

local function take(S, task, full, data, ...)
  if data == false then -- the connected peer's port is closed
    return lose(S, "socketreadfailed")
  elseif data then
    S.in_a_row = IN_A_ROW
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
    return take(S, S.task, S.with_sender, S.receive())
  end
  local reader = sock.first_reader(S)
  if reader then
    return take(S, reader, nil, S.receive())
  end
  hold_back(S)
end

-- Where the program has bound ports so far: on loopback, as it is here unless `intf` says otherwise, or elsewhere.
local is_bound = {loopback = false, elsewhere = false}

-- Notes where a port was bound.
function datagram.note_bound(interface)
  is_bound[interface and "elsewhere" or "loopback"] = true
end

-- Says why nobody hears a broadcast, if it is sent in vain: on the server, ports are on all interfaces. That of the lab
-- network is heard.
local function heed_broadcast(address)
  if is_bound.loopback and not is_bound.elsewhere and match(address, "%.255$") and not host.is_in_lab(address) then
    advice.once(
      "a broadcast does not reach a UDP port on 127.0.0.1, which is where ports are bound here; "
        .. 'bind it by ba.socket.udpcon{port = n, intf = "0.0.0.0"}'
    )
  end
end

-- Makes the state a UDP socket.
function datagram.open(S, number, connected)
  sock.open(S, number, ready)
  S.datagram, S.connected = true, connected
  S.receive, S.send_known = host.udp_calls(number)
  S.in_a_row = nil
end

local function await(S, full, wait, limit_s, since)
  sock.arm(S)
  if not wait then
    S.with_sender = full
    return stream.wait_own(S, limit_s)
  end
  local task = waiting.caller()
  sock.add_reader(S, task)
  task.with_sender = full or nil
  return wait(task, "read", limit_s, since)
end

-- Returns the datagram that was there, or waits for one.
local function result(S, full, wait, limit_s, since, data, ...)
  if data then
    S.received = S.received + #data
    if full then
      return data, ...
    end
    return data
  elseif data == nil then
    S.in_a_row = nil
    return await(S, full, wait, limit_s, since)
  end
  lose(S, "socketreadfailed")
  if not wait then
    sock.mark_lost(S)
  end
  return nil, "socketreadfailed"
end

-- `wait` is nil in the socket's own cosocket.
local function read(S, full, wait, limit_s, since)
  local left = S.in_a_row
  if left and not S.reader then -- those who wait already come first
    S.in_a_row = left > 1 and left - 1 or nil
    return result(S, full, wait, limit_s, since, S.receive())
  end
  return await(S, full, wait, limit_s, since)
end

-- Reads in the socket's own cosocket; with `full` also the sender's address, port and whether it is IPv6.
function datagram.read_own(S, wait_s, full)
  return read(S, full or false, nil, wait_s)
end

-- Reads in any other code: data only, or as above with `full`. The calling task waits by `wait` (`block` or `rest`)
-- with the limit that it takes.
function datagram.read_blocking(S, full, wait, limit_s, since)
  return read(S, full, wait, limit_s, since)
end

-- Writes to the connected peer; true, or nil and the reason. One that is longer than any datagram closes the socket, as
-- on the server; an unconnected socket stays open, which the original closes as well.
function datagram.write(S, data)
  if S.connected and host.udp_send(S.number, data) then
    S.sent = S.sent + #data
    return true
  elseif S.connected and #data > MOST_BYTES then
    lose(S, "socketreadfailed")
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
      host.close(number, "interrupt") -- it was interrupted, and whatever has this number is nobody's
    end,
  }
  awaited[answer], sched.handlers[number] = true, answer
  task.waits_for = answer
  return (block(task, "resolve"))
end

-- Sends to a name or address; true, or nil, the reason and the resolver's text.
function datagram.send_to(S, data, address, port)
  local is_sent = S.send_known(data, address, port)
  if is_sent then
    S.sent = S.sent + #data
    if S.broadcasts then
      heed_broadcast(address)
    end
    return true
  elseif is_sent == false then
    return nil, "socketwritefailed"
  end
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
