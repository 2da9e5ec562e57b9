-- ba.socket.connect, bind, udpcon and toip: how sockets come to be.
--
-- In a cosocket they give the cosocket's own object its system socket; elsewhere they make a new object, and
-- connect blocks the caller.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local sock = import "sockets/sock"
local check = import "check"
local hints = import "hints"
local stream = import "sockets/stream"
local datagram = import "sockets/datagram"
local listener = import "sockets/listener"
local cosocket = import "sockets/cosocket"
local deadlines = import "tasks/deadlines"
local reasons = import "sockets/reasons"
local shark = import "sockets/shark"

local type, select, tostring, pcall, error = type, select, tostring, pcall, error
local whole = check.whole
local clock, run, pause, block = host.monotonic, sched.run, waiting.pause, waiting.block
local CONNECTED, RESOLVED, CANNOT_RESOLVE = reasons.CONNECTED, reasons.RESOLVED, reasons.CANNOT_RESOLVE
local TLS_FAILED, HANDSHAKING = reasons.TLS_FAILED, reasons.HANDSHAKING

-- A cosocket's connect gives up after this long unless told otherwise; a blocking one leaves it to the system.
local CONNECT_TIMEOUT_MS = 1000

local dial = {}

local function current_cell()
  local task = sched.current
  return task and task.cell
end

local function explanation(number, signal)
  local reason = reasons.text[signal] or signal
  if signal == TLS_FAILED then
    reason = host.tls_failure(number) or "socketreadfailed"
  end
  return reason, signal == CANNOT_RESOLVE and host.resolver_words(number)
end

-- Closes the socket of a signal other than success, and returns what that means to the caller: nil, the reason, and the
-- resolver's words. It is a reason already when the socket was closed meanwhile.
local function failure(number, signal)
  local ok, reason, words = pcall(explanation, number, signal)
  host.close(number, "error", ok and reason or nil)
  if not ok then -- there is no memory for what Python has to say
    error(reason, 0)
  elseif words then
    return nil, reason, words
  end
  return nil, reason
end

-- Passes on what a call returns, and remembers that it has failed: programs forget to look.
local function told(call, address, port, value, ...)
  if value == nil then
    hints.failed(call, address, port, (...))
  end
  return value, ...
end

local function finish_own(S, signal)
  local task, number = S.task, S.number
  if signal == HANDSHAKING then -- the documented timeout is for the connection; one that was asked for, for all
    if not S.patience then
      deadlines.clear(task)
    end
    return
  end
  S.waiting = nil
  if signal == CONNECTED then
    stream.open(S, number)
    return run(task, S.u)
  end
  S.number = nil
  sock.close(S)
  sock.mark_lost(S)
  return run(task, failure(number, signal))
end

local function connect_expired(task)
  local S = task.sock
  S.waiting = nil
  sock.close(S, "us", "timeout")
  run(task, nil, "timeout")
end

local function connect_own(S, address, port, op)
  if S.used then
    return nil, "incorrectuse"
  end
  cosocket.must_live(S)
  local number = host.tcp_connect(cell_number(S.cell), address, port, op.interface, op.ipv6, op.shark, op.alpn)
  sock.open(S, number, finish_own)
  S.nonblocking = true
  S.waiting = "connect"
  S.patience = op.timeout_ms ~= nil or nil
  local task, limit_s = S.task, (op.timeout_ms or CONNECT_TIMEOUT_MS) / 1000
  task.expire = connect_expired
  deadlines.set(task, clock() + limit_s)
  return pause(task, nil, limit_s)
end

local function wake(S, signal)
  if signal == HANDSHAKING then
    return
  end
  local task = S.dialler
  S.dialler = nil
  if not task then -- it has been told, and has not come to its turn yet
    return
  elseif task.waits_for ~= S then -- it was interrupted
    return sock.close(S, "interrupt")
  end
  run(task, signal)
end

local function connect_blocking(address, port, op)
  local task = waiting.caller()
  local cell = current_cell()
  local S = sock.new(cell)
  local number = host.tcp_connect(cell_number(cell), address, port, op.interface, op.ipv6, op.shark, op.alpn)
  sock.open(S, number, wake)
  S.dialler = task
  task.waits_for = S
  local signal = block(task, "connect")
  if signal == CONNECTED then
    stream.open(S, number)
    return S.u
  end
  S.number = nil
  sock.close(S)
  return failure(number, signal)
end

