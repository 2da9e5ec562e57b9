-- Applications: a folder that the page server shows, as the Mako Server does.
--
-- `.preload` runs once, when the folder is served, in the application's table, which pages know as `app`. `.lua/`
-- is where `require` finds the application's modules. Other files are sent and pages run (`resources.lua`). One folder
-- is served at a time, below the root: serving another takes its place.

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local files = import "files"
local dir = import "web/dir"
local web = import "web/server"
local resources = import "web/resources"
local farewell = import "tasks/farewell"
local report = import "tasks/report"
local interrupt = import "tasks/interrupt"

local G = _G
local setmetatable, type, load, error, find, gsub = setmetatable, type, load, error, string.find, string.gsub
local package = package

local app = {}

-- Code of an application belongs to no cell; while it is served, what `.preload` prints is shown.
local NOBODY = {id = 0}

local current -- the application that is served
local leaves = false -- …and is left when the runtime ends

-- ---------------------------------------------------------------- serving a folder

-- Makes `require` look in a folder's `.lua/`; once more makes no difference.
function app.add_to_path(root)
  local folder = gsub(root, "/$", "") .. "/.lua/"
  local templates = folder .. "?.lua;" .. folder .. "?/init.lua;"
  if not find(package.path, templates, 1, true) then
    package.path = templates .. package.path
  end
end

-- Calls what comes as `...`, as C does on the server: a name for it would show up in traces and tracebacks.
local function run(...)
  (...)()
end

local function preload(A)
  local source = resources.read(A.root, ".preload")
  if not source then
    return
  end
  local chunk, problem = load(gsub(source, "^#[^\n]*", ""), "@.preload", "t", A.env)
  if not chunk then
    error(problem, 0)
  end
  run(chunk)
end

-- Ends the application that is served, if there is one: it hears of it by its `onunload`.
local function leave()
  local A = current
  current = nil
  if A then
    A.dir:unlink()
    local unload = A.env.onunload
    if type(unload) == "function" then
      run(unload)
    end
  end
end

-- Serves a folder, whose real path this is, and returns the port. Raises what its `.preload` raises.
function app.serve(root)
  leave()
  local io = files.new(root)
  local A = resources.new(io)
  A.dir = dir.add(function(X, path)
    return resources.answer(A, X, path)
  end)
  A.env = setmetatable({io = io, dir = A.dir}, {__index = G})
  A.env.app = A.env
  app.add_to_path(root)
  local port = web.listen()
  preload(A)
  A.dir:insert()
  if not leaves then
    leaves = true
    farewell.add(leave, NOBODY)
  end
  current = A
  return port
end

-- ---------------------------------------------------------------- asked from outside

local function over(task, ...)
  task.cell.running = false
  interrupt.ended(task)
  host.reply(task.ticket, ...)
end

local KIND = {
  name = "preload",
  ended = function(task, ok, result)
    if ok then
      return over(task, true, result)
    end
    over(task, false, report.stack(task, type(result) == "string" and result or "(no message)", 1))
  end,
  yielded = function(task)
    task.over = true
    over(task, false, "attempt to yield from outside a coroutine")
  end,
  abandoned = function(task)
    over(task, false, "stopped")
  end,
}

-- Serves a folder and answers the ticket: true and the port, or false and what is wrong.
function app.request(ticket, root)
  local task = sched.task(KIND, app.serve)
  task.ticket = ticket
  task.cell = {id = 0, running = true}
  interrupt.target = interrupt.target or task -- no cell runs then: it is what the user wants to stop
  sched.run(task, root)
end

return app
