-- ba.create and the TLS objects: certificate stores, certificates with their keys, contexts.
--
-- The objects live in Python under numbers; what Lua holds are userdata, whose finalizers free them. A context
-- is called shark in options and documentation, after the original's TLS stack.

local import = ...
local host = import "host"
local check = import "check"
local advice = import "console/advice"
local userdata = import "userdata"
local files = import "files"
local open_file = import "open_file"

local type, select, setmetatable, tonumber = type, select, setmetatable, tonumber
local gmatch = string.gmatch

local shark = {}

local numbers = setmetatable({}, {__mode = "k"})
local servers = setmetatable({}, {__mode = "k"}) -- context → "empty" or "ready"; nil for clients

local function new_kind(name)
  local meta = {__name = name}
  meta.__index = meta
  function meta.__gc(u)
    if numbers[u] then
      host.tls_forget(numbers[u])
    end
  end
  return meta
end

local STORE, CERTIFICATE, CONTEXT = new_kind("BACERTSTORE"), new_kind("SHARKCERT"), new_kind("BASHARKSSL")

-- Returns a new object for the number that `make(...)` returns, or nil and its reason. The object is there before, so
-- that nothing can lose what Python keeps under the number.
local function new(meta, make, ...)
  local u = userdata.new(meta)
  numbers[u] = false
  local number, reason = make(...)
  if not number then
    return nil, reason
  end
  numbers[u] = number
  return u
end

local function number_of(value, meta)
  return userdata.metatable(value) == meta and numbers[value] or nil
end

-- The content of a file in an io, or nil and the reason.
local function content(io, name)
  local file, reason = io:open(name)
  if not file then
    return nil, reason
  end
  local data, problem = open_file.read(file)
  file:close()
  return data, problem
end

-- ---------------------------------------------------------------- stores

-- ba.create.certstore() → store
function shark.certstore()
  return (new(STORE, host.tls_store))
end

-- store:addcert(pem) | store:addcert(io, name) → number of certificates | nil, reason
function STORE.addcert(...)
  local self, first, name = ...
  local n = select("#", ...)
  local number = number_of(self, STORE)
  if not number then
    check.expected(1, "BACERTSTORE", self, n)
  end
  if files.is_io(first) then
    local data, reason = content(first, check.string(3, name, n))
    if not data then
      return nil, reason
    end
    return host.tls_store_add(number, data)
  end
  return host.tls_store_add(number, check.string(2, first, n))
end

-- ---------------------------------------------------------------- certificates with keys

-- ba.create.sharkcert([io,] cert, key [, password]) → certificate | nil, reason
function shark.sharkcert(...)
  local n = select("#", ...)
  local first = ...
  local cert, key, password
  if files.is_io(first) then
    local io, cert_name, key_name, given = ...
    cert_name, key_name = check.string(2, cert_name, n), check.string(3, key_name, n)
    password = given ~= nil and check.string(4, given, n) or nil
    local reason
    cert, reason = content(io, cert_name)
    if not cert then
      return nil, reason
    end
    key, reason = content(io, key_name)
    if not key then
      return nil, reason
    end
  else
    local _, second, given = ...
    cert, key = check.string(1, first, n), check.string(2, second, n)
    password = given ~= nil and check.string(3, given, n) or nil
  end
  return new(CERTIFICATE, host.tls_credentials, cert, key, password)
end

-- ---------------------------------------------------------------- contexts

-- The buffer sizes are the original's; here OpenSSL has its own.
local SIZES = {"insize", "outsize", "cachesize"}

-- ba.create.sharkssl([store [, {server=, cachesize=, insize=, outsize=}]]) → context
function shark.sharkssl(...)
  local store, op = ...
  local store_number = 0
  if type(store) == "string" then
    check.raise("Invalid SharkSSL CaList format") -- a form of the original's own
  elseif store ~= nil then
    store_number = number_of(store, STORE)
    if not store_number then
      check.expected(1, "BACERTSTORE", store)
    end
  end
  local server, cache = false, nil
  if type(op) == "table" then
    server = op.server == true
    for i = 1, #SIZES do
      local size = op[SIZES[i]]
      if size ~= nil and not tonumber(size) then
        check.fail(-1, "number expected, got " .. check.typename(size)) -- read from the table, hence the number
      end
    end
    cache = op.cachesize ~= nil and check.whole(tonumber(op.cachesize)) or nil
  end
  if server and store then
    advice.once "a TLS server with a certificate store asks its clients for certificates here; a device never does"
  end
  local context = new(CONTEXT, host.tls_context, store_number, server, cache)
  servers[context] = server and "empty" or nil
  return context
end

-- context:addcert(certificate) → boolean
function CONTEXT.addcert(...)
  local self, certificate = ...
  local number = number_of(self, CONTEXT)
  if not number then
    check.expected(1, "BASHARKSSL", self, select("#", ...))
  end
  local own = number_of(certificate, CERTIFICATE)
  if not own then
    check.expected(2, "SHARKCERT", certificate, select("#", ...))
  end
  if servers[self] then
    servers[self] = "ready"
  end
  local added, fails = host.tls_context_add(number, own)
  if fails then
    advice.once(
      "an RSA certificate that was signed with an elliptic curve's key does not work for a server, here as on a device:"
        .. " its clients' handshakes fail; use a certificate for an elliptic curve's key"
    )
  end
  return added
end

local public

-- ba.sharkclient() → the client context with the public roots, the same object every time
function shark.sharkclient()
  public = public or new(CONTEXT, host.tls_public_context)
  return public
end

-- Returns a context's number, nil when the value is not a context.
function shark.number(value)
  return number_of(value, CONTEXT)
end

-- Returns why the context cannot make a client's connection, nil when it can.
function shark.not_a_client(context)
  return servers[context] and "SharkSSL not a client type" or nil
end

-- Returns why the context cannot make a server's connections, nil when it can.
function shark.not_a_server(context)
  if not servers[context] then
    return "SharkSSL not a server type"
  end
  return servers[context] == "empty" and "Certificate required for server" or nil
end

-- Tells whether the context is a server's.
function shark.is_server(context)
  return servers[context] ~= nil
end

-- ---------------------------------------------------------------- what a peer's certificate says

-- Builds the documented table from what Python sends, paths and texts in turn; nil from nothing.
local function as_table(...)
  if (...) == nil then
    return nil
  end
  local flat, root = {...}, {}
  for i = 1, #flat, 2 do
    local table, last = root, nil
    for name in gmatch(flat[i], "[^/]+") do
      if last then
        table[last] = table[last] or {}
        table = table[last]
      end
      last = tonumber(name) or name
    end
    table[last] = flat[i + 1]
  end
  return root
end

-- Returns the table of a peer's certificate, and whether its CA is known.
function shark.certificate(known, ...)
  return as_table(...), known
end

-- ba.parsecert(certificate in PEM or DER) → table | nil, reason
function shark.parsecert(...)
  local certificate = check.string(1, (...), select("#", ...))
  local first = as_table(host.tls_parse(certificate))
  if not first then
    return nil, "pem_cert_unrecognized_format"
  end
  return first
end

return shark
