-- `ba.openio` and `ba.mkio`: files below a directory.
--
-- An io is a directory's path, and every name given to it is appended to that path, `..` included: an io is a
-- convenience and no cage. "disk" is the root of the file system, where names without a leading slash count from the
-- current directory, as on the server; "home" is the current directory, which for a notebook is its folder; "vm" holds
-- the files inside the server (`_vm.py`), which can only be read.
--
-- Failures of an io are nil, one of the strings in `_files.py`, the system's text and the path; those of a file are nil
-- and the string. What the caller did wrong (a bad mode, a closed file) raises. All work on files happens in
-- `_files.py`; a file here is the number that stands for it there.

local import = ...
local advice = import "console/advice"
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local G = _G
local collectgarbage, error, load, select, setmetatable, tonumber, type =
  collectgarbage, error, load, select, setmetatable, tonumber, type
local find, format, gmatch, gsub, sub = string.find, string.format, string.gmatch, string.gsub, string.sub
local concat, pack, unpack = table.concat, table.pack, table.unpack
local min, maxinteger = math.min, math.maxinteger

local FILE_NAME = "FILE*"
local CLOSED = "attempt to use a closed file"

-- One crossing reads at most so much, so that what does not fit into Lua's memory fails in Lua, early.
local PIECE_BYTES = 1 << 20
-- What `read` takes without an argument: as much as one read of a socket.
local DEFAULT_BYTES = 8192

local roots = setmetatable({}, {__mode = "k"}) -- by io: the path of its directory
local owners = setmetatable({}, {__mode = "k"}) -- by file: its io
local numbers = setmetatable({}, {__mode = "k"}) -- by file: its number, false once closed

-- The methods, and the metatables, which programs have no business with.
local Io, File = {}, {}
local IoMeta = {__index = Io} -- it has no name: to messages about a value an io is "userdata"
local FileMeta = {__name = FILE_NAME, __index = File}

local function address(value)
  return (gsub(format("%p", value), "^0x", ""))
end

-- What is wrong with an argument that is no io; the server calls it by its plain type.
local function no_io(value, count)
  return "IOINTF expected, got " .. (count == 0 and "no value" or type(value))
end

local function new_io(root)
  local io = userdata.new(IoMeta)
  roots[io] = root
  return io
end

-- Opens a file. Files that nobody refers to any more still count until they are collected, so when there are
-- too many the garbage goes first. The userdata is made before: nothing can then lose an open file.
local function open(io, name, mode)
  local root = roots[io]
  local file = userdata.new(FileMeta)
  local number, reason, text, path = host.io_open(root, name, mode)
  if reason == "malloc" then
    collectgarbage()
    number, reason, text, path = host.io_open(root, name, mode)
  end
  if not number then
    return nil, reason, text, path
  end
  numbers[file], owners[file] = number, io
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
local function compile(io, name, env)
  local file, reason, text = open(io, name, "r")
  if not file then
    return nil, format("cannot open %s: %s %s", name, reason, text)
  end
  local source
  source, reason = read(file, maxinteger)
  close(file)
  if not source then
    return nil, format("cannot read %s: %s", name, reason)
  end
  source = gsub(gsub(source, "^\xEF\xBB\xBF", ""), "^#[^\n]*", "")
  return load(source, "@" .. name, "t", env == nil and G or env)
end

-- open(name [, mode]): the first letter of the mode says what the file is for.
function Io:open(...)
  local count, name, mode = select("#", ...), ...
  if not roots[self] then
    check.fail(1, no_io(self, self == nil and count))
  end
  name = check.string(2, name, count + 1)
  mode = mode == nil and "r" or check.string(3, mode)
  local letter = sub(gsub(mode, "[+b]", ""), 1, 1)
  if letter == "" or not find(mode, "^[rwa+b]+$") then
    error(format("Invalid mode '%s'", mode), 2)
  end
  return open(self, name, letter)
