-- What the programs of these tests have at hand, besides those of tests/lua/_prelude.lua.

local number = 0
kept = {} -- directories must be referred to

-- Serves WebSockets by cosockets `f(s)`; returns the port. The page is /ws/ (the latest one).
function serve(f, mode)
  number = number + 1
  if kept[1] then
    kept[1]:unlink()
  end
  local dir = ba.create.dir("ws", 0)
  dir:setfunc(function(env)
    local s = ba.socket.req2sock(env.request)
    s:event(f, mode or "s")
    return true
  end)
  dir:insert()
  kept[1] = dir
  return mako.port
end

-- Returns a client's WebSocket.
function dial(url, op)
  local http = require "httpc".create(op or {})
  assert(http:request{url = url})
  assert(http:status() == 101, http:status())
  return assert(ba.socket.http2sock(http))
end

-- Reads a whole message, whatever pieces it comes in: it and its type, or what the failed read returned.
function message(s, ms)
  local parts = {}
  while true do
    local data, kind, so_far, length = s:read(ms)
    if not data then
      return nil, kind, so_far
    elseif not so_far then
      assert(#parts == 0, "a message inside a frame")
      return data, kind
    end
    parts[#parts + 1] = data
    if so_far == length then
      data = table.concat(parts)
      assert(#data == length, "pieces are missing")
      return data, kind
    end
  end
end

function digest(data)
  local hash = ba.crypto.hash("sha1")
  for i = 1, #data, 1 << 16 do
    hash(data:sub(i, i + (1 << 16) - 1))
  end
  return hash(true, "hex")
end

-- Answers every message until the end, in its own type: with itself where a write takes that much.
function converse(s)
  while true do
    local data, kind, code = message(s)
    if not data then
      trace("end", kind, code)
      return
    elseif #data == 0 then
      assert(s:write("empty", kind))
    elseif #data <= 0xFFFF then
      assert(s:write(data, kind))
    else
      assert(s:write(#data .. ":" .. digest(data), kind))
    end
  end
end
