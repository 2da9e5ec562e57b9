-- Listening sockets and accept.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local stream = import "sockets/stream"

local run, pause = sched.run, waiting.pause
local accept, hold_back = host.tcp_accept, sock.hold_back

local listener = {}

local function taken(S, number)
  local client = sock.new(S.cell)
  stream.open(client, number)
  return client.u
end

local function ready(S)
  if S.waiting == "accept" then
    local number = accept(S.number, cell_number(S.cell))
    if number then
      S.waiting = nil
      return run(S.task, taken(S, number))
    end
    return
  end
  local reader = sock.first_reader(S)
  if not reader then
    return hold_back(S)
  end
  local number = accept(S.number, cell_number(S.cell))
  if number then
    sock.next_reader(S)
    return run(reader, taken(S, number))
  end
end

-- Makes the state a listening socket.
function listener.open(S, number)
  sock.open(S, number, ready)
  S.listening = true
end

-- Waits, in the listener's own cosocket, for the next client.
function listener.accept(S)
  sock.arm(S)
  S.waiting = "accept"
  return pause(S.task)
end

-- Waits, in any code, by `wait` with the limit that it takes for the next client: the socket object, or nil and the
-- reason.
function listener.accept_anywhere(S, wait, limit_s, since)
  sock.arm(S)
  local task = waiting.caller()
  sock.add_reader(S, task)
  return wait(task, "accept", limit_s, since)
end

return listener
