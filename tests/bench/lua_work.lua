-- What a Lua program pays for itself, without a network: prints a line for each piece of work, its milliseconds of
-- processor time and its name. Any Lua 5.4 can run it.

local clock, format, concat, sort = os.clock, string.format, table.concat, table.sort
local gsub, gmatch, find, char = string.gsub, string.gmatch, string.find, string.char
local create, resume, wrap, yield = coroutine.create, coroutine.resume, coroutine.wrap, coroutine.yield

local COROUTINES <const>, YIELDS <const> = 200000, 2000000

local names, works = {}, {}

local function work(name, f)
  names[#names + 1], works[name] = name, f
end

-- ---------------------------------------------------------------- nothing of ours is in these

work("a loop with arithmetic", function()
  local sum, ratio = 0, 1.0
  for i = 1, 10000000 do
    sum = (sum + i * 7) % 1000003
    ratio = ratio * 0.5 + sum
  end
end)

work("function calls", function()
  local function fibonacci(n)
    return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2)
  end
  fibonacci(29)
end)

work("method calls", function()
  local Account = {}
  Account.__index = Account
  function Account:add(amount)
    self.balance = self.balance + amount
  end
  for _ = 1, 200 do
    local account = setmetatable({balance = 0}, Account)
    for i = 1, 10000 do
      account:add(i)
    end
  end
end)

work("setmetatable of new tables", function()
  local Point = {}
  Point.__index = Point
  for i = 1, 1000000 do
    setmetatable({x = i, y = i}, Point)
  end
end)

work("table.sort", function()
  local list, value = {}, 1
  for i = 1, 200000 do
    value = value * 16807 % 2147483647
    list[i] = value
  end
  sort(list)
  sort(list, function(a, b)
    return a > b
  end)
end)

local words = {}
for i = 1, 20000 do
  words[i] = format("%s%d=%d", char(97 + i % 26), i, i * 31)
end
local text = concat(words, ", ")

work("string.gsub", function()
  for _ = 1, 4 do
    gsub(text, "(%w+)=(%d+)", "%2=%1")
    gsub(text, "%d+", function(digits)
      return #digits
    end)
  end
end)

work("string.gmatch", function()
  local total = 0
  for _ = 1, 8 do
    for name, value in gmatch(text, "(%w+)=(%d+)") do
      total = total + #name + value
    end
  end
end)

work("string.find", function()
  for _ = 1, 20 do
    find(text, "absent", 1, true)
    find(text, "(%a)%1%1")
    find(text, ", z%d+=%d+, nothing")
  end
end)

work("building strings", function()
  for _ = 1, 10 do
    local parts = {}
    for i = 1, 30000 do
      parts[i] = "line " .. i .. "\n"
    end
    concat(parts)
    local joined = ""
    for i = 1, 2000 do
      joined = joined .. parts[i]
    end
  end
end)

-- ---------------------------------------------------------------- these are wrapped, or might be

work("pcall", function()
  local function inner(value)
    return value
  end
  for i = 1, 3000000 do
    pcall(inner, i)
  end
end)

work("xpcall", function()
  local function inner(value)
    return value
  end
  local function handler(problem)
    return problem
  end
  for i = 1, 2000000 do
    xpcall(inner, handler, i)
  end
end)

work("error, caught by pcall", function()
  local function failing(i)
    error("problem " .. i)
  end
  for i = 1, 300000 do
    pcall(failing, i)
  end
end)

work("error of a table, caught by xpcall", function()
  local problem = {}
  local function failing()
    error(problem)
  end
  local function handler(reason)
    return reason
  end
  for _ = 1, 500000 do
    xpcall(failing, handler)
  end
end)

-- ---------------------------------------------------------------- coroutines

local function short()
  return 1
end

work("making 200,000 coroutines, each run to its end", function()
  for _ = 1, COROUTINES do
    resume(create(short))
  end
end)

work("making 200,000 coroutines, all kept", function()
  local kept = {}
  for i = 1, COROUTINES do
    kept[i] = create(short)
  end
  return kept
end)

work("making 200,000 coroutines by wrap, each yields once", function()
  local function once()
    yield(1)
  end
  for _ = 1, COROUTINES do
    local step = wrap(once)
    step()
    step()
  end
end)

local function forever()
  while true do
    yield(1)
  end
end

work("2,000,000 yields to resume", function()
  local co = create(forever)
  for _ = 1, YIELDS do
    resume(co)
  end
end)

work("2,000,000 yields to a wrap's function", function()
  local step = wrap(forever)
  for _ = 1, YIELDS do
    step()
  end
end)

for i = 1, #names do
  collectgarbage() -- what the one before has left is not this one's to pay for
  local start = clock()
  works[names[i]]()
  print((clock() - start) * 1000, names[i])
end
