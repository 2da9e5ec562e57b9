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

local function ready(S)
  if S.waiting == "accept" then
    local number = accept(S.number, cell_number(S.cell))
    if number then
      local client = sock.new(S.cell)
      stream.open(client, number)
      S.waiting = nil
      return run(S.task, client.u)
    end
    return
  end
  hold_back(S)
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

return listener
