-- Modules that most programs never ask for: they are read when `require` first wants one.
--
-- By then programs may have changed the globals, in which the modules at boot found the standard library. So a late
-- module gets a copy of them, made when this is loaded, with a copy of each library; and whatever else it imports must
-- have been loaded at boot.

local import = ...
local host = import "host"

local load, error, pairs, type, find = load, error, pairs, type, string.find

local function copy(libraries)
  local copied = {}
  for name, value in pairs(libraries) do
    copied[name] = value
  end
  return copied
end

local environment = {}
for name, value in pairs(_G) do
  if name ~= "_G" and name ~= "package" then
    environment[name] = type(value) == "table" and copy(value) or value
  end
end

local modules = {}

local late = {}

-- Returns the module in this folder by its path below `lua/`; what is not in `luasocket/` was loaded before.
function late.import(name)
  local module = modules[name]
  if module ~= nil then
    return module
  elseif not find(name, "^luasocket/") then
    return import(name)
  end
  local chunk, problem = load(host.module_source(name), "=ba:" .. name, "t", environment)
  if not chunk then
    error(problem, 0)
  end
  module = chunk(late.import)
  modules[name] = module
  return module
end

return late
