-- `ba.create.key`, `csr` and `certificate`: what a small authority of one's own needs.
--
-- Known are the functions' names, what public programs pass to key and csr, and that all texts are PEM. How a
-- certificate's times and its issuer are given is our choice. The work is Python's (`crypto/issue.py`).

local import = ...
local check = import "check"
local host = import "host"

local concat, find, format, lower, upper = table.concat, string.find, string.format, string.lower, string.upper
local pairs, select, type = pairs, select, type

local CURVES = {SECP256R1 = true, SECP384R1 = true, SECP521R1 = true}
local MIN_BITS <const>, MAX_BITS <const> = 1024, 4096
local HASHES = {sha256 = true, sha384 = true, sha512 = true}

local NAMES = {
  countryname = true, province = true, locality = true, organization = true, unit = true, commonname = true,
  emailaddress = true,
}
local TYPES = {
  SSL_CLIENT = true, SSL_SERVER = true, EMAIL = true, OBJECT_SIGNING = true, SSL_CA = true, EMAIL_CA = true,
  OBJECT_SIGNING_CA = true,
}
local USAGES = {
  DIGITAL_SIGNATURE = true, NON_REPUDIATION = true, KEY_ENCIPHERMENT = true, DATA_ENCIPHERMENT = true,
  KEY_AGREEMENT = true, KEY_CERT_SIGN = true, CRL_SIGN = true, ENCIPHER_ONLY = true, DECIPHER_ONLY = true,
}
local DAY_S <const> = 24 * 60 * 60

local issue = {}

local function wrong(format_, ...)
  check.raise_outside(format(format_, ...))
end

local function integer_option(op, name, default)
  local value = op[name]
  if value == nil then
    return default
  elseif type(value) ~= "number" then
    wrong("option '%s': number expected, got %s", name, check.typename(value))
  end
  return check.whole(value)
end

-- key([{key = "ecc" | "rsa", curve =, bits =}]): a new private key.
function issue.key(...)
  local op = ...
  if op ~= nil and type(op) ~= "table" then
    check.expected(1, "table", op, select("#", ...))
  end
  op = op or {}
  local kind = op.key == nil and "ecc" or type(op.key) == "string" and lower(op.key)
  if kind == "rsa" then
    local bits = integer_option(op, "bits", 2048)
    if bits < MIN_BITS or bits > MAX_BITS then
      wrong("option 'bits' must be %d to %d, not %d", MIN_BITS, MAX_BITS, bits)
    end
    return host.crypto_create_rsa_key(bits)
  elseif kind ~= "ecc" then
    wrong("option 'key' must be 'ecc' or 'rsa'")
  end
  local curve = op.curve == nil and "SECP256R1" or type(op.curve) == "string" and upper(op.curve)
  return host.crypto_create_curve_key(CURVES[curve] and curve or wrong("Unknown curve"))
end

-- Texts that reach Python in one string, each ended by a NUL.
local function list(values, n)
  values[n + 1] = ""
  return concat(values, "\0")
end

local function text(what, value)
  if type(value) ~= "string" or find(value, "\0", 1, true) then
    wrong("%s: a string without zeros expected, got %s", what, check.typename(value))
  end
  return value
end

local function subject(dn)
  local flat, n = {}, 0
  for name, value in pairs(dn) do
    if not NAMES[name] then
      wrong("unknown name '%s' in the subject", check.typename(name) == "string" and name or check.typename(name))
    end
    flat[n + 1], flat[n + 2] = name, text(name, value)
    n = n + 2
  end
  return list(flat, n)
end

local function add_words(words, n, from, known, what)
  for i = 1, #from do
    local word = from[i]
    if not known[word] then
      wrong("unknown %s '%s'", what, type(word) == "string" and word or check.typename(word))
    end
    n = n + 1
    words[n] = word
  end
  return n
end

local function hash_option(op)
  local hash = op and op.hashid
  return hash == nil and "sha256" or HASHES[hash] and hash or check.raise_outside("Unknown hash algorithm")
end

-- csr(key, subject [, types [, usages [, {san = {names}, hashid =}]]]): a request for a certificate, or nil, reason.
function issue.csr(...)
  local count, key, dn, types, usages, op = select("#", ...), ...
  key = check.string(1, key, count)
  if type(dn) ~= "table" then
    check.expected(2, "table", dn, count)
  elseif types ~= nil and type(types) ~= "table" then
    check.expected(3, "table", types, count)
  elseif usages ~= nil and type(usages) ~= "table" then
    check.expected(4, "table", usages, count)
  elseif op ~= nil and type(op) ~= "table" then
    check.expected(5, "table", op, count)
  end
  local words, n = {}, 0
  n = add_words(words, n, types or {}, TYPES, "certificate type")
  n = add_words(words, n, usages or {}, USAGES, "key usage")
  local names, total = {}, 0
  local san = op and op.san or {}
  for i = 1, type(san) == "table" and #san or wrong("option 'san': table expected, got %s", check.typename(san)) do
    names[i], total = text("san", san[i]), i
  end
  return host.crypto_create_request(key, subject(dn), list(names, total), list(words, n), hash_option(op))
end

-- certificate(csr, key [, issuer [, {from =, to =, serial =, hashid =}]]): the certificate that was asked for, signed
-- with the key, which is the issuer's; without an issuer it is its own. From and to are seconds since 1970; without
-- them it is valid from now on for a year. nil, reason.
function issue.certificate(...)
  local count, request, key, issuer, op = select("#", ...), ...
  request = check.string(1, request, count)
  key = check.string(2, key, count)
  issuer = issuer ~= nil and check.string(3, issuer, count) or nil
  if op ~= nil and type(op) ~= "table" then
    check.expected(4, "table", op, count)
  end
  op = op or {}
  local from = integer_option(op, "from", host.time_ns() // 1000000000)
  local to = integer_option(op, "to", from + 365 * DAY_S)
  local serial = integer_option(op, "serial", 0)
  return host.crypto_create_certificate(request, key, issuer, from, to, serial, hash_option(op))
end

return issue
