-- `ba.crypto.symmetric`: objects that encrypt and decrypt with a key that both sides know.
--
-- Documented facts: the call, its object's encrypt and decrypt, and that GCM has a tag. The rest is our reading:
--
--   * The names are those below, with or without "AES-" before a mode; keys have 16, 24 or 32 bytes (ChaCha20: 32).
--   * GCM and ChaCha20-Poly1305 also protect against changes: setauth(data) names data that is not encrypted but
--     protected too; encrypt returns the ciphertext and a tag of 16 bytes, and decrypt wants both.
--   * CBC and ECB take whole blocks of 16 bytes, unless "PKCS7" as last argument lets encrypt fill them up.
--   * Every call begins with the same initialization vector. For different data use another one, always: two texts
--     with the same vector tell each other's content, and with GCM the key's protection is lost.
--
-- The work is Python's (`crypto/symmetric.py`).

local import = ...
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local gsub, select, setmetatable, upper = string.gsub, select, setmetatable, string.upper

local NAME = "BASYMMETRIC"

-- By mode: the shortest and the longest initialization vector, and whether it protects against changes.
local MODES = {
  GCM = {first = 8, last = 128, seals = true},
  CHACHA20 = {first = 12, last = 12, seals = true},
  CBC = {first = 16, last = 16},
  CTR = {first = 16, last = 16},
  ECB = {first = 0, last = 0},
}
local KEY_SIZES = {[16] = true, [24] = true, [32] = true}

local ciphers = setmetatable({}, {__mode = "k"}) -- by object: mode, key, iv and what is protected beside
local Methods = {}
local Meta = {__name = NAME, __index = Methods}

local cipher = {}

-- symmetric(cipher, key [, iv])
function cipher.new(...)
  local count, name, key, iv = select("#", ...), ...
  name = gsub(gsub(upper(check.string(1, name, count)), "^AES%-", ""), "%-POLY1305$", "")
  key = check.string(2, key, count)
  local mode = MODES[name] or check.raise("Unknown cipher")
  iv = iv == nil and mode.last == 0 and "" or check.string(3, iv, count)
  if not KEY_SIZES[#key] or (name == "CHACHA20" and #key ~= 32) then
    check.raise("Invalid key length")
  elseif #iv < mode.first or #iv > mode.last then
    check.raise("Invalid IV length")
  end
  local u = userdata.new(Meta)
  ciphers[u] = {mode = name, key = key, iv = iv, auth = "", seals = mode.seals}
  return u
end

-- setauth(data): the object.
function Methods:setauth(...)
  local C = ciphers[self] or check.expected(1, NAME, self)
  local data = check.string(2, (...), select("#", ...) + 1)
  if not C.seals then
    check.raise("setauth needs GCM or ChaCha20-Poly1305")
  end
  C.auth = data
  return self
end

-- encrypt(data [, "PKCS7"]): the ciphertext, and the tag if there is one.
function Methods:encrypt(...)
  local C = ciphers[self] or check.expected(1, NAME, self)
  local data, padding = ...
  data = check.string(2, data, select("#", ...) + 1)
  if padding ~= nil and padding ~= "PKCS7" then
    check.raise("Unknown padding")
  elseif C.seals then
    return host.crypto_seal(C.mode, C.key, C.iv, C.auth, data, padding ~= nil)
  end
  return host.crypto_encipher(C.mode, C.key, C.iv, data, padding ~= nil)
end

-- decrypt(data, tag [, "PKCS7"]), without tag where there is none: the data, or nil and the reason.
function Methods:decrypt(...)
  local C = ciphers[self] or check.expected(1, NAME, self)
  local count, data, tag, padding = select("#", ...) + 1, ...
  data = check.string(2, data, count)
  if C.seals then
    tag = check.string(3, tag, count)
  else
    padding = tag
  end
  if padding ~= nil and padding ~= "PKCS7" then
    check.raise("Unknown padding")
  elseif C.seals then
    return host.crypto_unseal(C.mode, C.key, C.iv, C.auth, data, tag, padding ~= nil)
  end
  return host.crypto_decipher(C.mode, C.key, C.iv, data, padding ~= nil)
end

return cipher
