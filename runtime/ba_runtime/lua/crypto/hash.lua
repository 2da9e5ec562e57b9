-- `ba.crypto.hash`, `sha1` and `PBKDF2`: digests of data that may come in pieces.
--
-- All of this is documented, and recorded from the server. The work is Python's (`crypto/hashes.py`); Lua holds the
-- digest under way, an object of Python's, and no program ever sees it.

local import = ...
local advice = import "console/advice"
local check = import "check"
local host = import "host"

local format, running, select, sub, tonumber, type =
  string.format, coroutine.running, select, string.sub, tonumber, type
local read_in_place, update = host.read_in_place, host.crypto_hash_update

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

-- Encodings are known by their beginning: `b64` and `base64` are not the same.
local ENCODE = {h = host.crypto_hexlify, b = binary}

local function encoder(name)
  return sub(name, 1, 3) == "b64" and host.b64encode or ENCODE[sub(name, 1, 1)]
end

-- A digest is an object of Python's: it weighs more than Lua knows.
local weigh = import "burden"(2, 32)

-- Returns the function that collects data and tells the digest, beginning with `start`. What it returns after data is
-- another function for the same digest.
local function new(start)
  local state = host.crypto_hash_copy(start)
  weigh()
  local function feeder()
    return function(...)
      local data, encoding = ... -- `read_in_place` finds `data` as the first local of the function that calls it
      if data == nil or type(data) == "boolean" then
        local encode = encoding == nil and binary or encoder(check.string(2, encoding))
        if not encode then
          check.raise("Unknown encoding")
        end
        local digest = host.crypto_hash_digest(state)
        state = host.crypto_hash_copy(start)
        weigh()
        return encode(digest)
      end
      data = check.string(1, data)
      if #data <= LONG_BYTES then
        update(state, data)
        return feeder()
      elseif read_in_place and read_in_place(host.crypto_hash_feeder(state), tonumber(format("%p", running()))) then
        return feeder()
      end
      for i = 1, #data, PIECE_BYTES do
        update(state, sub(data, i, i + PIECE_BYTES - 1))
      end
      return feeder()
    end
  end
  return feeder()
end

local hash = {}

-- hash([algorithm = "sha1"]) | hash("hmac", algorithm, key): a function. h(data) adds data and returns what can be
-- called as h can; h() and h(true [, "binary" | "hex" | "b64"]) return the digest and begin anew.
function hash.new(...)
  local count, algorithm, inner, key = select("#", ...), ...
  algorithm = algorithm == nil and "sha1" or check.string(1, algorithm)
  local start
  if algorithm == "hmac" then
    inner = check.string(2, inner, count)
    key = check.string(3, key, count)
    start = host.crypto_hmac_start(inner, key) or check.raise(UNKNOWN)
  else
    start = host.crypto_digest_start(algorithm) or check.raise("Unknown algorithm")
  end
  return new(start)
end

-- sha1(data): the digest. sha1(): as hash("sha1").
function hash.sha1(...)
  local data = ...
  if data == nil then
    return new(host.crypto_digest_start("sha1"))
  end
  data = check.string(1, data)
  if #data > LONG_BYTES then -- without a copy
    return new(host.crypto_digest_start("sha1"))(data)()
  end
  return host.crypto_digest("sha1", data)
end

-- PBKDF2(algorithm, password, salt, iterations, length): a key of that many bytes, made whole digests.
function hash.PBKDF2(...)
  local count, algorithm, password, salt, iterations, length = select("#", ...), ...
  algorithm = check.string(1, algorithm, count)
  password = check.string(2, password, count)
  salt = check.string(3, salt, count)
  iterations = check.integer(4, iterations, count)
  length = check.integer(5, length, count)
  if not host.crypto_digest_start(algorithm) then
    check.raise(UNKNOWN)
  elseif iterations < 1 then
    check.fail(4, "out of range")
  elseif length < 1 or length > MAX_DERIVED_BYTES then
    check.fail(5, "out of range")
  end
  local key = host.crypto_pbkdf2(algorithm, password, salt, iterations, length) or check.fail(4, "too many iterations")
  if #key > length then
    advice.once "ba.crypto.PBKDF2 returns whole digests, as on a device: use key:sub(1, length)"
  end
  return key
end

return hash
