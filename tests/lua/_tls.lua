-- What the TLS programs have at hand beside the prelude. CERTS is the folder of their certificates.

local disk = ba.openio "disk"

-- The content of a file in CERTS.
function pem(name)
  local file = assert(disk:open(CERTS .. "/" .. name))
  local text = file:read "*a"
  file:close()
  return text
end

-- A server's context with the certificate `name`; with a store, clients are asked for theirs.
function server_context(name, store)
  local context = ba.create.sharkssl(store, {server = true})
  name = name or "server"
  context:addcert(assert(ba.create.sharkcert(pem(name .. ".pem"), pem(name .. ".key"))))
  return context
end

-- A store with these certificates.
function store(...)
  local made = ba.create.certstore()
  for _, name in ipairs {...} do
    made:addcert(pem(name .. ".pem"))
  end
  return made
end

-- A client's context that trusts these.
function client_context(...)
  return ba.create.sharkssl(... and store(...))
end

-- A TLS listener that hands every client to `serve(socket)`, and its port.
function listen_tls(serve, context)
  local listener = assert(ba.socket.bind(0, {shark = context or server_context()}))
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

-- A blocking client and the server's end, a blocking socket too, before its handshake.
function tls_accepted(context, client)
  local peer, c
  local listener, port = listen_tls(function(s) peer = s end, context)
  ba.thread.create():run(function()
    c = assert(ba.socket.connect("127.0.0.1", port, {shark = client or client_context()}))
  end)
  await(function() return peer end, "accept")
  listener:close()
  return peer, function()
    await(function() return c end, "connect")
    return c
  end
end

-- Both ends of a TLS connection, blocking sockets; each has got a byte.
function tls_pair(context, client)
  local peer, connected = tls_accepted(context, client)
  peer:write "s"
  local c = connected()
  assert(c:read(5000) == "s")
  c:write "c"
  assert(peer:read(5000) == "c")
  return c, peer
end

-- Reads until there are n bytes; returns them.
function read_all(s, n)
  local parts = {}
  while n > 0 do
    local data, reason = s:read(5000)
    if not data then
      return nil, reason, n
    end
    parts[#parts + 1], n = data, n - #data
  end
  return table.concat(parts)
end
