-- What the programs in these tests have at hand, as globals. Run as a cell before each.

-- Waits until `condition()` is true, for five seconds at most.
function await(condition, what)
  local deadline = ba.clock() + 5000
  while not condition() do
    if ba.clock() > deadline then
      error("never happened: " .. (what or "the condition"), 2)
    end
    ba.sleep(1)
  end
end

-- Returns a cosocket listener that hands every client to `serve(socket)`, and its port.
function listen(serve)
  local listener = ba.socket.bind(0)
  local _, port = listener:sockname()
  listener:event(function(l)
    while true do
      local s = l:accept()
      if not s then
        return
      end
      serve(s)
    end
  end)
  return listener, port
end

-- Returns both ends of a TCP connection, blocking sockets.
function pair()
  local peer
  local listener, port = listen(function(s) peer = s end)
  local client = ba.socket.connect("127.0.0.1", port)
  await(function() return peer end, "accept")
  listener:close()
  return client, peer
end

-- Returns a TCP port on which nobody listens, nor can: a connection that stays open has it at its own end.
do
  local held = {}
  function refused_port()
    held[#held + 1] = table.pack(pair())
    local _, port = held[#held][1]:sockname()
    return port
  end
end

-- Returns a UDP socket bound to a port of its own, and that port.
function udp()
  local s = ba.socket.udpcon{intf = "127.0.0.1"}
  local _, port = s:sockname()
  return s, port
end

-- Returns a UDP port that a program may ask for by its number. The socket that holds it, so that nobody else gets it,
-- lets others share it, as every socket does that has asked for a number; the last one gets the datagrams.
do
  local held = {}
  function shared_udp_port()
    local port, s
    repeat
      s, port = udp()
      s:close()
      s = ba.socket.udpcon{port = port} -- fails if another program was faster
    until s
    held[#held + 1] = s
    return port
  end
end

-- The values as one text, nil included; and how many there are.
function shown(...)
  local words = table.pack(...)
  for i = 1, words.n do
    words[i] = type(words[i]) == "string" and words[i] or tostring(words[i])
  end
  return table.concat(words, " ")
end
