-- Opening files by Lua's own library.
--
-- C's `fopen` waits at a pipe until somebody opens its other end, and nothing can call it back: neither the stop
-- button nor the end of the kernel. So a name is looked at before, and whatever is not a regular file (or a device
-- such as /dev/null, which answers at once) is refused. Nobody but this file has the functions that do not look;
-- `io.open` and `package.searchpath` are replaced at once, for every module that takes them from there.

local import = ...
local host = import "host"
local check = import "check"

local io, package, config = io, package, package.config
local native_open, native_lines, native_tmpfile = io.open, io.lines, io.tmpfile
local type, select, pcall, rawset = type, select, pcall, rawset
local find, gsub, sub, gmatch, concat = string.find, string.gsub, string.sub, string.gmatch, table.concat

local OUT_OF_DESCRIPTORS <const> = {[23] = true, [24] = true} -- ENFILE and EMFILE, the same everywhere

local opening = {}

-- io.open(name [, mode])
function opening.open(...)
  local count, name, mode = select("#", ...), ...
  name = check.string(1, name, count)
  mode = mode == nil and "r" or check.string(2, mode)
  if not find(mode, "^[rwa]%+?b*$") then
    check.fail(2, "invalid mode")
  end
  local problem, number = host.io_obstacle(name)
  if problem then
    return nil, name .. ": " .. problem, number
  end
  return native_open(name, mode)
end

local open = opening.open

-- Opens a file for a function that raises: returns it, or nil and Lua's words for what is wrong.
function opening.try(name, mode)
  local file, problem = open(name, mode)
  if file then
    return file
  end
  return nil, "cannot open file '" .. name .. "' (" .. sub(problem, #name + 3) .. ")"
end

-- io.lines(name, ...): Lua's own four results, or nil and what is wrong.
function opening.lines(name, ...)
  local problem = host.io_obstacle(name)
  if problem then
    return nil, "cannot open file '" .. name .. "' (" .. problem .. ")"
  end
  local ok, iterator, a, b, file = pcall(native_lines, name, ...)
  if not ok then
    return nil, iterator
  end
  return iterator, a, b, file
end

-- io.tmpfile()
function opening.tmpfile()
  local problem, number = host.io_obstacle "."
  if problem then
    return nil, problem, number
  end
  return native_tmpfile()
end

-- package.searchpath(name, path [, separator [, replacement]])
function opening.searchpath(...)
  local count, name, path, separator, replacement = select("#", ...), ...
  name, path = check.string(1, name, count), check.string(2, path, count)
  separator = separator == nil and "." or check.string(3, separator)
  replacement = replacement == nil and sub(config, 1, 1) or check.string(4, replacement)
  if separator ~= "" then
    name = gsub(name, gsub(separator, "%W", "%%%0"), (gsub(replacement, "%%", "%%%%")))
  end
  local tried = {}
  for template in gmatch(path, "[^;]+") do
    local filename = gsub(template, "?", (gsub(name, "%%", "%%%%")))
    local file, problem, number = open(filename, "r")
    if file then
      file:close()
      return filename
    end
    tried[#tried + 1] = find(problem, "not a regular file", 1, true) and problem
      or OUT_OF_DESCRIPTORS[number] and "cannot open '" .. filename .. "': " .. sub(problem, #filename + 3)
      or "no file '" .. filename .. "'"
  end
  return nil, concat(tried, "\n\t")
end

rawset(io, "open", open)
rawset(package, "searchpath", opening.searchpath)

-- Tells whether a value is a file of Lua's own, and an open one.
function opening.is_file(value)
  return type(value) == "userdata" and io.type(value) ~= nil
end

return opening
