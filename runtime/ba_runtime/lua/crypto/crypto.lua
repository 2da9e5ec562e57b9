-- `ba.crypto`: hashes (hash.lua), ciphers (cipher.lua), and here what key pairs are for.
--
-- Recorded from the server. Keys are PEM texts, RSA or elliptic curves; what takes a public key also takes the private
-- one or a certificate, except keysize and keyparams. The last argument is a table of options:
--
--   padding   of RSA: "pkcs1" (default), "none", "oaep"; signatures have that of PKCS #1 in any case, or fail ("oaep")
--   hashid    for OAEP
--   password  of an encrypted private key, which is our addition
--
-- sign and verify take a digest, which the program has made. Bad data and bad keys are nil and a reason
-- (`crypto/asymmetric.py`); bad arguments raise. No message has a key, a password or data in it.

local import = ...
local check = import "check"
local cipher = import "crypto/cipher"
local hash = import "crypto/hash"
local host = import "host"

local format = string.format
local select, type = select, type

local PADDINGS = {pkcs1 = true, none = true, oaep = true}
-- The server's default for OAEP is not known; cryptography refuses md5 there.
local OAEP_HASH, OAEP_HASHES = "sha256", {sha1 = true, sha224 = true, sha256 = true, sha384 = true, sha512 = true}

local crypto = {hash = hash.new, sha1 = hash.sha1, PBKDF2 = hash.PBKDF2, symmetric = cipher.new}

local function password_option(options)
  local value = options and options.password
  if value ~= nil and type(value) ~= "string" then
    check.raise_outside(format("option 'password': string expected, got %s", check.typename(value)))
  end
  return value
end

local function padding_option(options)
  local value = options and options.padding
  return value == nil and "pkcs1" or PADDINGS[value] and value or check.raise_outside("Unknown padding")
end

local function hash_option(options)
  local value = options and options.hashid
  return value == nil and OAEP_HASH or OAEP_HASHES[value] and value or check.raise_outside("Unknown hash algorithm")
end

-- sign(digest, key [, op]): the signature; of a curve's key in DER.
function crypto.sign(...)
  local count, digest, key, op = select("#", ...), ...
  digest = check.string(1, digest, count)
  key = check.string(2, key, count)
  if op ~= nil and type(op) ~= "table" then
    check.expected(3, "table", op)
  elseif padding_option(op) == "oaep" then
    return nil, "failed"
  end
  return host.crypto_sign(digest, key, password_option(op))
end

-- With the numbers of a key, which need not come in PEM: JSON Web Keys have them.
local function verify_by_numbers(signature, digest, numbers)
  local n, e, x, y = numbers.n, numbers.e, numbers.x, numbers.y
  if type(n) == "string" and type(e) == "string" then
    return host.crypto_verify_by_modulus(signature, digest, n, e)
  elseif type(x) == "string" and type(y) == "string" then
    return host.crypto_verify_by_point(signature, digest, x, y)
  end
  return nil, "Incorrect use"
end

-- verify(signature, key or certificate, digest [, op]) | verify(signature, digest, {n =, e =} or {x =, y =}): whether
-- the signature is the digest's.
function crypto.verify(...)
  local count, signature, key, digest, op = select("#", ...), ...
  signature = check.string(1, signature, count)
  key = check.string(2, key, count)
  if op ~= nil and type(op) ~= "table" then
    check.expected(4, "table", op)
  elseif type(digest) == "table" then
    return verify_by_numbers(signature, key, digest)
  elseif type(digest) ~= "string" then
    return nil, "Incorrect use"
  elseif padding_option(op) == "oaep" then
    return nil, "failed"
  end
  return host.crypto_verify(signature, key, digest, password_option(op))
end

-- encrypt(data, key [, op]): the data for the private key's owner alone; as long as the key at most, less padding.
function crypto.encrypt(...)
  local count, data, key, op = select("#", ...), ...
  data = check.string(1, data, count)
  key = check.string(2, key, count)
  if op ~= nil and type(op) ~= "table" then
    check.expected(3, "table", op)
  end
  local padding = padding_option(op)
  return host.crypto_encrypt(data, key, padding, padding == "oaep" and hash_option(op) or "", password_option(op))
end

-- decrypt(data, key [, op]): what was encrypted.
function crypto.decrypt(...)
  local count, data, key, op = select("#", ...), ...
  data = check.string(1, data, count)
  key = check.string(2, key, count)
  if op ~= nil and type(op) ~= "table" then
    check.expected(3, "table", op)
  end
  local padding = padding_option(op)
  return host.crypto_decrypt(data, key, padding, padding == "oaep" and hash_option(op) or "", password_option(op))
end

-- keyparams(key [, password]): the public numbers, big-endian: n and e, or x and y.
function crypto.keyparams(...)
  local count, key, password = select("#", ...), ...
  key = check.string(1, key, count)
  password = password ~= nil and check.string(2, password) or nil
  return host.crypto_key_numbers(key, password)
end

-- keysize(key [, password]): bytes of a signature at most, "RSA" or "ECC".
function crypto.keysize(...)
  local count, key, password = select("#", ...), ...
  key = check.string(1, key, count)
  password = password ~= nil and check.string(2, password) or nil
  return host.crypto_key_size(key, password)
end

-- sigparams(signature): the numbers r and s of a curve's signature, each as long as the curve's coordinates.
-- sigparams(r, s): the signature.
function crypto.sigparams(...)
  local count, first, s = select("#", ...), ...
  first = check.string(1, first, count)
  if s == nil then
    return host.crypto_signature_numbers(first)
  end
  s = check.string(2, s, count)
  return host.crypto_signature_of(first, s)
end

return crypto
