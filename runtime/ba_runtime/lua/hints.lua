-- What to say below an error: one line that tells what mends it, or nothing where that is not known.
--
-- Theory of operation. A hint is looked for when an error has ended a task, while the stack is still as it was (sched's
-- `bury`). So programs that run well pay nothing, and what a program catches by pcall or xpcall stays as Lua made it: a
-- hint goes beside the message, never into it. Lua knows what the program's variables hold, and Python has the text of
-- its cells (`ba_runtime/hints`): that finds in the line at fault what the error is about, this looks it up, and that
-- chooses the words. Nothing of the user's runs: tables are read raw, and only metatables that are tables are
-- followed. Whatever goes wrong here, there is just no hint.
--
-- Names of the server's that this runtime does not have (absent.lua) must be nil to programs that look whether they are
-- there. What fails is their use, of which Lua's words give only the last part of the name, and other tables may have
-- such a field; so the tables of the API remember, on a miss, that this one was asked for. That is the slow path of a
-- table access, and costs nothing where the field is there.

local import = ...
local host = import "host"
local absent = import "absent"
local is_ours = import "ours".source
local look = import "inspect/look"
local position = import "stack".position
local typename = import "check".typename

local find, match, concat = string.find, string.match, table.concat
local getinfo, getlocal, getupvalue, running = debug.getinfo, debug.getlocal, debug.getupvalue, coroutine.running
local error, assert, setmetatable, type, ipairs, pcall, rawget, next =
  error, assert, setmetatable, type, ipairs, pcall, rawget, next
local G = _G

local fields, methods, globals, modules = absent.fields, absent.methods, absent.globals, absent.modules

local MOST_NAMES <const>, MOST_KEYS <const>, LONGEST_NAME <const> = 2000, 20000, 40 -- of tables, as in look.lua
local MOST_TABLES <const> = 10 -- in a chain of __index, which may be a ring
local MOST_VARIABLES <const> = 250 -- a function has no more locals, and no more upvalues
local NO_MEMORY <const> = "not enough memory" -- Lua's own words

local hints = {
  owner_of = nil, -- set by sockets/sock.lua: the number of the cell whose cosocket owns a value, if it is a socket
}

-- ---------------------------------------------------------------- names that only the server has

local missed = {} -- by the last part of its path, a field that was asked for: no more than there are in `fields`

-- Lets a table of the API, which programs know by `path`, remember what it was asked for in vain. `index` is what it
-- answers misses by, if it does.
function hints.watch(api, path, index)
  setmetatable(api, {
    __index = function(_, name)
      local value = index and index(name)
      if value == nil and type(name) == "string" and fields[path .. "." .. name] then
        missed[name] = path .. "." .. name
      end
      return value
    end,
  })
end

-- Remembers that a method had nothing to give, such as a session: what is done with that nil is explained by `path`.
function hints.remember(name, path)
  missed[name] = path
end

local function of_field(name)
  local path = missed[name]
  return path and path .. " is " .. fields[path]
end

local function of_method(name)
  return methods[name] and name .. " is " .. methods[name]
end

local function of_global(name)
  return globals[name] and name .. " is " .. globals[name]
end

local BY_KIND = {
  field = of_field,
  ["local"] = of_field,
  upvalue = of_field,
  method = of_method,
  global = of_global,
}

-- What is known of a nil that a variable of this kind and name has given.
local function of_absent(message)
  local kind, name = match(message, "attempt to %a+ a nil value %((%a+) '([%w_]+)'%)$")
  local of = BY_KIND[kind]
  return of and of(name) or ""
end

-- What is known of a module that was not found.
local function of_module(message)
  local name = match(message, "module '([^\n]-)' not found:")
  for _, entry in ipairs(name and modules or {}) do
    if find(name, entry[1]) then
      return entry[2](name)
    end
  end
  return ""
end

-- ---------------------------------------------------------------- calls that have failed

