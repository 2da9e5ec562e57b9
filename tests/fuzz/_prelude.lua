-- What random programs have at hand, as globals. CERTS is the folder of the TLS tests' certificates.

local type, select, getmetatable, tostring, pcall, find, match, trace =
  type, select, getmetatable, tostring, pcall, string.find, string.match, trace

-- Returns its arguments, and reports what must never get into a program's hands: an object of Python's, which has no
-- metatable that it shows, and a position in the runtime's own code.
function seen(...)
  for i = 1, select("#", ...) do
    local value = (select(i, ...))
    if type(value) == "userdata" and type(getmetatable(value)) ~= "table" then
      local _, text = pcall(tostring, value)
      if not find(text, "^collected object") then
        trace("FOREIGN " .. text)
      end
    elseif type(value) == "string" and find(value, "ba:[%l_/%d]+:%d+:") then
      trace("OURS " .. match(value, "ba:[%l_/%d]+:%d+:[^\n]*"))
    end
  end
  return ...
end

-- The latest eight of some kind of thing: `keep(x)` puts one there and returns it, `any()` takes them in turn.
local function ring(first)
  local things, at = {first}, 0
  return function(thing)
    at = at % 8 + 1
    things[at] = thing
    return thing
  end, function()
    at = at % #things + 1
    return things[at]
  end
end

-- Something that differs from call to call, but not from run to run.
local calls = 0
function chance()
  calls = calls + 1
  return calls % 3 == 0
end

-- An echo server on PORT, and a UDP socket on UDP_PORT that answers.
local listener = ba.socket.bind(0)
PORT = select(2, listener:sockname())
listener:event(function(l)
  while true do
    local s = l:accept()
    if not s then
      return
    end
    s:event(function(self)
      while true do
        local data = self:read()
        if not data or not self:write(data) then
          return
        end
      end
    end)
  end
end)
local answering = ba.socket.event(function(s)
  ba.socket.udpcon {port = 0, intf = "127.0.0.1"}
  while true do
    local data, address, port = s:read(true)
    if data then
      s:sendto(data, address, port)
    end
  end
end)
UDP_PORT = select(2, answering:sockname())

function client()
  return ba.socket.connect("127.0.0.1", PORT)
end

local threads
keep, any = ring(ba.socket.udpcon())
keep_timer, timer = ring(ba.timer(print))
keep_co, threads = ring(coroutine.create(print))
function co()
  return threads()
end

local function accept(op)
  local peer
  local l, problem = ba.socket.bind(0, op)
  if not l then
    error("no listener: " .. problem, 0)
  end
  l:event(function(self)
    peer = self:accept()
    self:close()
  end)
  return select(2, l:sockname()), function()
    for _ = 1, 200 do
      if peer then
        return peer
      end
      ba.sleep(1)
    end
    error "no peer"
  end
end

-- Both ends of a TCP connection.
function pair()
  local port, accepted = accept()
  local c = ba.socket.connect("127.0.0.1", port)
  return c, accepted()
end

-- Both ends of a TLS connection, the handshake done.
local disk, server = ba.openio "disk", nil
CLIENT = ba.create.sharkssl()
local function pem(name)
  local file = disk:open(CERTS .. "/" .. name)
  local text = file:read "*a"
  file:close()
  return text
end
function tls_pair()
  if not server then
    server = ba.create.sharkssl(nil, {server = true})
    server:addcert(ba.create.sharkcert(pem "server.pem", pem "server.key"))
  end
  local port, accepted = accept {shark = server}
  local c
  ba.thread.create():run(function()
    c = ba.socket.connect("127.0.0.1", port, {shark = CLIENT})
  end)
  local peer = accepted()
  peer:write "s"
  for _ = 1, 200 do
    if c then
      return c, peer
    end
    ba.sleep(1)
  end
  error "no handshake"
end

-- The address of a page that `f(_ENV)` makes.
local directory
function page(f)
  if directory then
    directory:unlink()
  end
  directory = ba.create.dir("p", 0)
  directory:setfunc(function(env)
    f(env)
    return true
  end)
  directory:insert()
  return "http://127.0.0.1:" .. mako.port .. "/p/"
end

-- Runs f while no descriptor is left (the worker has few).
local exhausting = 0
function exhausted(f)
  local taken = {}
  exhausting = exhausting + 1
  repeat
    local s = ba.socket.udpcon()
    taken[#taken + 1] = s
  until not s
  seen(pcall(f))
  for _, s in ipairs(taken) do
    s:close()
  end
  exhausting = exhausting - 1
end

-- What a trial asks for afterwards: the state is kept, sockets and timers work.
KEPT = "kept"
function works()
  if KEPT ~= "kept" then
    error("the state is lost", 0)
  end
  collectgarbage()
  if exhausting > 0 then
    return "works" -- as far as it can: what runs there may wait forever, and hold all descriptors
  end
  local ticked
  local t = ba.timer(function() ticked = true end)
  t:set(1)
  local c, peer = pair() -- of its own: what was there before may have run out of memory
  peer:write "still there"
  assert(c:read(5000) == "still there", "nothing arrives")
  c:close()
  peer:close()
  for _ = 1, 5000 do
    if ticked then
      return "works"
    end
    ba.sleep(1)
  end
  error("no tick", 0)
end
