-- `ba.crypto`: hashes (hash.lua), ciphers (cipher.lua), and here what key pairs are for.
--
-- Documented facts: the functions' names and what they are for; and for keys the reasons of `ba.create.sharkcert`.
-- Our reading: keys are PEM texts, RSA or elliptic curves; a public key may also be given as a certificate or as
-- the private key. The last argument is a table of options:
--
--   hash      md5, sha1, sha256 (default), sha384, sha512: of the data that is signed, and for OAEP (not md5)
--   type      PKCS1 (default) or PSS for signatures, PKCS1 (default) or OAEP for encryption; RSA keys only
--   label     for OAEP
--   password  of an encrypted private key
--
-- Bad data and bad keys are nil and a reason (`crypto/asymmetric.py`, `crypto/keys.py`); bad arguments raise. No
-- message has a key, a password or data in it.

local import = ...
local check = import "check"
local cipher = import "crypto/cipher"
local hash = import "crypto/hash"
local host = import "host"

local format = string.format
local select, type = select, type

local HASHES = {md5 = true, sha1 = true, sha256 = true, sha384 = true, sha512 = true}
local OAEP_HASHES = {sha1 = true, sha256 = true, sha384 = true, sha512 = true} -- cryptography refuses md5 there
local SIGNATURE_TYPES = {PKCS1 = true, PSS = true}
local ENCRYPTION_TYPES = {PKCS1 = true, OAEP = true}

local crypto = {hash = hash.new, sha1 = hash.sha1, PBKDF2 = hash.PBKDF2, symmetric = cipher.new}

local function option(options, name, default)
  local value = options and options[name]
  if value == nil then
    return default
  elseif type(value) ~= "string" then
    check.raise_outside(format("option '%s': string expected, got %s", name, check.typename(value)))
  end
  return value
end

local function hash_option(options, hashes)
  local name = option(options, "hash", "sha256")
  return hashes[name] and name or check.raise_outside("Unknown hash algorithm")
end

local function type_option(options, types)
  local name = option(options, "type", "PKCS1")
  return types[name] and name or check.raise_outside("Unknown type")
end

-- sign(data, key [, op]): the signature; of a curve's key in DER.
function crypto.sign(...)
  local count, data, key, op = select("#", ...), ...
  data = check.string(1, data, count)
  key = check.string(2, key, count)
  if op ~= nil and type(op) ~= "table" then
    check.expected(3, "table", op)
  end
  return host.crypto_sign(data, key, hash_option(op, HASHES), type_option(op, SIGNATURE_TYPES), option(op, "password"))
end

-- verify(data, signature, key [, op]): whether the signature is the data's.
function crypto.verify(...)
  local count, data, signature, key, op = select("#", ...), ...
  data = check.string(1, data, count)
  signature = check.string(2, signature, count)
  key = check.string(3, key, count)
  if op ~= nil and type(op) ~= "table" then
    check.expected(4, "table", op)
  end
  return host.crypto_verify(data, signature, key, hash_option(op, HASHES), type_option(op, SIGNATURE_TYPES),
    option(op, "password"))
end

-- Encrypting and decrypting take the same arguments.
local function with_key(crossing)
  return function(...)
    local count, data, key, op = select("#", ...), ...
    data = check.string(1, data, count)
    key = check.string(2, key, count)
    if op ~= nil and type(op) ~= "table" then
      check.expected(3, "table", op)
    end
    return crossing(data, key, type_option(op, ENCRYPTION_TYPES), hash_option(op, OAEP_HASHES), option(op, "label"),
      option(op, "password"))
  end
end

-- encrypt(data, key [, op]): the data for the private key's owner alone; as long as the key at most, less padding.
crypto.encrypt = with_key(host.crypto_encrypt)

-- decrypt(data, key [, op]): what was encrypted.
crypto.decrypt = with_key(host.crypto_decrypt)

-- Puts names and values that come in turn into a table; nil and the reason pass.
local function as_table(first, ...)
  if not first then
    return first, ...
  end
  local fields, list = {}, {first, ...}
  for i = 1, #list, 2 do
    fields[list[i]] = list[i + 1]
  end
  return fields
end

-- keyparams(key [, password]): type = "RSA", n, e; or type = "EC", curve, x, y. Numbers are big-endian strings, and
-- of a private key too only the public ones.
function crypto.keyparams(...)
  local count, key, password = select("#", ...), ...
  key = check.string(1, key, count)
  password = password ~= nil and check.string(2, password) or nil
  return as_table(host.crypto_key_numbers(key, password))
end

-- keysize(key [, password]): bytes of the modulus or of a coordinate.
function crypto.keysize(...)
  local count, key, password = select("#", ...), ...
  key = check.string(1, key, count)
  password = password ~= nil and check.string(2, password) or nil
  return host.crypto_key_size(key, password)
end

-- sigparams(signature): the numbers r and s of a curve's signature, each as long as the curve's coordinates.
function crypto.sigparams(...)
  return host.crypto_signature_numbers(check.string(1, (...), select("#", ...)))
end

return crypto
