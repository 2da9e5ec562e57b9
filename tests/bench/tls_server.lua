-- A TLS server in the documented style. A connection's first message says what it is for: "echo", "upload"
-- (100 MB come, a word goes) or "download" (100 MB go). Reads its certificate from `tls.pem` and its key
-- from `tls.key` in the current directory, and prints its port.

local TOTAL = 100 * 1000 * 1000
local BLOCK = ("x"):rep(100 * 1000)

local purposes = {}

function purposes.echo(s)
  s:write "ready"
  while true do
    local data = s:read()
    if not data then
      return
    end
    s:write(data)
  end
end

function purposes.upload(s)
  s:write "ready"
  local left = TOTAL
  while left > 0 do
    local data = s:read()
    if not data then
      return
    end
    left = left - #data
  end
  s:write "done"
  s:read()
end

function purposes.download(s)
  for _ = 1, TOTAL, #BLOCK do
    s:write(BLOCK)
  end
  s:read()
end

local function serve(s)
  s:setoption("tcp-nodelay", true) -- as asyncio does by itself
  local purpose = s:read()
  if purpose then
    purposes[purpose](s)
  end
end

local function accept(listener)
  while true do
    local s = listener:accept()
    if not s then
      return
    end
    s:event(serve)
  end
end

local io = ba.openio "home"
local context = ba.create.sharkssl(nil, {server = true})
context:addcert(assert(ba.create.sharkcert(io, "tls.pem", "tls.key")))
local listener = assert(ba.socket.bind(0, {shark = context}))
local _, port = listener:sockname()
listener:event(accept)
print(port)
