-- `ba.rnd` and its family: random numbers and strings.
--
-- The bytes come from the operating system, good enough for keys and nonces, until a program calls `rndseed`.
-- From then on they come from a generator of our own, so that the same seed gives the same numbers again.
-- That generator is xoshiro256** (Blackman and Vigna, the one behind math.random), not math.random itself:
-- Lua has only one stream of that, and it belongs to the program and its math.randomseed.

local import = ...
local check = import "check"
local host = import "host"

local select, type = select, type
local byte, pack, rep, sub, unpack = string.byte, string.pack, string.rep, string.sub, string.unpack
local concat, unpack_table = table.concat, table.unpack
local tointeger, ult = math.tointeger, math.ult

-- Bytes drawn at once: a call to Python costs as much as some hundred of them.
local POOL_BYTES = 512
local WORD_BYTES <const> = 8
local LARGE_BYTES = 1 << 16 -- of which Lua must have room for all at once
local WORDS = POOL_BYTES // 8
local WORDS_FORMAT = "<" .. rep("i8", WORDS)

local random = {}

local function from_system()
  return host.urandom(POOL_BYTES)
end

-- Returns a source of the bytes that follow from `seed`.
local function from_seed(seed)
  -- FNV-1a makes one number of the text; splitmix64 spreads it over the state, as xoshiro's authors advise.
  local hash = 0xcbf29ce484222325
  for i = 1, #seed do
    hash = (hash ~ byte(seed, i)) * 0x100000001b3
  end
  local function spread()
    hash = hash + 0x9e3779b97f4a7c15
    local z = (hash ~ hash >> 30) * 0xbf58476d1ce4e5b9
    z = (z ~ z >> 27) * 0x94d049bb133111eb
    return z ~ z >> 31
  end
  local s0, s1, s2, s3 = spread(), spread(), spread(), spread()
  local function next_word()
    local word = s1 * 5
    word = (word << 7 | word >> 57) * 9
    local t = s1 << 17
    s2, s3 = s2 ~ s0, s3 ~ s1
    s1, s0 = s1 ~ s2, s0 ~ s3
    s2, s3 = s2 ~ t, s3 << 45 | s3 >> 19
    return word
  end
  local words = {}
  return function()
    for i = 1, WORDS do
      words[i] = next_word()
    end
    return pack(WORDS_FORMAT, unpack_table(words))
  end
end

local refill = from_system
local pool, used = "", 0

-- Returns the next `count` random bytes.
local function take(count)
  local pieces = {}
  while count > #pool - used do
    pieces[#pieces + 1] = sub(pool, used + 1)
    count = count - (#pool - used)
    pool, used = refill(), 0
  end
  pieces[#pieces + 1] = sub(pool, used + 1, used + count)
  used = used + count
  return concat(pieces)
end

-- Returns a random integer from 0 to `top`, each equally likely; `top` counts as unsigned.
local function up_to(top)
  local mask = top -- the smallest 2^k - 1 that covers top; what is above top is drawn again
  for shift = 0, 5 do
    mask = mask | mask >> (1 << shift)
  end
  local value
  repeat
    value = unpack("<i8", take(8)) & mask
  until not ult(top, value)
  return value
end

-- rnd(), rnd(0): an integer of 63 bits. rnd(n): one of 0 to n. rnd(a, b): one of a to b.
function random.rnd(...)
  local count, a, b = select("#", ...), ...
  local low, high = 0, count > 0 and check.integer(1, a) or 0
  if count > 1 then
    low, high = high, check.integer(2, b)
  elseif high == 0 then
    return unpack("<i8", take(8)) >> 1
  end
  if low > high then
    check.fail(count == 1 and 1 or 2, "interval is empty")
  end
  return low + up_to(high - low)
end

-- rnds(bytes): the unsigned integer in that many random bytes: 0 for none, and as many as an integer has, 8, for more
-- or fewer than that (which may be negative).
function random.rnds(...)
  local size = check.integer(1, (...), select("#", ...))
  if size == 0 then
    return 0
  elseif size < 0 or size > WORD_BYTES then
    size = WORD_BYTES
  end
  return (unpack("<I" .. size, take(size)))
end

-- rndbs(n): a string of n random bytes. The original counts them in 16 bits where n is negative.
function random.rndbs(...)
  local count = check.integer(1, (...), select("#", ...))
  if count < 0 then
    count = count & 0xFFFF
  end
  if count > LARGE_BYTES then
    import "crossing".need(count)
    if refill == from_system then
      return host.urandom(count)
    end
  end
  return take(count)
end

-- rndseed(string | number): from here on all of the above follow from the seed alone.
function random.rndseed(...)
  local seed = ...
  if type(seed) == "number" then
    -- 1 and 1.0 are the same number, so they are the same seed.
    seed = tointeger(seed) or seed
  end
  refill = from_seed(check.string(1, seed, select("#", ...)))
  pool, used = "", 0
end

return random