-- Connects while the caller goes on: returns the state, which is closed when it fails. Then, and when it is connected,
-- `done(true)` or `done(nil, reason, text)` is called.
function dial.begin(address, port, interface, ipv6, done)
  local cell = current_cell()
  local S = sock.new(cell)
  local number = host.tcp_connect(cell_number(cell), address, port, interface, ipv6, 0)
  sock.open(S, number, function(_, signal)
    if signal == CONNECTED then
      stream.open(S, number)
      return done(true)
    end
    S.number = nil
    sock.close(S)
    return done(failure(number, signal))
  end)
  return S
end

local function interface_and_family(op)
  if type(op) == "table" then
    return type(op.intf) == "string" and op.intf or nil, op.ipv6 == true
  end
  return nil, false
end

-- connect(host, port [, op]) → socket | nil, reason [, text]
function dial.connect(...)
  local address, port, op = ...
  local n = select("#", ...)
  address = check.string(1, address, n)
  port = check.number(2, port, n)
  local wanted = {shark = 0}
  if type(op) == "table" then
    if op.shark ~= nil then
      wanted.shark, wanted.context = shark.number(op.shark), op.shark -- referenced, so that the number stays good
      if not wanted.shark then
        check.expected(-1, "BASHARKSSL", op.shark)
      end
      local problem = shark.not_a_client(op.shark)
      if problem then
        check.raise(problem)
      end
      wanted.alpn = type(op.alpn) == "string" and op.alpn or nil
    end
    wanted.timeout_ms = type(op.timeout) == "number" and check.rounded(op.timeout) or nil
  end
  wanted.interface, wanted.ipv6 = interface_and_family(op)
  local S = sched.owner()
  port = whole(port) & 0xFFFF
  if S then
    return told("ba.socket.connect", address, port, connect_own(S, address, port, wanted))
  end
  return told("ba.socket.connect", address, port, connect_blocking(address, port, wanted))
end

-- bind(port [, op]) → listener | nil, "bind"
function dial.bind(...)
  local port, op = ...
  port = check.number(1, port, select("#", ...))
  local context = 0
  if type(op) == "table" and op.shark ~= nil then
    context = shark.number(op.shark)
    if not context then
      check.expected(-1, "BASHARKSSL", op.shark)
    end
    local problem = shark.not_a_server(op.shark)
    if problem then
      check.raise(problem)
    end
  end
  local interface, ipv6 = interface_and_family(op)
  local own = sched.owner()
  port = whole(port) & 0xFFFF
  if own and own.used then
    return told("ba.socket.bind", nil, port, nil, "incorrectuse")
  end
  local cell = own and own.cell or current_cell()
  local S = own or sock.reserve(cell)
  local number = host.tcp_listen(cell_number(cell), port, interface, ipv6, context)
  if not number then
    return told("ba.socket.bind", nil, port, nil, "bind")
  end
  listener.open(S, number)
  return S.u
end

-- udpcon() | udpcon(port [, op]) | udpcon{port=, intf=} | udpcon(host, port [, op])
function dial.udpcon(...)
  local first, second, op = ...
  local address, port, local_port = nil, 0, 0
  if type(first) == "string" then
    port = whole(check.number(2, second, select("#", ...))) & 0xFFFF
    if first == "" then
      local_port = port
    else
      address = first
    end
  elseif type(first) == "number" then
    local_port = whole(first) & 0xFFFF
    op = second
  elseif type(first) == "table" then
    op = first
  end
  if type(op) == "table" and type(op.port) == "number" then
    local_port = whole(op.port) & 0xFFFF
  end
  local interface, ipv6 = interface_and_family(op)
  local own = sched.owner()
  if own and own.used then
    return told("ba.socket.udpcon", address, address and port or local_port, nil, "incorrectuse")
  end
  local cell = own and own.cell or current_cell()
  local S = own or sock.reserve(cell)
  local number, signal = host.udp_open(cell_number(cell), address, port, interface, local_port, ipv6)
  signal = signal or datagram.await_answer(number)
  if signal ~= RESOLVED then
    return told("ba.socket.udpcon", address, address and port or local_port, failure(number, signal))
  end
  if local_port ~= 0 then
    datagram.note_bound(interface)
  end
  datagram.open(S, number, address ~= nil)
  return S.u
end

-- toip(name) → address | nil, "cannotresolve"
function dial.toip(...)
  local name = ...
  name = check.string(1, name, select("#", ...))
  local ticket, signal = host.resolve(tostring(name))
  signal = signal or datagram.await_answer(ticket)
  if signal ~= RESOLVED then
    return nil, "cannotresolve"
  end
  return host.resolved_address(ticket)
end

return dial
