-- LuaSocket's tcp objects: master, client and server.

local import = ...
local host = import "host"
local check = import "check"
local sock = import "sockets/sock"
local stream = import "sockets/stream"
local listener = import "sockets/listener"
local cosocket = import "sockets/cosocket"
local dial = import "sockets/dial"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local addresses = import "luasocket/addresses"
local objects = import "luasocket/objects"
local receiving = import "luasocket/receiving"

local select, type, tonumber, sub, min, match = select, type, tonumber, string.sub, math.min, string.match
local state, limit, words = objects.state, objects.limit, objects.words
local rest, run = waiting.rest, sched.run

-- What is given to the system or to its queue at once; until that has gone, the call waits.
local CHUNK_BYTES <const> = 65536

local methods = {}
local meta = objects.metatable("tcp{any}", methods)

local tcp = {}

-- Returns a new object; `family` is "inet", "inet6" or nil for either.
function tcp.new(family)
  local object, L = objects.new(meta, "tcp{master}")
  L.family = family
  return object
end

-- ---------------------------------------------------------------- connecting

-- Begins a connection; its outcome goes to the state, and to whoever waits for it.
local function begin(L, address, port)
  local is_ipv6 = addresses.is_ipv6(L, address)
  L.problem, L.is_connecting, L.is_closed, L.has_told = nil, true, nil, nil
  local S
  S = dial.begin(address, port, L.interface, is_ipv6, function(ok, reason)
    L.is_connecting, L.problem = nil, not ok and words(reason) or nil
    local task = S.dialler
    S.dialler = nil
    if ok then
      objects.apply_options(L)
    end
    if S.watchers then -- those of before: whoever goes on below may watch it anew
      sock.tell_watchers(S, ok)
    end
    if task and task.waits_for == S then
      run(task)
    end
  end)
  S.half_closes = true
  L.S = S
end

-- Waits until a connection that was begun is there: true, or nil and the reason.
local function connected(L)
  local S = L.S
  if L.is_connecting then
    local task = waiting.caller()
    S.dialler, task.waits_for = task, S
    rest(task, "connect", limit(L))
    if L.is_connecting and S.open then
      S.dialler = nil
      return nil, "timeout"
    end
  end
  if S and S.stream then
    return true
  end
  return nil, L.problem or "closed"
end

-- connect(address, port) → 1 | nil, reason
function methods.connect(...)
  local self, address, port = ...
  local n = select("#", ...)
  local L = state[self] or check.fail(1, "tcp{any} expected")
  address, port = check.string(2, address, n), check.number(3, port, n)
  local S = L.S
  if S and S.stream then
    if L.has_told then
      return nil, "already connected"
    end
    L.has_told = true
    return 1
  elseif not L.is_connecting then
    if S and S.listening then -- only bound so far, for the sake of the address
      cosocket.close(S)
    end
    begin(L, address, check.whole(port) & 0xFFFF)
  end
  objects.begin(L)
  L.kind = "tcp{client}"
  local ok, reason = connected(L)
  if not ok then
    return nil, reason
  end
  L.has_told = true
  return 1
end

-- ---------------------------------------------------------------- serving

-- bind(address, port) → 1 | nil, reason
function methods.bind(...)
  local self, address, port = ...
  local n = select("#", ...)
  local L = state[self] or check.fail(1, "tcp{any} expected")
  address, port = check.string(2, address, n), check.number(3, port, n)
  local interface, reason = addresses.interface(address, "socket.bind")
  if reason then
    return nil, reason
  elseif L.S then
    return nil, "invalid argument"
  end
  local cell = addresses.cell()
  local S = sock.reserve(cell)
  local number = host.tcp_listen(
    addresses.cell_number(cell), check.whole(port) & 0xFFFF, interface, addresses.is_ipv6(L, interface or ""), 0
  )
  if not number then
    return nil, words "bind"
  end
  listener.open(S, number)
  L.S, L.interface = S, interface
  objects.apply_options(L)
  return 1
end

-- listen([backlog]) → 1 | nil, reason; how many may wait is the system's to say
function methods.listen(...)
  local L = state[...] or check.fail(1, "tcp{any} expected")
  if not L.S then -- any free port, as the system does
    local self = ...
    local ok, reason = methods.bind(self, L.family == "inet6" and "::1" or "*", 0)
    if not ok then
      return nil, reason
    end
  elseif not L.S.listening then
    return nil, "invalid argument"
  end
  L.kind = "tcp{server}"
  return 1
end

-- accept() → client | nil, reason
function methods.accept(...)
  local L = state[...]
  if not L or L.kind ~= "tcp{server}" then
    check.fail(1, "tcp{server} expected")
  elseif not L.S.open then
    return nil, "closed"
  end
  objects.begin(L)
  local accepted, reason = listener.accept_anywhere(L.S, rest, limit(L))
  if not accepted then
    return nil, words(reason)
  end
  local client, C = objects.new(meta, "tcp{client}")
  C.S = sock.state[accepted]
  C.S.half_closes = true
  return client
