-- The standard library as users see it: what could reach Python, crash Lua, end the process or stop the loop
-- is taken out or fenced, and what must be able to wait is written in Lua.
--
-- The seal has two layers. Python refuses every attribute of its objects (`_lua.py`); and here no function
-- hands user code one of those objects or our own internals: the registry, our upvalues and locals, and the
-- metatables of userdata are out of reach of `debug`.

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local interrupt = import "tasks/interrupt"
local coroutines = import "tasks/coroutines"
local stdio = import "console/stdio"
local output = import "console/output"
local text = import "console/text"
local check = import "check"
local callbacks = import "tasks/callbacks"
local report = import "tasks/report"

local G = _G
local d = debug
local type, select, error, rawset, pairs, load, open, gsub, gmatch, sub, find, concat, tonumber = type, select, error,
  rawset, pairs, load, io.open, string.gsub, string.gmatch, string.sub, string.find, table.concat, tonumber
local getinfo, traceback = debug.getinfo, debug.traceback
local isyieldable = coroutine.isyieldable
local package = package
local searchpath = package.searchpath

-- ---------------------------------------------------------------- load, require

local function is_ours(source)
  return sub(source, 1, 4) == "=ba:"
end

-- Binary chunks are refused: Lua does not verify them, and a broken one crashes the process.
local function user_load(chunk, name, mode, ...)
  if mode ~= nil and type(mode) == "string" and not find(mode, "t", 1, true) then
    return nil, "attempt to load a binary chunk (only text is accepted here)"
  elseif type(name) == "string" and is_ours(name) then
    name = "@" .. sub(name, 2) -- reads the same, and is known for the user's
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
    error("loadfile needs a file name here: there is no standard input to load from", 2)
  end
  local source, problem = read_source(name)
  if not source then
    return nil, problem
  end
  return user_load(source, "@" .. name, mode, ...)
end

local function user_dofile(name)
  if name == nil then
    error("dofile needs a file name here: there is no standard input to run", 2)
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
      local value = loader(name, extra)
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

-- ---------------------------------------------------------------- debug

local function function_is_ours(f)
  return type(f) == "function" and (is_ours(getinfo(f, "S").source) or getinfo(f, "S").what == "C")
end

local debug = {gethook = d.gethook, sethook = interrupt.sethook}

-- The stack shows functions of our own and of C by name only: `debug.getupvalue` itself is among them.
local function without_ours(info, asked)
  local f = info and info.func
  if f and f ~= asked and function_is_ours(f) then
    info.func = nil
  end
  return info
end

function debug.getinfo(...)
  local co, level, options = ...
  if type(co) == "thread" then
    return without_ours(getinfo(co, level, options), level)
  end
  level, options = ...
  if type(level) ~= "number" then
    return without_ours(getinfo(level, options), level)
  elseif level < 0 then
    return nil
  end
  local info = getinfo(level + 1, options) -- this function is on the stack too
  return without_ours(info)
end

-- Of a userdata the metatable that it shows; the one at work is ours, see userdata.lua.
function debug.getmetatable(value)
  if type(value) == "userdata" then
    return getmetatable(value) or nil
  end
  return d.getmetatable(value)
end

function debug.setmetatable(value, meta)
  if type(value) == "userdata" then
    error("the metatable of a userdata cannot be changed here", 2)
  end
  return d.setmetatable(value, meta)
end

function debug.getupvalue(f, i)
  if function_is_ours(f) then
    return nil
  end
  return d.getupvalue(f, i)
end

function debug.setupvalue(f, i, value)
  if function_is_ours(f) then
    return nil
  end
  return d.setupvalue(f, i, value)
end

function debug.upvalueid(f, i)
  if function_is_ours(f) then
    return nil
  end
  return d.upvalueid(f, i)
end

function debug.upvaluejoin(f, i, g, j)
  if function_is_ours(f) or function_is_ours(g) then
    error("the upvalues of the system's own functions cannot be joined", 2)
  end
  return d.upvaluejoin(f, i, g, j)
end

-- Tells whether a level of the calling coroutine's stack, or of `co`, is the user's to look into.
local function may_see(co, level)
  local info
  if co then
    info = getinfo(co, level, "S")
  else
    info = getinfo(level + 2, "S") -- this function and the one that asks
  end
  return not info or (info.what ~= "C" and not is_ours(info.source))
end

-- Registers without a name still hold what other functions left there, ours among them.
local function named(name, ...)
  if name and (sub(name, 1, 1) ~= "(" or name == "(vararg)") then
    return name, ...
  end
end

function debug.getlocal(...)
  local co, level, i = ...
  if type(co) ~= "thread" then
    co, level, i = nil, ...
  end
  if type(level) == "function" then
    return d.getlocal(level, i)
  elseif not may_see(co, level) then
    return nil
  elseif co then
    return named(d.getlocal(co, level, i))
  end
  local name, value = d.getlocal(level + 1, i)
  return named(name, value)
end

function debug.setlocal(...)
  local co, level, i, value = ...
  if type(co) ~= "thread" then
    co, level, i, value = nil, ...
  end
  if not may_see(co, level) then
    return nil
  elseif co then
    return named(d.getlocal(co, level, i)) and d.setlocal(co, level, i, value)
  end
  local name = named((d.getlocal(level + 1, i)))
  if name then
    d.setlocal(level + 1, i, value)
  end
  return name
end

-- debug.traceback, without our frames.
function debug.traceback(...)
  local co, message, level = ...
  if type(co) ~= "thread" then
    co, message, level = nil, ...
  end
  if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then
    return message
  end
  local frames = co and traceback(co, nil, level or 0) or traceback(nil, (level or 1) + 1)
  frames = report.without_ours(frames)
  return message and message .. "\n" .. frames or frames
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
  if not task or task.kind.name ~= "cell" then
    error("os.exit ends a program: only its main chunk, a cell, can call it", 2)
  end
  task.exit_code = code == nil and 0 or code == true and 0 or code == false and 1 or tonumber(code) or 1
  if not isyieldable() then
    host.stop_running() -- abandoning raises an error then, and goes on raising it if a pcall catches it
  end
  sched.abandon(task)
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
  G.table.sort, G.string.gsub = callbacks.sort, callbacks.gsub
  G.tostring = text.user_tostring
  G.load, G.loadfile, G.dofile, G.require = user_load, user_loadfile, user_dofile, require
  rawset(package, "loadlib", nil)
  package.cpath = ""
  package.path = module_path()
  package.searchers = {preload_searcher, file_searcher}
end

return seal
