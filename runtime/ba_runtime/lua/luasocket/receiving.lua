-- The patterns of `receive`: a line, so many bytes, or all until the end.
--
-- What comes is taken in pieces as the network brings them and joined once, so that a long answer costs no more than
-- its length. What is left of a piece stays with the object (`kept`, from `at` on) for the next call.

local import = ...
local crossing = import "crossing"
local objects = import "luasocket/objects"
local stream = import "sockets/stream"
local rest = import "tasks/waiting".rest

local concat, sub, find, gsub = table.concat, string.sub, string.find, string.gsub
local read_blocking, limit, words = stream.read_blocking, objects.limit, objects.words

local receiving = {}

-- Sees to it that something is there: returns true, or nil and the reason.
local function fetch(L)
  if L.at <= #L.kept then
    return true
  end
  local S = L.S
  if not S or not S.stream then
    return nil, "closed"
  elseif crossing.is_tight then -- for what the poll brings
    crossing.need(0)
  end
  local data, reason = read_blocking(S, rest, limit(L))
  if not data then
    return nil, words(reason)
  end
  L.received = L.received + #data
  L.kept, L.at = data, 1
  return true
end

local function take(L, last)
  local piece = sub(L.kept, L.at, last)
  L.at = last + 1
  if L.at > #L.kept then
    L.kept, L.at = "", 1
  end
  return piece
end

-- Up to the next LF, without it; carriage returns are left out wherever they are, as documented.
function receiving.line(L, prefix)
  local pieces, count = {prefix}, 1
  local ok, reason = fetch(L)
  while ok do
    local lf = find(L.kept, "\n", L.at, true)
    count = count + 1
    pieces[count] = gsub(take(L, lf or #L.kept), "[\r\n]", "")
    if lf then
      return concat(pieces)
    end
    ok, reason = fetch(L)
  end
  return nil, reason, concat(pieces)
end

-- All until the connection is closed, which is a failure only where nothing came before.
function receiving.all(L, prefix)
  local pieces, count = {prefix}, 1
  local ok, reason = fetch(L)
  while ok do
    count = count + 1
    pieces[count] = take(L, #L.kept)
    ok, reason = fetch(L)
  end
  local data = concat(pieces)
  if reason == "closed" and count > 1 then
    return data
  end
  return nil, reason, data
end

-- So many bytes, those of the prefix included; none of none once there are some, which tells the state of a connection.
function receiving.count(L, wanted, prefix)
  if wanted == 0 and prefix == "" then
    local ok, reason = fetch(L)
    if not ok then
      return nil, reason, ""
    end
  end
  local pieces, count, missing = {prefix}, 1, wanted - #prefix
  while missing > 0 do
    local ok, reason = fetch(L)
    if not ok then
      return nil, reason, concat(pieces)
    end
    local left = #L.kept - L.at + 1
    local piece = take(L, L.at + (left < missing and left or missing) - 1)
    count = count + 1
    pieces[count] = piece
    missing = missing - #piece
  end
  return concat(pieces)
end

return receiving
