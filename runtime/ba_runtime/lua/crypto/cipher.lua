-- `ba.crypto.symmetric`: objects that encrypt and decrypt by AES with a key that both sides know.
--
-- Recorded from the server:
--
--   * GCM and CCM also protect against changes: setauth(data) names data that is not encrypted but protected too;
--     encrypt returns the ciphertext and a tag of 16 bytes, and decrypt wants both. Every call begins with the same
--     initialization vector. For different data use another one, always: two texts with the same vector tell each
--     other's content, and with GCM the key's protection is lost.
--   * A CBC object is for one direction, and goes on from call to call with the last block as its vector.
--   * Data comes in whole blocks, of 8 bytes with GCM and CCM and of 16 with CBC, unless "PKCS7" as last argument lets
--     encrypt fill them up.
--
-- The work is Python's (`crypto/symmetric.py`).

local import = ...
local check = import "check"
local host = import "host"
local userdata = import "userdata"

local select, setmetatable, sub = select, setmetatable, string.sub

local NAME = "BASYMMETRIC"

-- By name: bytes of the initialization vector and of a block, and how much one call may take. CCM counts the data in
-- three bytes when its vector has twelve (RFC 3610 section 2.1).
local MODES = {
  GCM = {vector = 12, block = 8},
  CCM = {vector = 12, block = 8, most = (1 << 24) - 1 - 8},
  CBC = {vector = 16, block = 16, chains = true},
}
local TAG_BYTES <const> = 16

local ciphers = setmetatable({}, {__mode = "k"}) -- by object
local Methods = {}
local Meta = {__name = NAME, __index = Methods}

local cipher = {}

-- symmetric(cipher, key, iv [, "encrypt" | "decrypt"])
function cipher.new(...)
  local count, name, key, iv, direction = select("#", ...), ...
  name = check.string(1, name, count)
  key = check.string(2, key, count)
  iv = check.string(3, iv, count)
  local mode = MODES[name] or check.raise("Unknown cipher")
  if #key ~= 16 and #key ~= 32 then
    check.raise("Key length must be 16 or 32")
  elseif #iv ~= mode.vector then
    check.raise("IV len must be " .. mode.vector)
  elseif mode.chains then
    direction = check.string(4, direction, count)
  end
  local u = userdata.new(Meta)
  ciphers[u] = {name = name, mode = mode, key = key, iv = iv, auth = "", decrypts = direction == "decrypt"}
  return u
end

-- setauth(data): what GCM and CCM protect besides; nothing to CBC.
function Methods:setauth(...)
  local C = ciphers[self] or check.expected(1, NAME, self)
  C.auth = check.string(2, (...), select("#", ...) + 1)
end

-- Raises if the padding is unknown, or the data is not whole blocks and nothing pads it.
local function check_blocks(C, data, padding, pads)
  if padding ~= nil and padding ~= "PKCS7" then
    check.raise_outside("Padding must be PKCS7")
  elseif not (pads and padding) and #data % C.mode.block ~= 0 then
    check.raise_outside("Invalid block length")
  elseif C.mode.most and #data > C.mode.most then
    check.raise_outside("CCM takes at most " .. C.mode.most .. " bytes")
  end
end

-- encrypt(data [, "PKCS7"]): the ciphertext, and with GCM and CCM the tag.
function Methods:encrypt(...)
  local C = ciphers[self] or check.expected(1, NAME, self)
  local data, padding = ...
  data = check.string(2, data, select("#", ...) + 1)
  check_blocks(C, data, padding, true)
  if not C.mode.chains then
    return host.crypto_seal(C.name, C.key, C.iv, C.auth, data, padding ~= nil)
  elseif C.decrypts then
    check.raise("Not in encrypt mode")
  end
  local text = host.crypto_encipher(C.key, C.iv, data, padding ~= nil)
  C.iv = #text > 0 and sub(text, -C.mode.vector) or C.iv
  return text
end

-- decrypt(data, tag [, "PKCS7"]), with CBC decrypt(data [, "PKCS7"]): the data, or nil and "decrypt failed".
function Methods:decrypt(...)
  local C = ciphers[self] or check.expected(1, NAME, self)
  local count, data, tag, padding = select("#", ...) + 1, ...
  data = check.string(2, data, count)
  if not C.mode.chains then
    tag = check.string(3, tag, count)
    if #tag ~= TAG_BYTES then
      check.raise("Arg 2: tag len must be 16")
    end
    check_blocks(C, data, padding)
    return host.crypto_unseal(C.name, C.key, C.iv, C.auth, data, tag, padding ~= nil)
  end
  padding = tag
  check_blocks(C, data, padding)
  if not C.decrypts then
    check.raise("Not in decrypt mode")
  end
  local plain, reason = host.crypto_decipher(C.key, C.iv, data, padding ~= nil)
  C.iv = #data > 0 and sub(data, -C.mode.vector) or C.iv
  if not plain then
    return nil, reason
  end
  return plain
end

return cipher
