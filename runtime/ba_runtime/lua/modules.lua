-- The modules that `require` finds without a file: LuaSocket's.
--
-- They come before files, as an installed LuaSocket does in Lua's own path: a program that is called `socket.lua`, or a
-- notebook with such a file beside it, would otherwise get itself. Whoever has a module of such a name is told.

local import = ...
local host = import "host"
local late = import "late"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"

local package, searchpath, format = package, package.searchpath, string.format

local function socket()
  return late.import "luasocket/socket"
end

local function mime()
  return late.import "luasocket/mime"
end

local LOADERS = {
  socket = socket,
  sockcompat = socket, -- what the server's resources call it
  ["socket.core"] = socket,
  ["socket.http"] = function()
    return late.import "luasocket/http"
  end,
  ["socket.url"] = function()
    return late.import "luasocket/url"
  end,
  ["socket.headers"] = function()
    return late.import "luasocket/headers"
  end,
  ltn12 = function()
    return late.import "luasocket/ltn12"
  end,
  mime = mime,
  ["mime.core"] = mime,
}

local modules = {}

-- A searcher of `package.searchers`.
function modules.search(name)
  local loader = LOADERS[name]
  if not loader then
    return nil
  end
  local hidden = searchpath(name, package.path)
  if hidden then
    local task = sched.current
    host.note(
      cell_number(task and task.cell),
      format('require "%s" is the LuaSocket of this runtime, not %s; for your own, give it another name', name, hidden)
    )
  end
  return loader, ":ba-lua:"
end

return modules
