-- Directories of the page server: `ba.create.dir`.
--
-- A directory has a name, which is a part of the path, and a function, which answers what is below it. They are a
-- tree; the root has no name. Of several that match the one of highest priority is asked first, then the one that
-- was inserted first; of each its own function, then those below it. The next one has its turn when a function says,
-- by false, that it has not answered.

local import = ...
local background = import "tasks/background"
local keepers = import "tasks/keepers"
local sched = import "tasks/sched"
local answers = import "web/answers"
local page = import "web/page"
local userdata = import "userdata"
local check = import "check"

local G = _G
local type, select, setmetatable, sub, gsub, match, insert, remove =
  type, select, setmetatable, string.sub, string.gsub, string.match, table.insert, table.remove

local nodes = setmetatable({}, {__mode = "k"})
local meta = {__name = "DIR"}
meta.__index = meta

local dir = {meta = meta, nodes = nodes}

local LOWEST, HIGHEST = -127, 127

local function new_node(name, priority)
  return {name = name, priority = priority, children = {}, parent = nil, f = nil, cell = nil}
end

local root = new_node("", 0)
keepers.add(root.children)

-- ---------------------------------------------------------------- the tree

local function attach(parent, node)
  local children = parent.children
  local at = #children + 1
  while at > 1 and children[at - 1].priority < node.priority do
    at = at - 1
  end
  insert(children, at, node)
  node.parent = parent
end

local function detach(node)
  local children = node.parent and node.parent.children or {}
  for i = 1, #children do
    if children[i] == node then
      remove(children, i)
      break
    end
  end
  node.parent = nil
end

local function is_above(node, other)
  while other do
    if other == node then
      return true
    end
    other = other.parent
  end
  return false
end

-- ---------------------------------------------------------------- answering

-- Returns what is left of the path below `name`, nil when it does not match.
local function below(name, path)
  if name == "" then
    return path
  end
  local n = #name
  if sub(path, 1, n) ~= name then
    return nil
  elseif #path == n then
    return ""
  end
  return sub(path, n + 1, n + 1) == "/" and sub(path, n + 2) or nil
end

-- A function has answered unless it says that it has not, and has not.
local function has_answered(X, result)
  return result ~= false or X.committed or X.ended or X.taken or X.deferred
end

-- Calls a function that comes as `...`, as in C: a name for it would show up in traces and tracebacks.
local function call(...)
  return ((...)(select(2, ...)))
end

local function run(node, X, path)
  local f = node.f
  if not f then
    return false
  elseif node.native then
    return f(X, path)
  end
  local task = X.task
  if task and not task.cell then
    task.cell = node.cell
  end
  return has_answered(X, call(f, page.environment(X, node.environment), path))
end

local function answer(node, X, path)
  if run(node, X, path) then
    return true
  end
  local children = node.children
  local i = 1
  while children[i] do -- a function may insert and unlink others
    local child = children[i]
    local rest = below(child.name, path)
    if rest == "" and child.name ~= "" and sub(path, -1) ~= "/" and not X.depth then
      answers.add_slash(X)
      return true
    elseif rest and answer(child, X, rest) then
      return true
    end
    i = i + 1
  end
  return false
end

-- Answers an exchange with the path (without its first slash); false when there is nothing of that name.
function dir.answer(X, path)
  return answer(root, X, path)
end

-- Adds one of our own to the root: `f(X, path)` answers what is below it. Returns the directory.
function dir.add(f)
  local u = userdata.new(meta)
  local node = new_node("", 0)
  node.f, node.native = f, true
  nodes[u] = node
  return u, node
end

-- ---------------------------------------------------------------- methods

-- setfunc(f): f(env, path) answers, and returns true when it has
function meta.setfunc(...)
  local n, self, f = select("#", ...), ...
  local node = nodes[self] or check.expected(1, "DIR", self, n)
  if f ~= nil and type(f) ~= "function" then
    check.expected(2, "function", f, n)
  end
  local current = sched.current
  node.f, node.native, node.cell = f, nil, current and current.cell
end

local function link(parent, node)
  attach(parent, node)
  background.count(1)
end

local function unlink(node)
  if not node.parent then
    return false
  end
  detach(node)
  background.count(-1)
  return true
end

-- insert() puts the directory below the root; insert(other) puts the other one below this
function meta.insert(...)
  local n, self, other = select("#", ...), ...
  local node = nodes[self] or check.expected(1, "DIR", self, n)
  import "web/server".listen()
  local parent, child = root, node
  if other ~= nil then
    parent, child = node, nodes[other] or check.expected(2, "DIR", other, n)
  end
  if child.parent then
    check.raise "Directory already inserted"
  elseif is_above(child, parent) then
    check.raise "a directory cannot be inserted below itself"
  end
  link(parent, child)
  return true
end

-- unlink() → whether it was inserted
function meta.unlink(...)
  local node = nodes[...] or check.expected(1, "DIR", (...), select("#", ...))
  return unlink(node)
end

-- baseuri() → the path of this directory, with a slash at its end
function meta.baseuri(...)
  local node = nodes[...] or check.expected(1, "DIR", (...), select("#", ...))
  local path = "/"
  while node do
    path = node.name ~= "" and "/" .. node.name .. path or path
    node = node.parent
  end
  return path
end

-- Returns a directory that is not yet inserted, and its node.
function dir.new(name, priority)
  local u = userdata.new(meta)
  local node = new_node(match(gsub(name, "^/+", ""), "^.*[^/]") or "", priority)
  node.environment = {__index = setmetatable({dir = u}, {__index = G})}
  nodes[u] = node
  return u, node
end

-- Tells whether this is a priority.
function dir.is_priority(priority)
  return priority >= LOWEST and priority <= HIGHEST
end

-- ba.create.dir([name] [, priority]) → a directory that is not yet inserted
function dir.create(...)
  local name, priority = ...
  if type(name) == "number" and priority == nil then
    name, priority = nil, name
  end
  name = name ~= nil and check.string(1, name) or ""
  priority = priority ~= nil and check.integer(2, priority) or 0
  if not dir.is_priority(priority) then
    check.fail(2, "priority out of range")
  end
  return (dir.new(name, priority))
end

return dir
