-- `ba.crypto.hash`, `sha1` and `PBKDF2`: digests of data that may come in pieces.
--
-- All of this is documented, and recorded from the server. The work is Python's (`crypto/hashes.py`); Lua holds the
-- two functions that feed and finish a digest, and no program ever sees them.

local import = ...
local check = import "check"
local host = import "host"

local format, running, select, sub, tonumber, type =
  string.format, coroutine.running, select, string.sub, tonumber, type
local read_in_place = host.read_in_place

-- From this size on a string is read where it is (`_in_place.py`), which costs a little and saves its copy. Where that
-- cannot be, it crosses in pieces, which memory is found for more quickly than for all of it.
local LONG_BYTES <const> = 1 << 18
local PIECE_BYTES <const> = 1 << 16

-- A derived key is no stream: no protocol takes more, and Lua's bound of memory does not count what Python holds.
local MAX_DERIVED_BYTES <const> = 1 << 20

local UNKNOWN = "Unknown hash algorithm"

local function binary(digest)
  return digest
end

local ENCODE = {binary = binary, hex = host.crypto_hexlify, b64 = host.b64encode}

-- Returns the function that collects data and tells the digest.
local function new(begin)
  local feed, finish = begin()
  local function h(...)
    local data, encoding = ... -- `read_in_place` finds `data` as the first local of the function that calls it
    if data == nil or type(data) == "boolean" then
      local encode = encoding == nil and binary or ENCODE[check.string(2, encoding)]
      if not encode then
        check.raise("Unknown encoding")
      end
      local digest = finish()
      feed, finish = begin()
      return encode(digest)
    end
    data = check.string(1, data)
    if #data <= LONG_BYTES then
      feed(data)
      return h
    elseif read_in_place and read_in_place(feed, tonumber(format("%p", running()))) then
      return h
    end
    for i = 1, #data, PIECE_BYTES do
      feed(sub(data, i, i + PIECE_BYTES - 1))
    end
    return h
  end
  return h
end

local hash = {}

-- hash([algorithm = "sha1"]) | hash("hmac", algorithm, key): a function. h(data) adds data and returns h; h() and
-- h(true [, "binary" | "hex" | "b64"]) return the digest and begin anew.
function hash.new(...)
  local count, algorithm, inner, key = select("#", ...), ...
  algorithm = algorithm == nil and "sha1" or check.string(1, algorithm)
  local begin
  if algorithm == "hmac" then
    inner = check.string(2, inner, count)
    key = check.string(3, key, count)
    begin = host.crypto_hmac_maker(inner, key) or check.raise(UNKNOWN)
  else
    begin = host.crypto_digest_maker(algorithm) or check.raise("Unknown algorithm")
  end
  return new(begin)
end

-- sha1(data): the digest. sha1(): as hash("sha1").
function hash.sha1(...)
  local data = ...
  local h = new(host.crypto_digest_maker("sha1"))
  if data == nil then
    return h
  end
  return h(check.string(1, data))()
end

-- PBKDF2(algorithm, password, salt, iterations, length): a key of so many bytes.
function hash.PBKDF2(...)
  local count, algorithm, password, salt, iterations, length = select("#", ...), ...
  algorithm = check.string(1, algorithm, count)
  password = check.string(2, password, count)
  salt = check.string(3, salt, count)
  iterations = check.integer(4, iterations, count)
  length = check.integer(5, length, count)
  if not host.crypto_digest_maker(algorithm) then
    check.raise(UNKNOWN)
  elseif iterations < 1 then
    check.fail(4, "out of range")
  elseif length < 1 or length > MAX_DERIVED_BYTES then
    check.fail(5, "out of range")
  end
  return host.crypto_pbkdf2(algorithm, password, salt, iterations, length) or check.fail(4, "too many iterations")
end

return hash
