-- A site with a page and two WebSockets: /echo/ sends back what comes, /talk/ talks and hears its echo.

local COUNT, LARGEST, IN_FLIGHT = 10000, 60000, 64

local kept = {} -- directories must be referred to

local function serve(name, f)
  local dir = ba.create.dir(name)
  kept[#kept + 1] = dir
  dir:setfunc(f)
  dir:insert()
end

-- Reads a whole message, whatever pieces it comes in: it and its type, nothing at the end.
local function message(s)
  local parts = {}
  while true do
    local data, is_text, so_far, length = s:read(20000)
    if not data then
      return nil
    end
    parts[#parts + 1] = data
    if so_far == length then -- nil both, when it came whole
      return table.concat(parts), is_text
    end
  end
end

local function websocket(f)
  return function(env)
    ba.socket.req2sock(env.request):event(f, "s")
  end
end

local letters = {}
for i = 1, LARGEST + 1024 do
  letters[i] = string.char(32 + (i * i // 7 + i) % 95)
end
letters = table.concat(letters)

-- The sizes are those of the page, but for the empty message, which `write` does not send.
local function sent(number)
  local size = number < 128 and number or number % 1000 == 0 and LARGEST
    or math.floor(LARGEST * ((number * 7919 % COUNT) / COUNT) ^ 8)
  local from = number % 1024 + 1
  return letters:sub(from, from + math.max(size, 1) - 1), number % 2 == 1
end

local function echo(s)
  local data, is_text = message(s)
  while data do
    assert(s:write(data == "" and "empty" or data, is_text))
    data, is_text = message(s)
  end
end

local function talk(s)
  local written, heard = 0, 0
  while heard < COUNT do
    while written < COUNT and written - heard < IN_FLIGHT do
      assert(s:write(sent(written)))
      written = written + 1
    end
    local data, is_text = message(s)
    local expected, kind = sent(heard)
    if data ~= expected or is_text ~= kind then
      return trace("message " .. heard .. " is another")
    end
    heard = heard + 1
  end
  trace(heard .. " alike")
  s:close()
end

-- Opens the site, whose page has this text; returns the port.
function open_site(html)
  serve("page", function(env)
    env.response:setcontenttype "text/html; charset=utf-8"
    env.response:write(html)
  end)
  serve("echo", websocket(echo))
  serve("talk", websocket(talk))
  return mako.port
end
