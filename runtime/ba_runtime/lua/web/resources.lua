-- Files and pages below an io's directory: `ba.create.resrdr`, and what an application serves.
--
-- Files are sent as they are, pages (`.lsp`) are run where the reader runs them, and compiled anew when their file has
-- changed. A folder answers by its index.lsp or index.html. Nothing hidden is shown, but pages may include and forward
-- to pages whose name begins with a dot.

local import = ...
local host = import "host"
local exchange = import "web/exchange"
local answers = import "web/answers"
local files = import "files"
local page = import "web/page"
local dir = import "web/dir"
local lsp = import "web/lsp"
local advice = import "console/advice"
local check = import "check"

local type, select, error, pairs, setmetatable, sub, match, concat, unpack =
  type, select, error, pairs, setmetatable, string.sub, string.match, table.concat, table.unpack
local nodes = dir.nodes

local resources = {}

local PIECE_BYTES = 64 << 10
local INDEXES = {"index.lsp", "index.html"}

-- ---------------------------------------------------------------- files

local CLOSED_AT_END <const> = {
  __close = function(file)
    if file.number then
      host.file_close(file.number)
    end
  end,
}

-- Returns what holds a file that is to be opened: in a `<close>` variable, it closes the file however the block ends.
local function new_file()
  return setmetatable({number = false}, CLOSED_AT_END)
end

-- Reads a file below a root, or nil.
function resources.read(root, path)
  local file <close> = new_file()
  file.number = host.io_open(root, "/" .. path, "r")
  if not file.number then
    return nil
  end
  local pieces, piece = {}
  repeat
    piece = host.file_read(file.number, PIECE_BYTES) or ""
    pieces[#pieces + 1] = piece
  until piece == ""
  return concat(pieces)
end

local function set_fields(X, R)
  for name, value in pairs(R.fields) do
    exchange.set_field(X, name, value)
  end
end

local function send_file(X, R, path, size)
  if X.method ~= "GET" and X.method ~= "HEAD" then
    exchange.set_field(X, "Allow", "GET, HEAD")
    return answers.error(X, 405)
  end
  local file <close> = new_file()
  file.number = host.io_open(R.root, "/" .. path, "r")
  if not file.number then
    return answers.not_found(X)
  end
  exchange.set_field(X, "Content-Type", host.web_content_type(path))
  exchange.set_field(X, "Cache-Control", "no-cache")
  set_fields(X, R)
  X.length = size
  -- Only this many bytes, which the head announces, even if the file grows meanwhile.
  while size > 0 and X.method == "GET" and not X.lost do
    local piece = host.file_read(file.number, size < PIECE_BYTES and size or PIECE_BYTES)
    if not piece or piece == "" then
      break
    end
    size = size - #piece
    exchange.write(X, piece)
  end
  if X.method == "HEAD" and not X.is_begun then
    X.committed, X.is_begun = true, true
    host.web_head(X.number, X.status, X.length, unpack(X.fields))
  end
end

-- ---------------------------------------------------------------- pages

-- Calls a chunk that comes as `...`: a name for it would show up in tracebacks instead of "main chunk".
local function call(...)
  (...)(select(2, ...))
end

-- Runs a page: its chunk gets the environment and what else a page knows.
function resources.run_page(X, P)
  exchange.be_html(X)
  call(P.chunk, page.environment(X), P.pathname, P.io, P.page, P.app)
end

local function run_file(X, R, path, size, changed)
  local P = R.pages[path]
  if not P then
    P = {pathname = path, io = R.io, page = {}, app = R.env}
    R.pages[path] = P
  end
  if P.changed ~= changed or P.size ~= size then
    local text = resources.read(R.root, path)
    if not text then
      return answers.not_found(X)
    end
    local chunk, problem, words = lsp.compile(text, path)
    if not chunk then
      if words then
        advice.once(words)
      end
      P.changed = nil
      if X.depth then -- the page that includes it may catch this
        error(problem, 0)
      end
      return page.refuse(X, problem)
    end
    P.chunk, P.changed, P.size = chunk, changed, size
  end
  set_fields(X, R)
  resources.run_page(X, P)
end

-- ---------------------------------------------------------------- readers

-- Returns a reader of an io; `env` is what its pages know as `app`, nil where they are not run.
function resources.new(io, env)
  return {io = io, root = files.root(io), pages = {}, fields = {}, env = env}
end

-- Answers by what is at a path; false when there is nothing.
function resources.answer(R, X, path)
  local is_inside = X.depth ~= nil -- a page asks, and may have what the web may not
  local kind, size, changed = host.web_file(R.root, path, is_inside)
  if kind == "folder" then
    if path ~= "" and sub(path, -1) ~= "/" then
      answers.add_slash(X)
      return true
    end
    for i = 1, #INDEXES do
      local index = path .. INDEXES[i]
      kind, size, changed = host.web_file(R.root, index, is_inside)
      if kind == "file" then
        path = index
        break
      end
    end
  end
  if kind ~= "file" or sub(path, -1) == "/" then
    return false
  elseif R.env and match(path, "%.lsp$") then
    run_file(X, R, path, size, changed)
  else
    send_file(X, R, path, size)
  end
  return true
end

-- ---------------------------------------------------------------- ba.create.resrdr

local function reader(u, n)
  local node = nodes[u] or check.expected(1, "DIR", u, n)
  return node.reader
end

-- header(table): fields of every response, by name
function dir.meta.header(...)
  local n, self, fields = select("#", ...), ...
  local R = reader(self, n)
  if type(fields) ~= "table" then
    check.expected(2, "table", fields, n)
  elseif not R then
    check.raise "only a directory of ba.create.resrdr has headers"
  end
  local checked = {}
  for name, value in pairs(fields) do
    name, value = check.string(2, name), check.string(2, value)
    if not match(name, "^[%w%-_]+$") or match(value, "[\0-\8\10-\31\127]") then
      check.fail(2, "invalid header")
    end
    checked[name] = value
  end
  R.fields = checked
end

-- lspfilter([app]): the `.lsp` files are run as pages, which know this table as `app`
function dir.meta.lspfilter(...)
  local n, self, env = select("#", ...), ...
  local R = reader(self, n)
  if env ~= nil and type(env) ~= "table" then
    check.expected(2, "table", env, n)
  elseif not R then
    check.raise "only a directory of ba.create.resrdr has pages"
  end
  R.env = env or {}
end

-- Returns the arguments of `resrdr`: a name and a priority, which may be missing, and an io.
local function arguments(...)
  local values = {...}
  local name = type(values[1]) == "string" and table.remove(values, 1) or ""
  local priority = type(values[1]) == "number" and table.remove(values, 1) or 0
  return name, priority, values[1]
end

-- ba.create.resrdr([name] [, priority], io) → a directory that sends the io's files and is not yet inserted
function resources.create(...)
  local n = select("#", ...)
  local name, priority, io = arguments(...)
  if not files.is_io(io) then
    check.expected(n > 0 and n or 1, "IOINTF", io, io == nil and 0 or n)
  end
  priority = check.integer(n - 1, priority)
  if not dir.is_priority(priority) then
    check.fail(n - 1, "priority out of range")
  end
  local u, node = dir.new(name, priority)
  local R = resources.new(io)
  node.f, node.native, node.reader = function(X, path)
    return resources.answer(R, X, path)
  end, true, R
  return u
end

return resources