end

-- A table of the file's name, type ("regular", "directory" or "other"), size, isdir and mtime (Unix seconds).
function Io:stat(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local name = check.string(2, (...), select("#", ...) + 1)
  local kind, size, mtime, path = host.io_stat(root, name)
  if not kind then
    return nil, size, mtime, path
  end
  return {name = name, type = kind, size = size, isdir = kind == "directory", mtime = mtime}
end

function Io:remove(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_remove(root, name)
end

function Io:mkdir(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_mkdir(root, name)
end

function Io:rmdir(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_rmdir(root, name)
end

function Io:rename(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local count, old, new = select("#", ...), ...
  old = check.string(2, old, count + 1)
  new = check.string(3, new, count + 1)
  return host.io_rename(root, old, new)
end

-- What kind of io it is: all are directories of this system.
function Io:resourcetype()
  if not roots[self] then
    check.fail(1, no_io(self, self == nil and 0))
  end
  return "disk", "POSIX"
end

-- Nothing is known of this but that it is there, and has nothing to say of a directory.
function Io:type()
  if not roots[self] then
    check.fail(1, no_io(self, self == nil and 0))
  end
  return nil
end

-- An io cannot be closed.
function Io:close()
  if not roots[self] then
    check.fail(1, no_io(self, self == nil and 0))
  end
  error("Not supported or closed", 2)
end

-- The path on the disk that a name stands for, whether or not there is such a file.
function Io:realpath(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local name = check.string(2, (...), select("#", ...) + 1)
  return host.io_realpath(root, name)
end

-- An iterator over the names in a directory, sorted, "." and ".." too; with true also over whether each is a directory,
-- the Unix time of its last change, and its size.
function Io:files(...)
  local root = roots[self] or check.fail(1, no_io(self, self == nil and select("#", ...)))
  local name, with_details = ...
  name = check.string(2, name, select("#", ...) + 1)
  local listing, _, text = host.io_list(root, name)
  if not listing then
    error("directory open failed: " .. text, 2)
  end
  local entry = gmatch(listing, "([^\0]*)\0(.)\0([^\0]*)\0([^\0]*)\0")
  return function()
    local found, kind, mtime, size = entry()
    if with_details and found then
      return found, kind == "d", tonumber(mtime), tonumber(size)
    end
    return found
  end
end

-- loadfile(name [, env]): the compiled file, or nil and why not.
function Io:loadfile(...)
  if not roots[self] then
    check.fail(1, no_io(self, self == nil and select("#", ...)))
  end
  local name, env = ...
  name = check.string(2, name, select("#", ...) + 1)
  return compile(self, name, env)
end

-- dofile(name [, env]): what the file returns; raises when it cannot be read or compiled, as Lua's does.
function Io:dofile(...)
  if not roots[self] then
    check.fail(1, no_io(self, self == nil and select("#", ...)))
  end
  local name, env = ...
  name = check.string(2, name, select("#", ...) + 1)
  local chunk, message = compile(self, name, env)
  if not chunk then
    error(message, 0)
  end
  return chunk()
end

function IoMeta.__tostring(io)
  return "IO Interface: " .. address(io)
end

-- Returns how many bytes a format asks for, nil for what is no format.
local function wanted_bytes(value)
  if type(value) == "number" then
    local size = check.integer(2, value)
    return size < 0 and maxinteger or size
  elseif value == "*a" or value == "a" then
    return maxinteger
  end
end

-- read([format…]): "*a" and a negative number are all that is left, "" at the end; a number is at most so many bytes,
-- nil at the end. Also nil for what cannot be read. After a nil the formats behind it are not looked at.
function File:read(...)
  local count, number, formats = select("#", ...), numbers[self], {...}
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error(CLOSED, 2)
  elseif count == 0 then
    local data = read(self, DEFAULT_BYTES)
    return data ~= "" and data or nil
  end
  local results = {}
  for i = 1, count do
    local value = formats[i]
    local wanted = wanted_bytes(value)
    if not wanted then
      check.fail(i + 1, type(check.string(i + 1, value, count + 1)) == "string" and "invalid format")
    end
    local data = read(self, wanted)
    results[i] = (data ~= "" or value == 0 or wanted == maxinteger) and data or nil
    if not results[i] then
      return unpack(results, 1, i)
    end
  end
  return unpack(results, 1, count)
end

-- write(data…): true once everything is with the operating system. Of an empty text the original says that it exists.
function File:write(...)
  local count, number = select("#", ...), numbers[self]
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  local pieces, is_empty = pack(...), false
  for i = 1, count do
    pieces[i] = check.string(i + 1, pieces[i])
  end
  for i = 1, count do
    if pieces[i] == "" then
      is_empty, count = true, i - 1
      break
    end
  end
  local ok, reason = host.file_write(number, concat(pieces, "", 1, count))
  if not ok or is_empty then
    return nil, reason or "exist", nil -- three, as recorded
  end
  return true
end

-- seek([position = 0]): the next read or write is there, counted in bytes from 0 at the start.
function File:seek(...)
  local number = numbers[self]
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  local count = select("#", ...)
  local ok, reason = host.file_seek(number, count > 0 and check.integer(2, (...)) or 0)
  if not ok then
    return nil, reason, nil
  end
  return true
end

-- flush(): true, for what is written is with the operating system already.
function File:flush()
  local number = numbers[self]
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  return true
end

-- getio(): the io that the file was opened by.
function File:getio()
  return owners[self] or check.expected(1, FILE_NAME, self)
end

-- close(): true.
function File:close()
  local number = numbers[self]
  if number == nil then
    check.expected(1, FILE_NAME, self)
  elseif not number then
    error(CLOSED, 2)
  end
  return close(self)
end

function FileMeta.__tostring(file)
  return numbers[file] and "file (" .. address(file) .. ")" or "file (closed)"
end

FileMeta.__gc = close
FileMeta.__close = close

local files = {}

-- The ios that have a name; each is the same object every time.
local NAMES = {"home", "disk", "vm"}
local named = {}

local function by_name(name)
  local root = not named[name] and host.io_root(name)
  if root then
    named[name] = new_io(root)
  end
  return named[name]
end

-- openio([name = "home"]): the io, or nil for a name that is not "disk", "home" or "vm".
function files.openio(...)
  local name = select("#", ...) == 0 and "home" or check.string(1, (...))
  if name == "net" then
    advice.once "ba.openio \"net\" reads files from other servers, which is not here: use httpc"
  end
  return by_name(name)
end

-- io(): a table of all ios that have a name.
function files.named()
  local all = {}
  for i = 1, #NAMES do
    all[NAMES[i]] = by_name(NAMES[i])
  end
  return all
end

-- mkio(io, dir): an io for a directory of another io. Of nothing it makes none.
function files.mkio(...)
  local count, io, dir = select("#", ...), ...
  if count == 0 then
    return false
  end
  local root = roots[io] or check.fail(1, no_io(io))
  if count == 1 then
    check.expected(1, FILE_NAME, io) -- the original then takes it for a file
  end
  dir = check.string(2, dir)
  local reason
  root, reason = host.io_enter(root, dir)
  if not root then
    return nil, reason
  end
  return new_io(root)
end

-- ba.loadfile(name [, io = home [, env]]): as io:loadfile.
function files.loadfile(...)
  local name, io, env = ...
  name = check.string(1, name, select("#", ...))
  if io ~= nil and not roots[io] then
    check.fail(2, no_io(io))
  end
  return compile(io or by_name "home", name, env)
end

-- Returns at most `wanted` bytes of a file, all without that; "" at its end, nil and the reason where it cannot be
-- read.
function files.read(file, wanted)
  return read(file, wanted or maxinteger)
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
