-- The standard streams of a cell: io.write is print without its newline, io.read asks whoever runs the cell.
--
-- Files opened with io.open are Lua's own. Only the three standard streams, and what reads or writes them by
-- default, are replaced.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local wait = import "tasks/waiting"
local userdata = import "userdata"
local output = import "console/output"
local text = import "console/text"
local check = import "check"

local native = io
local type, select, error, tonumber, setmetatable = type, select, error, tonumber, setmetatable
local find, sub, match = string.find, string.sub, string.match
local unpack = table.unpack

local stdio = {}

-- ---------------------------------------------------------------- writing

local meta = {__name = "FILE*"}
meta.__index = meta
local streams = setmetatable({}, {__mode = "k"})

function meta.__tostring(self)
  local fields = streams[self]
  return fields and "file (" .. fields.name .. ")" or "file"
end

local function stream(fields)
  local u = userdata.new(meta)
  streams[u] = fields
  return u
end

local stdin = stream({name = "stdin"})
local stdout = stream({name = "stdout", write = output.respond})
local stderr = stream({name = "stderr", write = output.responder(host.print_error)})

local function write_all(put, ...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) ~= "string" and type(value) ~= "number" then
      return i, value
    end
    put(text.tostring(value))
  end
end

function meta.write(self, ...)
  local fields = streams[self]
  if not fields or not fields.write then
    return nil, "Bad file descriptor", 9
  end
  local bad, value = write_all(fields.write, ...)
  if bad then
    check.expected(bad + 1, "string", value)
  end
  return self
end

-- ---------------------------------------------------------------- reading

local pending = "" -- what was typed and not read yet
local at_end = false

local waiting -- the task that waits for a line

-- Called with what the front end sent: a line with its newline, or nil for the end of the input.
function stdio.deliver(line)
  local task = waiting
  waiting = nil
  if task and task.waits_for == stdio then
    sched.run(task, line or false)
  end
end

local function more()
  if at_end then
    return false
  end
  local task = wait.caller()
  if waiting and waiting.waits_for == stdio then
    error("another piece of code is reading already", 0)
  end
  waiting = task
  task.waits_for = stdio
  host.request_input(cell_number(task.cell))
  local line = wait.block(task)
  if not line then
    at_end = true
    return false
  end
  pending = pending .. line
  return true
end

local function read_line(keep_newline)
  while not find(pending, "\n", 1, true) and more() do end
  if pending == "" then
    return nil
  end
  local stop = find(pending, "\n", 1, true)
  local line = sub(pending, 1, stop and (keep_newline and stop or stop - 1) or -1)
  pending = stop and sub(pending, stop + 1) or ""
  return line
end

local function read_count(n)
  while #pending < n and more() do end
  if pending == "" and (n > 0 or not more()) then
    return nil
  end
  local data = sub(pending, 1, n)
  pending = sub(pending, n + 1)
  return data
end

local function read_number()
  repeat
    local rest = match(pending, "^%s*(.*)$")
    local word = match(rest, "^[+-]?[%w.]+")
    if word then
      pending = sub(rest, #word + 1)
      return tonumber(word)
    end
  until rest ~= "" or not more()
end

local function read_one(what)
  if type(what) == "number" then
    return read_count(check.whole(what))
  end
  local kind = type(what) == "string" and match(what, "^%*?([nlLa])")
  if kind == "l" then
    return read_line(false)
  elseif kind == "L" then
    return read_line(true)
  elseif kind == "n" then
    return read_number()
  elseif kind == "a" then
    while more() do end
    local data = pending
    pending, at_end = "", false
    return data
  end
  error("bad argument #1 to 'read' (invalid format)", 3)
end

local function read(...)
  local n = select("#", ...)
  if n == 0 then
    at_end = false
    return read_line(false)
  end
  at_end = false
  local results = {}
  for i = 1, n do
    local value = read_one((select(i, ...)))
    results[i] = value
    if value == nil then
      return unpack(results, 1, i)
    end
  end
  return unpack(results, 1, n)
end

function meta.read(self, ...)
  if self ~= stdin then
    return nil, "Bad file descriptor", 9
  end
  return read(...)
end

function meta.lines(_, what)
  return function()
    return read(what or "l")
  end
end

function meta.flush(self)
  return self
end

function meta.setvbuf()
  return true
end

function meta.seek()
  return nil, "Illegal seek", 29
end

function meta.close()
  return nil, "cannot close standard file"
end

-- ---------------------------------------------------------------- the io table

local input, out = stdin, stdout

local library = {open = native.open, tmpfile = native.tmpfile, stdin = stdin, stdout = stdout, stderr = stderr}

function library.write(...)
  if out ~= stdout then
    return out:write(...)
  end
  local bad, value = write_all(output.respond, ...)
  if bad then
    check.expected(bad, "string", value)
  end
  return stdout
end

function library.read(...)
  if input ~= stdin then
    return input:read(...)
  end
  return read(...)
end

function library.lines(name, ...)
  if name ~= nil then
    return native.lines(name, ...)
  elseif input ~= stdin then
    return input:lines(...)
  end
  return meta.lines(stdin, ...)
end

local function choose(file, mode, current)
  if type(file) == "string" then
    local opened, problem = native.open(file, mode)
    return opened or error(problem, 3)
  end
  return file or current
end

function library.input(file)
  input = choose(file, "r", input)
  return input
end

function library.output(file)
  out = choose(file, "w", out)
  return out
end

function library.close(file)
  return (file or out):close()
end

function library.type(value)
  return streams[value] and "file" or native.type(value)
end

function library.popen()
  error("io.popen is not available here: it would stop every cosocket while the program runs", 2)
end

stdio.library = library
return stdio