end

-- ---------------------------------------------------------------- sending and receiving

-- Writes bytes `first` to `last`; returns the last one taken, and the reason if that is not `last`.
local function send(L, data, first, last)
  local S = L.S
  last = last < first and first - 1 or last
  while first <= last do
    if S.busy then
      local ok, reason = stream.await_sent(S, rest, limit(L))
      if not ok then
        return first - 1, words(reason)
      end
    end
    if not S.stream then
      return first - 1, "closed"
    end
    local upto = min(first + CHUNK_BYTES - 1, last)
    local chunk = (first == 1 and upto == #data) and data or sub(data, first, upto)
    if not stream.write_queued(S, chunk) then
      return first - 1, "closed"
    end
    L.sent = L.sent + #chunk
    first = upto + 1
  end
  if S.busy then -- what the queue has counts as sent, but closing would drop it: so it is waited for
    stream.await_sent(S, rest, limit(L))
  end
  return last
end

-- send(data [, i [, j]]) → the last byte sent | nil, reason, the last byte sent
function methods.send(...)
  local self, data, i, j = ...
  local n = select("#", ...)
  local L = state[self]
  if not L or L.kind ~= "tcp{client}" then
    check.fail(1, "tcp{client} expected")
  end
  data = check.string(2, data, n)
  i = i == nil and 1 or check.integer(3, i)
  j = j == nil and -1 or check.integer(4, j)
  local first = i < 0 and #data + i + 1 or i
  local last = j < 0 and #data + j + 1 or min(j, #data)
  first = first < 1 and 1 or first
  objects.begin(L)
  local ok, problem = connected(L)
  if not ok then
    return nil, problem, first - 1
  end
  local sent, reason = send(L, data, first, last)
  if reason then
    return nil, reason, sent
  end
  return sent
end

-- receive([pattern [, prefix]]) → data | nil, reason, what has come
function methods.receive(...)
  local self, pattern, prefix = ...
  local n = select("#", ...)
  local L = state[self]
  if not L or L.kind ~= "tcp{client}" then
    check.fail(1, "tcp{client} expected")
  end
  prefix = prefix == nil and "" or check.string(3, prefix)
  local letter = pattern == nil and "l" or type(pattern) == "string" and match(pattern, "^%*?([la])") or nil
  if not letter and type(pattern) == "string" and not tonumber(pattern) then
    check.fail(2, "invalid receive pattern")
  end
  local count = not letter and check.number(2, pattern, n) or nil
  if count and count < 0 then
    check.fail(2, "invalid receive pattern")
  end
  objects.begin(L)
  local ok, problem = connected(L)
  if not ok and L.at > #L.kept then
    return nil, problem, prefix
  elseif letter == "l" then
    return receiving.line(L, prefix)
  elseif letter == "a" then
    return receiving.all(L, prefix)
  end
  return receiving.count(L, check.whole(count), prefix)
end

-- ---------------------------------------------------------------- ending

local CLOSER = {name = "closer"}

function CLOSER.ended() end

-- What the system did not take yet goes out before the connection is closed, for so long at most.
local LINGER_S <const> = 60

local function linger(S)
  local task = sched.task(CLOSER, function()
    stream.await_sent(S, waiting.block, LINGER_S)
    cosocket.close(S)
  end)
  run(task)
end

-- close() → 1
function methods.close(...)
  local L = state[...] or check.fail(1, "tcp{any} expected")
  local S = L.S
  L.is_closed, L.is_connecting, L.kept, L.at = true, nil, "", 1
  if S and S.busy and S.stream then
    L.S = nil
    linger(S)
  elseif S then
    cosocket.close(S)
  end
  return 1
end

-- shutdown([mode]) → 1 | nil, reason; mode is "both", "send" or "receive"
function methods.shutdown(...)
  local self, mode = ...
  local L = state[self]
  if not L or L.kind ~= "tcp{client}" then
    check.fail(1, "tcp{client} expected")
  end
  mode = mode == nil and "both" or check.string(2, mode)
  if mode ~= "both" and mode ~= "send" and mode ~= "receive" then
    check.fail(2, "invalid shutdown method")
  end
  local S = L.S
  if not S or not S.stream then
    return nil, "closed"
  elseif mode ~= "receive" then
    if S.busy then
      objects.begin(L)
      stream.await_sent(S, rest, limit(L))
    end
    host.tcp_finish(S.number)
  end
  return 1
end

methods.__close = methods.close
methods.__gc = nil -- the socket object behind it has one

return tcp
