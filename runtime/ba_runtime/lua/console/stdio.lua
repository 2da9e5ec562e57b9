-- The `io` table of a cell: io.write is print without its newline, io.read asks whoever runs the cell.
--
-- Files opened with io.open are Lua's own (see opening.lua). Only the three standard streams (streams.lua), and
-- what reads or writes them by default, are replaced. Messages are those of Lua's own library, and blame the caller.

local import = ...
local check = import "check"
local opening = import "console/opening"
local output = import "console/output"
local streams = import "console/streams"
local text = import "console/text"

local native = io
local type, select, error, pcall = type, select, error, pcall
local stdin, stdout = streams.stdin, streams.stdout

local input, out = stdin, stdout

local library = {
  open = opening.open, tmpfile = opening.tmpfile, stdin = stdin, stdout = stdout, stderr = streams.stderr,
}

function library.write(...)
  local n = select("#", ...)
  local words, bad, value = streams.written(n, ...)
  local file = out
  if file == stdout then
    if words ~= "" then
      output.respond(words)
    end
  elseif native.type(file) == "closed file" then
    check.raise("default output file is closed")
  else
    local ok, problem, number = file:write(words)
    if not ok then
      return nil, problem, number
    end
  end
  if bad then
    check.expected(bad, "string", value, n)
  end
  return file
end

function library.read(...)
  local n = select("#", ...)
  local bad, what = streams.bad_format(n, ...)
  if bad and type(what) == "string" then
    check.fail(bad, "invalid format")
  elseif bad then
    check.expected(bad, "string", what, n)
  elseif input == stdin then
    return streams.read(...)
  elseif native.type(input) == "closed file" then
    check.raise("default input file is closed")
  end
  return input:read(...)
end

function library.lines(...)
  local count, name = select("#", ...), ...
  if name == nil then
    if native.type(input) == "closed file" then
      check.raise("default input file is closed")
    end
    return input:lines(select(2, ...))
  end
  name = check.string(1, name, count)
  local iterator, a, b, file = opening.lines(name, select(2, ...))
  if not iterator then
    check.raise(a)
  end
  return iterator, a, b, file
end

-- Returns the file that `io.input` or `io.output` is to use: a file, or the name of one; or nil and what is wrong.
local function choose(file, mode, current)
  if file == nil then
    return current
  elseif type(file) == "string" or type(file) == "number" then
    return opening.try(text.tostring(file), mode)
  elseif streams.has(file) or opening.is_file(file) then
    return file
  end
end

function library.input(file)
  local chosen, problem = choose(file, "r", input)
  if problem then
    check.raise(problem)
  elseif not chosen then
    check.expected(1, "FILE*", file)
  end
  input = chosen
  return input
end

function library.output(file)
  local chosen, problem = choose(file, "w", out)
  if problem then
    check.raise(problem)
  elseif not chosen then
    check.expected(1, "FILE*", file)
  end
  out = chosen
  return out
end

function library.close(...)
  local file = ...
  if select("#", ...) == 0 then
    file = out
  elseif not streams.has(file) and not opening.is_file(file) then
    check.expected(1, "FILE*", file, select("#", ...))
  end
  local ok, a, b, c = pcall(file.close, file)
  if not ok then
    check.raise(a)
  end
  return a, b, c
end

function library.type(...)
  if select("#", ...) == 0 then
    check.fail(1, "value expected")
  end
  local value = ...
  return streams.has(value) and "file" or native.type(value)
end

function library.popen()
  error("io.popen is not available here: it would stop every cosocket while the program runs", 2)
end

return {library = library, deliver = streams.deliver}