-- Remembers that a documented function has just returned nil and this reason to the program, which may use the nil as
-- if it were what it had asked for. `address` and `port` are the call's, where it has them.
function hints.failed(call, address, port, reason)
  local source, line = position(running())
  host.hint_failed(call, address or "", port or 0, type(reason) == "string" and reason or "", source, line)
end

-- ---------------------------------------------------------------- the stack of what has failed

-- Tells who has raised the error: an operation of the program's ("program"), a function that it has called, of ours or
-- of Lua's ("function"), `assert`, or nobody whose words could be trusted (""): a program's own `error` says anything.
local function raiser(co)
  local info = getinfo(co, 0, "Sf")
  if not info then
    return ""
  elseif info.what ~= "C" then
    return is_ours(info.source) and "" or "program"
  elseif info.func ~= error then
    return info.func == assert and "assert" or "function"
  end
  local caller = getinfo(co, 1, "S")
  if not caller or not is_ours(caller.source) or caller.source == "=ba:tasks/coroutines" then -- which passes errors on
    return ""
  end
  return "function"
end

-- Returns a variable as the program sees it at this level: the newest local, else an upvalue, else a global.
local function variable(co, level, name)
  local is_local, newest
  for i = 1, MOST_VARIABLES do
    local found, value = getlocal(co, level, i)
    if not found then
      break
    elseif found == name then
      is_local, newest = true, value
    end
  end
  if is_local then
    return newest
  end
  local f = getinfo(co, level, "f").func
  for i = 1, MOST_VARIABLES do
    local found, value = getupvalue(f, i)
    if not found then
      break
    elseif found == name then
      return value
    elseif found == "_ENV" and type(value) == "table" and rawget(value, name) ~= nil then
      return rawget(value, name)
    end
  end
  return rawget(G, name)
end

-- Returns the names of the locals and upvalues that the program sees there, separated by blanks.
local function visible(co, level)
  local names, f = {}, getinfo(co, level, "f").func
  for i = 1, MOST_VARIABLES do
    names[#names + 1] = getlocal(co, level, i)
  end
  for i = 1, MOST_VARIABLES do
    names[#names + 1] = getupvalue(f, i)
  end
  return concat(names, " ")
end

-- Returns the names in a table, and in those that its `__index` leads to, separated by blanks.
local function names_in(value)
  local names, count, visited = {}, 0, 0
  for _ = 1, MOST_TABLES do
    for name in next, type(value) == "table" and value or {} do
      visited = visited + 1
      if count >= MOST_NAMES or visited > MOST_KEYS then
        break
      elseif type(name) == "string" and #name <= LONGEST_NAME and find(name, "^[%a_][%w_]*$") then
        count = count + 1
        names[count] = name
      end
    end
    value = look.index_of(value)
    if value == nil then
      break
    end
  end
  return concat(names, " ")
end

-- Returns what the first name and the fields behind it lead to.
local function followed(co, level, first, ...)
  if first then
    return look.follow(variable(co, level, first), ...)
  end
end

-- ---------------------------------------------------------------- all of it

local function explain(co, message)
  local source, line, level = position(co)
  if not level then
    return
  end
  local callee = level > 0 and getinfo(co, level - 1, "n").name or ""
  local subject = followed(co, level, host.hint_subject(message, callee, source, line))
  local known = of_absent(message)
  return host.hint(
    message, raiser(co), callee, source, line,
    known == "" and of_module(message) or known, visible(co, level), names_in(G),
    subject == nil and "" or typename(subject), names_in(subject), hints.owner_of(subject) or 0
  )
end

-- Returns a line about the error `problem` that has ended the coroutine, "" where there is nothing to say.
function hints.of(co, problem)
  if type(problem) ~= "string" or problem == NO_MEMORY then
    return ""
  end
  local ok, hint = pcall(explain, co, problem)
  return ok and type(hint) == "string" and hint or ""
end

return hints
