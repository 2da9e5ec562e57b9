-- `ba.openio` and `ba.mkio`: files below a directory.
--
-- An io is a directory's path, and every name given to it is a path below that directory: a leading slash
-- changes nothing, and `..` leads no higher than the io itself. "disk" is the root of the file system, "home"
-- the current directory, which for a notebook is its folder, "vm" the files inside the server (`_vm.py`), which can
-- only be read. Symbolic links are followed wherever they lead:
-- the io is a convenience and no cage, for `ba.openio("disk")` is there for everybody.
--
-- Failures are nil and one of the strings in `_files.py`. What the caller did wrong (a bad mode, a closed
-- file) raises. All work on files happens in `_files.py`; a file here is the number that stands for it there.

local import = ...
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local G = _G
local collectgarbage, error, load, select, setmetatable, type =
  collectgarbage, error, load, select, setmetatable, type
local find, gmatch, gsub = string.find, string.gmatch, string.gsub
local concat = table.concat
local min, maxinteger = math.min, math.maxinteger

local IO_NAME, FILE_NAME = "BAIO", "BAFILE"

-- One crossing reads at most so much, so that what does not fit into Lua's memory fails in Lua, early.
local PIECE_BYTES = 1 << 20
-- What `read` takes without an argument: as much as one read of a socket.
local DEFAULT_BYTES = 8192

local roots = setmetatable({}, {__mode = "k"}) -- by io: the path of its directory
local numbers = setmetatable({}, {__mode = "k"}) -- by file: its number, false once closed

-- The methods, and the metatables, which programs have no business with.
local Io, File = {}, {}
local IoMeta = {__name = IO_NAME, __index = Io}
local FileMeta = {__name = FILE_NAME, __index = File}

local function new_io(root)
  local io = userdata.new(IoMeta)
  roots[io] = root
  return io
end

-- Opens a file. Files that nobody refers to any more still count until they are collected, so when there are
-- too many the garbage goes first. The userdata is made before: nothing can then lose an open file.
local function open(root, name, mode)
  local file = userdata.new(FileMeta)
  local number, reason, text, path = host.io_open(root, name, mode)
  if reason == "malloc" then
    collectgarbage()
    number, reason, text, path = host.io_open(root, name, mode)
  end
  if not number then
    return nil, reason, text, path
  end
  numbers[file] = number
  return file
end

