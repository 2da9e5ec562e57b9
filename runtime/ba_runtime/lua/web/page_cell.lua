-- A page as a cell: the text of a cell is an LSP page, which runs for a request that nobody sent.
--
-- It has no client: what it writes is collected and told to Python before the cell's end is. With a path it is also
-- put there, and every later request of that path runs it again, with the same `page` table.

local import = ...
local host = import "host"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local waiting = import "tasks/waiting"
local exchange = import "web/exchange"
local files = import "files"
local cell = import "tasks/cell"
local resources = import "web/resources"
local web = import "web/server"
local lsp = import "web/lsp"
local advice = import "console/advice"

local G = _G
local setmetatable, sub, unpack = setmetatable, string.sub, table.unpack

local page_cell = {}

local tables = keepers.add({}) -- by path or name: the `page` table
local env -- the `app` of these pages, which belong to no folder

local function new_page(chunk, path, name)
  if not env then
    env = setmetatable({io = files.new((host.io_root "home"))}, {__index = G})
    env.app = env
  end
  local key = path or name
  tables[key] = tables[key] or {}
  return {chunk = chunk, pathname = path and sub(path, 2) or name, io = env.io, page = tables[key], app = env}
end

local function told(X, url)
  return function()
    X.ended = true
    host.page_done(X.status, exchange.field(X, "Content-Type") or "", exchange.body(X), url, unpack(X.fields))
  end
end

-- Runs the page, and waits for a deferred response: it is part of the result.
local function run(X, P)
  local task = sched.current
  X.task, task.page = task, X
  resources.run_page(X, P)
  while X.deferred and not X.ended do
    X.closer = function()
      X.closer = nil
      if task.waits_for == X then
        sched.run(task)
      end
    end
    task.waits_for = X
    waiting.block(task)
  end
end

-- Starts cell `id` as a page: its text, its name in messages, and the path to put it at, or "".
function page_cell.start(id, source, name, path)
  path = path ~= "" and path or nil
  local chunk, problem, words = lsp.compile(source, name)
  if not chunk then
    if words then
      advice.once(words)
    end
    host.page_done(500, "", "", nil)
    return cell.refuse(id, name, problem)
  end
  local P = new_page(chunk, path, name)
  local url
  if path then
    local owner = {id = id} -- whose code it is: what later requests trace belongs to this cell
    url = web.put(path, function(X)
      X.task.cell = X.task.cell or owner
      resources.run_page(X, P)
    end)
  end
  local X = exchange.new(nil, "GET", path or "/" .. name, "", "1.1", false, false, "")
  cell.run(id, told(X, url), run, X, P)
end

return page_cell
