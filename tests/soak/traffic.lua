-- The traffic of a soak: echo servers, and lanes of clients that compare digests. CERTS is the folder of the TLS
-- tests' certificates.
--
-- A lane is a function that makes one round: it connects, sends, compares and closes. Between rounds it stands still
-- while `paused` is set, so that nothing is open when the sample is taken.

local concat, random, rep, sub = table.concat, math.random, string.rep, string.sub

paused = false
lanes, standing = 0, 0
moved, rounds = {}, {} -- bytes that came back, and rounds, of each kind
WRONG = false -- what was wrong first

PATIENCE_MS = 15000 -- then a read or a lane is stuck

-- What the servers answer; a test answers something else.
function echo(data)
  return data
end

local function wrong(kind, what)
  WRONG = WRONG or kind .. ": " .. what
end

-- Bytes that no two messages share, of up to `most`.
local number = 0
local function message(most)
  number = number + 1
  local piece = number .. "\0\xFF" .. ba.rndbs(32)
  local length = random(most)
  return sub(rep(piece, length // #piece + 1), 1, length)
end

local function compare(kind, sent, came)
  if ba.crypto.sha1(sent) ~= ba.crypto.sha1(came) then
    wrong(kind, #sent .. " bytes were sent, and " .. #came .. " came back, or others")
  end
  moved[kind] = moved[kind] + #came
end

-- Reads as much as was sent.
local function back(kind, s, length)
  local parts = {}
  while length > 0 do
    local data, reason = s:read(PATIENCE_MS)
    if not data then
      wrong(kind, length .. " bytes did not come back: " .. tostring(reason))
      break
    end
    parts[#parts + 1], length = data, length - #data
  end
  return concat(parts)
end

-- ---------------------------------------------------------------- servers

local function serve(s)
  while true do
    local data = s:read()
    if not data then
      return
    end
    s:write(echo(data))
  end
end

local function listen(op)
  local listener = assert(ba.socket.bind(0, op))
  listener:event(function(l)
    while true do
      local s = l:accept()
      if not s then
        return
      end
      s:event(serve)
    end
  end)
  return listener, select(2, listener:sockname())
end

local disk = ba.openio "disk"
local function pem(name)
  local file = assert(disk:open(CERTS .. "/" .. name))
  local text = file:read "*a"
  file:close()
  return text
end

local server, client = ba.create.sharkssl(nil, {server = true}), ba.create.sharkssl()
server:addcert(assert(ba.create.sharkcert(pem "server.pem", pem "server.key")))

plain_listener, PORT = listen()
tls_listener, TLS_PORT = listen {shark = server}

datagrams = ba.socket.event(function(s)
  ba.socket.udpcon {port = 0, intf = "127.0.0.1"}
  while true do
    local data, address, port = s:read(true)
    if data then
      s:sendto(echo(data), address, port)
    end
  end
end)
local UDP_PORT = select(2, datagrams:sockname())

directory = ba.create.dir("ws", 0)
directory:setfunc(function(env)
  ba.socket.req2sock(env.request):event(function(s)
    local parts = {}
    while true do
      local data, is_text, so_far, length = s:read()
      if not data then
        return
      end
      parts[#parts + 1] = data
      if so_far == length then
        s:write(echo(concat(parts)), is_text)
        parts = {}
      end
    end
  end, "s")
  return true
end)
directory:insert()
local WS_URL = "ws://127.0.0.1:" .. mako.port .. "/ws/"

-- ---------------------------------------------------------------- lanes

local ways = {}

local function converse(kind, s)
  for _ = 1, random(8) do
    local data = message(40000)
    s:write(data)
    compare(kind, data, back(kind, s, #data))
    if WRONG then
      break
    end
  end
  s:close()
end

function ways.tcp()
  local s, reason = ba.socket.connect("127.0.0.1", PORT)
  if not s then
    return wrong("tcp", reason)
  end
  converse("tcp", s)
end

function ways.tls()
  local s, reason = ba.socket.connect("127.0.0.1", TLS_PORT, {shark = client})
  if not s then
    return wrong("tls", reason)
  end
  converse("tls", s)
end

function ways.udp()
  local s = ba.socket.udpcon("127.0.0.1", UDP_PORT)
  for _ = 1, random(8) do
    local data = message(8192)
    s:write(data)
    local came, reason = s:read(PATIENCE_MS)
    compare("udp", data, came or reason)
  end
  s:close()
end

function ways.ws()
  local http = require "httpc".create()
  local ok, reason = http:request {url = WS_URL}
  local s = ok and ba.socket.http2sock(http)
  if not s then
    return wrong("ws", tostring(reason))
  end
  for i = 1, random(8) do
    local is_text = i % 2 == 0
    local data = is_text and ba.b64encode(message(20000)) or message(40000)
    s:write(data, is_text)
    local parts = {}
    while true do
      local piece, kind, so_far, length = s:read(PATIENCE_MS)
      if not piece or kind ~= is_text then
        return wrong("ws", tostring(kind))
      end
      parts[#parts + 1] = piece
      if so_far == length then
        break
      end
    end
    compare("ws", data, concat(parts))
  end
  s:close()
end

function ways.timer()
  local ticks = 0
  local timer = ba.timer(function()
    ticks = ticks + 1
    return ticks < 3
  end)
  timer:set(random(5))
  local cancelled = ba.timer(function() wrong("timer", "a cancelled one ticked") end)
  cancelled:set(1000, true)
  for _ = 1, PATIENCE_MS do
    if ticks == 3 then
      break
    end
    ba.sleep(1)
  end
  if ticks ~= 3 or not cancelled:cancel() then
    wrong("timer", "one does not tick")
  end
  moved.timer = moved.timer + ticks
end

-- Rounds, in a job, which may wait, or in a cosocket of which each has one connection.
local function lane(kind)
  local way = ways[kind]
  local job = ba.thread.create()
  job:run(function()
    while true do
      if paused then
        standing = standing + 1
        while paused do
          ba.sleep(1)
        end
        standing = standing - 1
      end
      way()
      rounds[kind] = rounds[kind] + 1
    end
  end)
  lanes = lanes + 1
end

-- The same by cosockets: each makes the next one when it has ended, or the one who lets the lanes go on does.
local waiting = {}
local function cosocket_lane(kind)
  local way = ways[kind]
  local function start()
    if paused then
      standing = standing + 1
      waiting[#waiting + 1] = start
      return
    end
    ba.socket.event(function()
      way()
      rounds[kind] = rounds[kind] + 1
      ba.timer(start):set(0, true)
    end)
  end
  lanes = lanes + 1
  start()
end

-- Begins all lanes; what does not need a cosocket of its own is done both ways.
function begin()
  for kind in pairs(ways) do
    moved[kind], rounds[kind] = 0, 0
  end
  for kind in pairs(ways) do
    lane(kind)
    if kind == "tcp" or kind == "tls" or kind == "udp" then
      cosocket_lane(kind)
    end
  end
end

-- Waits until every lane stands still; what was wrong so far, Lua's kilobytes, and the lanes' figures.
function sample()
  paused = true
  local deadline = ba.clock() + PATIENCE_MS
  while standing < lanes do
    if ba.clock() > deadline then
      error(WRONG or "only " .. standing .. " of " .. lanes .. " lanes stand still", 0)
    end
    ba.sleep(1)
  end
  ba.sleep(20) -- the servers hear of the last goodbyes
  for _ = 1, 3 do
    collectgarbage()
  end
  local parts = {}
  for kind in pairs(ways) do
    parts[#parts + 1] = kind .. " " .. rounds[kind] .. " " .. moved[kind]
  end
  return WRONG, collectgarbage "count", concat(parts, "\n")
end

function resume()
  paused = false
  local these = waiting
  waiting = {}
  for i = 1, #these do
    standing = standing - 1
    these[i]()
  end
end
