-- `ba.openio` and `ba.mkio`: files below a directory.
--
-- An io is a directory's path, and every name given to it is appended to that path, `..` included: an io is a
-- convenience and no cage. "disk" is the root of the file system, where names without a leading slash count from the
-- current directory, as on the server; "home" is the current directory, which for a notebook is its folder; "vm" holds
-- the files inside the server (`_vm.py`), which can only be read.
--
-- Failures are nil, one of the strings in `_files.py`, the system's text and the path. What the caller did wrong
-- raises. Open files are in open_file.lua.

local import = ...
local advice = import "console/advice"
local check = import "check"
local host = import "host"
local open_file = import "open_file"
local userdata = import "userdata"

local G = _G
local error, load, select, setmetatable, tonumber, type = error, load, select, setmetatable, tonumber, type
local find, format, gmatch, gsub, sub = string.find, string.format, string.gmatch, string.gsub, string.sub

local FILE_NAME = "FILE*"

local roots = setmetatable({}, {__mode = "k"}) -- by io: the path of its directory

-- The methods, and the metatable, which programs have no business with.
local Io = {}
local IoMeta = {__index = Io} -- it has no name: to messages about a value an io is "userdata"

-- What is wrong with an argument that is no io; the server calls it by its plain type.
local function no_io(value, count)
  return "IOINTF expected, got " .. (count == 0 and "no value" or type(value))
end

local function new_io(root)
  local io = userdata.new(IoMeta)
  roots[io] = root
  return io
end

-- Compiles a file: Lua text only, with the first line skipped where it begins with `#`, as Lua itself does.
local function compile(io, name, env)
  local file, reason, text = open_file.open(io, roots[io], name, "r")
  if not file then
    return nil, format("cannot open %s: %s %s", name, reason, text)
  end
  local source
  source, reason = open_file.read(file)
  open_file.close(file)
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
  return open_file.open(self, roots[self], name, letter)
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
  return "IO Interface: " .. open_file.address(io)
end

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
