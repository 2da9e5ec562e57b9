-- Applications: a folder that the page server shows, as the Mako Server does.
--
-- `.preload` runs once, when the folder is served, in the application's table, which pages know as `app`. `.lua/`
-- is where `require` finds the application's modules. Other files are sent as they are, pages (`.lsp`) are run, and
-- compiled anew when their file has changed. A folder answers by its index.lsp or index.html. One folder is served
-- at a time, below the root: serving another takes its place.

local import = ...
local host = import "host"
local sched = import "tasks/sched"
local exchange = import "web/exchange"
local files = import "files"
local page = import "web/page"
local dir = import "web/dir"
local web = import "web/server"
local lsp = import "web/lsp"
local report = import "tasks/report"
local interrupt = import "tasks/interrupt"

local G = _G
local setmetatable, type, select, load, pcall, error = setmetatable, type, select, load, pcall, error
local find, sub, match, gsub, concat, unpack =
  string.find, string.sub, string.match, string.gsub, table.concat, table.unpack
local package = package

local app = {}

local PIECE_BYTES = 64 << 10
local INDEXES = {"index.lsp", "index.html"}

local current -- the application that is served

-- ---------------------------------------------------------------- files

-- Reads a file of the folder, or nil.
local function read(A, path)
  local number = host.io_open(A.root, path, "r")
  if not number then
    return nil
  end
  local pieces, piece = {}
  repeat
    piece = host.file_read(number, PIECE_BYTES) or ""
    pieces[#pieces + 1] = piece
  until piece == ""
  host.file_close(number)
  return concat(pieces)
end

local function send_file(X, A, path, size)
  if X.method ~= "GET" and X.method ~= "HEAD" then
    X.status, X.fields = 405, {"Content-Type", "text/plain; charset=utf-8", "Allow", "GET, HEAD"}
    return exchange.write(X, "405 Method Not Allowed\n")
  end
  local number = host.io_open(A.root, path, "r")
  if not number then
    return dir.not_found(X)
  end
  exchange.set_field(X, "Content-Type", host.web_content_type(path))
  exchange.set_field(X, "Cache-Control", "no-cache")
  X.length = size
  -- Only this many bytes, which the head announces, even if the file grows meanwhile.
  local ok, problem = pcall(function()
    while size > 0 and X.method == "GET" and not X.lost do
      local piece = host.file_read(number, size < PIECE_BYTES and size or PIECE_BYTES)
      if not piece or piece == "" then
        break
      end
      size = size - #piece
      exchange.write(X, piece)
    end
    if X.method == "HEAD" then
      X.committed = true
      host.web_head(X.number, X.status, X.length, unpack(X.fields))
    end
  end)
  host.file_close(number)
  if not ok then
    error(problem, 0)
  end
end

-- ---------------------------------------------------------------- pages

-- Calls a chunk that comes as `...`: a name for it would show up in tracebacks instead of "main chunk".
local function call(...)
  (...)(select(2, ...))
end

-- Runs a page: its chunk gets the environment and what else a page knows.
function app.run_page(X, P)
  call(P.chunk, page.environment(X), P.pathname, P.io, P.page, P.app)
end

local function run_file(X, A, path, size, changed)
  local P = A.pages[path]
  if not P then
    P = {pathname = path, io = A.io, page = {}, app = A.env}
    A.pages[path] = P
  end
  if P.changed ~= changed or P.size ~= size then
    local text = read(A, path)
    if not text then
      return dir.not_found(X)
    end
    local chunk, problem = lsp.compile(text, path)
    if not chunk then
      P.changed = nil
      error(problem, 0)
    end
    P.chunk, P.changed, P.size = chunk, changed, size
  end
  app.run_page(X, P)
end

local function answer(A, X, path)
  local kind, size, changed = host.web_file(A.root, path)
  if kind == "folder" then
    if path ~= "" and sub(path, -1) ~= "/" then
      exchange.reset(X)
      X.status, X.fields = 302, {"Location", X.path .. "/"}
      exchange.finish(X)
      return true
    end
    for i = 1, #INDEXES do
      local index = path .. INDEXES[i]
      kind, size, changed = host.web_file(A.root, index)
      if kind == "file" then
        path = index
        break
      end
    end
  end
  if kind ~= "file" or sub(path, -1) == "/" then
    return false
  elseif match(path, "%.lsp$") then
    run_file(X, A, path, size, changed)
  else
    send_file(X, A, path, size)
  end
  return true
end

-- ---------------------------------------------------------------- serving a folder

local function add_to_path(root)
  local folder = gsub(root, "/$", "") .. "/.lua/"
  local templates = folder .. "?.lua;" .. folder .. "?/init.lua;"
  if not find(package.path, templates, 1, true) then
    package.path = templates .. package.path
  end
end

local function preload(A)
  local source = read(A, ".preload")
  if not source then
    return
  end
  local chunk, problem = load(gsub(source, "^#[^\n]*", ""), "@.preload", "t", A.env)
  if not chunk then
    error(problem, 0)
  end
  call(chunk)
end

local function leave()
  local A = current
  current = nil
  if A then
    A.dir:unlink()
    local unload = A.env.onunload
    if type(unload) == "function" then
      unload()
    end
  end
end

-- Serves a folder, whose real path this is, and returns the port. Raises what its `.preload` raises.
function app.serve(root)
  leave()
  local A = {root = root, io = files.new(root), pages = {}}
  A.dir = dir.add(function(X, path)
    return answer(A, X, path)
  end)
  A.env = setmetatable({io = A.io, dir = A.dir}, {__index = G})
  A.env.app = A.env
  add_to_path(root)
  local port = web.listen()
  preload(A)
  A.dir:insert()
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
  task.cell = {id = 0, running = true} -- so that what .preload prints is shown
  interrupt.target = interrupt.target or task -- no cell runs then: it is what the user wants to stop
  sched.run(task, root)
end

return app
