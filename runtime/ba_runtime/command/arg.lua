-- The global `arg`: the program's name at 0, its arguments above, and what the command line has before it below.

local before, words = math.tointeger((...)), {select(2, ...)}

arg = {}
for i, word in ipairs(words) do
  arg[i - 1 - before] = word
end
