-- The three standard streams of a cell, as files: what is written goes to the front end, what is read is asked for.
--
-- Their methods have the messages of Lua's own library, and blame the caller.

local import = ...
local host = import "host"
local cell_number = import "tasks/cell_number"
local sched = import "tasks/sched"
local wait = import "tasks/waiting"
local userdata = import "userdata"
local output = import "console/output"
local text = import "console/text"
local check = import "check"

local type, select, tonumber, setmetatable = type, select, tonumber, setmetatable
local find, sub, match, format = string.find, string.sub, string.match, string.format
local pack, unpack, concat = table.pack, table.unpack, table.concat

local streams = {}

-- ---------------------------------------------------------------- writing

local meta = {__name = "FILE*"}
meta.__index = meta
local known = setmetatable({}, {__mode = "k"})

function meta.__tostring(self)
  local fields = known[self]
  return fields and "file (" .. fields.name .. ")" or "file"
end

local function stream(fields)
  local u = userdata.new(meta)
  known[u] = fields
  return u
end

local stdin = stream({name = "stdin"})
streams.stdin = stdin
streams.stdout = stream({name = "stdout", write = output.respond})
streams.stderr = stream({name = "stderr", write = output.responder(host.print_error)})

-- Returns the text of the arguments before the first that is none, and that one's number if there is one.
function streams.written(n, ...)
  local words = {...}
  for i = 1, n do
    local value = words[i]
    if type(value) ~= "string" and type(value) ~= "number" then
      return concat(words, "", 1, i - 1), i, value
    end
    words[i] = text.tostring(value)
  end
  return concat(words, "", 1, n)
end

function meta.write(self, ...)
  local fields = known[self] or check.expected(1, "FILE*", self)
  if not fields.write then
    return nil, "Bad file descriptor", 9
  end
  local n = select("#", ...)
  local words, bad, value = streams.written(n, ...)
  if words ~= "" then
    fields.write(words)
  end
  if bad then
    check.expected(bad + 1, "string", value, n + 1)
  end
  return self
end

-- ---------------------------------------------------------------- reading

local pending = "" -- what was typed and not read yet
local at_end = false

local waiting -- the task that waits for a line

-- Called with what the front end sent: a line with its newline, or nil for the end of the input.
function streams.deliver(line)
  local task = waiting
  waiting = nil
  if task and task.waits_for == streams then
    sched.run(task, line or false)
  end
end

local function more()
  if at_end then
    return false
  end
  local task = wait.caller()
  if waiting and waiting.waits_for == streams then
    check.raise_outside("another task is already waiting for input")
  end
  waiting = task
  task.waits_for = streams
  host.request_input(cell_number(task.cell))
  local line = wait.block(task, "io.read")
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
  local kind = match(what, "^%*?(.)")
  if kind == "l" then
    return read_line(false)
  elseif kind == "L" then
    return read_line(true)
  elseif kind == "n" then
    return read_number()
  end
  while more() do end
  local data = pending
  pending, at_end = "", false
  return data
end

-- Returns the number of the first format that is none.
local function bad_format(n, ...)
  local formats = {...}
  for i = 1, n do
    local what = formats[i]
    if type(what) ~= "number" and not (type(what) == "string" and find(what, "^%*?[nlLa]")) then
      return i, what
    end
  end
end

local function read(...)
  local n = select("#", ...)
  at_end = false
  if n == 0 then
    return read_line(false)
  end
  local formats, results = {...}, {}
  for i = 1, n do
    local value = read_one(formats[i])
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
  local n = select("#", ...)
  local bad, what = bad_format(n, ...)
  if bad and type(what) == "string" then
    check.fail(bad + 1, "invalid format")
  elseif bad then
    check.expected(bad + 1, "string", what, n + 1)
  end
  return read(...)
end

function meta.lines(self, ...)
  if self ~= stdin then
    return function()
      return nil, "Bad file descriptor", 9
    end
  end
  local formats = pack(...)
  if formats.n == 0 then
    formats = {"l", n = 1}
  end
  return function()
    local bad = bad_format(formats.n, unpack(formats, 1, formats.n))
    if bad then
      check.fail(bad + 1, "invalid format")
    end
    return read(unpack(formats, 1, formats.n))
  end
end

function meta.flush(self)
  return self
end

-- Raises unless an argument is one of the words.
local function option(words, value)
  return type(value) == "string" and words[value] and true
end

local BUFFERING, WHENCE = {no = true, full = true, line = true}, {set = true, cur = true, ["end"] = true}

function meta.setvbuf(self, ...)
  local mode = check.string(2, (...), select("#", ...) + 1)
  if not option(BUFFERING, mode) then
    check.fail(2, format("invalid option '%s'", mode))
  end
  return self and true
end

function meta.seek(_, whence, offset)
  whence = whence == nil and "cur" or check.string(2, whence)
  if not option(WHENCE, whence) then
    check.fail(2, format("invalid option '%s'", whence))
  elseif offset ~= nil then
    check.integer(3, offset)
  end
  return nil, "Illegal seek", 29
end

function meta.close()
  return nil, "cannot close standard file"
end

streams.bad_format, streams.read = bad_format, read

-- Tells whether a value is one of the three.
function streams.has(value)
  return known[value] ~= nil
end

return streams
