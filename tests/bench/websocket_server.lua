-- A WebSocket echo server in the documented style: a page makes every client a cosocket. Prints its port.

local function serve(s)
  local parts = {}
  while true do
    local data, text, so_far, length = s:read()
    if not data then
      return
    elseif so_far then -- a frame in pieces
      parts[#parts + 1] = data
      data = so_far == length and table.concat(parts)
    end
    if data then
      s:write(data, text)
      if so_far then
        parts = {}
      end
    end
  end
end

directory = ba.create.dir("ws", 0)
directory:setfunc(function(env)
  ba.socket.req2sock(env.request):event(serve, "s")
  return true
end)
directory:insert()
print(mako.port)
