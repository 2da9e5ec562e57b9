-- A UDP echo server in the documented style: one cosocket answers each datagram's sender. Prints its port.

local socket = assert(ba.socket.udpcon{intf = "127.0.0.1"})
local _, port = socket:sockname()

socket:event(function(s)
  while true do
    local data, address, from = s:read(true)
    if not data then
      return
    end
    s:sendto(data, address, from)
  end
end)
print(port)