-- Returns at most `wanted` bytes, "" at the end of the file; or nil and the reason. It takes the file and not
-- its number, for nobody else may hold it (`io:open "x":read "*a"`): collected meanwhile, it would be closed.
local function read(file, wanted)
  local pieces = {}
  while wanted > 0 do
    local piece, reason = host.file_read(numbers[file], min(wanted, PIECE_BYTES))
    if not piece then
      return nil, reason
    elseif piece == "" then
      break
    end
    pieces[#pieces + 1] = piece
    wanted = wanted - #piece
  end
  return concat(pieces)
end

local function close(file)
  local number = numbers[file]
  if not number then
    return false
  end
  numbers[file] = false
  host.file_close(number)
  return true
end

-- Compiles a file: Lua text only, with the first line skipped where it begins with `#`, as Lua itself does.
local function compile(root, name, env)
  local file, reason = open(root, name, "r")
  if not file then
    return nil, reason
  end
  local source
  source, reason = read(file, maxinteger)
  close(file)
  if not source then
    return nil, reason
  end
  source = gsub(gsub(source, "^\xEF\xBB\xBF", ""), "^#[^\n]*", "")
  return load(source, "@" .. name, "t", env == nil and G or env)
end

function Io:open(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local count, name, mode = select("#", ...), ...
  name = check.string(2, name, count + 1)
  mode = mode == nil and "r" or check.string(3, mode)
  if not find(mode, "^[rwa]%+?b?$") then
    check.fail(3, "invalid mode")
  end
  return open(root, name, (gsub(mode, "b", "")))
end

-- A table of the file's name, type ("regular", "directory" or "other"), size, isdir and mtime (Unix seconds).
function Io:stat(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name = check.string(2, (...), select("#", ...) + 1)
  local kind, size, mtime = host.io_stat(root, name)
  if not kind then
    return nil, size
  end
  return {name = name, type = kind, size = size, isdir = kind == "directory", mtime = mtime}
end

function Io:remove(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_remove(root, name)
end

function Io:mkdir(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_mkdir(root, name)
end

function Io:rmdir(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_rmdir(root, name)
end

function Io:rename(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local count, old, new = select("#", ...), ...
  old = check.string(2, old, count + 1)
  new = check.string(3, new, count + 1)
  return host.io_rename(root, old, new)
end

-- The path on the disk that a name stands for, whether or not there is such a file.
function Io:realpath(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_realpath(root, name)
end

-- An iterator over the names in a directory, sorted; with true also whether each is a directory.
function Io:files(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name, with_isdir = ...
  name = check.string(2, name, select("#", ...) + 1)
  local listing, reason = host.io_list(root, name)
  if not listing then
    return nil, reason
  end
  local entry = gmatch(listing, "(.)([^\0]*)\0")
  return function()
    local kind, found = entry()
    if with_isdir and found then
      return found, kind == "d"
    end
    return found
  end
end

-- loadfile(name [, env]): the compiled file, or nil and why not.
function Io:loadfile(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name, env = ...
  name = check.string(2, name, select("#", ...) + 1)
  return compile(root, name, env)
end

-- dofile(name [, env]): what the file returns; raises when it cannot be read or compiled, as Lua's does.
function Io:dofile(...)
  local root = roots[self] or check.expected(1, IO_NAME, self)
  local name, env = ...
  name = check.string(2, name, select("#", ...) + 1)
  local chunk, message = compile(root, name, env)
  if not chunk then
    error(message, 0)
  end
  return chunk()
end

-- read("*a"): all that is left, "" at the end. read(n): at most n bytes, nil at the end.
function File:read(...)
  local number, format = numbers[self], ...
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error("attempt to use a closed file", 2)
  end
  if format == "*a" or format == "a" then
    return read(self, maxinteger)
  elseif format ~= nil and type(format) ~= "number" then
    check.fail(2, "invalid format")
  end
  local wanted = format == nil and DEFAULT_BYTES or check.integer(2, format)
  if wanted < 0 then
    check.fail(2, "size out of range")
  end
  local data, reason = read(self, wanted)
  if not data then
    return nil, reason
  elseif data == "" and wanted > 0 then
    return nil
  end
  return data
end

-- write(data…): true once everything is with the operating system.
function File:write(...)
  local number = numbers[self]
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error("attempt to use a closed file", 2)
  end
  local pieces = {...}
  for i = 1, select("#", ...) do
    pieces[i] = check.string(i + 1, pieces[i])
  end
  return host.file_write(number, concat(pieces))
end

-- seek(position): the next read or write is there, counted in bytes from 0 at the start.
function File:seek(...)
  local number = numbers[self]
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error("attempt to use a closed file", 2)
  end
  local position = check.integer(2, (...), select("#", ...) + 1)
  if position < 0 then
    check.fail(2, "position out of range")
  end
  return host.file_seek(number, position)
end

-- close(): true, false when it was closed already.
function File:close()
  if numbers[self] == nil then
    check.expected(1, FILE_NAME, self)
  end
  return (close(self))
end

FileMeta.__gc = close
FileMeta.__close = close

local files = {}

-- openio(name): an io, or nil for a name that is not "disk", "home" or "vm".
function files.openio(...)
  local root = host.io_root(check.string(1, (...), select("#", ...)))
  return root and new_io(root)
end

-- mkio(io, dir): an io for a directory of another io.
function files.mkio(...)
  local io, dir = ...
  local root = roots[io] or check.expected(1, IO_NAME, io, select("#", ...))
  dir = check.string(2, dir, select("#", ...))
  local reason
  root, reason = host.io_enter(root, dir)
  if not root then
    return nil, reason
  end
  return new_io(root)
end

-- Returns an io for the directory of this path.
files.new = new_io

-- Returns the path of an io's directory, nil for what is no io.
function files.root(value)
  return roots[value]
end

-- Tells whether a value is an io.
function files.is_io(value)
  return roots[value] ~= nil
end

return files
