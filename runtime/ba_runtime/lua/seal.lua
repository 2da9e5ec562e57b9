-- The standard library as users see it: what could reach Python, crash Lua, end the process or stop the loop
-- is taken out or fenced, and what must be able to wait is written in Lua.
--
-- The seal has two layers. Python refuses every attribute of its objects (`_lua.py`); and here no function
-- hands user code one of those objects or our own internals: the registry, our upvalues and locals, and the
-- metatables of userdata are out of reach of `debug` (debug.lua).

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local debug = import "debug"
local interrupt = import "tasks/interrupt"
local ours = import "ours"
local tables = import "tables"
local coroutines = import "tasks/coroutines"
local stdio = import "console/stdio"
local output = import "console/output"
local text = import "console/text"
local check = import "check"
local callbacks = import "tasks/callbacks"
local modules = import "modules"
local fractions = import "fractions"

local G = _G
local type, select, error, setmetatable, native_xpcall, rawset, pairs, load, open, tonumber, collectgarbage =
  type, select, error, setmetatable, xpcall, rawset, pairs, load, io.open, tonumber, collectgarbage
local gsub, gmatch, sub, find, concat = string.gsub, string.gmatch, string.sub, string.find, table.concat
local package = package
local searchpath = package.searchpath

-- ---------------------------------------------------------------- load, require

-- Binary chunks are refused: Lua does not verify them, and a broken one crashes the process.
local function user_load(chunk, name, mode, ...)
  if mode ~= nil and type(mode) == "string" and not find(mode, "t", 1, true) then
    return nil, "attempt to load a binary chunk (only text is accepted here)"
  elseif type(name) == "string" then
    name = ours.not_ours(name)
  end
  if select("#", ...) == 0 then
    return load(chunk, name, "t", G)
  end
  return load(chunk, name, "t", ...)
end

local function read_source(name)
  local file, problem = open(name, "rb")
  if not file then
    return nil, "cannot open " .. problem
  end
  local source = file:read("a")
  file:close()
  if sub(source, 1, 1) == "#" then
    source = "--" .. source
  end
  return source
end

local function user_loadfile(name, mode, ...)
  if name == nil then
    error("loadfile needs a file name here because it cannot load from standard input", 2)
  end
  local source, problem = read_source(name)
  if not source then
    return nil, problem
  end
  return user_load(source, "@" .. name, mode, ...)
end

local function user_dofile(name)
  if name == nil then
    error("dofile needs a file name here because it cannot run standard input", 2)
  end
  local chunk, problem = user_loadfile(name)
  if not chunk then
    error(problem, 0)
  end
  return chunk()
end

local function preload_searcher(name)
  local loader = package.preload[name]
  if loader == nil then
    return "no field package.preload['" .. name .. "']"
  end
  return loader, ":preload:"
end

local function file_searcher(name)
  local path, tried = searchpath(name, package.path)
  if not path then
    return tried
  end
  local chunk, problem = user_loadfile(path)
  if not chunk then
    error("error loading module '" .. name .. "' from file '" .. path .. "':\n\t" .. problem, 0)
  end
  return chunk, path
end

-- Where `require` looks: beside the notebook or the script, in its `.lua` folder as the server does in an
-- application's, and in the folders that the environment names in BA_LUA_PATH, separated as in PATH.
local function module_path()
  local templates = {"./?.lua", "./?/init.lua", "./.lua/?.lua", "./.lua/?/init.lua"}
  local separator = sub(package.config, 1, 1)
  for folder in gmatch(os.getenv "BA_LUA_PATH" or "", separator == "\\" and "[^;]+" or "[^:]+") do
    templates[#templates + 1] = folder .. separator .. "?.lua"
    templates[#templates + 1] = folder .. separator .. "?" .. separator .. "init.lua"
  end
  return concat(templates, ";")
end

-- Lua's own require is a C function, across which a module's main chunk could not wait.
local function require(...)
  local name = check.string(1, (...), select("#", ...))
  local loaded = package.loaded
  if loaded[name] then
    return loaded[name]
  end
  local tried = {}
  for i = 1, #package.searchers do
    local loader, extra = package.searchers[i](name)
    if type(loader) == "function" then
      local value = ours.callable(loader)(name, extra)
      if value ~= nil then
        loaded[name] = value
      elseif loaded[name] == nil then
        loaded[name] = true
      end
      return loaded[name], extra
    elseif type(loader) == "string" then
      tried[#tried + 1] = "\n\t" .. gsub(loader, "^\n\t", "")
    end
  end
  error("module '" .. name .. "' not found:" .. concat(tried), 2)
end

-- ---------------------------------------------------------------- xpcall

-- An interrupt raises errors until the cell is over; a message handler of the user's has nothing to say to these, and
-- might take long over it. Programs call xpcall often and with the same handler, so the last shield is kept, weakly.
local HANDLER <const>, SHIELD <const> = 1, 2
local latest = setmetatable({}, {__mode = "v"})

local function shielded(handler)
  local function shield(...)
    if interrupt.under_way and host.is_interrupting() then
      return ...
    end
    local words = (handler or nil)(...) -- no tail call, which the handler's own traceback would show
    return words
  end
  return shield
end

local function user_xpcall(f, ...)
  local handler = ...
  local shield = latest[HANDLER] == handler and latest[SHIELD]
  if not shield then
    if type(handler) ~= "function" then
      check.expected(2, "function", handler, select("#", ...) + 1)
    end
    shield = shielded(ours.callable(handler))
    latest[HANDLER], latest[SHIELD] = handler, shield
  end
  return native_xpcall(f, shield, select(2, ...))
end

-- ---------------------------------------------------------------- os

local os = {
  clock = os.clock,
  date = os.date,
  difftime = os.difftime,
  getenv = os.getenv,
  remove = os.remove,
  rename = os.rename,
  time = os.time,
  tmpname = os.tmpname,
}

-- Ends the program: on the command line the process, in a notebook the cell.
function os.exit(code)
  local task = sched.current
  if not task or task.kind.name ~= "cell" or not collectgarbage "count" then -- a finalizer runs in whichever task
    error("os.exit ends a program, so only a cell or a program's main chunk can call it", 2)
  end
  task.exit_code = code == nil and 0 or code == true and 0 or code == false and 1 or tonumber(code) or 1
  if not waiting.can_yield() then
    host.stop_running() -- abandoning raises an error then, and goes on raising it if a pcall catches it
  end
  waiting.abandon(task)
end

function os.execute()
  error("os.execute is not available here: it would stop every cosocket while the program runs", 2)
end

function os.setlocale(locale)
  return (locale == nil or locale == "C" or locale == "") and "C" or nil
end

-- ---------------------------------------------------------------- all of it

local seal = {}

-- Replaces what needs replacing in the globals.
function seal.apply()
  local libraries = {coroutine = coroutines, debug = debug, io = stdio.library, os = os}
  for name, library in pairs(libraries) do
    G[name] = library
    package.loaded[name] = library
  end
  G.print, G.trace, G.tracep = output.print, output.trace, output.tracep
  fractions.apply(G.string, G.math, os)
  G.table.sort, G.table.move, G.string.gsub = callbacks.sort, tables.move, callbacks.gsub
  G.xpcall = user_xpcall
  G.tostring = text.user_tostring
  G.load, G.loadfile, G.dofile, G.require = user_load, user_loadfile, user_dofile, require
  rawset(package, "loadlib", nil)
  package.cpath = ""
  package.path = module_path()
  package.searchers = {preload_searcher, modules.search, file_searcher}
end

return seal
