-- Prints the milliseconds that reading and writing document.json take, the mean of REPEATS times.

local REPEATS <const> = 10

local file <close> = assert(io.open("document.json", "rb"))
local text = file:read "a"
local document = ba.json.decode(text)

local function mean_ms(work, argument)
  work(argument)
  local start = ba.clock()
  for _ = 1, REPEATS do
    work(argument)
  end
  return (ba.clock() - start) / REPEATS
end

assert(#document > 0 and #ba.json.decode(ba.json.encode(document)) == #document)
print(mean_ms(ba.json.decode, text))
print(mean_ms(ba.json.encode, document))
