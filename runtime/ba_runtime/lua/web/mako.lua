-- The global `mako`: what the Mako Server adds to the App Server's API.
--
-- Here there is no server with a configuration and a folder of its own. What programs ask these for, a place beside
-- the program, is the current directory.

local import = ...
local host = import "host"
local shark = import "sockets/shark"
local sched = import "tasks/sched"
local farewell = import "tasks/farewell"
local app = import "web/app"
local web = import "web/server"
local files = import "files"
local check = import "check"

local select, type, setmetatable, gsub = select, type, setmetatable, string.gsub
local G, getenv = _G, os.getenv

local mako = {}

local function home()
  return (host.io_root "home")
end

local env = setmetatable({}, {
  __index = function(_, name)
    return type(name) == "string" and getenv(gsub(name, "%z.*", "")) or nil
  end,
})

-- What is not a function is told when somebody asks. There is no `sslport`: the page server speaks no TLS.
local values = {version = "4.3", argv = {}, env = env, execpath = host.exec_path}
local found = {
  port = web.listen, -- of the page server, which begins to listen
  cwd = home,
  cfgdir = home,
}

-- Returns a field of `mako` that is not in its table.
function mako.index(name)
  local find = found[name]
  if find then
    return find()
  end
  return values[name]
end

-- createloader(io): `require` finds the modules in the io's folder `.lua`
local function createloader(...)
  local root = files.root((...)) or check.expected(1, "IOINTF", (...), select("#", ...))
  app.add_to_path(root)
end

-- onexit(f): f() is called when the runtime ends
local function onexit(...)
  local f = ...
  if type(f) ~= "function" then
    check.expected(1, "function", f, select("#", ...))
  end
  local current = sched.current
  farewell.add(f, current and current.cell)
end

-- Returns the table, for which the globals must be sealed; `bas` is the version of the App Server, `date` when it was
-- built.
function mako.new(bas, date)
  values.BAS, values.date = bas, date
  return {
    sharkclient = shark.sharkclient,
    createloader = createloader,
    exit = G.os.exit,
    onexit = onexit,
  }
end

return mako
