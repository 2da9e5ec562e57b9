-- What to say when a program uses a name of the server's that this runtime does not have (absent.lua).
--
-- Theory of operation. Programs test whether such a name is there (`if ba.tpm then`), so it must be nil, and reading it
-- must have no effect that shows. What fails is its use: Lua says "attempt to call a nil value (field 'tpm')", and the
-- hint is put behind that, where an error is reported or handed to a message handler. Lua's words give only the name,
-- and other tables may have fields of that name; so the tables of the API remember, on a miss, that this one was asked
-- for. That is the slow path of a table access, and costs nothing where the field is there.
--
-- An error that a program catches by pcall stays as Lua made it.

local import = ...
local absent = import "absent"

local find, match, setmetatable, type = string.find, string.match, setmetatable, type
local ipairs = ipairs

local fields, methods, globals, modules = absent.fields, absent.methods, absent.globals, absent.modules

local hints = {}

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

-- Returns a message with the hint behind it, if there is one.
function hints.explained(message)
  if type(message) ~= "string" or not find(message, "a nil value (", 1, true) then
    return message
  end
  local kind, name = match(message, "attempt to %a+ a nil value %((%a+) '([%w_]+)'%)$")
  local of = BY_KIND[kind]
  local hint = of and of(name)
  return hint and message .. "; " .. hint or message
end

-- Returns what to say of a module that was not found, nil for nothing.
function hints.of_module(name)
  for _, entry in ipairs(modules) do
    if find(name, entry[1]) then
      return entry[2](name)
    end
  end
end

return hints
