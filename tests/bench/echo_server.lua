-- An echo server in the documented style: every connection is a cosocket of its own. Prints its port.

local function serve(s)
  while true do
    local data = s:read()
    if not data then
      return
    end
    s:write(data)
  end
end

local function accept(listener)
  while true do
    local s = listener:accept()
    if not s then
      return
    end
    s:event(serve, "s")
  end
end

local listener = assert(ba.socket.bind(0))
local _, port = listener:sockname()
listener:event(accept)
print(port)
